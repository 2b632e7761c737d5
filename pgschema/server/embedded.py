"""The lasting cluster of a project: made once, started when needed, found again by its folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pgschema.errors import PgschemaError
from pgschema.server import memory, running
from pgschema.server.locking import locked
from pgschema.server.memory import FIRST_PORT, PORTS, Remembered

if TYPE_CHECKING:
    from pgschema.server.making import Plan

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """What is known about a project's cluster; None where there is nothing to know yet.

    `url` has no password; `relocated` says that data and log lie outside the project's folder.
    """

    running: bool
    root: Path
    url: str | None = None
    major: int | None = None
    pid: int | None = None
    data: Path | None = None
    log: Path | None = None
    socket_dir: Path | None = None
    relocated: bool = False


@dataclass(frozen=True)
class EmbeddedCluster:
    """The cluster that belongs to the folder `root`; it outlives the process that starts it.

    Any number of processes may call these methods at once. The server listens on 127.0.0.1 with
    a generated password, and on a Unix socket that only its own user can reach.
    """

    root: Path

    def ensure_running(self) -> str:
        """Return the URL of the running cluster, with its password; make and start it if need be.

        When it runs already this takes a few milliseconds. Raises PGS6xx.
        """
        known = memory.recall(self.root)
        request = memory.current_request()
        if known is None or known.request != request or not running.is_running(known.data):
            known = self.start()
        return known.url(self._password())

    def start(self) -> Remembered:
        """Make the cluster unless it exists, start it unless it runs; return where it is."""
        from pgschema.server.making import make_data, renew_password, resolve

        with self._alone():
            plan = resolve(self.root)
            known = plan.known
            if known.data.exists():
                running.clear_remains(known.data)
            else:
                make_data(plan, self.root)
            if running.is_running(known.data):
                known = replace(known, port=running.port_of(known.data))
            else:
                if memory.recall_password(self.root) is None:
                    renew_password(plan, self.root)
                known = _launch(plan)
            memory.remember(self.root, known)
        if known.folder != self.root:
            _LOG.warning("the server cannot use %s: its data is in %s", self.root, known.folder)
        return known

    def stop(self) -> bool:
        """Stop the cluster, of whatever version; return whether one was running."""
        known = memory.recall(self.root)
        if known is None:
            return False
        with self._alone():
            stopped = [running.stop(data) for data in sorted(known.folder.glob("data-*"))]
        with suppress(OSError):
            known.socket_dir.rmdir()
        return any(stopped)

    def status(self) -> Status:
        """Return what is known without starting or changing anything."""
        known = memory.recall(self.root)
        if known is None:
            return Status(running=False, root=self.root)
        is_running = running.is_running(known.data)
        return Status(
            running=is_running,
            root=self.root,
            url=known.url(),
            major=known.major,
            pid=running.pid_of(known.data) if is_running else None,
            data=known.data,
            log=known.log,
            socket_dir=known.socket_dir,
            relocated=known.folder != self.root,
        )

    @property
    def url(self) -> str | None:
        """Return the URL without the password; None before the first start."""
        return self.status().url

    def _password(self) -> str:
        try:
            password = memory.recall_password(self.root)
        except PermissionError as error:
            raise _not_ours(self.root) from error
        if password is None:
            raise PgschemaError("PGS613", path=memory.password_path(self.root))
        return password

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Make sure that `root` exists, and that no other process is changing the cluster."""
        try:
            _make_folder(self.root)
            with locked(self.root / "lock"):
                yield
        except PermissionError as error:
            raise _not_ours(self.root) from error


def embedded_cluster(root: Path = Path(".pgschema")) -> EmbeddedCluster:
    """Return the cluster that belongs to a folder, which need not exist."""
    return EmbeddedCluster(root.resolve())


def _make_folder(root: Path) -> None:
    """Make the folder so that the server's user can pass, and git does not see what is in it."""
    if not root.exists():
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o755)
    if not (root / ".gitignore").exists():
        (root / ".gitignore").write_text("*\n", encoding="ascii")


def _launch(plan: Plan) -> Remembered:
    """Start on the remembered port, or on the next one when somebody else has it."""
    for number in range(PORTS):
        shift = plan.known.port - FIRST_PORT + number
        known = replace(plan.known, port=FIRST_PORT + shift % PORTS)
        if not running.port_is_free(known.port):
            continue
        try:
            running.launch(known, plan.bin_dir, plan.account)
        except PgschemaError:
            if running.port_is_free(known.port):
                raise
            continue
        return known
    raise PgschemaError("PGS609", reason="no port is free", log=plan.known.log)


def _not_ours(root: Path) -> PgschemaError:
    return PgschemaError("PGS612", root=root)
