"""Describes the machine: a figure without it means nothing to anybody else."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """What the figures depend on. `load` is the one-minute load average when the run began."""

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    postgresql: str
    fsync: str
    storage: str
    load: float

    @property
    def document(self) -> dict[str, object]:
        """Return the fields for a JSON document."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """Return the line that stands above every table."""
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gib:.0f} GiB, {self.kernel}; "
            f"PostgreSQL {self.postgresql} (fsync {self.fsync}, data on {self.storage}); "
            f"Python {self.python}; load average {self.load:.2f} when the run began"
        )


def describe(*, postgresql: str, fsync: str, data: Path) -> Machine:
    """Return this machine's description, with the server's version, fsync and data folder."""
    return Machine(
        cpu=_cpu(),
        cores=_cores(),
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        kernel=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        postgresql=postgresql,
        fsync=fsync,
        storage=storage(data),
        load=os.getloadavg()[0],
    )


def storage(folder: Path) -> str:
    """Return the type of the file system that holds a folder, such as `ext4` or `tmpfs`."""
    best = ("", "unknown")
    resolved = folder.resolve()
    for point, kind in _mounts():
        inside = resolved == Path(point) or Path(point) in resolved.parents
        if inside and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def _mounts() -> Iterator[tuple[str, str]]:
    mounts = Path("/proc/self/mounts")
    if mounts.exists():
        for line in mounts.read_text().splitlines():
            _, point, kind, *_ = line.split()
            yield point.replace("\\040", " "), kind


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()
