"""Who is in the way, seen from a second connection that is opened only when there is a wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg

from pgschema.apply.events import Session
from pgschema.database import connect
from pgschema.errors import PgschemaError

_COLUMNS: LiteralString = """
    a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, ''),
    pg_catalog.left(pg_catalog.regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 200),
    extract(epoch from pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change))
        ::double precision
"""
_BLOCKERS: LiteralString = (
    "select" + _COLUMNS + "from pg_catalog.pg_stat_activity a "
    "where a.pid = any(pg_catalog.pg_blocking_pids(%s)) order by a.xact_start, a.pid"
)
_HOLDERS: LiteralString = (
    "select" + _COLUMNS + "from pg_catalog.pg_locks l "  # noqa: S608  constants only
    "join pg_catalog.pg_stat_activity a using (pid) "
    "where l.locktype = 'advisory' and l.granted and l.objsubid = 1 "
    "and l.database = (select oid from pg_catalog.pg_database "
    "where datname = pg_catalog.current_database()) "
    "and l.classid = (%s::bigint >> 32 & 4294967295)::oid "
    "and l.objid = (%s::bigint & 4294967295)::oid order by a.pid"
)


def lock_holders(conn: psycopg.Connection[Any], key: int) -> tuple[Session, ...]:
    """Return the sessions that hold the advisory lock `key` of this database."""
    return tuple(Session(*row) for row in conn.execute(_HOLDERS, (key, key)).fetchall())


@dataclass
class Watch:
    """Looks at other sessions from a connection of its own, opened at the first look."""

    conninfo: str
    _conn: psycopg.Connection[Any] | None = field(default=None, repr=False)

    def blockers_of(self, pid: int) -> tuple[Session, ...]:
        """Return the sessions for which process `pid` waits; nothing when it cannot be seen."""
        try:
            if self._conn is None or self._conn.closed:
                self._conn = connect(self.conninfo, application_name="pgschema watch")
            return tuple(Session(*row) for row in self._conn.execute(_BLOCKERS, (pid,)).fetchall())
        except (psycopg.Error, PgschemaError):
            self.close()
            return ()

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
