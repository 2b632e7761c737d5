"""Finds PostgreSQL's client programs themselves, not a distribution's wrappers around them."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.errors import BenchError


def find_program(name: str, *folders: Path) -> Path:
    """Return a client program: from one of the folders, a Debian installation, or PATH.

    Debian's `psql` on PATH is a Perl wrapper that costs more than a query. Raises BenchError.
    """
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in (*folders, *debian):
        if (folder / name).exists():
            return folder / name
    found = shutil.which(name)
    if found is None:
        raise BenchError(f"{name} is not installed")
    return Path(found)
