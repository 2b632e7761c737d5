"""What a person has to type to call a program from where they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from shutil import which


def typed(name: str) -> str:
    """Return the program's name when it is on PATH, else its path, as short as it can be.

    Programs are looked for beside this one too, and beside the server's binaries.
    """
    if which(name):
        return name
    beside = Path(sys.argv[0]).absolute().parent / name
    return _shown(beside) if beside.exists() else _of_the_server(name)


def _of_the_server(name: str) -> str:
    from pgschema.errors import PgschemaError
    from pgschema.server import find_binaries

    try:
        found = find_binaries().bin_dir / name
    except PgschemaError:
        return name
    return _shown(found) if found.exists() else name


def _shown(path: Path) -> str:
    here = os.path.relpath(path)
    return here if len(here) < len(str(path)) else str(path)
