"""Where a session's databases are made: a server of its own, or one that is given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.server import EphemeralCluster

SUPERUSER = "postgres"
_PREFIX = "pgschema_test_"

_FACTS = """
    select rolsuper, rolname, current_setting('server_version_num')::int,
        current_setting('server_version')
    from pg_catalog.pg_roles where rolname = current_user
"""
# Databases of a session whose marker connection is gone: it was killed before it could drop them.
_ORPHANS = """
    select d.datname from pg_catalog.pg_database d
    where d.datname like %s || '%%' and not exists (
        select from pg_catalog.pg_stat_activity a
        where a.application_name <> '' and starts_with(d.datname, a.application_name)
    )
"""


class GivenServer:
    """A server that somebody else runs. What is made on it is dropped by `stop`.

    Raises PGS451 when the role of `conninfo` is not a superuser or the server is too old. Roles
    that migrations create stay: they belong to the whole server.
    """

    def __init__(self, conninfo: str) -> None:
        from pgschema.database import OLDEST_SERVER, connect

        self._conninfo = conninfo
        self.prefix = f"{_PREFIX}{os.getpid()}_{uuid4().hex[:6]}_"
        self._marker = connect(conninfo, application_name=self.prefix)
        row = self._marker.execute(_FACTS).fetchone()
        assert row is not None, "every session has a role"
        is_superuser, self.user, number, self.version = row
        if not is_superuser or number < OLDEST_SERVER:
            self._marker.close()
            raise PgschemaError("PGS451", role=self.user, version=self.version)
        self._drop(_ORPHANS, _PREFIX)

    def conninfo(self, dbname: str | None = None, user: str | None = None) -> str:
        """Return the connection string of one database, for the given role only.

        A test that needs one for another role is skipped: that role's password is not known.
        """
        import pytest
        from psycopg.conninfo import make_conninfo

        if user not in (None, SUPERUSER, self.user):
            pytest.skip(f"the given server does not let {user} in without a password")
        return make_conninfo(self._conninfo, **({"dbname": dbname} if dbname else {}))

    def stop(self) -> None:
        """Drop every database that this session made."""
        self._drop("select datname from pg_catalog.pg_database where starts_with(datname, %s)",
                   self.prefix)  # fmt: skip
        self._marker.close()

    def _drop(self, query: str, prefix: str) -> None:
        from psycopg import sql

        for (name,) in self._marker.execute(query.encode(), (prefix,)).fetchall():
            database = sql.Identifier(name)
            template = sql.SQL("alter database {} is_template false").format(database)
            self._marker.execute(template)
            self._marker.execute(sql.SQL("drop database {} with (force)").format(database))


def version_of(server: EphemeralCluster | GivenServer) -> str:
    """Return the server's version as it calls itself, such as `15.18`."""
    return server.version if isinstance(server, GivenServer) else server.binaries.version


def open_as(
    server: EphemeralCluster | GivenServer, dbname: str, user: str, **keywords: Any
) -> Connection[Any]:
    """Return a new connection of `user`, in autocommit mode unless `autocommit=False` is given.

    On a given server the superuser logs in and takes on the other role's session.
    """
    import psycopg
    from psycopg import sql

    wanted = {"autocommit": True, **keywords}
    if not isinstance(server, GivenServer):
        return psycopg.connect(server.conninfo(dbname=dbname, user=user), **wanted)
    conn = psycopg.connect(server.conninfo(dbname), **{**wanted, "autocommit": True})
    if user not in (SUPERUSER, server.user):
        switch = sql.SQL("set session authorization {}").format(sql.Identifier(user))
        conn.execute(switch)
    conn.autocommit = bool(wanted["autocommit"])
    return conn
