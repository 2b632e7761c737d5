"""Holds one throw-away server, and removes every trace of it as soon as its owner is gone.

A program of its own, in its own session. The first line of its standard input is a JSON object
with the fields of `Orders`; each further line is a command. It answers every line with one of JSON.
End of input, the owner's death or a signal make it stop the server, remove the directory and end.
"""

# pathlib would add a third to the time in which this starts
# ruff: noqa: PTH100, PTH120, PTH123

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from pgschema.server import processes, throwaway
from pgschema.server.lockfile import LockFile
from pgschema.server.throwaway import Orders

_STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "smart": signal.SIGTERM}
_ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_SIGNALS = (*_ENDINGS, signal.SIGCHLD)
_TICK = 0.002


def command_line(name: str) -> Sequence[str]:
    """Return the command that starts a supervisor quickly: no site-packages, no user settings.

    `name` only tells people which directory this one watches.
    """
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    program = f"import sys; sys.path.append({here!r}); import {__name__} as it; it.main()"
    return [sys.executable, "-I", "-S", "-c", program, name]


class Server:
    """The server of one base directory: `pid` is its postmaster's, 0 while there is none."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.pid = 0
        self.status = 0
        processes.adopt_orphans()
        signal.signal(signal.SIGCHLD, self._reap)

    def start(self) -> dict[str, object]:
        """Start the server and wait until it accepts connections."""
        if not self.pid:
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            self.pid = os.fork() or _become(self.orders)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        pid, deadline = self.pid, time.monotonic() + self.orders.boot_timeout
        while self.pid and time.monotonic() < deadline and os.getppid() == self.orders.owner:
            if LockFile(self.orders.data).is_ready(pid):
                return {"pid": pid}
            time.sleep(_TICK)
        reason = "was not ready in time" if self.pid else f"ended with status {self.status}"
        return {"failed": f"the server {reason}", "log": self._end_of_log()}

    def stop(self, mode: str, patience: float = 60) -> dict[str, object]:
        """Stop the server; what does not end within `patience` seconds is killed."""
        if self._signal(_STOP_SIGNALS[mode]):
            self._wait(patience)
        return self.kill()

    def kill(self) -> dict[str, object]:
        """End every process of the server with SIGKILL, and wait until they are gone."""
        self._signal(signal.SIGKILL)
        self._wait(10)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and (orphans := processes.children(os.getpid())):
            for orphan in orphans:
                with suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            time.sleep(_TICK)
        return {"pid": 0}

    def _signal(self, number: int) -> bool:
        if not self.pid:
            return False
        os.kill(self.pid, number)
        return True

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.pid and time.monotonic() < deadline:
            time.sleep(_TICK)

    def _reap(self, *_: object) -> None:
        """Collect ended processes: the postmaster, and what it leaves behind when killed."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.pid, self.status = 0, os.waitstatus_to_exitcode(status)

    def _end_of_log(self) -> str:
        try:
            with open(f"{self.orders.base}/{self.orders.log}", errors="replace") as log:
                return "".join(log.readlines()[-20:])
        except OSError:
            return ""


def _become(orders: Orders) -> int:
    """Turn this forked process into the server, which ends when the supervisor does."""
    try:
        supervisor = os.getppid()
        log = os.open(f"{orders.base}/{orders.log}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, number in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(descriptor, number)
        if orders.uid is not None and orders.gid is not None:
            os.setgroups([])
            os.setgid(orders.gid)
            os.setuid(orders.uid)
        os.umask(0o077)
        for number in (*_SIGNALS, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        processes.die_with_parent(signal.SIGQUIT)
        if os.getppid() == supervisor:
            os.execve(orders.command[0], orders.command, processes.server_environment())  # noqa: S606
    except Exception as error:  # noqa: BLE001 - this copy of the supervisor must never go on
        os.write(2, f"{orders.command[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _answer(answer: dict[str, object]) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


def _read() -> str:
    """Return the next line, empty at the end; nobody writes two without an answer between."""
    text = b""
    while not text.endswith(b"\n") and (block := os.read(0, 65536)):
        text += block
    return text.decode().strip()


def _serve(server: Server, owner: int) -> None:
    """Obey commands until the input ends or the owner does."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    try:
        owners_end = os.pidfd_open(owner)
        poll.register(owners_end, select.POLLIN)
        interval = None
    except (AttributeError, OSError):  # not Linux, or an old one: look twice a second
        owners_end, interval = -1, 500
    while os.getppid() == owner:
        ready = [descriptor for descriptor, _ in poll.poll(interval)]
        if owners_end in ready:
            return
        if 0 in ready:
            word = _read()
            if not word:
                return
            _answer(_obey(server, word))


def _obey(server: Server, word: str) -> dict[str, object]:
    if word == "start":
        return server.start()
    if word == "kill":
        return server.kill()
    return server.stop(word)


def _leave(*_: object) -> None:
    raise SystemExit(0)


def main() -> None:
    """Create, start, serve, and in the end remove, whatever ends it."""
    for number in _ENDINGS:
        signal.signal(number, _leave)
    orders = Orders(_read())
    server = Server(orders)
    try:
        lock = throwaway.create(orders)
        _answer(server.start())
        with suppress(OSError):
            throwaway.sweep(orders.base)
        _serve(server, orders.owner)
        os.close(lock)
    except OSError as error:
        _answer({"failed": str(error), "log": ""})
    finally:
        for number in _ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        server.stop("immediate", patience=2)
        throwaway.remove(orders.base)
