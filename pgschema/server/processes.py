"""What the operating system offers about processes, and Python does not: through libc and /proc."""

# pathlib would add a third to the time in which the supervisor starts
# ruff: noqa: PTH112, PTH116, PTH123, PTH208

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

from pgschema.server.lockfile import LockFile

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IPC_RMID = 0

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "ICU_DATA", "TZDIR")


def server_environment() -> dict[str, str]:
    """Return the environment of a server: what it needs to be loaded, and none of our secrets."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, "LC_ALL": "C"}


def die_with_parent(number: signal.Signals) -> None:
    """Have this process get a signal when its parent ends, even by SIGKILL; on Linux only.

    A change of user undoes it, so it comes after that.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Become the parent of processes whose parent below this one ended; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def remove_segment(identifier: int) -> None:
    """Remove a System V shared memory segment; one that is gone or not ours is left alone."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).shmctl(identifier, _IPC_RMID, None)


def alive(pid: int) -> bool:
    """Return whether there is a process with this id that has not ended, whoever it belongs to."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return _status(str(pid))[0] != "Z"


def children(pid: int) -> list[int]:
    """Return the children of a process that have not ended; none where there is no /proc."""
    found = [(int(name), _status(name)) for name in _process_names()]
    return [child for child, (state, parent) in found if parent == pid and state != "Z"]


def servers_in(directory: str) -> list[int]:
    """Return the processes of servers that work in a data directory, which they never leave.

    Without /proc it is the server that the directory's lock file names, if it is alive.
    """
    if not os.path.isdir("/proc/self"):
        pid = LockFile(directory).pid
        return [pid] if pid and alive(pid) else []
    try:
        there = os.stat(directory)
    except OSError:
        return []
    return [int(name) for name in _process_names() if _serves(name, there)]


def _serves(pid: str, there: os.stat_result) -> bool:
    """Return whether a process is called postgres and works in a directory."""
    try:
        if not os.path.samestat(os.stat(f"/proc/{pid}/cwd"), there):
            return False
        with open(f"/proc/{pid}/comm") as file:
            return file.read().startswith("postgres")
    except OSError:
        return False


def _process_names() -> list[str]:
    try:
        return [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _status(pid: str) -> tuple[str, int]:
    """Return a process's state, such as "R" or "Z", and its parent."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            state, parent = file.read().rpartition(")")[2].split()[:2]
    except (OSError, ValueError):
        return "", 0
    return state, int(parent)
