"""The server that a benchmark runs against, and the databases in it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bench.errors import BenchError
from bench.machine import Machine, describe
from bench.tools.base import Target
from bench.workload import SHAPE_QUERY, Shape
from pgschema.server import EphemeralCluster


@dataclass(frozen=True)
class Server:
    """A running server of the benchmark's own: where it is and which machine it runs on."""

    admin: str
    socket_dir: Path
    port: int
    user: str
    bin_dir: Path
    machine: Machine

    def target(self, dbname: str, socket_dir: Path | None = None) -> Target:
        """Return the address of a database, directly or through another socket folder."""
        return Target(socket_dir or self.socket_dir, self.port, self.user, dbname)

    def conninfo(self, dbname: str) -> str:
        """Return the libpq connection string of a database."""
        return psycopg.conninfo.make_conninfo(self.admin, dbname=dbname)

    @property
    def socket(self) -> Path:
        """Return the unix socket itself."""
        return self.socket_dir / f".s.PGSQL.{self.port}"


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """Start a durable server (fsync on, as in production); stop and delete it afterwards."""
    with EphemeralCluster(durable=True) as cluster:
        admin = cluster.conninfo()
        where = conninfo_to_dict(admin)
        with psycopg.connect(admin) as connection:
            version, fsync, data = _settings(connection)
        yield Server(
            admin=admin,
            socket_dir=Path(str(where["host"])),
            port=int(where.get("port") or 5432),
            user=str(where["user"]),
            bin_dir=cluster.binaries.bin_dir,
            machine=describe(postgresql=version, fsync=fsync, data=Path(data)),
        )


def _settings(connection: psycopg.Connection) -> tuple[str, str, str]:
    names = ("server_version", "fsync", "data_directory")
    found = [connection.execute("select current_setting(%s)", (name,)).fetchone() for name in names]
    version, fsync, data = (str(row[0]) for row in found if row is not None)
    return version.split()[0], fsync, data


def fresh_database(server: Server, dbname: str) -> None:
    """Create an empty database, in place of the one of that name."""
    name = sql.Identifier(dbname)
    with psycopg.connect(server.admin, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        connection.execute(sql.SQL("create database {} template template0").format(name))


def require_shape(server: Server, dbname: str, wanted: Shape, what: str) -> None:
    """Check that a tool did its work; raises BenchError, so that no wrong run gets a figure."""
    with psycopg.connect(server.conninfo(dbname)) as connection:
        row = connection.execute(SHAPE_QUERY).fetchone()
    if row is None or Shape(*row) != wanted:
        raise BenchError(f"{what} left {row} objects, not {wanted}")


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a temporary folder that the tools may read whatever user they run as."""
    with tempfile.TemporaryDirectory(prefix="pgschema-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
