from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from pgschema.errors import PgschemaError
from pgschema.server import EphemeralCluster
from pgschema.testing.templates import Stock
from pgschema.testing.workshop import Workshop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[EphemeralCluster]:
    with EphemeralCluster() as cluster:
        yield cluster


def _databases(server: EphemeralCluster) -> set[str]:
    with psycopg.connect(server.conninfo()) as conn:
        return {name for (name,) in conn.execute("select datname from pg_database")}


def test_databases_are_made_on_the_given_server_and_dropped(server: EphemeralCluster) -> None:
    before = _databases(server)
    workshop = Workshop(server.conninfo())
    clone = workshop.clone(Stock.SEEDED)
    assert clone.name in _databases(server)
    with clone.as_user("coordinator-k1") as conn:
        who = conn.execute("select session_user, current_user").fetchone()
        seen = conn.execute("select from public.peer_mentors").rowcount
    assert (who, seen) == (("authenticator", "authenticated"), 6)
    workshop.close()
    assert _databases(server) == before


def test_what_a_killed_session_left_is_dropped_by_the_next(server: EphemeralCluster) -> None:
    orphan = "pgschema_test_1_abcdef_test_1"
    with psycopg.connect(server.conninfo(), autocommit=True) as conn:
        conn.execute(f"create database {orphan} is_template true")
    living, later = Workshop(server.conninfo()), Workshop(server.conninfo())
    try:
        kept = living.clone(Stock.BARE)
        assert orphan not in _databases(server)
        later.clone(Stock.BARE)
        assert kept.name in _databases(server), "its session lives"
    finally:
        living.close()
        later.close()


def test_the_given_role_must_be_a_superuser(server: EphemeralCluster) -> None:
    with psycopg.connect(server.conninfo(), autocommit=True) as conn:
        conn.execute("create role small login")
    with pytest.raises(PgschemaError) as caught:
        Workshop(server.conninfo(user="small")).clone(Stock.BARE)
    assert caught.value.code == "PGS451"
    assert caught.value.details["role"] == "small"


def test_sessions_side_by_side_do_not_meet(server: EphemeralCluster) -> None:
    before = _databases(server)
    failures: list[Exception] = []

    def session() -> None:
        try:
            workshop = Workshop(server.conninfo())
            clone = workshop.clone(Stock.MIGRATED)
            assert clone.owner.execute("select count(*) from public.organizations").fetchone()
            workshop.discard(clone)
            workshop.close()
        except Exception as error:  # noqa: BLE001  whatever it is, the test must hear of it
            failures.append(error)

    threads = [threading.Thread(target=session) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert _databases(server) == before
