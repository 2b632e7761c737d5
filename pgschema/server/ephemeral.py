"""A throw-away server: ready in a moment, private, and gone without trace with its owner."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pgschema.errors import PgschemaError
from pgschema.server import places, supervisor, throwaway
from pgschema.server.account import server_account
from pgschema.server.binaries import Binaries, find_binaries
from pgschema.server.conninfo import keyword_string
from pgschema.server.lockfile import LockFile
from pgschema.server.processes import alive
from pgschema.server.reach import reachable_bin_dir
from pgschema.server.template import initialised

try:
    from testing.postgresql import Postgresql
except ImportError as _error:
    raise PgschemaError("PGS610", package="testing.postgresql") from _error

_PORT = 5432  # a part of the socket's name only: there is no TCP

_SETTINGS: Mapping[str, str | int] = {
    "listen_addresses": "",
    "port": _PORT,
    "unix_socket_permissions": "0700",
    "max_connections": 100,
    "max_prepared_transactions": 20,
    "wal_level": "logical",
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %d ",
    "dynamic_shared_memory_type": "mmap",  # lies in the data directory and goes with it
    "max_wal_size": "512MB",
}
_CARELESS: Mapping[str, str | int] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class EphemeralCluster(Postgresql):  # type: ignore[misc]  # the package has no types
    """A running server on a private Unix socket, without TCP; a context manager.

    `binaries` default to `find_binaries()`. `durable` gives what a production server does about
    crashes, on disk; otherwise nothing is flushed and the data lies in memory when there is room.
    `settings` are added to postgresql.conf. `copy_data_from` starts with a copy of a data
    directory instead of a new one; `directory` is where to put the data.

    Started by root, the server runs as `postgres` or `nobody`. It ends, and its directory goes,
    with `stop()` or with this process, however this process ends. Raises PGS6xx.
    """

    def __init__(
        self,
        binaries: Binaries | None = None,
        *,
        durable: bool = False,
        settings: Mapping[str, str | int] | None = None,
        copy_data_from: Path | None = None,
        directory: Path | None = None,
        boot_timeout: float = 60,
    ) -> None:
        self.child_process: subprocess.Popen[bytes] | None = (
            None  # for __del__, should what follows raise
        )
        self._conversation = threading.Lock()
        self._postmaster = 0
        self.account = server_account()
        self.binaries = binaries or find_binaries()
        parent = directory or places.throwaway_parent(self.account, in_memory=not durable)
        base = places.new_name(parent.absolute())
        self.socket_dir = base / "s"
        self._configuration = {
            **_settings(self.binaries.major, durable=durable),
            "unix_socket_directories": str(self.socket_dir),
            **(settings or {}),
        }
        super().__init__(
            base_dir=str(base),
            copy_data_from=copy_data_from,
            boot_timeout=boot_timeout,
            port=_PORT,
        )

    def initialize(self) -> None:
        """Find a folder from which the server's user can run the binaries."""
        self._bin_dir = reachable_bin_dir(self.binaries, self.account)

    def setup(self) -> None:
        """Find the data directory to copy; the supervisor makes the copy."""
        self._source = self.settings["copy_data_from"] or initialised(
            self.binaries, self._bin_dir, self.account
        )

    def start(self) -> None:
        """Start the server unless it runs; returns when it accepts connections."""
        if self.child_process is not None:
            self._ask("start")
            return
        self.child_process = subprocess.Popen(
            supervisor.command_line(self.base_dir),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        try:
            self._ask(json.dumps(self._orders()))
        except BaseException:
            self.stop()
            raise

    def _orders(self) -> dict[str, Any]:
        switch = self.account.switch
        lines = (f"{name} = {_quoted(value)}\n" for name, value in self._configuration.items())
        return {
            "owner": os.getpid(),
            "base": self.base_dir,
            "source": str(self._source),
            "uid": self.account.uid if switch else None,
            "gid": self.account.gid if switch else None,
            "command": self.get_server_commandline(),
            "settings": "\n" + "".join(lines),
            "log": self.log_path.name,
            "boot_timeout": self.settings["boot_timeout"],
        }

    def get_server_commandline(self) -> list[str]:
        """Return the command that the supervisor runs as the server's user."""
        return [str(self._bin_dir / "postgres"), "-D", self.get_data_directory()]

    @property
    def log_path(self) -> Path:
        """Return the path of the server's log; it goes with the server."""
        return Path(self.base_dir) / f"{self.name}.log"

    @property
    def server_pid(self) -> int | None:
        """Return the process id of the postmaster, None when it is stopped."""
        return self._postmaster or None

    def is_alive(self) -> bool:
        """Return whether the server's process exists."""
        return bool(self._postmaster) and alive(self._postmaster)

    def is_server_available(self) -> bool:
        """Return whether the server accepts connections, from what it says in its lock file."""
        return LockFile(self.get_data_directory()).is_ready(self._postmaster)

    def conninfo(self, dbname: str = "postgres", user: str = "postgres", **others: Any) -> str:
        """Return a libpq connection string; `others` are further libpq keywords."""
        return keyword_string(self.dsn(dbname=dbname, user=user, **others))

    def dsn(self, **kwargs: Any) -> dict[str, Any]:
        """Return libpq's keywords for this server, overridden by `kwargs`."""
        here = {"host": str(self.socket_dir), "port": _PORT}
        return {**here, "dbname": "postgres", "user": "postgres", **kwargs}

    def url(self, **kwargs: Any) -> str:
        """Return a connection URL, which names the socket's directory as a parameter."""
        keywords = self.dsn(**kwargs)
        host, port = quote(keywords["host"], safe=""), keywords["port"]
        user, dbname = quote(keywords["user"], safe=""), quote(keywords["dbname"], safe="")
        return f"postgresql://{user}@/{dbname}?host={host}&port={port}"

    def kill(self) -> None:
        """End every process of the server with SIGKILL, as a crash of the machine would."""
        self._ask("kill")

    def restart(self, mode: str = "fast") -> None:
        """Stop the server ("smart", "fast" or "immediate") if it runs, and start it again."""
        self._ask(mode)
        self._ask("start")

    def terminate(self, *_: object) -> None:
        """Stop the server at once and remove its directory; only for the process that made it."""
        held = self.child_process
        if held is None or self._owner_pid != os.getpid():
            return
        assert held.stdin is not None
        assert held.stdout is not None
        with contextlib.suppress(OSError):
            held.stdin.close()
        held.stdout.close()
        held.wait()
        self.child_process, self._postmaster = None, 0
        if Path(self.base_dir).exists():  # the supervisor was killed; the server ended with it
            throwaway.remove(self.base_dir)

    def cleanup(self) -> None:
        """Do nothing: the directory is the supervisor's."""

    def _ask(self, line: str) -> None:
        with self._conversation:
            held = self.child_process
            if held is not None and held.stdin is not None:
                with contextlib.suppress(OSError):
                    held.stdin.write(f"{line}\n".encode())
                    held.stdin.flush()
            self._hear()

    def _hear(self) -> None:
        held = self.child_process
        line = held.stdout.readline() if held is not None and held.stdout is not None else b""
        answer = json.loads(line) if line else {"failed": "its supervisor has ended", "log": ""}
        if "failed" in answer:
            reason = f"{answer['failed']}: {answer['log'].strip()}"
            raise PgschemaError("PGS609", reason=reason, log=self.log_path)
        self._postmaster = int(answer["pid"])


def _settings(major: int, *, durable: bool) -> dict[str, str | int]:
    careless = {} if durable else _CARELESS
    few_processes = {"io_method": "sync"} if major >= 18 else {}
    return {**_SETTINGS, **careless, **few_processes}


def _quoted(value: str | int) -> str:
    return "'" + str(value).replace("'", "''") + "'"
