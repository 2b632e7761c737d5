"""Installs the peers into a cache folder of the benchmark's own; says which are missing and why.

PyPI tools get a virtualenv, npm tools a prefix. sqitch exists in no registry that installs into a
folder, so it comes from apt, and only when that is possible (root, Debian or Ubuntu).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.errors import BenchError

PYPI = ("yoyo-migrations==9.0.0", "alembic==1.20.1", "psycopg[binary]>=3.2,<4", "setuptools<81")
NPM = ("dbmate@2.36.0", "node-pg-migrate@9.0.0", "pg@8.23.1")
APT = ("sqitch", "libdbd-pg-perl")


@dataclass(frozen=True)
class Outcome:
    """Whether one group of peers could be installed; `reason` says why not."""

    group: str
    reason: str | None


def cache_folder() -> Path:
    """Return the folder of the peers: PGSCHEMA_BENCH_CACHE, else one in the user's cache."""
    given = os.environ.get("PGSCHEMA_BENCH_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pgschema-bench"


def install() -> tuple[Outcome, ...]:
    """Install whatever peer is not there yet; a group that fails does not stop the others."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    groups: tuple[tuple[str, Callable[[], None]], ...] = (
        ("PyPI: yoyo, alembic", partial(_install_pypi, folder)),
        ("npm: dbmate, node-pg-migrate", partial(_install_npm, folder)),
        ("apt: sqitch", _install_apt),
    )
    outcomes = []
    for name, act in groups:
        try:
            act()
            outcomes.append(Outcome(name, None))
        except BenchError as error:
            outcomes.append(Outcome(name, str(error)))
    return tuple(outcomes)


def _install_pypi(folder: Path) -> None:
    if not _stamped(folder / "pypi", PYPI):
        _run([sys.executable, "-m", "venv", "--clear", str(folder / "pypi")])
        pip = str(folder / "pypi" / "bin" / "pip")
        _run([pip, "install", "--quiet", "--disable-pip-version-check", *PYPI])
        _stamp(folder / "pypi", PYPI)


def _install_npm(folder: Path) -> None:
    if not _stamped(folder / "npm", NPM):
        if shutil.which("npm") is None:
            raise BenchError("npm is not on PATH")
        _run(["npm", "install", "--silent", "--no-fund", "--prefix", str(folder / "npm"), *NPM])
        _stamp(folder / "npm", NPM)


def _install_apt() -> None:
    if shutil.which("sqitch") is not None:
        return
    if shutil.which("apt-get") is None:
        raise BenchError("there is no apt-get here; install sqitch with DBD::Pg by hand")
    if os.geteuid() != 0:
        raise BenchError(f"apt needs root: run `apt-get install {' '.join(APT)}`")
    _run(["apt-get", "update", "-qq"])
    _run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", *APT])


def _stamped(folder: Path, packages: tuple[str, ...]) -> bool:
    stamp = folder / "installed.txt"
    return stamp.is_file() and stamp.read_text().split("\n") == list(packages)


def _stamp(folder: Path, packages: tuple[str, ...]) -> None:
    (folder / "installed.txt").write_text("\n".join(packages))


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise BenchError(f"`{' '.join(argv[:3])} ...` failed: {said[-1] if said else 'no output'}")


def main() -> int:
    """Install and print one line a group; exit 1 when something is missing."""
    outcomes = install()
    for outcome in outcomes:
        print(f"{outcome.group}: {outcome.reason or 'ready'}")
    return int(any(outcome.reason for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
