"""The wall time of whole processes: what a person at a prompt waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.errors import BenchError

_TAIL = 2000


@dataclass(frozen=True)
class Command:
    """One process to run: its arguments, what it adds to the environment, and where it starts.

    `fine` are the exit codes of a success: some tools answer "nothing to do" with another than 0.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    fine: tuple[int, ...] = (0,)


def timed(commands: Iterable[Command], *, home: Path, timeout: float = 900) -> float:
    """Run the commands one after the other and return their wall time in milliseconds.

    Raises BenchError, with the end of the output, when one of them fails or takes too long.
    """
    environment = plain_environment(home)
    started = time.perf_counter()
    for command in commands:
        _run(command, environment, timeout)
    return (time.perf_counter() - started) * 1000


def output(command: Command, *, home: Path, timeout: float = 60) -> str:
    """Return what a command prints on stdout; raises BenchError when it fails."""
    return _run(command, plain_environment(home), timeout)


def plain_environment(home: Path) -> dict[str, str]:
    """Return an environment in which no setting of the person's own can reach a tool."""
    return {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
    }


def _run(command: Command, environment: Mapping[str, str], timeout: float) -> str:
    # A session of its own, so that a tool past its time goes with the children it started.
    process = subprocess.Popen(
        command.argv,
        env={**environment, **command.env},
        cwd=command.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise BenchError(f"{command.argv[0]} took longer than {timeout:.0f} s") from error
        raise
    if process.returncode not in command.fine:
        said = (out + err).strip()[-_TAIL:]
        raise BenchError(f"`{' '.join(command.argv)}` exited {process.returncode}: {said}")
    return out
