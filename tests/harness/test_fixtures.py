from __future__ import annotations

import psycopg
import pytest

from pgschema.errors import PgschemaError
from pgschema.testing.clones import Clone
from pgschema.testing.templates import Stock, template_digest
from pgschema.testing.workshop import Workshop


def _tables(clone: Clone) -> set[str]:
    rows = clone.owner.execute("select tablename from pg_tables where schemaname = 'public'")
    return {name for (name,) in rows}


def test_a_bare_database_has_no_tables(bare_db: Clone) -> None:
    assert _tables(bare_db) == set()


def test_a_clone_is_seen_by_one_test_only(workshop: Workshop) -> None:
    first, second = workshop.clone(Stock.BARE), workshop.clone(Stock.BARE)
    first.owner.execute("create table public.mine ()")
    assert (_tables(first), _tables(second)) == ({"mine"}, set())
    workshop.discard(first)
    workshop.discard(second)


def test_a_discarded_clone_is_dropped_and_its_connections_closed(workshop: Workshop) -> None:
    clone = workshop.clone(Stock.BARE)
    conn = clone.owner
    stray = psycopg.connect(clone.conninfo)
    workshop.discard(clone)
    assert conn.closed
    with (
        pytest.raises(psycopg.OperationalError),
        stray,
    ):  # the drop is forced: a forgotten connection does not keep a database alive
        while True:
            stray.execute("select pg_sleep(0.01)")
