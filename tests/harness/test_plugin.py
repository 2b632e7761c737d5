from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

FAILING = """
    import psycopg

    seen = []

    def test_fails(bare_db):
        bare_db.owner.execute("create table public.evidence ()")
        seen.append(bare_db.conninfo)
        assert False

    def test_looks_at_what_is_left():
        with psycopg.connect(seen[0]) as conn:
            assert conn.execute("select to_regclass('public.evidence')").fetchone()[0]
"""

# Says where its server is and then waits for a signal that never comes by itself.
WAITING = """
    import os, signal

    def test_waits(bare_db, cluster):
        fd = int(os.environ["TELL"])
        os.write(fd, f"{cluster.base_dir} {cluster.server_pid}".encode())
        os.close(fd)
        signal.pause()
"""


@pytest.fixture(autouse=True)
def _inner_runs_keep_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider -p no:randomly")


def test_a_failure_names_its_database_which_lives_as_long_as_the_session(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(FAILING)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.re_match_lines([r".*the test's database.*", r"psql .*dbname=test_1.*"])


def test_a_passed_test_keeps_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_passes(bare_db): bare_db.owner.execute('select 1')")
    result = pytester.runpytest_subprocess("-rA")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*psql*")


def test_workers_have_a_server_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("n", range(4))
        def test_one(bare_db, n): bare_db.owner.execute("create role same_name")
    """)
    # four tests on two servers: the name is taken when a server is met for the second time
    result = pytester.runpytest_subprocess("-n2", "--dist=each")
    assert result.parseoutcomes() == {"passed": 2, "failed": 6}


def test_keeping_a_server_needs_one_session(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one(): pass")
    result = pytester.runpytest_subprocess("--pgschema-keep", "-n2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--pgschema-keep holds one session*"])


def test_foreign_sql_files_are_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makefile(".sql", test_queries="select 1;")
    pytester.makepyfile("def test_one(): pass")
    pytester.runpytest_subprocess(str(pytester.path)).assert_outcomes(passed=1)


def test_the_plugin_costs_other_runs_next_to_nothing() -> None:
    script = "import sys, pgschema.testing.plugin; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "pgschema.testing.plugin" in loaded
    assert not loaded & {"psycopg", "yoyo", "click", "rich", "testing.postgresql"}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_when_the_session_ends_by(
    pytester: pytest.Pytester, signum: signal.Signals
) -> None:
    session, base, server = _waiting_session(pytester)
    watched = os.pidfd_open(server)
    try:
        session.send_signal(signum)
        session.wait(timeout=20)
        _wait_for_the_end(watched)
    finally:
        os.close(watched)
    assert _gone(base)


def test_a_kept_server_is_held_until_the_person_is_done(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_fails(bare_db): assert False")
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "--pgschema-keep"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert session.stdout is not None
    conninfo = ""
    for line in session.stdout:
        if line.startswith("kept: psql '"):
            conninfo = line.removeprefix("kept: psql '").rstrip().removesuffix("'")
        if line.startswith("Ctrl-C ends the server."):
            break
    with psycopg.connect(conninfo) as conn:
        assert conn.info.dbname == "test_1"
        base = Path(conn.info.host).parent
    session.send_signal(signal.SIGINT)
    session.stdout.close()
    assert session.wait(timeout=20) == 1
    assert _gone(base)


def _waiting_session(pytester: pytest.Pytester) -> tuple[subprocess.Popen[bytes], Path, int]:
    pytester.makepyfile(WAITING)
    told, tell = os.pipe()
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-x"],
        env={**os.environ, "TELL": str(tell)},
        pass_fds=[tell],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(tell)
    with os.fdopen(told) as reader:
        base, server = reader.read().split()
    return session, Path(base), int(server)


def _wait_for_the_end(pidfd: int) -> None:
    import select

    assert select.select([pidfd], [], [], 20)[0], "the server outlived its session"


def _gone(base: Path) -> bool:
    """Wait for the supervisor, whose last act is to remove the directory."""
    import time

    deadline = time.monotonic() + 20
    while base.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not base.exists()
