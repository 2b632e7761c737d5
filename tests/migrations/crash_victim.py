"""Runs a deploy in a child process that kills itself at the n-th point of its protocol.

One line of JSON per run on standard input; for each it prints the child's pid, waits for it and
prints its exit status. Points lie before and after each look at the database and around each
message, also between sending it and reading its answer.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

import pgschema.apply.backend
from pgschema.apply import ApplyOptions, migrate, rollback, run, transacted, untransacted, wire
from pgschema.catalog import read_catalog


class Fuse:
    def __init__(self, length: int) -> None:
        self._left = length

    def burn(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def burning(*args: Any, **kwargs: Any) -> Any:
            self.burn()
            result = function(*args, **kwargs)
            self.burn()
            return result

        return burning


def arm(fuse: Fuse) -> None:
    """Put the fuse into every place through which the engine reaches the server."""
    psycopg.connect = fuse.around(psycopg.connect)  # type: ignore[method-assign]
    psycopg.Connection.execute = fuse.around(psycopg.Connection.execute)  # type: ignore[method-assign]
    for module in (run, transacted, untransacted):
        module.send = fuse.around(module.send)
    read = wire._results

    def results(*args: Any) -> Iterator[Any]:
        fuse.burn()
        yield from read(*args)

    wire._results = results


def deploy(job: dict[str, Any]) -> None:
    root = Path(job["root"])
    catalog = read_catalog(root / "migrations", root / "rollbacks")
    options = ApplyOptions(lock_wait=30.0)
    if job["what"] == "migrate":
        migrate(job["conninfo"], catalog, options=options)
    else:
        rollback(job["conninfo"], catalog, all=True, options=options)


def child(job: dict[str, Any]) -> int:
    arm(Fuse(job.get("fuse", 0)))
    try:
        deploy(job)
    except Exception as error:  # noqa: BLE001  the child must tell, not unwind into its parent
        print(error, file=sys.stderr)
        return getattr(error, "exit_code", 70)
    return 0


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os._exit(child(job))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    assert pgschema.apply.backend, "imported so that children need not"
    main()
