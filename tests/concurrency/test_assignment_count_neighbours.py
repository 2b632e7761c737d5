"""What V001-V003 decide under a row lock: slots, a mentor on the move, duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest
from psycopg import errors

from tests.blocking import waiting_behind

if TYPE_CHECKING:
    from pgschema.testing.clones import Clone

pytestmark = pytest.mark.slow

GIVE_CHAPTER: LiteralString = """
    insert into public.coordinator_chapters (org_id, coordinator_id, chapter_id)
    values (md5('org:NHF')::uuid, md5('coordinator:kari')::uuid, md5('chapter:' || %s::text)::uuid)
"""
REGISTER: LiteralString = """
    insert into public.activities (
        org_id, peer_mentor_id, activity_type, occurred_at, duration_minutes, participant_count,
        delivery_mode
    )
    values (
        md5('org:NHF')::uuid, md5('mentor:1')::uuid, 'chat', '2025-03-01 12:00+01', 30, 1, 'digital'
    )
    returning id, duplicate_of
"""
DISPATCH: LiteralString = """
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
    values (md5('org:NHF')::uuid, md5('chapter:A')::uuid, md5('mentor:1')::uuid, 'a visit')
"""


def test_two_sessions_cannot_both_take_the_last_slot(world: Clone) -> None:
    for chapter in ("A2", "A3", "A4"):
        world.owner.execute(GIVE_CHAPTER, (chapter,))
    first = world.connect()
    first.execute("begin")
    first.execute(GIVE_CHAPTER, ("A5",))
    with waiting_behind(world, first, lambda s: s.execute(GIVE_CHAPTER, ("A6",))) as result:
        first.execute("commit")
        with pytest.raises(errors.CheckViolation) as caught:
            result()
    assert caught.value.diag.constraint_name == "coordinator_max_5_chapters"


def test_a_slot_given_back_by_a_rollback_goes_to_the_one_who_waited(world: Clone) -> None:
    first = world.connect()
    first.execute("begin")
    first.execute(GIVE_CHAPTER, ("A2",))
    with waiting_behind(
        world,
        first,
        lambda s: s.execute(GIVE_CHAPTER + "returning slot", ("A3",)).fetchone(),
    ) as result:
        first.execute("rollback")
        assert result() == (2,)


def test_the_second_of_two_registrations_at_once_points_at_the_first(world: Clone) -> None:
    first = world.connect()
    first.execute("begin")
    original = first.execute(REGISTER).fetchone()
    assert original
    with waiting_behind(world, first, lambda s: s.execute(REGISTER).fetchone()) as result:
        first.execute("commit")
        assert result()[1] == original[0]


def test_a_registration_rolled_back_makes_no_duplicate_of_the_next(world: Clone) -> None:
    first = world.connect()
    first.execute("begin")
    first.execute(REGISTER)
    with waiting_behind(world, first, lambda s: s.execute(REGISTER).fetchone()) as result:
        first.execute("rollback")
        assert result()[1] is None


def test_a_mentor_moved_by_a_committed_transaction_gets_no_assignment_in_the_old_chapter(
    world: Clone,
) -> None:
    """The check reads the mentor's newest row, not the one its statement began with."""
    mover, dispatcher = world.connect(), world.connect()
    dispatcher.execute("begin")
    dispatcher.execute("select count(*) from public.peer_mentors")
    mover.execute(
        """update public.peer_mentors set chapter_id = md5('chapter:A2')::uuid
        where id = md5('mentor:1')::uuid"""
    )
    with pytest.raises(errors.ForeignKeyViolation):
        dispatcher.execute(DISPATCH)


def test_a_mentor_with_an_assignment_being_dispatched_cannot_disappear(world: Clone) -> None:
    dispatcher = world.connect()
    dispatcher.execute("begin")
    dispatcher.execute(DISPATCH)
    with waiting_behind(
        world,
        dispatcher,
        lambda s: s.execute("delete from public.peer_mentors where id = md5('mentor:1')::uuid"),
    ) as result:
        dispatcher.execute("commit")
        with pytest.raises(errors.ForeignKeyViolation):
            result()


def test_a_repair_that_waited_for_a_writer_counts_what_the_writer_left(world: Clone) -> None:
    writer = world.connect()
    world.owner.execute("update public.peer_mentors set assignment_count = 7")
    writer.execute("begin")
    writer.execute(DISPATCH)
    writer.execute("set constraints all immediate")
    with waiting_behind(
        world, writer, lambda s: s.execute("select * from stats.repair_assignment_counts()")
    ) as result:
        writer.execute("commit")
        result()
    assert world.owner.execute("select * from stats.assignment_count_drift()").fetchall() == []
    row = world.owner.execute(
        "select assignment_count from public.peer_mentors where id = md5('mentor:1')::uuid"
    ).fetchone()
    assert row == (1,)


def test_a_commit_does_not_wait_for_ever_for_a_mentor_whom_somebody_holds(world: Clone) -> None:
    """The session's own statement_timeout does not run during COMMIT."""
    holder, writer = world.connect(), world.connect()
    writer.execute("begin")
    writer.execute(DISPATCH)
    holder.execute("set idle_in_transaction_session_timeout = '20s'")
    holder.execute("begin")
    holder.execute(
        "select from public.peer_mentors where id = md5('mentor:1')::uuid for no key update"
    )
    with pytest.raises(errors.LockNotAvailable):
        writer.execute("commit")
    holder.execute("rollback")
    left = world.owner.execute("select from public.assignments").rowcount
    assert (left, world.owner.execute("select * from stats.assignment_count_drift()").rowcount) == (
        0,
        0,
    )
