"""Decides where the lasting cluster of a project goes, and makes its data directory."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pgschema.errors import PgschemaError
from pgschema.server import memory, places
from pgschema.server.account import Account, server_account
from pgschema.server.binaries import Binaries, find_binaries
from pgschema.server.memory import FIRST_PORT, PORTS, Remembered
from pgschema.server.reach import reachable_bin_dir
from pgschema.server.template import run_initdb

_SETTINGS = """
# Written by pgschema; ALTER SYSTEM wins over it.
unix_socket_permissions = '0700'
wal_level = 'logical'
max_connections = 100
max_prepared_transactions = 20
password_encryption = 'scram-sha-256'
cluster_name = 'pgschema'
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_line_prefix = '%m [%p] %d '
"""


@dataclass(frozen=True)
class Plan:
    """Where the cluster is or will be, and as which user and with what it runs.

    `bin_dir` holds the programs that `account` can run: those of `known.bin_dir`, or a copy.
    """

    known: Remembered
    bin_dir: Path
    account: Account


def resolve(root: Path) -> Plan:
    """Return the plan for the cluster of `root`, which exists; changes no data.

    The binaries, the place and the port of the last start are used again as long as that is
    possible and the environment does not ask for others.
    """
    before = memory.recall(root)
    binaries = _binaries(before)
    folder, account = _folder(root, binaries.major)
    same = before is not None and before.major == binaries.major
    identity = _digest(root)
    known = Remembered(
        request=memory.current_request(),
        bin_dir=binaries.bin_dir,
        major=binaries.major,
        folder=folder,
        socket_dir=_socket_dir(account, identity),
        port=before.port if before and same else _port(f"{identity}/{binaries.major}"),
    )
    return Plan(known, reachable_bin_dir(binaries, account, lasting=True), account)


def make_data(plan: Plan, root: Path) -> None:
    """Run initdb with the project's password; the data directory appears whole or not at all."""
    data, account = plan.known.data, plan.account
    _remove_unfinished(data)
    places.require_space(data.parent)
    work = data.with_name(f"unfinished-{data.name}-{secrets.token_hex(4)}")
    work.mkdir(mode=0o700)
    password = work / "password"
    password.touch(mode=0o600)
    secret = memory.recall_password(root) or memory.new_password(root)  # one for all versions
    password.write_text(secret, encoding="ascii")
    if account.switch:
        for path in (work, password):
            os.chown(path, account.uid, account.gid)
    local, host = "--auth-local=trust", "--auth-host=scram-sha-256"
    run_initdb(plan.bin_dir, work / "data", account, [local, host, f"--pwfile={password}"])
    with (work / "data" / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(_SETTINGS)
    (work / "data").rename(data)
    shutil.rmtree(work)


def renew_password(plan: Plan, root: Path) -> None:
    """Give the superuser of a stopped cluster a new password, in place of one that was lost."""
    password = memory.new_password(root)
    subprocess.run(
        [plan.bin_dir / "postgres", "--single", "-D", plan.known.data, "postgres"],
        input=f"alter role postgres password '{password}'\n",
        text=True,
        capture_output=True,
        check=True,
        **plan.account.spawn,
    )


def _binaries(before: Remembered | None) -> Binaries:
    """Return those of the last start if they still work: a new server must not hide old data."""
    if before is not None and before.request == memory.current_request():
        try:
            again = find_binaries(bin_dir=before.bin_dir)
        except PgschemaError:
            return find_binaries()
        if again.major == before.major:
            return again
    return find_binaries()


def _folder(root: Path, major: int) -> tuple[Path, Account]:
    """Return the folder of data and log, and the user to run as: the owner of data that exists."""
    account = server_account()
    if (owner := _owner(root / f"data-{major}", account)) is not None:
        return root, owner
    if account.can_reach(root) and places.keeps_modes(root):
        return root, account
    folder = places.lasting_parent(account) / _digest(root)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    (folder / "project").write_text(f"{root}\n", encoding="utf-8")  # for people: whose it is
    return folder, _owner(folder / f"data-{major}", account) or account


def _owner(data: Path, account: Account) -> Account | None:
    """Return the user that owns a data directory, None when there is none. Raises PGS612."""
    try:
        status = data.stat()
    except FileNotFoundError:
        return None
    if status.st_uid == account.uid:
        return account
    if not account.switch or status.st_uid == 0:
        raise PgschemaError("PGS612", root=data.parent)
    return Account(_name(status.st_uid), status.st_uid, status.st_gid, switch=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _digest(root: Path) -> str:
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:12]


def _port(identity: str) -> int:
    return FIRST_PORT + int(hashlib.sha256(identity.encode()).hexdigest(), 16) % PORTS


def _socket_dir(account: Account, identity: str) -> Path:
    """Return the private folder of the socket, with a short name; made when it is missing.

    Anybody may make a folder of that name: then it is one whose name nobody can guess.
    """
    parent = places.temporary_parent(account)
    socket_dir = parent / f"pgschema-up-{account.uid}-{identity}"
    with suppress(FileExistsError):
        socket_dir.mkdir(mode=0o700)
    status = socket_dir.lstat()
    made = status.st_uid == os.geteuid()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (os.geteuid(), account.uid):
        socket_dir, made = Path(tempfile.mkdtemp(prefix="pgschema-up-", dir=parent)), True
    if made and account.switch:
        os.chown(socket_dir, account.uid, account.gid)
    socket_dir.chmod(0o700)
    return socket_dir


def _remove_unfinished(data: Path) -> None:
    """Remove what a process left behind that was killed in here; its initdb may still be at it."""
    deadline = time.monotonic() + 10
    for remains in data.parent.glob(f"unfinished-{data.name}-*"):
        while remains.exists() and time.monotonic() < deadline:
            shutil.rmtree(remains, ignore_errors=True)
