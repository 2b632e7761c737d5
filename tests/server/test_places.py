from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pgschema.errors import PgschemaError
from pgschema.server import places
from pgschema.server.account import Account, server_account

NOBODY_AT_ALL = Account("ghost", 54321, 54321, switch=True)


@pytest.mark.usefixtures("as_root")
def test_root_runs_servers_as_the_first_user_that_exists() -> None:
    account = server_account(("no-such-user", "nobody"))

    assert (account.name, account.switch) == ("nobody", True)
    assert account.uid != 0


@pytest.mark.usefixtures("as_root")
def test_root_without_any_such_user_is_an_error() -> None:
    with pytest.raises(PgschemaError, match=r"PGS606.*no user no-such-user or nor-this"):
        server_account(("no-such-user", "nor-this"))


def test_an_ordinary_user_runs_servers_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = __import__("pwd").getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: entry.pw_uid)

    account = server_account()

    assert (account.name, account.uid, account.switch) == ("nobody", entry.pw_uid, False)
    assert "user" not in account.spawn


def test_a_user_without_a_name_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)

    with pytest.raises(PgschemaError, match=r"PGS605.*uid 54321") as caught:
        server_account()

    assert "/etc/passwd" in caught.value.fix


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_reach_depends_on_every_folder_above(tmp_path: Path, mode: int) -> None:
    closed = tmp_path / "folder"
    (closed / "inner").mkdir(parents=True)
    for above in closed.parents:
        if above.stat().st_uid == os.geteuid() and above.is_relative_to(tempfile.gettempdir()):
            above.chmod(above.stat().st_mode | 0o011)
    closed.chmod(mode)

    assert NOBODY_AT_ALL.can_reach(closed / "inner") == (mode == 0o755)


def test_a_full_disk_is_an_error_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(PgschemaError, match=r"PGS607.* MB free; a new server needs 1000000000 MB"):
        places.require_space(tmp_path, 10**9)


@pytest.mark.parametrize(("free", "in_memory"), [(64, False), (4096, True)])
def test_memory_is_used_only_when_there_is_plenty(
    free: int, in_memory: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(places, "_MEMORY", tmp_path)
    monkeypatch.setattr(places, "free_mb", lambda _: free)
    monkeypatch.setattr(places, "require_space", lambda _: None)
    account = Account("me", os.geteuid(), os.getegid(), switch=False)

    chosen = places.throwaway_parent(account, in_memory=True)

    assert (chosen == tmp_path) == in_memory
    assert places.throwaway_parent(account, in_memory=False) != tmp_path


def test_a_temporary_folder_with_a_long_name_is_not_used_for_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    account = Account("me", os.geteuid(), os.getegid(), switch=False)

    assert len(str(places.temporary_parent(account))) < 20


def test_no_reachable_temporary_folder_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(places, "_temporary_folders", lambda: iter([tmp_path]))

    with pytest.raises(PgschemaError, match=r"PGS611.*ghost.*" + str(tmp_path)):
        places.temporary_parent(NOBODY_AT_ALL)


def test_the_cache_is_never_in_a_folder_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    open_to_all = tmp_path / "cache/pgschema"
    open_to_all.mkdir(parents=True)
    open_to_all.chmod(0o777)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"pgschema-cache-{os.geteuid()}").symlink_to(tmp_path / "elsewhere")

    first = places.cache_directory()
    open_to_all.chmod(0o700)

    assert first.parent == tmp_path
    assert not list((tmp_path / "elsewhere").iterdir())
    assert first != tmp_path / f"pgschema-cache-{os.geteuid()}"
    assert places.cache_directory() == open_to_all


def test_every_public_name_of_the_package_can_be_imported() -> None:
    code = "import pgschema.server as s; [getattr(s, n) for n in s.__all__]"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
