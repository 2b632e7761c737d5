"""What happened once counts once: who takes the place of a first registration that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone

REGISTER: LiteralString = """
    insert into public.activities (
        id, org_id, peer_mentor_id, activity_type, status, created_at, occurred_at,
        duration_minutes, participant_count, delivery_mode
    )
    select
        n, md5('org:NHF')::uuid, md5('mentor:1')::uuid, 'chat', 'submitted',
        now() + n_th * interval '1 minute', '2025-03-01 12:00+01', 30, 1, 'digital'
    from unnest(%s::uuid[]) with ordinality as numbers (n, n_th)
    order by n_th
"""
A, B, C = (UUID(int=number) for number in (1, 2, 3))


@pytest.fixture
def three(world: Clone) -> Connection[Any]:
    """A is the first registration, B and C are the same thing again."""
    for row in (A, B, C):
        world.owner.execute(REGISTER, ([row],))
    assert originals(world.owner) == {A: None, B: A, C: A}
    return world.owner


def originals(conn: Connection[Any]) -> dict[UUID, UUID | None]:
    return dict(conn.execute("select id, duplicate_of from public.activities").fetchall())


def end(conn: Connection[Any], row: UUID, status: str) -> None:
    conn.execute("update public.activities set status = %s where id = %s", (status, row))


@pytest.mark.parametrize("status", ["rejected", "cancelled"])
def test_a_duplicate_that_fell_away_itself_is_no_heir(three: Connection[Any], status: str) -> None:
    end(three, B, status)
    end(three, A, "cancelled")
    assert originals(three)[C] is None


@pytest.mark.parametrize("moved", [(A, B), (B, A)])
def test_two_that_move_together_are_still_one(
    three: Connection[Any], moved: tuple[UUID, UUID]
) -> None:
    """In whatever order the statement comes to their rows: the second finds the first there."""
    three.execute("alter table public.activities disable trigger activities_100_guard_update")
    three.execute("set enable_indexscan = off; set enable_bitmapscan = off")
    for row in moved:  # an update puts the row at the end of the table
        three.execute("update public.activities set country = 'SE' where id = %s", (row,))
    three.execute("alter table public.activities enable trigger activities_100_guard_update")
    three.execute(
        "update public.activities set occurred_at = occurred_at + interval '1 hour' "
        "where id = any(%s)",
        (list(moved),),
    )
    found = originals(three)
    assert found[C] is None
    assert (found[A], found[B]) in [(None, A), (B, None)]


@pytest.mark.parametrize("change", ["activity_type = 'phone_call'", "status = 'cancelled'"])
def test_the_next_takes_the_place_and_the_others_point_at_it(
    three: Connection[Any], change: LiteralString
) -> None:
    three.execute("update public.activities set " + change + " where id = %s", (A,))
    assert originals(three) == {A: None, B: None, C: B}
