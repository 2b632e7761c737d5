from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgschema.errors import PgschemaError
from pgschema.server import EmbeddedCluster, embedded_cluster
from pgschema.server.processes import alive, servers_in

ENSURES = """
import sys
from pathlib import Path
from pgschema.server import embedded_cluster
print("ready", flush=True)
sys.stdin.readline()
print(embedded_cluster(Path(sys.argv[1])).ensure_running(), flush=True)
"""

PASSWORD = "select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'postgres'"

Project = Callable[[str], Path]
Start = Callable[..., Any]
Eventually = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="module")
def lasting(project: Project) -> EmbeddedCluster:
    """One cluster for the tests that need no new one; each leaves it usable."""
    return embedded_cluster(project("lasting"))


@pytest.fixture
def running(lasting: EmbeddedCluster) -> EmbeddedCluster:
    lasting.ensure_running()
    return lasting


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        return (connection.execute(query).fetchone() or [None])[0]


def pid_of(cluster: EmbeddedCluster) -> int:
    pid = cluster.status().pid
    assert pid is not None
    return pid


def data_of(cluster: EmbeddedCluster) -> Path:
    data = cluster.status().data
    assert data is not None
    return data


def kill(cluster: EmbeddedCluster, eventually: Eventually) -> None:
    pid = pid_of(cluster)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(pid))


def test_nothing_is_known_and_nothing_made_before_the_first_start(open_folder: Path) -> None:
    cluster = embedded_cluster(open_folder / "unknown" / ".pgschema")

    assert not cluster.status().running
    assert cluster.url is None
    assert not cluster.stop()
    assert not cluster.root.parent.exists()


def test_a_second_call_finds_the_running_cluster_within_10_ms(running: EmbeddedCluster) -> None:
    first, pid = running.ensure_running(), pid_of(running)

    took = []
    for _ in range(5):
        before = time.perf_counter()
        assert running.ensure_running() == first
        took.append(time.perf_counter() - before)

    assert pid_of(running) == pid
    assert min(took) < 0.01


