"""Which database a command is about."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgschema.cli.output import Output
from pgschema.cli.settings import Settings
from pgschema.errors import PgschemaError
from pgschema.report.masking import mask

EMBEDDED_ROOT = Path(".pgschema")

# The variables of libpq that name a server or a database; PGUSER or PGPASSWORD alone name neither.
NAMING_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE")

_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")
_QUOTED = re.compile(r'"[^"]*"')


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


def resolve(output: Output, *, create: bool = False) -> Target:
    """Return the database that the command line, the environment or this directory names.

    With `create` an embedded cluster is made where nothing is named; without, that is PGS702.
    Every password that is seen on the way is kept out of `output`.
    """
    output.secrets |= _secrets(os.environ.get("PGPASSWORD"))
    origin, text = _named(output.settings, os.environ)
    if not origin:
        return _embedded(output, create=create)
    conninfo = normalised(text)
    parameters = _parsed(conninfo, origin)
    output.secrets |= _secrets(parameters.get("password"), parameters.get("sslpassword"))
    return Target(conninfo, origin, _label(conninfo, os.environ))


def normalised(text: str) -> str:
    """Return the conninfo that libpq understands: `postgresql+driver://` and bare names too."""
    text = _DRIVER.sub(r"\1://", text.strip())
    if text and "://" not in text and "=" not in text:
        return f"dbname={text}"
    return text


def _parsed(conninfo: str, origin: str) -> Mapping[str, Any]:
    """Return libpq's reading of a conninfo.

    Raises PGS708 where a password got into another field, as libpq's own error would show it.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parameters = conninfo_to_dict(conninfo)
    except ProgrammingError as error:
        reason = _QUOTED.sub('"..."', str(error).strip())
        raise PgschemaError("PGS708", origin=origin, reason=reason) from None
    ports = str(parameters.get("port") or "").split(",")
    if "@" in str(parameters.get("host") or ""):
        reason = "the host has an @ in it"
    elif not all(port.isdecimal() or not port for port in ports):
        reason = "the port is not a number"
    else:
        return parameters
    raise PgschemaError("PGS708", origin=origin, reason=reason)


def _named(settings: Settings, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return who names a database, and its conninfo; empty texts where nobody does."""
    if settings.database:
        return "--database", settings.database
    if environment.get("DATABASE_URL"):
        return "DATABASE_URL", environment["DATABASE_URL"]
    if any(environment.get(name) for name in NAMING_VARIABLES):
        return "PG* variables", ""
    return "", ""


def _label(text: str, environment: Mapping[str, str]) -> str:
    if text:
        return mask(text)
    given = [(name, environment.get(name)) for name in NAMING_VARIABLES]
    return " ".join(f"{name[2:].lower()}={value}" for name, value in given if value)


def _embedded(output: Output, *, create: bool) -> Target:
    from pgschema.server import embedded_cluster

    cluster = embedded_cluster(EMBEDDED_ROOT)
    status = cluster.status()
    if status.url is None and not create:
        raise PgschemaError("PGS702", root=EMBEDDED_ROOT)
    if not status.running:
        output.note("starting the embedded server ..")
    url = cluster.ensure_running()
    output.secrets |= _secrets(_parsed(url, "embedded").get("password"))
    return Target(url, "embedded", cluster.status().url or mask(url))


def _secrets(*texts: str | None) -> set[str]:
    """Return the texts long enough to be removed wherever they stand, without mangling the rest."""
    return {text for text in texts if text and len(text) >= 6 and text != "postgres"}
