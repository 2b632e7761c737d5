"""What the comparison knows of a tool: how to write its files and which commands do its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import setup
from bench.clock import Command
from bench.errors import BenchError
from bench.workload import Change

STAMP = "20260101000000"


@dataclass(frozen=True)
class Target:
    """One database of the benchmark's own server, reached through a unix socket."""

    socket_dir: Path
    port: int
    user: str
    dbname: str

    def url(self, scheme: str = "postgresql", extra: str = "") -> str:
        """Return a URL with an empty host and the socket folder as the `host` parameter."""
        at = f"{scheme}://{self.user}@/{self.dbname}"
        return f"{at}?host={self.socket_dir}&port={self.port}{extra}"

    @property
    def env(self) -> dict[str, str]:
        """Return the libpq variables that lead to this database."""
        return {
            "PGHOST": str(self.socket_dir),
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": self.dbname,
        }


Act = Callable[[Path, Target], tuple[Command, ...]]


@dataclass(frozen=True)
class Tool:
    """One tool: `write` puts the migrations on disk, the others return the commands to time.

    `rollback` undoes everything; `status` is None where a tool has no such command; `start` is
    the cheapest command: its help. A `floor` is what SQL alone costs, not a competitor.
    """

    name: str
    role: Literal["ours", "peer", "floor"]
    version: str
    write: Callable[[tuple[Change, ...], Path], None]
    apply: Act
    again: Act
    status: Act | None
    rollback: Act
    start: Command


@dataclass(frozen=True)
class Missing:
    """A tool that cannot take part, and why."""

    name: str
    reason: str


def cached(*parts: str) -> Path:
    """Return a program of the cache folder; raises BenchError when it was not installed."""
    path = setup.cache_folder().joinpath(*parts)
    if not path.exists():
        raise BenchError(f"{parts[-1]} is not installed: run `python -m bench setup`")
    return path


def stamped(change: Change) -> str:
    """Return a sortable timestamp name, for the tools that order files by time."""
    return f"{int(STAMP) + change.number}_{change.name}"


def counted(folder: Path, pattern: str) -> int:
    """Return how many files match: how many calls a tool that undoes one at a time needs."""
    return sum(1 for _ in folder.glob(pattern))
