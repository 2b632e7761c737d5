"""Runs the command line: in this process for speed, as a process of its own where that matters."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pgschema.cli.entry import run

NAMING = ("DATABASE_URL", "NO_COLOR", "TERM", "COLUMNS", "FORCE_COLOR")


@dataclass(frozen=True)
class Ran:
    """How one command line ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Name no database, and stand in an empty directory."""
    for name in [n for n in os.environ if n.startswith("PG") and not n.startswith("PGSCHEMA_PG")]:
        monkeypatch.delenv(name)
    for name in NAMING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs a command line in this process."""

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def process() -> Cli:
    """Return a function that runs a command line as a process."""

    def call(*arguments: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> Ran:
        done = subprocess.run(
            command_line(*arguments),
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pgschema", *arguments]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with two small migrations and a rollback for each."""
    write_migration(tmp_path, "V1__create_a.sql", "create table a (id int);")
    write_migration(tmp_path, "V2__create_b.sql", "create table b (id int);")
    write_rollback(tmp_path, "V1__rollback_a.sql", "drop table a;")
    write_rollback(tmp_path, "V2__rollback_b.sql", "drop table b;")
    return tmp_path


def write_migration(project: Path, name: str, text: str) -> Path:
    return _write(project / "migrations" / name, text)


def write_rollback(project: Path, name: str, text: str) -> Path:
    return _write(project / "rollbacks" / name, text)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def on_screen(*arguments: str, env: Mapping[str, str] | None = None, columns: int = 120) -> Ran:
    """Run a command whose standard output and error are one terminal, and return what it shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        command_line(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", **(env or {})},
    ) as running:
        os.close(theirs)
        shown = b""
        # A terminal whose last writer has gone reads as an error.
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 65536):
                shown += chunk
    os.close(ours)
    return Ran(running.returncode, shown.decode().replace("\r\n", "\n"), "")
