"""What the operating system offers about processes, and Python does not: through libc and /proc."""

# pathlib would add a third to the time in which the supervisor starts
# ruff: noqa: PTH112, PTH123, PTH208

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IPC_RMID = 0


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
    """Return whether there is a process with this id, whoever it belongs to."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def children(pid: int) -> Iterator[int]:
    """Yield the children of a process that have not ended; none where there is no /proc."""
    if not os.path.isdir("/proc/self"):
        return
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            yield int(name)