def test_finding_the_running_cluster_loads_neither_psycopg_nor_the_search(
    running: EmbeddedCluster,
) -> None:
    code = (
        "import sys; from pathlib import Path; from pgschema.server import embedded_cluster\n"
        f"embedded_cluster(Path({str(running.root)!r})).ensure_running()\n"
        "print({'psycopg', 'pg8000', 'pgschema.server.binaries'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


def test_the_cluster_survives_the_process_that_started_it(
    lasting: EmbeddedCluster, child: Start
) -> None:
    lasting.stop()
    starter = child(ENSURES, lasting.root)
    starter.process.stdin.write("\n")
    starter.process.stdin.flush()
    assert starter.line() == "ready"
    url = starter.line()
    starter.process.kill()
    starter.ended()

    assert ask(url, "select 1") == 1
    assert os.getsid(pid_of(lasting)) != os.getsid(0)


def test_the_password_is_private_needed_and_not_in_the_public_url(running: EmbeddedCluster) -> None:
    url, public = running.ensure_running(), running.url
    assert public is not None
    file = running.root / "password"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() in url
    assert file.read_text().strip() not in public
    assert file.read_text().strip() not in (running.root / "cluster.json").read_text()
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(public, passfile="/nowhere")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(public, password="wrong")


def test_the_server_listens_on_this_machine_only(running: EmbeddedCluster) -> None:
    url = running.ensure_running()

    assert ask(url, "show listen_addresses") == "127.0.0.1"
    assert ask(url, PASSWORD)
    socket_dir = running.status().socket_dir
    assert socket_dir is not None
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert socket_dir.stat().st_uid == data_of(running).stat().st_uid != 0


def test_data_and_url_outlast_stop_and_start(running: EmbeddedCluster) -> None:
    url = running.ensure_running()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept as select 42 as answer")
    pid = pid_of(running)

    assert running.stop()
    assert not running.stop()
    assert not alive(pid)
    assert not running.status().running
    before = time.perf_counter()
    assert running.ensure_running() == url
    took = time.perf_counter() - before

    assert ask(url, "select answer from kept") == 42
    assert took < 1.0  # 0.07 s on an idle machine


def test_a_killed_server_is_started_again(running: EmbeddedCluster, eventually: Eventually) -> None:
    url = running.ensure_running()
    kill(running, eventually)

    assert running.ensure_running() == url
    assert ask(url, "select 1") == 1


def test_backends_that_a_killed_server_left_do_not_prevent_the_next_start(
    running: EmbeddedCluster, eventually: Eventually
) -> None:
    url = running.ensure_running()
    session = psycopg.pq.PGconn.connect(url.encode())
    session.send_query(b"select count(*) from generate_series(1, 10000000000)")
    kill(running, eventually)
    assert alive(session.backend_pid)

    assert running.ensure_running() == url
    assert not alive(session.backend_pid)
    session.finish()


def test_a_lock_file_that_names_somebody_elses_process_is_not_believed(
    running: EmbeddedCluster, server_user: dict[str, Any]
) -> None:
    data = data_of(running)
    lock = (data / "postmaster.pid").read_text()
    running.stop()
    with subprocess.Popen(["sleep", "60"], **server_user) as stranger:
        (data / "postmaster.pid").write_text(lock.replace(lock.split()[0], str(stranger.pid), 1))
        assert not running.status().running
        assert not running.stop()

        assert ask(running.ensure_running(), "select 1") == 1

        assert stranger.poll() is None
        stranger.kill()


def test_a_taken_port_is_left_to_whoever_has_it(
    running: EmbeddedCluster, server_user: dict[str, Any]
) -> None:
    from socket import create_server

    first = running.ensure_running()
    port = psycopg.conninfo.conninfo_to_dict(first)["port"]
    running.stop()
    with create_server(("127.0.0.1", int(str(port)))):
        second = running.ensure_running()
    assert second != first
    assert ask(second, "select 1") == 1
    running.stop()
    assert running.ensure_running() == second


def test_a_lost_password_is_an_error_while_running_and_renewed_by_a_start(
    running: EmbeddedCluster,
) -> None:
    before = running.ensure_running()
    (running.root / "password").unlink()

    with pytest.raises(PgschemaError, match=r"PGS613") as caught:
        running.ensure_running()
    assert str(running.root / "password") in caught.value.cause
    running.stop()
    after = running.ensure_running()

    assert after != before
    assert ask(after, "select 1") == 1


def test_a_server_that_cannot_start_says_what_its_log_says(running: EmbeddedCluster) -> None:
    data = data_of(running)
    running.stop()
    (data / "postgresql.auto.conf").write_text("shared_buffers = 'nonsense'\n")

    with pytest.raises(PgschemaError, match=r"PGS609.*nonsense") as caught:
        running.ensure_running()

    (data / "postgresql.auto.conf").write_text("")
    assert str(running.status().log) in caught.value.fix


def test_many_first_calls_at_once_make_one_cluster(project: Project, child: Start) -> None:
    root = project("contested")
    started = [child(ENSURES, root) for _ in range(4)]
    for one in started:
        assert one.line() == "ready"
    for one in started:
        one.process.stdin.write("\n")
        one.process.stdin.flush()

    urls = {one.line() for one in started}

    assert len(urls) == 1
    assert ask(urls.pop(), "select 1") == 1
    assert [entry.name for entry in root.glob("data-*")] == [data_of(embedded_cluster(root)).name]


def test_two_projects_have_nothing_in_common(running: EmbeddedCluster, project: Project) -> None:
    other = embedded_cluster(project("contested"))  # made by the test before, if that ran
    assert ask(other.ensure_running(), "select 1") == 1

    ours, theirs = running.status(), other.status()

    assert ours.url != theirs.url
    assert ours.socket_dir != theirs.socket_dir
    other.stop()
    assert running.status().running


def test_an_initdb_that_was_killed_is_done_again(
    project: Project, child: Start, eventually: Eventually
) -> None:
    root = project("interrupted")
    first = child(ENSURES, root)
    first.process.stdin.write("\n")
    first.process.stdin.flush()
    (unfinished,) = eventually(lambda: list(root.glob("unfinished-*")))
    eventually(lambda: (unfinished / "data" / "PG_VERSION").exists())
    first.process.kill()
    first.ended()
    assert not list(root.glob("data-*"))

    url = embedded_cluster(root).ensure_running()

    assert ask(url, "select 1") == 1
    assert not list(root.glob("unfinished-*"))


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
    users_folder: Path, child: Start
) -> None:
    root = users_folder / "project" / ".pgschema"
    user = child(ENSURES, root, user="nobody", HOME=str(users_folder))
    user.process.stdin.write("\n")
    user.process.stdin.flush()
    assert user.line() == "ready"
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
