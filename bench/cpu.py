"""The CPU time of a server process, which load on the machine's other cores does not change."""

from __future__ import annotations

import os
from pathlib import Path

from bench.errors import BenchError


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, in seconds; raises BenchError without /proc."""
    folder = Path("/proc") / str(pid)
    try:
        # nanoseconds on a CPU, where the kernel keeps them
        return int((folder / "schedstat").read_text().split()[0]) / 1e9
    except (OSError, IndexError):
        pass
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError as error:
        raise BenchError("CPU time is read from /proc, which this system lacks") from error
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
