"""S0-08: many writers at once lose nothing, wait for nobody's open transaction, never deadlock."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from psycopg import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from pgschema.testing.clones import Clone

pytestmark = pytest.mark.slow

INSERT: LiteralString = """
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
    select pm.org_id, pm.chapter_id, pm.id, 'a visit'
    from unnest(%s::int[]) with ordinality as wanted (mentor, place)
    join public.peer_mentors as pm on pm.id = md5('mentor:' || wanted.mentor)::uuid
    order by wanted.place
"""


def dispatch(conn: Connection[Any], *mentors: int) -> None:
    conn.execute(INSERT, (list(mentors),))


def total(world: Clone) -> int:
    found = world.owner.execute("select sum(assignment_count)::int from public.peer_mentors")
    row = found.fetchone()
    assert row
    return int(row[0])


def drift(world: Clone) -> list[tuple[Any, ...]]:
    return world.owner.execute("select * from stats.assignment_count_drift()").fetchall()


def at_once(
    world: Clone, writers: int, work: Callable[[Connection[Any], random.Random], None]
) -> None:
    """Run `work` in that many sessions at the same time; the first error of any is raised."""
    with ExitStack() as stack, ThreadPoolExecutor(writers) as pool:
        sessions = [world.connect() for _ in range(writers)]
        for session in sessions:
            session.execute("set deadlock_timeout = '100ms'")
            stack.callback(session.close)
        jobs = [pool.submit(work, session, random.Random(n)) for n, session in enumerate(sessions)]
        for job in jobs:
            job.result()


def deadlocks(world: Clone) -> int:
    world.owner.execute("select pg_stat_force_next_flush()")
    row = world.owner.execute(
        "select deadlocks from pg_stat_database where datname = current_database()"
    ).fetchone()
    assert row
    return int(row[0])


def test_16_writers_with_200_inserts_each_lose_none(world: Clone) -> None:
    def work(conn: Connection[Any], luck: random.Random) -> None:
        for _ in range(200):
            dispatch(conn, luck.choice([1, 1, 1, 2, 3]))

    at_once(world, 16, work)
    assert total(world) == 3200
    assert drift(world) == []


def test_unordered_batches_from_8_writers_never_deadlock(world: Clone) -> None:
    def work(conn: Connection[Any], luck: random.Random) -> None:
        for _ in range(20):
            dispatch(conn, *luck.sample(range(1, 41), 30))

    at_once(world, 8, work)
    assert total(world) == 8 * 20 * 30
    assert drift(world) == []
    assert deadlocks(world) == 0


def test_statements_in_opposite_order_from_8_writers_never_deadlock(world: Clone) -> None:
    def work(conn: Connection[Any], luck: random.Random) -> None:
        for _ in range(40):
            with conn.transaction():
                for mentor in luck.sample([1, 2, 3, 4], 4):
                    dispatch(conn, mentor)

    at_once(world, 8, work)
    assert total(world) == 8 * 40 * 4
    assert drift(world) == []
    assert deadlocks(world) == 0


def test_moves_and_deletes_among_writers_never_deadlock(world: Clone) -> None:
    def work(conn: Connection[Any], luck: random.Random) -> None:
        for _ in range(30):
            with conn.transaction():
                row = conn.execute(
                    """insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
                    select org_id, chapter_id, id, 'a visit' from public.peer_mentors
                    where id = md5('mentor:' || %s::int)::uuid returning id""",
                    (luck.randint(1, 4),),
                ).fetchone()
                assert row
                conn.execute(
                    """update public.assignments
                    set peer_mentor_id = md5('mentor:' || %s::int)::uuid where id = %s""",
                    (luck.randint(1, 4), row[0]),
                )
                if luck.random() < 0.3:
                    conn.execute("delete from public.assignments where id = %s", row)

    at_once(world, 8, work)
    assert drift(world) == []
    assert deadlocks(world) == 0


@pytest.mark.parametrize("first_to_commit", [0, 1])
def test_two_transactions_in_opposite_order_both_commit(world: Clone, first_to_commit: int) -> None:
    """The one interleaving that any count inside the statement cannot survive."""
    sessions = [world.connect(), world.connect()]
    for session in sessions:
        session.execute("set lock_timeout = '2s'")
        session.execute("begin")
    for mentors in ((1, 2), (2, 1)):
        for session, mentor in zip(sessions, mentors, strict=True):
            dispatch(session, mentor)
    sessions[first_to_commit].execute("commit")
    sessions[1 - first_to_commit].execute("commit")
    assert total(world) == 4
    assert drift(world) == []


def test_an_open_transaction_keeps_nobody_waiting(world: Clone) -> None:
    idle, busy = world.connect(), world.connect()
    idle.execute("begin")
    dispatch(idle, 1)
    busy.execute("set lock_timeout = '500ms'")
    dispatch(busy, 1, 1, 2)
    assert total(world) == 3
    idle.execute("commit")
    assert total(world) == 4
    assert drift(world) == []


def test_repair_among_writers_is_exact(world: Clone) -> None:
    world.owner.execute("update public.peer_mentors set assignment_count = 7")

    def work(conn: Connection[Any], luck: random.Random) -> None:
        for _ in range(40):
            if luck.random() < 0.2:
                conn.execute("select * from stats.repair_assignment_counts()")
            else:
                dispatch(conn, *luck.sample(range(1, 41), 5))

    at_once(world, 8, work)
    world.owner.execute("select * from stats.repair_assignment_counts()")
    assert drift(world) == []


def test_drift_is_not_reported_for_writers_who_have_yet_to_commit(world: Clone) -> None:
    writer = world.connect()
    writer.execute("begin")
    dispatch(writer, 1)
    assert drift(world) == []
    writer.execute("commit")
    assert drift(world) == []


def test_repair_leaves_an_open_transactions_rows_to_that_transaction(world: Clone) -> None:
    dispatch(world.owner, 1)
    world.owner.execute("update public.peer_mentors set assignment_count = 7")
    writer = world.connect()
    writer.execute("begin")
    dispatch(writer, 1)
    world.owner.execute("select * from stats.repair_assignment_counts()")
    assert total(world) == 1
    writer.execute("commit")
    assert total(world) == 2
    assert drift(world) == []


def test_a_hot_mentor_under_repeatable_read_fails_with_40001_and_loses_nothing(
    world: Clone,
) -> None:
    """Documented: the count of one mentor serialises such transactions; they are to be retried."""
    sessions: Sequence[Connection[Any]] = [world.connect(), world.connect()]
    for session in sessions:
        session.execute("begin isolation level repeatable read")
        dispatch(session, 1)
    sessions[0].execute("commit")
    with pytest.raises(errors.SerializationFailure):
        sessions[1].execute("commit")
    assert total(world) == 1
    assert drift(world) == []
