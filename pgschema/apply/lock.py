"""One deploy at a time: a session advisory lock on the migrating connection."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from pgschema.apply.blockers import lock_holders
from pgschema.apply.events import LockAwaited, OnEvent, Session
from pgschema.apply.options import ApplyOptions
from pgschema.apply.wire import is_lost
from pgschema.errors import PgschemaError
from pgschema.ledger import LEDGER_SCHEMA

# PostgreSQL keeps advisory locks per database, so the schema's name is all that is left to tell.
LOCK_KEY = int.from_bytes(
    hashlib.sha256(f"pgschema migrations of {LEDGER_SCHEMA}".encode()).digest()[:8],
    "big",
    signed=True,
)


@contextmanager
def migration_lock(
    conn: psycopg.Connection[Any], options: ApplyOptions, emit: OnEvent
) -> Iterator[None]:
    """Hold the migration lock while the block runs.

    Waits without a transaction of its own, because a waiting snapshot would hold up CREATE INDEX
    CONCURRENTLY. Raises PGS302 with the holders when it is not free within `lock_wait` seconds.
    """
    _acquire(conn, options, emit)
    try:
        yield
    finally:
        if not is_lost(conn):
            conn.execute("select pg_catalog.pg_advisory_unlock(%s)", (LOCK_KEY,))


def _acquire(conn: psycopg.Connection[Any], options: ApplyOptions, emit: OnEvent) -> None:
    began, tries = options.monotonic(), 0
    holders: tuple[Session, ...] = ()
    while not _try(conn):
        waited = options.monotonic() - began
        seen = lock_holders(conn, LOCK_KEY)
        if seen and {s.pid for s in seen} != {s.pid for s in holders}:
            emit(LockAwaited(seen, waited))
        holders = seen or holders
        if waited >= options.lock_wait:
            raise PgschemaError(
                "PGS302",
                waited_s=round(waited, 1),
                holders="; ".join(map(str, holders)),
                sessions=holders,
            )
        pause = options.jitter(tries, base=0.05, cap=1.0)
        options.sleep(min(pause, options.lock_wait - waited))
        tries += 1


def _try(conn: psycopg.Connection[Any]) -> bool:
    row = conn.execute("select pg_catalog.pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
    return row is not None and bool(row[0])
