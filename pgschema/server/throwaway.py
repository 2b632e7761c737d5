"""The directory of a throw-away server: made, removed, and swept up when it was abandoned."""

# pathlib would add a third to the time in which the supervisor starts
# ruff: noqa: PTH102, PTH104, PTH116, PTH123, PTH208

from __future__ import annotations

import fcntl
import json
import os
import time

from pgschema.server.lockfile import LockFile
from pgschema.server.processes import alive, remove_segment

_LOCK = "lock"
_BLOCK = 1024 * 1024
_ABANDONED_SECONDS = 600


class Orders:
    """What to run: `base` is created, and `source` copied to `base`/data for user `uid`.

    `command` starts the server, `settings` is added to its postgresql.conf, `log` is its log's
    name in `base`, `owner` the process whose end is the end of everything here. A `uid` of None
    means that the server runs as this process's user.
    """

    owner: int
    base: str
    source: str
    uid: int | None
    gid: int | None
    command: list[str]
    settings: str
    log: str
    boot_timeout: float

    def __init__(self, text: str) -> None:
        self.__dict__.update(json.loads(text))
        self.data = f"{self.base}/data"
        self.sockets = f"{self.base}/s"


def create(orders: Orders) -> int:
    """Create the base directory with its data; return the descriptor that holds its lock."""
    os.mkdir(orders.base, 0o700)
    lock = os.open(f"{orders.base}/{_LOCK}.new", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.rename(f"{orders.base}/{_LOCK}.new", f"{orders.base}/{_LOCK}")  # never seen unlocked
    os.mkdir(orders.sockets, 0o700)
    _copy(orders.source, orders.data, orders)
    with open(f"{orders.data}/postgresql.conf", "a") as configuration:
        configuration.write(orders.settings)
    for path in (orders.sockets, orders.base):
        _give(path, orders)
    return lock


def _copy(source: str, target: str, orders: Orders) -> None:
    os.mkdir(target, 0o700)
    for entry in os.scandir(source):
        destination = f"{target}/{entry.name}"
        if entry.is_dir():
            _copy(entry.path, destination, orders)
        elif entry.name not in ("postmaster.pid", "postmaster.opts"):
            _copy_file(entry.path, destination, orders)
    _give(target, orders)


def _copy_file(source: str, target: str, orders: Orders) -> None:
    reading = os.open(source, os.O_RDONLY)
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    while block := os.read(reading, _BLOCK):
        os.write(writing, block)
    os.close(reading)
    os.close(writing)
    _give(target, orders)


def _give(path: str, orders: Orders) -> None:
    if orders.uid is not None and orders.gid is not None:
        os.chown(path, orders.uid, orders.gid)


def remove(base: str) -> None:
    """Remove a base directory, and the shared memory that a killed server may have left."""
    import shutil  # slow to import, and only needed at the end

    if segment := LockFile(f"{base}/data").segment:
        remove_segment(segment)
    shutil.rmtree(base, ignore_errors=True)


def sweep(base: str) -> None:
    """Remove base directories beside `base` whose supervisor was killed before it could."""
    parent, own_name = os.path.split(base)
    owners = {os.geteuid(), os.stat(base).st_uid}
    for name in os.listdir(parent):
        if name.startswith("pgschema-") and len(name) == len(own_name) and name != own_name:
            _remove_abandoned(f"{parent}/{name}", owners)


def _remove_abandoned(base: str, owners: set[int]) -> None:
    try:
        status = os.lstat(base)
    except OSError:
        return
    old = status.st_mtime < time.time() - _ABANDONED_SECONDS
    if status.st_uid in owners and _abandoned(base, old):
        remove(base)


def _abandoned(base: str, old: bool) -> bool:
    """Return whether no supervisor holds the lock of `base` and no server runs in it.

    A directory without a lock is either being made or, when it is old, was never finished.
    """
    try:
        descriptor = os.open(f"{base}/{_LOCK}", os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return old
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    pid = LockFile(f"{base}/data").pid
    return not (pid and alive(pid))
