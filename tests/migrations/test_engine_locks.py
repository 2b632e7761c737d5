"""Other sessions are in the way: other deploys, and whoever holds a table."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

import psycopg
import pytest

from pgschema.apply.events import Blocked, Finished, LockAwaited, Retrying
from pgschema.apply.lock import LOCK_KEY
from pgschema.errors import PgschemaError
from pgschema.testing.clones import Clone

DEPLOY = """
import sys
from pathlib import Path
from pgschema.apply import migrate
from pgschema.catalog import read_catalog
root = Path(sys.argv[1])
print(len(migrate(sys.argv[2], read_catalog(root / "migrations", root / "rollbacks")).finished))
"""


@contextmanager
def holding(db: Clone, statement: str) -> Iterator[int]:
    """Hold what a statement locks, in a session that is idle in its transaction.

    It is ended after a while, so that whoever waits for it for ever fails instead of hanging.
    """
    with db.connect(autocommit=False, application_name="forgotten") as conn:
        conn.execute(statement.encode())
        guard = threading.Timer(20, _end_session, (db, conn.info.backend_pid))
        guard.start()
        try:
            yield conn.info.backend_pid
        finally:
            guard.cancel()
        with suppress(psycopg.OperationalError):
            conn.rollback()


def _end_session(db: Clone, pid: int) -> None:
    with db.connect() as conn:
        conn.execute("select pg_terminate_backend(%s)", (pid,))


def failure(project: Any, **options: Any) -> PgschemaError:
    with pytest.raises(PgschemaError) as caught:
        project.migrate(**options)
    return caught.value


def test_eight_deploys_at_once_apply_each_file_once(project: Any) -> None:
    for number in range(1, 7):
        project.add(f"V00{number}__t", f"create table t{number} (); select pg_sleep(0.02);")
    project.add("V007__x", "create table t7 (x int);")
    project.add("V008__i", "create index concurrently t7_x on t7 (x);")
    command = [sys.executable, "-c", DEPLOY, str(project.root), project.conninfo]
    deploys = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    outputs = [deploy.communicate(timeout=60) for deploy in deploys]
    assert [deploy.returncode for deploy in deploys] == [0] * 8, outputs
    assert sorted(int(out) for out, _ in outputs) == [0] * 7 + [8]
    times = "select migration_id, count(*) from pgschema._yoyo_log group by 1 having count(*) > 1"
    assert (len(project.applied), project.rows(times)) == (8, [])


def test_a_deploy_waits_for_another_one_and_names_it(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    with project.db.connect(application_name="deploy 1") as other:
        other.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        waits = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                other.execute("select pg_advisory_unlock(%s)", (LOCK_KEY,))

        project.migrate(sleep=sleep)
    assert project.applied == ["V001__a"]
    (awaited,) = project.of(LockAwaited)
    assert [holder.application for holder in awaited.holders] == ["deploy 1"]


def test_waiting_for_another_deploy_is_bounded(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    with project.db.connect(application_name="deploy 1") as other:
        other.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        error = failure(project, lock_wait=0.2)
        pid = other.info.backend_pid
    assert (error.code, error.exit_code) == ("PGS302", 3)
    assert f"process {pid} (postgres deploy 1; idle" in error.cause
    assert "pg_advisory_lock" in error.cause
    assert not project.ledger.installed


def test_the_age_of_an_idle_holder_is_not_that_of_its_connection(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    with project.db.connect(application_name="deploy 1") as other:
        other.execute("select pg_sleep(0.5)")
        other.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        error = failure(project, lock_wait=0.0)
        (holder,) = error.details["sessions"]
    assert 0 <= holder.transaction_age_s < 0.5


def test_the_lock_is_free_again_after_success_and_after_failure(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    project.migrate()
    project.add("V002__b", "selec 1;")
    failure(project)
    held = "select count(*) from pg_locks where locktype = 'advisory'"
    assert project.one(held) == 0


def test_the_plan_is_made_after_the_lock_is_held(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    with project.db.connect() as other:
        other.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))

        def other_deploy_finishes(seconds: float) -> None:
            other.execute("select pg_advisory_unlock(%s)", (LOCK_KEY,))
            project.migrate()

        waiting = project.migrate(sleep=other_deploy_finishes)
    assert waiting.finished == ()
    assert project.applied == ["V001__a"]


def test_a_table_held_by_an_idle_transaction_is_given_up_in_time_and_the_holder_named(
    project: Any, quick: Any
) -> None:
    project.add("V001__a", "create table a (x int);")
    project.migrate()
    path = project.add("V002__b", "create table b ();\nalter table a add y int;")
    with holding(project.db, "select * from a") as pid:
        began = time.monotonic()
        error = failure(project, **quick())
        took = time.monotonic() - began
    assert (error.code, error.exit_code) == ("PGS303", 3)
    assert took < 3
    assert error.details["where"] == f"{path}:2:1"
    assert f"process {pid} (postgres forgotten; idle in transaction" in error.cause
    assert "select * from a" in error.cause
    assert error.details["tries"] >= 2
    assert (project.applied, project.has("b")) == (["V001__a"], False)


def test_the_holder_is_named_while_the_file_waits_and_the_file_is_tried_again(
    project: Any,
) -> None:
    project.add("V001__a", "create table a (x int);")
    project.migrate()
    project.add("V002__b", "alter table a add y int;")
    with holding(project.db, "select * from a") as pid:
        holder = project.db.owner

        def sleep(seconds: float) -> None:
            holder.execute("select pg_terminate_backend(%s, 5000)", (pid,))

        project.migrate(lock_timeout=0.1, watch_after=0.02, sleep=sleep)
    (blocked,) = project.of(Blocked)
    (retrying,) = project.of(Retrying)
    assert [session.pid for session in blocked.blockers] == [pid]
    assert blocked.blockers[0].transaction_age_s is not None
    assert (retrying.tries, retrying.sqlstate) == (1, "55P03")
    assert project.of(Finished)[-1].tries == 2
    assert project.applied == ["V001__a", "V002__b"]


def test_readers_are_held_up_no_longer_than_the_lock_timeout(project: Any) -> None:
    project.add("V001__a", "create table a (x int);")
    project.migrate()
    project.add("V002__b", "alter table a add y int;")
    stalls: list[float] = []
    over = threading.Event()

    def read() -> None:
        with psycopg.connect(project.conninfo, autocommit=True) as conn:
            while not over.is_set():
                began = time.monotonic()
                conn.execute("select count(*) from a").fetchall()
                stalls.append(time.monotonic() - began)
                over.wait(0.005)

    reader = threading.Thread(target=read)
    with holding(project.db, "select * from a"):
        reader.start()
        try:
            failure(project, lock_timeout=0.3, retry_for=1.5, random=Random(1))
        finally:
            over.set()
            reader.join(10)
    assert 0.2 < max(stalls) < 0.3 + 0.4


def test_a_file_may_ask_for_less_patience_than_the_run(project: Any) -> None:
    project.add("V001__a", "create table a (x int);")
    project.migrate()
    project.add("V002__b", "set local lock_timeout = '30ms';\nalter table a add y int;")
    with holding(project.db, "select * from a"):
        began = time.monotonic()
        assert failure(project, lock_timeout=30.0, retry_for=0.0).code == "PGS303"
        assert time.monotonic() - began < 5


def test_a_deadlock_is_tried_again(project: Any) -> None:
    project.add("V001__a", "create table a (x int); create table b (x int);")
    project.migrate()
    project.db.owner.execute(f"alter database \"{project.db.name}\" set deadlock_timeout = '50ms'")
    project.add(
        "V002__b", "alter table a add y int; select pg_sleep(0.1); alter table b add y int;"
    )
    with project.db.connect(autocommit=False) as other:
        other.execute("set deadlock_timeout = '10s'; lock table b")
        waiting = threading.Thread(target=lambda: _lock_and_end(project.db, other))
        thread_began = False

        def look(event: Any) -> None:
            nonlocal thread_began
            if not thread_began and type(event).__name__ == "Started":
                thread_began = True
                waiting.start()

        project.events = _Tee(look)
        project.migrate(lock_timeout=5.0)
        waiting.join(10)
    assert [event.sqlstate for event in project.of(Retrying)] == ["40P01"]
    assert project.applied == ["V001__a", "V002__b"]


def _lock_and_end(db: Clone, other: Any) -> None:
    query = "select count(*) from pg_locks where relation = 'a'::regclass and granted"
    with psycopg.connect(db.conninfo, autocommit=True) as watch:
        while watch.execute(query).fetchone() == (0,):
            watch.execute("select pg_sleep(0.005)")
    other.execute("lock table a")
    other.rollback()


class _Tee(list[Any]):
    def __init__(self, also: Any) -> None:
        self._also = also
        super().__init__()

    def append(self, event: Any) -> None:
        super().append(event)
        self._also(event)


def test_an_interrupt_stops_the_statement_and_frees_the_lock(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("V001__a", "create table a (); select pg_sleep(30);")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pgschema.apply.transacted.Waits.look", interrupt)
    with pytest.raises(KeyboardInterrupt):
        project.migrate(watch_after=0.05)
    query = (
        "select pg_sleep(0.01), count(*) from pg_stat_activity where query like %s and pid <> %s"
    )
    mine = project.db.owner.info.backend_pid
    deadline = time.monotonic() + 10
    while project.rows(query, "%pg_sleep(30)%", mine)[0][1]:
        assert time.monotonic() < deadline
    assert not project.has("a")
