"""Two sessions of which the second waits for the first: seen in the server, never by sleeping."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from pgschema.testing.clones import Clone


@contextmanager
def waiting_behind(
    world: Clone, holder: Connection[Any], work: Callable[[Connection[Any]], Any]
) -> Iterator[Callable[[], Any]]:
    """Start `work` in a second session and enter the block once `holder` keeps it waiting."""
    session = world.connect()
    session.execute("set statement_timeout = '20s'")
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(work, session)
        pause = Event()
        for _ in range(2000):
            found = world.owner.execute(
                "select pg_blocking_pids(%s)", (session.info.backend_pid,)
            ).fetchone()
            assert found
            if holder.info.backend_pid in found[0]:
                break
            assert not job.done(), f"nobody waited: {job.exception() or job.result()}"
            pause.wait(0.005)
        else:
            pytest.fail("the second session neither waits nor ends")
        yield job.result
