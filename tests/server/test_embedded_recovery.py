"""What goes wrong with a lasting cluster is put right by the next start."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgschema.errors import PgschemaError
from pgschema.server import EmbeddedCluster, embedded_cluster
from pgschema.server.processes import alive

pytestmark = pytest.mark.slow

Project = Callable[[str], Path]
Ask = Callable[[str, str], Any]
Start = Callable[..., Any]
Eventually = Callable[[Callable[[], Any]], Any]


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


def test_a_killed_server_is_started_again(
    running: EmbeddedCluster, eventually: Eventually, ask: Ask
) -> None:
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
    running: EmbeddedCluster, server_user: dict[str, Any], ask: Ask
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


def test_a_taken_port_is_left_to_whoever_has_it(running: EmbeddedCluster, ask: Ask) -> None:
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
    running: EmbeddedCluster, ask: Ask
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


def test_many_first_calls_at_once_make_one_cluster(
    project: Project, ensures: Start, ask: Ask
) -> None:
    root = project("contested")
    started = [ensures(root) for _ in range(4)]
    for one in started:
        one.go_on()

    urls = {one.line() for one in started}

    assert len(urls) == 1
    assert ask(urls.pop(), "select 1") == 1
    assert [entry.name for entry in root.glob("data-*")] == [data_of(embedded_cluster(root)).name]


def test_an_initdb_that_was_killed_is_done_again(
    project: Project, eventually: Eventually, ensures: Start, ask: Ask
) -> None:
    root = project("interrupted")
    first = ensures(root)
    first.go_on()
    (unfinished,) = eventually(lambda: list(root.glob("unfinished-*")))
    eventually(lambda: (unfinished / "data" / "PG_VERSION").exists())
    first.process.kill()
    first.ended()
    assert not list(root.glob("data-*"))

    url = embedded_cluster(root).ensure_running()

    assert ask(url, "select 1") == 1
    assert not list(root.glob("unfinished-*"))
