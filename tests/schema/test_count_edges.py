"""Counts stay true when mentors come back, are replicated, or are cut from an old snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest
from psycopg import errors

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone

MENTOR: LiteralString = """
    insert into public.peer_mentors (id, org_id, chapter_id, display_name, assignment_count)
    values (
        md5('mentor:q')::uuid, md5('org:NHF')::uuid, md5('chapter:A')::uuid, 'q', 7
    )
"""
DISPATCH: LiteralString = """
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
    select pm.org_id, pm.chapter_id, pm.id, 'a visit'
    from public.peer_mentors as pm, generate_series(1, %s)
    where pm.display_name = 'q'
"""
ALL_GONE: LiteralString = "truncate public.assignments, public.activities, activity_co_leaders"


def count_of_q(conn: Connection[Any]) -> int:
    """Return the stored count, which must be the true one."""
    assert conn.execute("select * from stats.assignment_count_drift()").fetchall() == []
    assert conn.execute("select from stats.assignment_count_deltas").rowcount == 0
    row = conn.execute(
        "select assignment_count from public.peer_mentors where display_name = 'q'"
    ).fetchone()
    assert row
    return int(row[0])


def test_a_mentor_who_comes_back_with_the_same_id_starts_anew(world: Clone) -> None:
    conn = world.owner
    conn.execute(MENTOR)
    conn.execute(DISPATCH, (1,))
    with conn.transaction():
        conn.execute("delete from public.assignments")
        conn.execute("delete from public.peer_mentors where display_name = 'q'")
        conn.execute(MENTOR)
        conn.execute(DISPATCH, (3,))
    assert count_of_q(conn) == 3


def test_a_mentor_who_comes_back_starts_anew_in_replica_mode_too(world: Clone) -> None:
    conn = world.owner
    conn.execute(MENTOR)
    conn.execute(DISPATCH, (1,))
    conn.execute("set session_replication_role = replica")
    with conn.transaction():
        conn.execute("delete from public.assignments")
        conn.execute("delete from public.peer_mentors where display_name = 'q'")
        conn.execute(MENTOR)
        conn.execute(DISPATCH, (3,))
    assert count_of_q(conn) == 3


def test_only_the_deleted_mentors_pending_counts_are_dropped(world: Clone) -> None:
    conn = world.owner
    conn.execute(MENTOR)
    with conn.transaction():
        conn.execute(DISPATCH, (2,))
        conn.execute("delete from public.peer_mentors where display_name = 'Mentor 2'")
    assert count_of_q(conn) == 2


@pytest.mark.parametrize("mode", ["origin", "replica"])
@pytest.mark.parametrize("key", ["id = gen_random_uuid()", "org_id = md5('org:HLF')::uuid"])
def test_a_mentors_key_never_changes(world: Clone, mode: str, key: str) -> None:
    conn = world.owner
    conn.execute(MENTOR)
    conn.execute(DISPATCH, (3,))
    conn.execute("select set_config('session_replication_role', %s, false)", (mode,))
    change = f"update public.peer_mentors set {key} where display_name = 'q'"
    with pytest.raises(psycopg.Error) as caught:
        conn.execute(f"begin; delete from public.assignments; {change}; commit".encode())
    conn.execute("rollback")
    assert caught.value.sqlstate == "PM010"
    assert count_of_q(conn) == 3


def test_the_same_key_written_again_is_no_change(world: Clone) -> None:
    done = world.owner.execute("update public.peer_mentors set id = id, org_id = org_id")
    assert done.rowcount == 50


def test_a_new_mentor_starts_at_zero_in_replica_mode(world: Clone) -> None:
    world.owner.execute("set session_replication_role = replica")
    world.owner.execute(MENTOR)
    assert count_of_q(world.owner) == 0


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_truncate_on_a_stored_snapshot_is_refused(world: Clone, level: LiteralString) -> None:
    """It would not see, and so not clear, what was counted after the snapshot."""
    conn, old = world.owner, world.connect()
    conn.execute(MENTOR)
    old.execute("begin isolation level " + level)
    old.execute("select count(*) from public.peer_mentors")
    conn.execute(DISPATCH, (1,))
    with pytest.raises(errors.FeatureNotSupported):
        old.execute(ALL_GONE)
    old.execute("rollback")
    assert count_of_q(conn) == 1
