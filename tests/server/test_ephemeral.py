from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgschema.server import Binaries, EphemeralCluster
from pgschema.server.account import server_account

pytestmark = pytest.mark.slow

SETTINGS = "select name, setting from pg_settings"


@pytest.fixture(scope="module")
def cluster(binaries: Binaries) -> Iterator[EphemeralCluster]:
    with EphemeralCluster(binaries) as cluster:
        yield cluster


def settings_of(cluster: EphemeralCluster) -> dict[str, str]:
    with psycopg.connect(cluster.conninfo()) as connection:
        return dict(connection.execute(SETTINGS).fetchall())


def one(cluster: EphemeralCluster, query: str) -> Any:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        return (connection.execute(query).fetchone() or [None])[0]


def test_each_source_gives_a_server_that_answers_and_is_gone_after_stop(sourced: Binaries) -> None:
    with EphemeralCluster(sourced) as cluster:
        assert one(cluster, "show server_version").split()[0] == sourced.version
        pid, base = cluster.server_pid, Path(cluster.base_dir)
        assert cluster.is_alive()
        assert cluster.is_server_available()

    assert not base.exists()
    assert not Path(f"/proc/{pid}").exists()
    assert not cluster.is_alive()


def test_a_server_has_a_private_socket_and_no_port(cluster: EphemeralCluster) -> None:
    status = cluster.socket_dir.stat()

    assert settings_of(cluster)["listen_addresses"] == ""
    assert stat.S_IMODE(status.st_mode) == 0o700
    assert status.st_uid == server_account().uid != 0
    assert stat.S_IMODE(Path(cluster.base_dir).stat().st_mode) == 0o700


def test_a_server_can_do_what_tests_need_and_flushes_nothing(cluster: EphemeralCluster) -> None:
    found = settings_of(cluster)
    expected = {
        "wal_level": "logical",
        "max_connections": "100",
        "max_prepared_transactions": "20",
        "jit": "off",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "dynamic_shared_memory_type": "mmap",  # nothing of it outlives the data directory
    }
    assert {name: found[name] for name in expected} == expected


def test_norwegian_letters_are_letters(cluster: EphemeralCluster) -> None:
    if one(cluster, "select datctype from pg_database where datname = 'postgres'") == "C":
        pytest.skip("this system has no C.UTF-8")
    assert one(cluster, "select upper('æøå')") == "ÆØÅ"


def test_a_setting_can_be_changed_by_alter_system(cluster: EphemeralCluster) -> None:
    one(cluster, "select 1")
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("alter system set synchronous_commit = on")
        connection.execute("select pg_reload_conf()")
    cluster.restart()
    assert settings_of(cluster)["synchronous_commit"] == "on"


def test_a_connection_string_carries_odd_names(cluster: EphemeralCluster) -> None:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("""create role "o'd\\d ity" login""")
    conninfo = cluster.conninfo(user="o'd\\d ity", application_name="", options="-c jit=on")
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select current_user, current_setting('jit')").fetchone()
    assert row == ("o'd\\d ity", "on")
    with psycopg.connect(cluster.url(user="o'd\\d ity")) as connection:
        assert connection.info.user == "o'd\\d ity"


def test_a_durable_server_keeps_what_was_committed_when_it_is_killed(binaries: Binaries) -> None:
    with EphemeralCluster(binaries, durable=True, settings={"autovacuum": "off"}) as cluster:
        found = settings_of(cluster)
        assert [found[name] for name in ("fsync", "synchronous_commit")] == ["on", "on"]
        assert found["autovacuum"] == "off"
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute("create table kept as select 42 as answer")
            first = cluster.server_pid
            cluster.kill()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")
        assert cluster.server_pid is None
        cluster.restart()
        assert cluster.server_pid != first
        assert one(cluster, "select answer from kept") == 42


def test_killing_ends_a_query_that_never_looks_up(binaries: Binaries) -> None:
    """A backend in a long computation does not notice that its postmaster is gone."""
    with EphemeralCluster(binaries) as cluster:
        session = psycopg.pq.PGconn.connect(cluster.conninfo().encode())
        session.send_query(b"select count(*) from generate_series(1, 10000000000)")
        assert Path(f"/proc/{session.backend_pid}").exists()
        cluster.kill()
        assert not Path(f"/proc/{session.backend_pid}").exists()
        session.finish()
        cluster.restart()
        assert one(cluster, "select 1") == 1


def test_several_servers_start_at_once_in_threads(binaries: Binaries) -> None:
    with ThreadPoolExecutor(3) as threads:
        clusters = list(threads.map(lambda _: EphemeralCluster(binaries), range(3)))
    try:
        directories = {one(cluster, "show data_directory") for cluster in clusters}
        assert directories == {cluster.get_data_directory() for cluster in clusters}
        assert len(directories) == 3
    finally:
        for cluster in clusters:
            cluster.stop()


def test_a_server_can_start_from_a_copy_of_another_ones_data(
    binaries: Binaries, open_folder: Path
) -> None:
    with EphemeralCluster(binaries) as first:
        one(first, "select 1")
        with psycopg.connect(first.conninfo(), autocommit=True) as connection:
            connection.execute("create table copied as select 7 as number")
        first.restart()
        shutil.copytree(first.get_data_directory(), open_folder / "kept")
    with EphemeralCluster(binaries, copy_data_from=open_folder / "kept") as second:
        assert one(second, "select number from copied") == 7


def test_a_server_learns_nothing_from_our_environment(
    binaries: Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cret-token")
    monkeypatch.setenv("PGPORT", "1")
    with EphemeralCluster(binaries) as cluster:
        assert cluster.child_process is not None
        assert cluster.child_process.args[-1] == cluster.base_dir
        for pid in (cluster.server_pid, cluster.child_process.pid):
            assert "s3cret" not in Path(f"/proc/{pid}/cmdline").read_text()
        assert "s3cret" not in Path(f"/proc/{cluster.server_pid}/environ").read_text()


def test_a_forked_child_cannot_stop_the_server(cluster: EphemeralCluster) -> None:
    pid = os.fork()
    if pid == 0:
        cluster.stop()
        os._exit(0)
    os.waitpid(pid, 0)
    assert one(cluster, "select 1") == 1
