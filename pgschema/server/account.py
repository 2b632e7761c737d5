"""Which operating system user a server runs as: never root, because PostgreSQL refuses that."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgschema.errors import PgschemaError
from pgschema.server.processes import server_environment


@dataclass(frozen=True)
class Account:
    """The user of a server; `switch` says that we are root and must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    @property
    def spawn(self) -> dict[str, Any]:
        """Return the arguments with which `subprocess` starts a program as this user."""
        spawn: dict[str, Any] = {"cwd": "/", "env": server_environment()}
        if self.switch:
            spawn |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return spawn

    def can_reach(self, path: Path) -> bool:
        """Return whether every folder from the root down to `path` is open to this user."""
        if not self.switch:
            return os.access(path, os.X_OK)
        resolved = path.resolve()
        return all(self._may_enter(folder) for folder in (*resolved.parents, resolved))

    def _may_enter(self, folder: Path) -> bool:
        try:
            status = folder.stat()
        except OSError:
            return False
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_account(names: Sequence[str] = ("postgres", "nobody")) -> Account:
    """Return the user that servers run as: this process's own, or for root the first of `names`.

    Raises PGS605 when the own uid has no name, PGS606 when root finds none of the names.
    """
    uid = os.geteuid()
    if uid != 0:
        try:
            return Account(pwd.getpwuid(uid).pw_name, uid, os.getegid(), switch=False)
        except KeyError as error:
            raise PgschemaError("PGS605", uid=uid) from error
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, switch=True)
    raise PgschemaError("PGS606", reason=f"there is no user {' or '.join(names)}")
