"""Connects to a server and says what stands at the other end; nothing else."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    import psycopg

OLDEST_SERVER = 150000
CHECK_INTERVAL: LiteralString = "set client_connection_check_interval = '1s'"
_log = logging.getLogger(__name__)
_FACTS: LiteralString = """
select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num')::int,
    pg_catalog.current_setting('server_version'), pg_catalog.current_database(),
    session_user, pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('transaction_read_only')::bool
"""


@dataclass(frozen=True)
class Server:
    """What a connection reached. `checks_client` says whether the server notices a dead client."""

    pid: int
    version_number: int
    version: str
    database: str
    role: str
    is_standby: bool
    is_read_only: bool
    checks_client: bool = True


def connect(
    conninfo: str = "", *, read_only: bool = False, application_name: str = "pgschema", **kw: Any
) -> psycopg.Connection[Any]:
    """Return an open connection in autocommit, its notices going to the log.

    `conninfo` is a URL or libpq's key/value text; what it leaves out comes from `PG*` variables,
    and an unreachable host is given up after 10 s unless it or PGCONNECT_TIMEOUT says otherwise.
    Raises PGS310 when no connection comes about.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        given = conninfo_to_dict(conninfo, **kw)
        timeout = os.environ.get("PGCONNECT_TIMEOUT") or 10
        defaults = {"application_name": application_name, "connect_timeout": timeout}
        settings: dict[str, Any] = {**defaults, **given, "client_encoding": "UTF8"}
        conn = psycopg.connect(make_conninfo("", **settings), autocommit=True)
    except psycopg.Error as error:
        raise PgschemaError(
            "PGS310", target=_target(conninfo, kw), message=str(error).strip()
        ) from error
    conn.add_notice_handler(lambda diag: _log.debug("%s: %s", diag.severity, diag.message_primary))
    if read_only:
        conn.execute("set default_transaction_read_only = on")
    return conn


def _target(conninfo: str, kw: dict[str, Any]) -> str:
    """Return a name for the database without its password."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        given = conninfo_to_dict(conninfo, **kw)
    except psycopg.Error:
        return "the connection string"
    name = given.get("dbname") or given.get("service") or "the default database"
    return f"{name} on {given['host']}" if given.get("host") else str(name)


def inspect_server(conn: psycopg.Connection[Any]) -> Server:
    """Return what the connection reached, and ask the server to notice when the client dies.

    Two or three facts cost one round trip. A server that cannot watch its client is told as such.
    """
    import psycopg

    try:
        cursor = conn.execute(CHECK_INTERVAL + ";" + _FACTS)
        cursor.nextset()
        checks_client = True
    except psycopg.DataError:
        cursor = conn.execute(_FACTS)
        checks_client = False
    row = cursor.fetchone()
    assert row is not None, "the query has one row"
    pid, number, version, database, role, standby, read_only = row
    return Server(pid, number, version, database, role, standby, read_only, checks_client)


def refuse_unfit(conn: psycopg.Connection[Any], server: Server) -> None:
    """Raise PGS311-PGS313 when migrations cannot be run here: pooler, old or read-only server."""
    if conn.info.backend_pid != server.pid:
        raise PgschemaError("PGS311", seen=conn.info.backend_pid, real=server.pid)
    if server.version_number < OLDEST_SERVER:
        raise PgschemaError("PGS312", version=server.version)
    if server.is_standby:
        raise PgschemaError("PGS313", reason="the server is a standby in recovery")
    if server.is_read_only:
        raise PgschemaError("PGS313", reason="default_transaction_read_only is on")
