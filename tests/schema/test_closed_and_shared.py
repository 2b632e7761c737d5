"""What is closed stays as it is for users; co-leaders are named on what is a draft at commit."""

from __future__ import annotations

from hashlib import md5
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone

DISPATCH: LiteralString = """
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, title, status)
    values (md5('org:NHF')::uuid, md5('chapter:A')::uuid, md5('mentor:1')::uuid, 'a visit', %s)
"""
REGISTER: LiteralString = """
    insert into public.activities (
        org_id, peer_mentor_id, activity_type, status, occurred_at, duration_minutes,
        participant_count, delivery_mode
    )
    values (
        md5('org:NHF')::uuid, md5('mentor:1')::uuid, 'chat', %s, '2025-03-01 12:00+01', 30, 1,
        'digital'
    )
"""
NAME_CO_LEADER: LiteralString = """
    insert into public.activity_co_leaders (org_id, activity_id, peer_mentor_id)
    select a.org_id, a.id, md5('mentor:2')::uuid from public.activities as a
"""
CHANGES = [
    "title = 'rewritten'",
    "due_at = '2025-01-01'",
    "coordinator_id = null",
    "coordinator_id = md5('coordinator:kari')::uuid",
    "peer_mentor_id = md5('mentor:2')::uuid",
]


def user(name: str) -> UUID:
    """Return the user id that world.sql gives to a person."""
    return UUID(md5(f"user:{name}".encode(), usedforsecurity=False).hexdigest())


@pytest.mark.parametrize("status", ["completed", "declined", "cancelled", "expired"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("who", ["kari", "admin"])
def test_no_user_changes_a_closed_assignment(
    world: Clone, who: str, change: str, status: str
) -> None:
    world.owner.execute(DISPATCH, (status,))
    world.owner.execute(
        "update public.assignments set coordinator_id = md5('coordinator:per')::uuid"
    )
    with world.as_user(user(who), commit=False) as conn, pytest.raises(psycopg.Error) as caught:
        conn.execute(f"update public.assignments set {change}".encode())
    assert caught.value.sqlstate == "PM011"


@pytest.mark.parametrize("status", ["dispatched", "accepted", "in_progress"])
def test_an_open_one_is_edited_and_a_closed_one_may_be_written_unchanged(
    world: Clone, status: str
) -> None:
    for state in (status, "completed"):
        world.owner.execute(DISPATCH, (state,))
    with world.as_user(user("kari")) as conn:
        assert conn.execute("update public.assignments set title = title").rowcount == 2
        edited = conn.execute(
            "update public.assignments set title = 'new' where status <> 'completed'"
        )
        assert edited.rowcount == 1


def test_the_service_key_may_correct_a_closed_assignment(world: Clone) -> None:
    world.owner.execute(DISPATCH, ("completed",))
    with world.as_user(role="service_role") as conn:
        assert conn.execute("update public.assignments set title = 'right'").rowcount == 1


def test_an_activity_registered_as_cancelled_says_when(world: Clone) -> None:
    with world.as_user(user("admin")) as conn:
        conn.execute(REGISTER, ("cancelled",))
    found = world.owner.execute("select cancelled_at = created_at from public.activities")
    assert found.fetchall() == [(True,)]


def test_a_draft_that_is_being_submitted_gets_no_co_leader(world: Clone) -> None:
    """The mentor's second session sees the draft, waits for the first one, and looks again."""
    world.owner.execute(REGISTER, ("draft",))
    submitter = world.connect()
    submitter.execute("begin")
    submitter.execute("update public.activities set status = 'submitted'")
    with world.as_user(user("mentor-1")) as conn:
        waiter = Thread(target=_commit_behind, args=(world, conn, submitter))
        waiter.start()
        with pytest.raises(errors.InsufficientPrivilege, match="while the activity is a draft"):
            conn.execute(NAME_CO_LEADER)
        waiter.join()
        conn.rollback()
    assert world.owner.execute("select from public.activity_co_leaders").rowcount == 0


def _commit_behind(world: Clone, waiting: Connection[Any], holder: Connection[Any]) -> None:
    """Commit what `holder` does as soon as the other session waits for it, or after 5 s."""
    pause = Event()
    for _ in range(1000):
        found = world.owner.execute(
            "select pg_blocking_pids(%s)", (waiting.info.backend_pid,)
        ).fetchone()
        if found and found[0]:
            break
        pause.wait(0.005)
    holder.execute("commit")


def test_a_stranger_locks_no_activity_by_naming_a_co_leader(world: Clone) -> None:
    world.owner.execute(REGISTER, ("draft",))
    (activity,) = world.owner.execute("select id from public.activities").fetchone() or (None,)
    holder = world.connect()
    holder.execute("begin")
    holder.execute("select from public.activities for update")
    with world.as_user(user("mentor-46"), commit=False) as conn:
        conn.execute("set local statement_timeout = '5s'")
        with pytest.raises(errors.InsufficientPrivilege):
            conn.execute(
                "insert into public.activity_co_leaders (org_id, activity_id, peer_mentor_id) "
                "values (md5('org:NHF')::uuid, %s, md5('mentor:2')::uuid)",
                (activity,),
            )
