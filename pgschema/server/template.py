"""Keeps an initialised data directory for each server and set of options: initdb runs once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from pgschema.errors import PgschemaError
from pgschema.server import places
from pgschema.server.account import Account
from pgschema.server.binaries import Binaries
from pgschema.server.locking import locked

_EVERY_CLUSTER = ("--username=postgres", "--encoding=UTF8", "--locale=C", "--no-instructions")
_UNUSED_DAYS = 7


def initialised(binaries: Binaries, bin_dir: Path, account: Account) -> Path:
    """Return a data directory fresh from initdb, to be copied; it is made at the first call.

    `bin_dir` is where `account` can run the programs of `binaries`. Safe for any number of
    processes at once: one runs initdb, the others wait for it.
    """
    cache = places.cache_directory()
    kept = cache / f"initdb-{binaries.major}-{_digest(binaries, account)}"
    if not _complete(kept):
        with locked(cache / "initdb.lock"):
            if not _complete(kept):
                _remove_unused(cache)
                _make(kept, bin_dir, binaries.major, account)
    os.utime(kept)
    return kept


def run_initdb(bin_dir: Path, data: Path, account: Account, arguments: list[str]) -> None:
    """Make the data directory `data` as `account`; raises PGS608 with initdb's own words.

    Text is UTF-8 and sorts by byte; what a letter is says C.UTF-8 where the system has that
    locale, else only ASCII has letters.
    """
    for letters in ("C.UTF-8", "C"):
        command = [f"{bin_dir}/initdb", f"--pgdata={data}", f"--lc-ctype={letters}"]
        command += [*_EVERY_CLUSTER, *arguments]
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, **account.spawn
        )
        if ended.returncode == 0:
            return
        if "locale" not in ended.stderr:
            break
    output = ended.stderr.strip() or ended.stdout.strip()
    raise PgschemaError("PGS608", initdb=bin_dir / "initdb", status=ended.returncode, output=output)


def _digest(binaries: Binaries, account: Account) -> str:
    program = (binaries.bin_dir / "postgres").resolve()
    status = program.stat()
    facts = (program, status.st_size, status.st_mtime_ns, binaries.version, account.uid)
    arguments = (*_EVERY_CLUSTER, *_arguments(binaries.major))
    return hashlib.sha256(repr((facts, arguments)).encode()).hexdigest()[:16]


def _arguments(major: int) -> list[str]:
    checksums = ["--no-data-checksums"] if major >= 18 else []  # 15-17 have none by default
    return ["--auth=trust", "--no-sync", *checksums]


def _complete(data: Path) -> bool:
    return (data / "PG_VERSION").exists()


def _make(kept: Path, bin_dir: Path, major: int, account: Account) -> None:
    """Run initdb where `account` may write, then put the result into the cache in one step."""
    parent = places.throwaway_parent(account, in_memory=True)
    places.require_space(kept.parent)
    work = places.new_name(parent)
    unfinished = kept.with_name(f"unfinished-{os.getpid()}")
    try:
        work.mkdir(mode=0o700)
        if account.switch:
            os.chown(work, account.uid, account.gid)
        run_initdb(bin_dir, work / "data", account, _arguments(major))
        shutil.copytree(work / "data", unfinished, symlinks=True)
        unfinished.rename(kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _remove_unused(cache: Path) -> None:
    """Remove what a killed process left unfinished and what nobody has used for a week."""
    long_ago = time.time() - _UNUSED_DAYS * 86400
    for entry in cache.iterdir():
        unused = entry.name.startswith("initdb-") and entry.stat().st_mtime < long_ago
        if unused or entry.name.startswith("unfinished-"):
            shutil.rmtree(entry, ignore_errors=True)
