"""A rollback sent by hand never loses rows that it was not told to discard."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest

from pgschema.catalog import packaged_folders, read_catalog

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone

FOLDERS = packaged_folders()
FILES = read_catalog(FOLDERS.migrations, FOLDERS.rollbacks).migrations
TABLES = {1: "peer_mentors", 2: "assignments", 3: "activities"}
DISCARD: LiteralString = "set local pgschema.discard = 'on';"

every_file = pytest.mark.parametrize("number", sorted(TABLES))


def up(conn: Connection[object], number: int) -> None:
    with conn.transaction():
        conn.execute(FILES[number - 1].text.encode())


def down(conn: Connection[object], number: int, first: LiteralString = "") -> None:
    rollback = FILES[number - 1].rollback
    assert rollback
    with conn.transaction():
        conn.execute(first.encode() + rollback.text.encode())


def rows(conn: Connection[object], table: str) -> list[object]:
    return conn.execute(f"select t from {table} as t order by t.id".encode()).fetchall()


@pytest.fixture
def filled(world: Clone) -> Connection[object]:
    """A row in every table that a rollback could lose."""
    world.owner.execute("""
        insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
        select pm.org_id, pm.chapter_id, pm.id, 'a visit' from public.peer_mentors as pm;
        insert into public.activities (
            org_id, peer_mentor_id, activity_type, occurred_at, duration_minutes,
            participant_count, delivery_mode
        )
        select pm.org_id, pm.id, 'chat', '2025-03-01 12:00+01', 30, 1, 'digital'
        from public.peer_mentors as pm;
    """)
    return world.owner


@every_file
@pytest.mark.parametrize(
    "change",
    [
        "drop policy owner_all on public.{}",
        "alter policy owner_all on public.{} using (false)",
        "create policy nobody on public.{} as restrictive to pgschema_owner using (false)",
    ],
)
def test_rows_that_a_changed_policy_hides_are_archived(
    filled: Connection[object], number: int, change: str
) -> None:
    for later in range(len(FILES), number, -1):
        down(filled, later)
    table = TABLES[number]
    # the counts go with V002: what is compared is what the rollback of this file meets
    stored = rows(filled, f"public.{table}")
    filled.execute(change.format(table).encode())
    down(filled, number)
    assert rows(filled, f"archive_v00{number}.{table}") == stored != []
    assert filled.execute(
        "select relrowsecurity, relforcerowsecurity from pg_class where oid = %s::regclass",
        (f"archive_v00{number}.{table}",),
    ).fetchone() == (True, True)


@every_file
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_rollback_on_a_stored_snapshot_is_refused(
    empty_db: Clone, number: int, level: LiteralString
) -> None:
    for later in range(len(FILES), number, -1):
        down(empty_db.owner, later)
    empty_db.owner.execute("set default_transaction_isolation = '" + level + "'")
    with pytest.raises(psycopg.Error) as caught:
        down(empty_db.owner, number)
    assert caught.value.sqlstate == "PM003"


@pytest.mark.parametrize("number", [1, 2])
def test_rows_that_archived_ones_refer_to_are_not_discarded(
    filled: Connection[object], number: int
) -> None:
    for later in range(len(FILES), number, -1):
        down(filled, later)
    stored = rows(filled, f"public.{TABLES[number]}")
    with pytest.raises(psycopg.Error) as caught:
        down(filled, number, DISCARD)
    assert caught.value.sqlstate == "PM005"
    assert rows(filled, f"public.{TABLES[number]}") == stored != []
    for later in range(len(FILES), number, -1):
        filled.execute(f"drop schema archive_v00{later} cascade".encode())
    down(filled, number, DISCARD)
    for again in range(number, len(FILES) + 1):
        up(filled, again)
    assert rows(filled, f"public.{TABLES[number]}") == []


@every_file
@pytest.mark.parametrize("whose", ["database {}", "role postgres in database {}"])
def test_a_default_to_discard_is_refused(
    world: Clone, filled: Connection[object], number: int, whose: str
) -> None:
    for later in range(len(FILES), number, -1):
        down(filled, later)
    filled.execute(f"alter {whose.format(world.name)} set pgschema.discard = 'on'".encode())
    stored = rows(filled, f"public.{TABLES[number]}")
    victim = world.connect()
    with pytest.raises(psycopg.Error) as caught:
        down(victim, number)
    assert caught.value.sqlstate == "PM004"
    assert rows(filled, f"public.{TABLES[number]}") == stored != []


@every_file
def test_what_a_stranger_keeps_in_the_archive_stays_there(
    filled: Connection[object], number: int
) -> None:
    for later in range(len(FILES), number - 1, -1):
        down(filled, later)
    filled.execute(f"create table archive_v00{number}.surprise ()".encode())
    up(filled, number)
    assert rows(filled, f"public.{TABLES[number]}") != []
    assert filled.execute(
        "select relnamespace::regnamespace::text from pg_class where relname = 'surprise'"
    ).fetchall() == [(f"archive_v00{number}",)]
