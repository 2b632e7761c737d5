"""The `-- pgschema:` lines in the leading comments of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LEADING = re.compile(r"(?:\s+|--(?P<line>[^\r\n]*)|/\*.*?\*/)", re.DOTALL)
_MARK = re.compile(r"\s*pgschema:\s*(?P<body>.*?)\s*$", re.IGNORECASE)
_ALLOW = re.compile(r"allow\s+(?P<code>PGS\d{3})(?:\s+because\s+(?P<reason>\S.*))?$", re.IGNORECASE)
KNOWN = ("no-transaction", "no-transaction rerunnable", "allow PGS### because REASON")


@dataclass(frozen=True)
class Directives:
    """What a file asks of the engine.

    `allowed` maps a muted finding to its reason. `problems` holds (offset, line) of directives
    that do not exist, `unreasoned` those of an `allow` without a reason.
    """

    no_transaction: bool = False
    rerunnable: bool = False
    allowed: tuple[tuple[str, str], ...] = ()
    problems: tuple[tuple[int, str], ...] = ()
    unreasoned: tuple[tuple[int, str], ...] = ()


def read_directives(text: str) -> Directives:
    """Return the directives in the comments before the first statement of `text`."""
    if "pgschema:" not in text.lower():
        return Directives()
    return _gather(_bodies(text))


def _bodies(text: str) -> list[tuple[int, str]]:
    found, offset = [], 0
    while match := _LEADING.match(text, offset):
        marked = _MARK.match(match["line"]) if match["line"] is not None else None
        if marked:
            found.append((offset, marked["body"]))
        offset = match.end()
    return found


def _gather(bodies: list[tuple[int, str]]) -> Directives:
    plain = {body.lower() for _, body in bodies}
    allows = [(at, body, _ALLOW.match(body)) for at, body in bodies]
    return Directives(
        no_transaction=bool(plain & set(KNOWN[:2])),
        rerunnable=KNOWN[1] in plain,
        allowed=tuple(
            (match["code"].upper(), match["reason"])
            for _, _, match in allows
            if match and match["reason"]
        ),
        problems=tuple(
            (at, body) for at, body, match in allows if not match and body.lower() not in KNOWN[:2]
        ),
        unreasoned=tuple((at, body) for at, body, match in allows if match and not match["reason"]),
    )
