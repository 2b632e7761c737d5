"""Where a lasting cluster lives, as which user, and of which version."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pgschema.server import EmbeddedCluster, embedded_cluster
from pgschema.server.processes import servers_in

pytestmark = pytest.mark.slow

Project = Callable[[str], Path]
Ask = Callable[[str, str], Any]
Start = Callable[..., Any]
Eventually = Callable[[Callable[[], Any]], Any]


def data_of(cluster: EmbeddedCluster) -> Path:
    data = cluster.status().data
    assert data is not None
    return data


def test_data_of_another_major_version_is_left_alone(
    running: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a start with other binaries would do, without the time for it."""
    from pgschema.server import making

    running.stop()
    data = data_of(running)
    other = 15 if data.name != "data-15" else 16
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "postgres").write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {other}.1'\n")
    (fake / "postgres").chmod(0o755)
    (fake / "initdb").touch()
    monkeypatch.setenv("PGSCHEMA_PG_BIN", str(fake))
    monkeypatch.setattr(making, "reachable_bin_dir", lambda binaries, *_, **__: binaries.bin_dir)

    plan = making.resolve(running.root)

    assert plan.known.data == data.with_name(f"data-{other}")
    assert (data / "PG_VERSION").read_text().strip() == data.name.removeprefix("data-")


def test_binaries_that_appear_later_do_not_hide_the_data(
    running: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system update must not give a project a new, empty cluster of another version."""
    from pgschema.server import making

    before = running.start()
    asked = []
    real = making.find_binaries
    monkeypatch.setattr(
        making, "find_binaries", lambda **named: asked.append(named) or real(**named)
    )

    assert making.resolve(running.root).known == before
    assert asked == [{"bin_dir": before.bin_dir}]


@pytest.mark.usefixtures("as_root")
def test_a_folder_that_the_server_cannot_reach_points_to_one_that_it_can(
    open_folder: Path,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    ask: Ask,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(open_folder / "state"))
    root = project("hidden")
    root.parent.mkdir(mode=0o700)
    cluster = embedded_cluster(root)
    with caplog.at_level(logging.WARNING):
        url = cluster.ensure_running()

    status = cluster.status()
    assert ask(url, "select 1") == 1
    assert status.relocated
    assert status.data is not None
    assert status.data.is_relative_to(open_folder / "state/pgschema")
    assert str(status.data.parent) in caplog.text
    assert (status.data.parent / "project").read_text() == f"{root}\n"
    assert json.loads((root / "cluster.json").read_text())["folder"] == str(status.data.parent)
    assert cluster.stop()
    assert cluster.ensure_running() == url
    cluster.stop()
    shutil.rmtree(status.data.parent)


@pytest.fixture
def users_folder(open_folder: Path) -> Iterator[Path]:
    folder = open_folder / "users"
    folder.mkdir()
    shutil.chown(folder, "nobody")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.usefixtures("as_root")
def test_an_ordinary_user_has_a_cluster_of_their_own_which_root_can_run_too(
    users_folder: Path, ensures: Start
) -> None:
    root = users_folder / "project" / ".pgschema"
    user = ensures(root, user="nobody", HOME=str(users_folder))
    user.go_on()
    url = user.line()
    assert user.ended() == 0
    cluster = embedded_cluster(root)
    owner = data_of(cluster).stat().st_uid
    assert owner == users_folder.stat().st_uid

    assert cluster.ensure_running() == url
    assert cluster.stop()
    assert cluster.ensure_running() == url
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in servers_in(str(data_of(cluster)))} == {
        owner
    }
    assert cluster.stop()


@pytest.mark.usefixtures("as_root")
def test_roots_cluster_is_refused_to_an_ordinary_user(
    running: EmbeddedCluster, child: Start
) -> None:
    code = """
import sys
from pathlib import Path
from pgschema.errors import PgschemaError
from pgschema.server import embedded_cluster
try:
    embedded_cluster(Path(sys.argv[1])).ensure_running()
except PgschemaError as error:
    print(error, flush=True)
"""
    assert child(code, running.root, user="nobody").line().startswith("PGS612")
