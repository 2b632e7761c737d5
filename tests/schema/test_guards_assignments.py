"""What an assignment's guard stamps, and what the counting functions leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone

DISPATCH: LiteralString = """
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, title, updated_at)
    values (
        md5('org:NHF')::uuid, md5('chapter:A')::uuid, md5('mentor:1')::uuid, 'a visit',
        '2020-01-01Z'
    )
"""


def one_of(conn: Connection[Any], question: LiteralString) -> tuple[Any, ...]:
    row = conn.execute(question).fetchone()
    assert row
    return tuple(row)


def test_a_change_is_stamped_and_no_change_is_not(world: Clone) -> None:
    conn = world.owner
    conn.execute(DISPATCH)
    stamps: LiteralString = "select version, updated_at > '2020-01-01Z' from public.assignments"
    conn.execute("update public.assignments set title = title")
    assert one_of(conn, stamps) == (1, False)
    conn.execute("update public.assignments set title = 'another visit'")
    assert one_of(conn, stamps) == (2, True)


def test_an_assignment_taken_up_again_is_neither_completed_nor_closed(world: Clone) -> None:
    conn = world.owner
    conn.execute(DISPATCH)
    ends: LiteralString = (
        "select completed_at is not null, closed_at is not null from public.assignments"
    )
    conn.execute("update public.assignments set status = 'completed'")
    assert one_of(conn, ends) == (True, True)
    conn.execute("update public.assignments set status = 'in_progress'")
    assert one_of(conn, ends) == (False, False)


def test_what_moves_no_count_is_not_in_the_ledger(world: Clone) -> None:
    conn = world.owner
    conn.execute(DISPATCH)
    with conn.transaction():
        conn.execute("update public.assignments set title = 'another visit', status = 'accepted'")
        assert one_of(conn, "select count(*) from stats.assignment_count_deltas") == (0,)


def test_what_another_transaction_left_in_the_ledger_does_not_hide_a_drift(world: Clone) -> None:
    conn = world.owner
    conn.execute(
        "alter table stats.assignment_count_deltas disable trigger assignment_count_deltas_apply"
    )
    conn.execute(DISPATCH)
    conn.execute(
        "alter table stats.assignment_count_deltas enable always trigger"
        " assignment_count_deltas_apply"
    )
    with conn.transaction():
        conn.execute("create temporary table gives_this_transaction_an_id ()")
        found = conn.execute(
            "select display_name, stored_count, true_count from stats.assignment_count_drift()"
        )
        assert found.fetchall() == [("Mentor 1", 0, 1)]


def test_a_repair_first_counts_what_its_own_transaction_has_written(world: Clone) -> None:
    conn = world.owner
    with conn.transaction():
        conn.execute(DISPATCH)
        assert conn.execute("select * from stats.repair_assignment_counts()").fetchall() == []
    assert one_of(conn, "select sum(assignment_count) from public.peer_mentors") == (1,)
