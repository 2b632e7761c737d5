"""Chooses folders: for throw-away data, for copies of programs, and for what is worth keeping."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pgschema.errors import PgschemaError
from pgschema.server.account import Account

_MB = 1024 * 1024

# Memory is only used when there is plenty: a default container gives /dev/shm 64 MB.
_MEMORY = Path("/dev/shm")  # noqa: S108 - names in it are random and made with mode 0700
_MEMORY_NEEDED_MB = 1024
_DISK_NEEDED_MB = 100

# `sun_path` has 104 bytes on macOS and 108 on Linux.
_LONGEST_SOCKET = 103
_SOCKET_NAME = "/.s.PGSQL.65535"


def throwaway_parent(account: Account, *, in_memory: bool) -> Path:
    """Return the folder for throw-away clusters: in memory when allowed and roomy, else on disk.

    Raises PGS607 when the disk is full, PGS611 when `account` can reach no temporary folder.
    """
    usable = in_memory and account.can_reach(_MEMORY) and os.access(_MEMORY, os.W_OK)
    if usable and free_mb(_MEMORY) >= _MEMORY_NEEDED_MB:
        return _MEMORY
    parent = temporary_parent(account)
    require_space(parent)
    return parent


def temporary_parent(account: Account) -> Path:
    """Return a temporary folder that `account` can reach and whose sockets have short names."""
    tried = []
    for candidate in _temporary_folders():
        long = len(f"{candidate}/pgschema-{'0' * 12}/s{_SOCKET_NAME}") > _LONGEST_SOCKET
        if os.access(candidate, os.W_OK | os.X_OK) and not long and account.can_reach(candidate):
            return candidate
        tried.append(str(candidate))
    raise PgschemaError("PGS611", account=account.name, directories=", ".join(tried))


def _temporary_folders() -> Iterator[Path]:
    yield Path(tempfile.gettempdir())
    yield Path("/tmp")  # noqa: S108 - names in it are random and made with mode 0700
    yield Path("/var/tmp")  # noqa: S108 - as above


def new_name(parent: Path) -> Path:
    """Return a path in `parent` that does not exist; whoever creates it owns it."""
    return parent / f"pgschema-{secrets.token_hex(6)}"


def free_mb(directory: Path) -> int:
    """Return the space in `directory` that an ordinary user may still take, in MB."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize // _MB


def require_space(directory: Path, needed_mb: int = _DISK_NEEDED_MB) -> None:
    """Raise PGS607 when `directory` has less than `needed_mb` MB free."""
    free = free_mb(directory)
    if free < needed_mb:
        raise PgschemaError("PGS607", directory=directory, free_mb=free, needed_mb=needed_mb)


def lasting_parent(account: Account) -> Path:
    """Return a folder for data that is to stay, which `account` can reach, creating it.

    It is `pgschema` in this user's state folder, or for root in /var/lib. Raises PGS611.
    """
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111 - ~ may stay
    candidates = [Path(home) / "pgschema", Path("/var/lib/pgschema")]
    for candidate in candidates:
        above = next(folder for folder in candidate.parents if folder.exists())
        if account.can_reach(above) and _own(candidate):
            if account.switch:
                candidate.chmod(0o755)
            return candidate
    raise PgschemaError("PGS611", account=account.name, directories=", ".join(map(str, candidates)))


def keeps_modes(directory: Path) -> bool:
    """Return whether private folders can be made here: not on drives that know no modes."""
    probe = directory / f"probe-{secrets.token_hex(4)}"
    probe.mkdir(mode=0o700)
    try:
        return stat.S_IMODE(probe.stat().st_mode) == 0o700
    finally:
        probe.rmdir()


def cache_directory() -> Path:
    """Return this user's folder for things that can be made again, creating it.

    It is `pgschema` in the user's cache folder, or a private one under the temporary folder when
    that is not this user's own or cannot be written (sudo with HOME kept, read-only homes).
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - ~ may stay
    for candidate in (Path(home) / "pgschema", _temporary_cache()):
        if _own(candidate):
            return candidate
    return Path(tempfile.mkdtemp(prefix="pgschema-cache-"))


def _temporary_cache() -> Path:
    return Path(tempfile.gettempdir()) / f"pgschema-cache-{os.geteuid()}"


def _own(directory: Path) -> bool:
    """Create `directory` if need be; return whether it is ours and nobody else can write to it."""
    if not directory.is_absolute():
        return False
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return False
    private = not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return ours and private and os.access(directory, os.W_OK | os.X_OK)
