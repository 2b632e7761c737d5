"""What the guards decide under a mentor's row lock, each with two sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from psycopg import errors

from tests.blocking import waiting_behind

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone

DISPATCH: LiteralString = """
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
    values (md5('org:NHF')::uuid, md5('chapter:A')::uuid, md5('mentor:2')::uuid, 'a visit')
"""
REGISTER: LiteralString = """
    insert into public.activities (
        id, org_id, peer_mentor_id, activity_type, occurred_at, duration_minutes,
        participant_count, delivery_mode
    )
    values (
        md5(%s)::uuid, md5('org:NHF')::uuid, md5('mentor:2')::uuid, 'chat', %s, 30, 1, 'digital'
    )
    returning chapter_id = md5('chapter:A2')::uuid
"""
NOON, EVENING = "2025-03-01 12:00+01", "2025-03-01 18:00+01"
ORIGINALS: LiteralString = """
    select id = md5('second')::uuid from public.activities
    where duplicate_of is null and status <> 'cancelled'
"""
MOVE_MENTOR: LiteralString = """
    update public.peer_mentors set chapter_id = md5('chapter:A2')::uuid
    where id = md5('mentor:2')::uuid
"""


def begun(world: Clone, statement: LiteralString, *values: str) -> Connection[Any]:
    """Return a session whose transaction is open with this statement in it."""
    session = world.connect()
    session.execute("begin")
    session.execute(statement, values)
    return session


def test_a_mentor_deleted_meanwhile_is_as_unknown_to_a_dispatcher_as_any(world: Clone) -> None:
    deleter = begun(world, "delete from public.peer_mentors where id = md5('mentor:2')::uuid")
    with waiting_behind(world, deleter, lambda s: s.execute(DISPATCH)) as result:
        deleter.execute("commit")
        with pytest.raises(errors.ForeignKeyViolation, match="no such peer mentor in this chapter"):
            result()


def test_an_activity_gets_the_chapter_of_a_mentor_who_moved_meanwhile(world: Clone) -> None:
    mover = begun(world, MOVE_MENTOR)
    with waiting_behind(
        world, mover, lambda s: s.execute(REGISTER, ("one", NOON)).fetchone()
    ) as result:
        mover.execute("commit")
        assert result() == (True,)


def test_a_registration_moved_onto_one_being_made_becomes_its_duplicate(world: Clone) -> None:
    world.owner.execute(REGISTER, ("first", EVENING))
    writer = begun(world, REGISTER, "second", NOON)
    with waiting_behind(
        world,
        writer,
        lambda s: s.execute(
            "update public.activities set occurred_at = %s where id = md5('first')::uuid", (NOON,)
        ),
    ) as result:
        writer.execute("commit")
        result()
    assert world.owner.execute(ORIGINALS).fetchall() == [(True,)]


def test_a_duplicate_being_made_takes_the_place_of_the_first_that_is_cancelled(
    world: Clone,
) -> None:
    world.owner.execute(REGISTER, ("first", NOON))
    writer = begun(world, REGISTER, "second", NOON)
    with waiting_behind(
        world,
        writer,
        lambda s: s.execute(
            "update public.activities set status = 'cancelled' where id = md5('first')::uuid"
        ),
    ) as result:
        writer.execute("commit")
        result()
    assert world.owner.execute(ORIGINALS).fetchall() == [(True,)]
