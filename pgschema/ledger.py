"""What a database says is applied; read-only; empty when the ledger was never installed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgschema.catalog import Version, parse_version
from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    import psycopg

LEDGER_SCHEMA = "pgschema"

_INSTALLED = f"""
select pg_catalog.row_security_active(c.oid) from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = '{LEDGER_SCHEMA}' and c.relname = 'unfinished_files'
"""  # noqa: S608  no user's text in it
_APPLIED = f"""
select y.migration_id, f.checksum, f.semantic_checksum,
    y.applied_at_utc at time zone 'UTC', f.duration_ms, f.applied_by, f.applied_with,
    coalesce(f.is_stale, false), f.rollback_body is not null
from {LEDGER_SCHEMA}._yoyo_migration y
left join {LEDGER_SCHEMA}.applied_files f using (migration_hash)
order by f.ordinal nulls first, y.applied_at_utc
"""  # noqa: S608  no user's text in it
_UNFINISHED = f"""
select migration_id, direction, checksum, started_at, started_by, object_before, resolution
from {LEDGER_SCHEMA}.unfinished_files order by started_at
"""  # noqa: S608
_STORED = f"""
select f.body, f.rollback_body from {LEDGER_SCHEMA}._yoyo_migration y
join {LEDGER_SCHEMA}.applied_files f using (migration_hash) where y.migration_id = %s
"""  # noqa: S608


@dataclass(frozen=True)
class Applied:
    """One file that the database has. Facts that only pgschema writes are None for a row made
    by the yoyo command. `is_stale` marks a repeatable that a rollback may have undone.
    """

    stem: str
    checksum: str | None
    semantic_checksum: str | None
    applied_at: datetime
    duration_ms: float | None = None
    applied_by: str | None = None
    applied_with: str | None = None
    is_stale: bool = False
    has_rollback: bool = False

    @cached_property
    def version(self) -> Version | None:
        """Return its number; None for a repeatable."""
        return parse_version(self.stem.partition("__")[0])


@dataclass(frozen=True)
class Unfinished:
    """A file without a transaction that was started and not seen to finish.

    `object_before` is the oid that the object named by the statement had before, or None.
    """

    stem: str
    direction: str
    checksum: str
    started_at: datetime
    started_by: str
    object_before: int | None = None
    resolution: str | None = None


@dataclass(frozen=True)
class Ledger:
    """The files a database has, in the order in which they were applied."""

    applied: tuple[Applied, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()
    installed: bool = False

    @cached_property
    def by_stem(self) -> dict[str, Applied]:
        """Return the applied files by identity."""
        return {entry.stem: entry for entry in self.applied}

    @cached_property
    def by_version(self) -> dict[Version, Applied]:
        """Return the applied versioned files by number."""
        return {entry.version: entry for entry in self.applied if entry.version is not None}

    @cached_property
    def version(self) -> Version | None:
        """Return the highest applied version."""
        return max(self.by_version, default=None)


def read_ledger(conn: psycopg.Connection[Any]) -> Ledger:
    """Return what the database says is applied. Writes nothing, locks nothing.

    Raises PGS314 when the role may not read the ledger: row security would otherwise show it
    an empty one.
    """
    from psycopg.errors import InsufficientPrivilege

    installed = _fetch(conn, _INSTALLED)
    if not installed:
        return Ledger()
    if installed[0][0]:
        raise PgschemaError("PGS314", role=conn.info.user, reason="row security hides its rows")
    try:
        applied = _fetch(conn, _APPLIED)
        unfinished = _fetch(conn, _UNFINISHED)
    except InsufficientPrivilege as error:
        raise PgschemaError(
            "PGS314", role=conn.info.user, reason=error.diag.message_primary or str(error)
        ) from error
    return Ledger(
        tuple(Applied(*row) for row in applied),
        tuple(Unfinished(*row) for row in unfinished),
        installed=True,
    )


def read_stored_text(conn: psycopg.Connection[Any], stem: str) -> tuple[str | None, str | None]:
    """Return the text of an applied file and of its rollback as they were when it was applied."""
    rows = _fetch(conn, _STORED, (stem,))
    return (rows[0][0], rows[0][1]) if rows else (None, None)


def _fetch(conn: psycopg.Connection[Any], query: str, parameters: Any = None) -> list[Any]:
    return list(conn.execute(query.encode(), parameters).fetchall())
