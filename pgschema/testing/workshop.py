"""One session's server, its templates, and the clones made of them."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from pgschema.testing.clones import Clone
from pgschema.testing.servers import GivenServer, version_of
from pgschema.testing.templates import Stock, Template, build_template, template_digest

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.server import EphemeralCluster

# DROP DATABASE right after the last connection closed waits for its backend to go.
_DROP_DELAY_SECONDS = 0.2

_log = logging.getLogger(__name__)

# CREATE DATABASE does not copy the privileges on the database itself.
_DATABASE_GRANTS = """
    select case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end,
        e.privilege_type
    from pg_database d, aclexplode(d.datacl) e
    where d.datname = %s and e.grantee <> d.datdba
"""


class Workshop:
    """Makes databases for tests. Nothing starts before it is asked for; `close` removes all.

    They are made on a server of this session's own, or on the one that `given` connects to.
    """

    def __init__(self, given: str | None = None) -> None:
        self._given = given
        self._server: EphemeralCluster | GivenServer | None = None
        self._cluster: EphemeralCluster | None = None
        self._admin: Connection[Any] | None = None
        self._templates: dict[Stock, Template] = {}
        self._dropper: _Dropper | None = None
        self._made = 0
        self._lock = threading.RLock()
        self.kept: list[Clone] = []

    @property
    def cluster(self) -> EphemeralCluster:
        """Return this session's own server, started at the first use."""
        with self._lock:
            if self._cluster is None:
                from pgschema.server import EphemeralCluster

                self._cluster = EphemeralCluster()
            return self._cluster

    @property
    def server(self) -> EphemeralCluster | GivenServer:
        """Return the server on which databases are made."""
        with self._lock:
            if self._server is None:
                self._server = GivenServer(self._given) if self._given else self.cluster
            return self._server

    @property
    def _prefix(self) -> str:
        return self.server.prefix if isinstance(self.server, GivenServer) else ""

    def template(self, stock: Stock) -> Template:
        """Return the database that clones of this stock are copied from, made at the first use."""
        with self._lock:
            if stock not in self._templates:
                digest = template_digest(stock, version_of(self.server))
                template = Template(stock, f"{self._prefix}template_{stock}_{digest[:12]}", digest)
                origin = self.template(Stock.MIGRATED).name if stock is Stock.SEEDED else None
                self._create(template.name, origin or "template0")
                build_template(self.server.conninfo(dbname=template.name), stock)
                self._execute("alter database {} is_template true", template.name)
                self._templates[stock] = template
            return self._templates[stock]

    def clone(self, stock: Stock = Stock.SEEDED) -> Clone:
        """Return a new database of this stock; give it back with `discard`."""
        with self._lock:
            origin = self.template(stock).name
            self._made += 1
            clone = Clone(self.server, f"{self._prefix}test_{self._made}")
            self._create(clone.name, origin)
            return clone

    def discard(self, clone: Clone) -> None:
        """Close the clone's connections and drop it soon, unless it is to be kept."""
        clone.close()
        if clone.kept:
            self.kept.append(clone)
            return
        with self._lock:
            if self._dropper is None:
                self._dropper = _Dropper(self.server.conninfo())
            self._dropper.drop(clone.name)

    def close(self) -> None:
        """Remove every database, and stop the server unless it was given."""
        with self._lock:
            if self._dropper:
                self._dropper.close()
            if self._admin:
                self._admin.close()
            if isinstance(self._server, GivenServer):
                self._server.stop()
            if self._cluster:
                self._cluster.stop()
            self._dropper = self._admin = self._cluster = self._server = None
            self._templates.clear()
            self.kept.clear()

    def _create(self, name: str, origin: str) -> None:
        self._execute("create database {} template {} strategy file_copy", name, origin)
        grants = self._connection().execute(_DATABASE_GRANTS, (origin,)).fetchall()
        if grants and origin != "template0":
            self._execute("revoke all on database {} from public", name)
            for grantee, privilege in grants:
                self._execute(f"grant {privilege} on database {{}} to {grantee}", name)

    def _execute(self, statement: str, *names: str) -> None:
        from psycopg import sql

        query = sql.SQL(statement).format(*map(sql.Identifier, names))
        self._connection().execute(query)

    def _connection(self) -> Connection[Any]:
        import psycopg

        if self._admin is None or self._admin.closed:
            self._admin = psycopg.connect(self.server.conninfo(), autocommit=True)
        return self._admin


class _Dropper:
    """Drops databases on a thread and a connection of its own, a moment after they are given."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._names: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pgschema-dropper", daemon=True)
        self._thread.start()

    def drop(self, name: str) -> None:
        self._names.put(name)

    def close(self) -> None:
        """Let go of what is left: the server is about to go with it."""
        self._closing.set()
        self._names.put(None)
        self._thread.join()

    def _run(self) -> None:
        import psycopg
        from psycopg import sql

        try:
            with psycopg.connect(self._conninfo, autocommit=True) as conn:
                while (name := self._names.get()) is not None:
                    if self._closing.wait(_DROP_DELAY_SECONDS):
                        return
                    drop = sql.SQL("drop database if exists {} with (force)")
                    conn.execute(drop.format(sql.Identifier(name)))
        except psycopg.Error as error:  # a test may stop its server; the clones are gone with it
            _log.info("clones are no longer dropped: %s", error)
