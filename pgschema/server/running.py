"""Starts, recognises and stops the lasting server of a data directory."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from pgschema.errors import PgschemaError
from pgschema.server.account import Account
from pgschema.server.lockfile import LockFile
from pgschema.server.memory import Remembered
from pgschema.server.processes import alive, servers_in

_TICK = 0.005
_BOOT_SECONDS = 60
_LARGEST_LOG = 10_000_000


def is_running(data: Path) -> bool:
    """Return whether a server works in this data directory and answers; takes about 0.1 ms."""
    lock = LockFile(str(data))
    if not lock.is_ready(lock.pid) or not alive(lock.pid):
        return False
    if _socket_answers(f"{lock.socket_dir}/.s.PGSQL.{lock.port}", lock.pid):
        return True
    return lock.pid in servers_in(str(data)) and _port_answers(lock.port)


def pid_of(data: Path) -> int:
    """Return the process id that the lock file of a data directory names, 0 for none."""
    return LockFile(str(data)).pid


def port_of(data: Path) -> int:
    """Return the port that the lock file of a data directory names, 0 for none."""
    return LockFile(str(data)).port


def _socket_answers(path: str, pid: int) -> bool:
    """Return whether the process `pid` listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(path)
            if sys.platform != "linux":
                return True
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        except OSError:
            return False
    listener: int = struct.unpack("3i", credentials)[0]
    return listener in (pid, 0)  # 0: a process of another container


def _port_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def port_is_free(port: int) -> bool:
    """Return whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def launch(known: Remembered, bin_dir: Path, account: Account) -> None:
    """Start the server on its own, to outlive this process; returns when it is ready.

    Raises PGS609 with the end of the log when it is not.
    """
    for ending in ("", ".lock"):  # of a server that was killed; see clear_remains
        (known.socket_dir / f".s.PGSQL.{known.port}{ending}").unlink(missing_ok=True)
    if known.log.exists() and known.log.stat().st_size > _LARGEST_LOG:
        known.log.replace(known.log.with_suffix(".log.1"))
    server = [
        *(f"{bin_dir}/postgres", "-D", str(known.data)),
        *("-c", "listen_addresses=127.0.0.1", "-c", f"port={known.port}"),
        *("-c", f"unix_socket_directories={known.socket_dir}"),
    ]
    # The shell ends at once and leaves the server to init: a child of ours would be a zombie
    # after its end, and a warning at ours.
    shell = ["/bin/sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh", *server]
    with known.log.open("ab") as log:
        written = log.tell()
        answer = subprocess.run(
            shell,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            check=True,
            **account.spawn,
        )
    _await(known, int(answer.stdout), written)


def _await(known: Remembered, pid: int, log_start: int) -> None:
    deadline = time.monotonic() + _BOOT_SECONDS
    while alive(pid) and time.monotonic() < deadline:
        if LockFile(str(known.data)).is_ready(pid):
            return
        time.sleep(_TICK)
    with known.log.open("rb") as log:
        log.seek(log_start)
        said = log.read().decode(errors="replace").strip()
    raise PgschemaError("PGS609", reason=said or "it was not ready in time", log=known.log)


def stop(data: Path) -> bool:
    """Stop the server of a data directory; return whether there was one.

    Open transactions are rolled back. A server that does not end within 30 s is ended the hard
    way and recovers at its next start.
    """
    pid = LockFile(str(data)).pid
    if pid not in servers_in(str(data)):
        return False
    for number, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not alive(pid):
                return True
            time.sleep(_TICK)
    return True


def clear_remains(data: Path) -> None:
    """Make a start possible after the server of `data` was killed, or wait for one that starts.

    Ends processes that the killed server left behind, and removes its lock file: the process id in
    it may be another program's by now, or a zombie's, and a new server would refuse to start.
    """
    lock = LockFile(str(data))
    deadline = time.monotonic() + _BOOT_SECONDS
    while lock.pid in servers_in(str(data)) and time.monotonic() < deadline:
        if is_running(data):
            return
        time.sleep(_TICK)
    while orphans := servers_in(str(data)):
        for orphan in orphans:
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
        time.sleep(_TICK)
    (data / "postmaster.pid").unlink(missing_ok=True)
