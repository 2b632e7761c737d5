"""Reads postmaster.pid, in which a server says who it is and whether it accepts connections."""

# ruff: noqa: PTH123 - pathlib would add a third to the time in which the supervisor starts

from __future__ import annotations


class LockFile:
    """The facts of one postmaster.pid; zeros and empty strings where there is none.

    `segment` is the identifier of the server's System V shared memory.
    """

    def __init__(self, data: str) -> None:
        lines = [*_lines(f"{data}/postmaster.pid"), *[""] * 8]
        self.pid = _number(lines[0])
        self.port = _number(lines[3])
        self.socket_dir = lines[4].strip()
        self.segment = _number(lines[6].split()[-1]) if lines[6].split() else 0
        self.status = lines[7].strip()

    def is_ready(self, pid: int) -> bool:
        """Return whether the server with this process id accepts connections."""
        return pid != 0 and self.pid == pid and self.status == "ready"


def _lines(path: str) -> list[str]:
    try:
        with open(path) as file:
            return file.read().splitlines()
    except OSError:
        return []


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0
