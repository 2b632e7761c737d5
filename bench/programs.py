"""Finds PostgreSQL's client programs themselves, not a distribution's wrappers around them."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.errors import BenchError
from pgschema.server import find_binaries


def find_program(name: str, *folders: Path) -> Path:
    """Return a client program: from a folder, a Debian installation, PATH, or the server's folder.

    Debian's `psql` on PATH is a Perl wrapper that costs more than a query. Raises BenchError.
    """
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in (*folders, *debian):
        if (folder / name).exists():
            return folder / name
    found = shutil.which(name) or shutil.which(name, path=str(find_binaries().bin_dir))
    if found is None:
        raise BenchError(f"{name} is not installed")
    return Path(found)
