"""A clone: one test's own database, and the connections that the test opens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgschema.testing.servers import SUPERUSER, GivenServer, open_as

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

    from pgschema.server import EphemeralCluster

# What the fixture `as_user` is.
AsUser = Callable[..., AbstractContextManager["Connection[Any]"]]


@dataclass(eq=False)
class Clone:
    """A database that belongs to one test. Connections made here are closed with it."""

    server: EphemeralCluster | GivenServer
    name: str
    kept: bool = False
    _connections: list[Connection[Any]] = field(default_factory=list, repr=False)
    _owner: Connection[Any] | None = field(default=None, repr=False)

    @property
    def conninfo(self) -> str:
        """Return the libpq connection string of the superuser, who owns the database."""
        return self.conninfo_of(SUPERUSER)

    def conninfo_of(self, user: str) -> str:
        """Return the connection string of any role that may log in; no password is asked for.

        On a server that was given, a test that asks for another role than its superuser is skipped.
        """
        return self.server.conninfo(dbname=self.name, user=user)

    def connect(self, user: str = SUPERUSER, **keywords: Any) -> Connection[Any]:
        """Return a new connection, in autocommit mode unless `autocommit=False` is given."""
        conn = open_as(self.server, self.name, user, **keywords)
        self._connections.append(conn)
        return conn

    @property
    def owner(self) -> Connection[Any]:
        """Return one autocommit connection as the superuser; the same one at every use."""
        if self._owner is None or self._owner.closed:
            self._owner = self.connect()
        return self._owner

    @contextmanager
    def as_user(
        self,
        sub: UUID | str | None = None,
        role: str = "authenticated",
        *,
        commit: bool = True,
        **claims: Any,
    ) -> Iterator[Connection[Any]]:
        """Open one request as PostgREST does it: see `pgschema.testing.requests.request_as`."""
        from pgschema.testing.requests import request_as

        login = open_as(self.server, self.name, "authenticator", autocommit=False)
        with request_as(login, sub, role, commit=commit, claims=claims) as conn:
            yield conn

    def close(self) -> None:
        """Close every connection made here; ones that are closed already do no harm."""
        while self._connections:
            self._connections.pop().close()
