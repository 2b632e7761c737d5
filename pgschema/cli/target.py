"""Which database a command is about."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from pgschema.cli.output import Output
from pgschema.cli.settings import Settings
from pgschema.errors import PgschemaError
from pgschema.report.masking import mask

EMBEDDED_ROOT = Path(".pgschema")

# The variables of libpq that name a server or a database; PGUSER or PGPASSWORD alone name neither.
NAMING_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE")

_DEFAULT_CONNECT_TIMEOUT = 10
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")
_SECRET = re.compile(r"(?:^|\s)password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))")


@dataclass(frozen=True)
class Target:
    """A database to work on: how to reach it, who named it, and its name without a password."""

    conninfo: str
    origin: str
    label: str

    @property
    def is_embedded(self) -> bool:
        """Tell whether it is the embedded cluster of this directory."""
        return self.origin == "embedded"


def resolve(settings: Settings, output: Output, *, create: bool = False) -> Target:
    """Return the database that the command line, the environment or this directory names.

    With `create` an embedded cluster is made where nothing is named; without, that is PGS702.
    Every password that is seen on the way is kept out of `output`.
    """
    output.secrets |= _secrets(os.environ.get("PGPASSWORD", ""))
    for origin, text in _named(settings, os.environ):
        output.secrets |= _secrets(*_passwords(text))
        return Target(with_timeout(normalised(text), os.environ), origin, _label(text, os.environ))
    return _embedded(output, create=create)


def normalised(text: str) -> str:
    """Return the conninfo that libpq understands: `postgresql+driver://` and bare names too."""
    text = _DRIVER.sub(r"\1://", text.strip())
    if text and "://" not in text and "=" not in text:
        return f"dbname={text}"
    return text


def with_timeout(conninfo: str, environment: Mapping[str, str]) -> str:
    """Return the conninfo with a connect_timeout of 10 s unless somebody has set one."""
    if "connect_timeout" in conninfo or environment.get("PGCONNECT_TIMEOUT"):
        return conninfo
    setting = f"connect_timeout={_DEFAULT_CONNECT_TIMEOUT}"
    if "://" not in conninfo:
        return f"{conninfo} {setting}".strip()
    return f"{conninfo}{'&' if '?' in conninfo else '?'}{setting}"


def _named(settings: Settings, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    if settings.database:
        return [("--database", settings.database)]
    if environment.get("DATABASE_URL"):
        return [("DATABASE_URL", environment["DATABASE_URL"])]
    if any(environment.get(name) for name in NAMING_VARIABLES):
        return [("PG* variables", "")]
    return []


def _label(text: str, environment: Mapping[str, str]) -> str:
    if text:
        return mask(_DRIVER.sub(r"\1://", text))
    given = [(name, environment.get(name)) for name in NAMING_VARIABLES]
    return " ".join(f"{name[2:].lower()}={value}" for name, value in given if value)


def _embedded(output: Output, *, create: bool) -> Target:
    from pgschema.server import embedded_cluster

    cluster = embedded_cluster(EMBEDDED_ROOT)
    if not create and not cluster.exists:
        raise PgschemaError("PGS702", root=EMBEDDED_ROOT)
    output.note("starting the embedded server ..") if not cluster.is_running else None
    url = cluster.ensure_running()
    output.secrets |= _secrets(*_passwords(url))
    return Target(url, "embedded", mask(url))


def _passwords(conninfo: str) -> list[str]:
    if "://" not in conninfo:
        return [first or second for first, second in _SECRET.findall(conninfo)]
    try:
        parts = urlsplit(conninfo)
        found = [parts.password or "", *parse_qs(parts.query).get("password", [])]
    except ValueError:
        return []
    return [*found, *(unquote(text) for text in found)]


def _secrets(*texts: str) -> set[str]:
    """Return the texts long enough to be removed wherever they stand, without mangling the rest."""
    return {text for text in texts if len(text) >= 6 and text not in {"postgres", "password"}}
