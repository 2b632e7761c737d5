from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgschema.server import EmbeddedCluster, embedded_cluster
from pgschema.server.processes import alive

pytestmark = pytest.mark.slow

Project = Callable[[str], Path]
Ask = Callable[[str, str], Any]
Start = Callable[..., Any]
Eventually = Callable[[Callable[[], Any]], Any]

PASSWORD = "select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'postgres'"


def pid_of(cluster: EmbeddedCluster) -> int:
    pid = cluster.status().pid
    assert pid is not None
    return pid


def data_of(cluster: EmbeddedCluster) -> Path:
    data = cluster.status().data
    assert data is not None
    return data


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
    lasting: EmbeddedCluster, ensures: Start, ask: Ask
) -> None:
    lasting.stop()
    starter = ensures(lasting.root)
    starter.go_on()
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


def test_the_server_listens_on_this_machine_only(running: EmbeddedCluster, ask: Ask) -> None:
    url = running.ensure_running()

    assert ask(url, "show listen_addresses") == "127.0.0.1"
    assert ask(url, PASSWORD)
    socket_dir = running.status().socket_dir
    assert socket_dir is not None
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert socket_dir.stat().st_uid == data_of(running).stat().st_uid != 0


def test_data_and_url_outlast_stop_and_start(running: EmbeddedCluster, ask: Ask) -> None:
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


def test_two_projects_have_nothing_in_common(
    running: EmbeddedCluster, project: Project, ask: Ask
) -> None:
    other = embedded_cluster(project("contested"))  # made by the test before, if that ran
    assert ask(other.ensure_running(), "select 1") == 1

    ours, theirs = running.status(), other.status()

    assert ours.url != theirs.url
    assert ours.socket_dir != theirs.socket_dir
    other.stop()
    assert running.status().running
