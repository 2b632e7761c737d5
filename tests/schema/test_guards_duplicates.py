"""Which registration is the first: never one that fell away, and of several the earliest."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from pgschema.testing.clones import Clone

REGISTER: LiteralString = """
    insert into public.activities (
        id, org_id, chapter_id, peer_mentor_id, activity_type, status, created_at, occurred_at,
        duration_minutes, participant_count, delivery_mode
    )
    values (
        %s, md5('org:NHF')::uuid, md5('chapter:A')::uuid, md5('mentor:1')::uuid, 'chat', %s, %s,
        '2025-03-01 12:00+01', 30, 1, 'digital'
    )
    returning duplicate_of
"""
FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))


def register(
    world: Clone, row: UUID, status: str = "submitted", created: str = "2025-03-02Z"
) -> UUID | None:
    """Register the same thing once more and return what it is taken for a duplicate of."""
    found = world.owner.execute(REGISTER, (row, status, created)).fetchone()
    assert found
    return found[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("status", ["rejected", "cancelled"])
def test_what_fell_away_is_nobodys_first(world: Clone, status: str) -> None:
    register(world, FIRST)
    world.owner.execute("update public.activities set status = %s", (status,))
    assert register(world, SECOND) is None
    assert register(world, THIRD) == SECOND


@pytest.mark.parametrize("status", ["rejected", "cancelled"])
def test_what_is_registered_as_fallen_away_is_no_duplicate(world: Clone, status: str) -> None:
    register(world, FIRST)
    assert register(world, SECOND, status) is None
    assert register(world, THIRD) == FIRST


def test_a_duplicate_is_nobodys_first_however_early_it_was_made(world: Clone) -> None:
    register(world, FIRST, created="2025-03-02Z")
    assert register(world, SECOND, created="2025-03-01Z") == FIRST
    assert register(world, THIRD) == FIRST


@pytest.mark.parametrize(
    ("made_first", "made_second", "original"),
    [("2025-03-01Z", "2025-03-02Z", FIRST), ("2025-03-02Z", "2025-03-01Z", SECOND)],
)
def test_of_two_that_were_loaded_without_guards_the_earliest_is_the_first(
    world: Clone, made_first: str, made_second: str, original: UUID
) -> None:
    world.owner.execute("set session_replication_role = replica")
    register(world, FIRST, created=made_first)
    register(world, SECOND, created=made_second)
    world.owner.execute("reset session_replication_role")
    assert register(world, THIRD, created="2025-03-03Z") == original


def test_the_earliest_duplicate_takes_the_place_of_a_first_that_falls_away(world: Clone) -> None:
    register(world, THIRD, created="2025-03-01Z")
    register(world, FIRST, created="2025-03-03Z")
    register(world, SECOND, created="2025-03-02Z")
    world.owner.execute("update public.activities set status = 'cancelled' where id = %s", (THIRD,))
    found = world.owner.execute("select id, duplicate_of from public.activities order by id")
    assert found.fetchall()[:2] == [(FIRST, SECOND), (SECOND, None)]


def test_two_that_change_type_together_leave_the_third_alone(world: Clone) -> None:
    for row in (FIRST, SECOND, THIRD):
        register(world, row)
    world.owner.execute(
        "update public.activities set activity_type = 'phone_call' where id <> %s", (THIRD,)
    )
    found = world.owner.execute("select id, duplicate_of from public.activities")
    assert dict(found.fetchall()) == {FIRST: None, SECOND: FIRST, THIRD: None}
