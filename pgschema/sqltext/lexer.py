"""Cuts SQL text into tokens and statements by the rules of PostgreSQL's own scanner and of psql."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from pgschema.sqltext.statement import Statement

# A string goes on behind white space with a newline in it, and stays what it was: E'a' or 'a'.
_NEXT_LINE = r"(?:[ \t\f\v]|--[^\r\n]*)*+[\r\n](?:[ \t\r\n\f\v]|--[^\r\n]*[\r\n])*+"
_ESCAPED = r"'(?:[^'\\]|\\.|'')*+'"
_DIGITS = r"[0-9](?:_?[0-9])*"
_TOKEN = rf"""
      (?P<space>   [ \t\r\n\f\v]+ | --[^\r\n]* )
    | (?P<comment> /\* )
    | (?P<string>  [eE]{_ESCAPED}(?:{_NEXT_LINE}{_ESCAPED})*
                 | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*+' )
    | (?P<quoted>  (?:[uU]&)?"(?:[^"]|"")*+" )
    | (?P<dollar>  \$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$ )
    | (?P<word>    (?![eE]')[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]* )
    | (?P<number>  0[xXoObB][0-9A-Fa-f_]+ | \$[0-9]+
                 | {_DIGITS}(?:\.(?!\.)(?:{_DIGITS})?)?(?:[eE][-+]?{_DIGITS})? )
    | (?P<operator>(?:(?!--|/\*)[-+*/<>=~!@\#%^&|`?:])+ )
    | (?P<punct>   [()\[\],;.] )
    | (?P<bad>     . )
"""
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_UNTERMINATED = {
    "'": "string",
    "e": "string",
    "E": "string",
    '"': "quoted identifier",
    "$": "dollar quote",
}


class LexError(Exception):
    """Text that no server could read as SQL.

    `problem` is `unterminated`, `meta-command` or `placeholder`; `what` names it; `offset` counts
    from 0.
    """

    def __init__(self, problem: str, what: str, offset: int) -> None:
        self.problem, self.what, self.offset = problem, what, offset
        super().__init__(f"{problem} {what} at offset {offset}")


class Token(NamedTuple):
    """One token that means something; white space and comments are not tokens.

    `kind` is word, quoted, string, number, operator, punct or other.
    """

    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        """Return an unquoted word in lower case, and nothing for any other token."""
        return self.text.lower() if self.kind == "word" else ""


@cache
def _token() -> re.Pattern[str]:
    """Return the pattern of one token; what is up to date needs none, and it is slow to compile."""
    return re.compile(_TOKEN, re.VERBOSE | re.DOTALL)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of `text`, each with its offset.

    Raises LexError at a quote or comment that does not end, at a psql backslash command and at a
    placeholder such as `${name}`.
    """
    offset, end, match_at = 0, len(text), _token().match
    while offset < end:
        match = match_at(text, offset)
        assert match is not None, "the last alternative takes any character"
        kind, start, offset = str(match.lastgroup), offset, match.end()
        if kind == "space":
            continue
        if kind == "comment":
            offset = _end_of_comment(text, start)
            continue
        if kind == "dollar":
            offset = _end_of_dollar_quote(text, match.group(), start)
            kind = "string"
        elif kind == "bad":
            kind = _judge(match.group(), text, start)
        yield Token(kind, text[start:offset], start)


def _judge(character: str, text: str, start: int) -> str:
    if character == "\\":
        command = re.compile(r"\\\S*").match(text, start)
        raise LexError("meta-command", command.group() if command else "\\", start)
    if text.startswith("${", start):
        end = text.find("}", start) + 1
        raise LexError("placeholder", text[start : end or start + 2].split("\n")[0], start)
    if character in _UNTERMINATED and character != "$":
        raise LexError("unterminated", _UNTERMINATED[character], start)
    return "other"


def _end_of_comment(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise LexError("unterminated", "comment", start)


def _end_of_dollar_quote(text: str, tag: str, start: int) -> int:
    closing = text.find(tag, start + len(tag))
    if closing < 0:
        raise LexError("unterminated", f"dollar quote {tag}", start)
    return closing + len(tag)


_BODY_EDGES = frozenset({"begin", "case", "end"})


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of `text` one by one, as far as it can be read.

    A semicolon inside parentheses (CREATE RULE) or inside a BEGIN ATOMIC body ends nothing.
    Empty statements are left out, as the server does.
    """
    found: list[Token] = []
    parens = bodies = 0
    for token in tokens(text):
        if token.text == ";" and token.kind == "punct" and parens <= 0 and bodies == 0:
            if found:
                yield Statement(text, tuple(found))
            found, parens = [], 0
            continue
        found.append(token)
        if token.kind == "punct":
            parens += {"(": 1, ")": -1}.get(token.text, 0)
        elif parens == 0 and token.word in _BODY_EDGES and _creates_routine(found):
            bodies = _body_depth(bodies, token.word)
    if found:
        yield Statement(text, tuple(found))


def _creates_routine(found: list[Token]) -> bool:
    words = [token.word for token in found[:4]]
    if words[1:3] == ["or", "replace"]:
        words[1:3] = []
    return words[:1] == ["create"] and words[1:2] in (["function"], ["procedure"])


def _body_depth(depth: int, word: str) -> int:
    if word == "begin" or (word == "case" and depth > 0):
        return depth + 1
    return depth - 1 if word == "end" and depth > 0 else depth


class Script(NamedTuple):
    """The statements of a text, and the error at which reading ended."""

    statements: tuple[Statement, ...]
    error: LexError | None


def read_script(text: str) -> Script:
    """Return the statements of `text` as far as it can be read."""
    found: list[Statement] = []
    try:
        for statement in statements(text):
            found.append(statement)
    except LexError as error:
        return Script(tuple(found), error)
    return Script(tuple(found), None)


def semantic_checksum(script: Script) -> str | None:
    """Return the SHA-256 of the statements' tokens, None when reading ended at an error."""
    if script.error is not None:
        return None
    lines = ("\0".join(statement.words) for statement in script.statements)
    return hashlib.sha256("\0;\0".join(lines).encode()).hexdigest()
