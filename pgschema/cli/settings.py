"""What the global options of a command line say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Settings:
    """The global options; filled while the command line is parsed, read afterwards."""

    database: str | None = None
    migrations: Path | None = None
    rollbacks: Path | None = None
    seeds: Path | None = None
    json: bool = False
    verbose: int = 0
    quiet: bool = False
    command: str = ""
