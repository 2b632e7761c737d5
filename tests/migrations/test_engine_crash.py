"""kill -9, everywhere: a rerun ends where an undisturbed run ends, and nothing is half recorded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from pgschema.apply import ApplyOptions, migrate, rollback
from pgschema.catalog import Catalog, read_catalog
from pgschema.errors import PgschemaError
from pgschema.fingerprint import Fingerprint, catalogue_fingerprint
from pgschema.ledger import read_ledger
from pgschema.server import EphemeralCluster

pytestmark = pytest.mark.slow

FILES = {
    "V001__a": "create table a (id int primary key, n int);\ninsert into a values (1, 1), (2, 2);",
    "V002__b": "create table b as select id from a;\n"
    "create function f() returns int language sql begin atomic select 1; select 2; end;",
    "V003__i": "-- pgschema: no-transaction\ncreate unique index concurrently a_n on public.a (n);",
    "V004__c": "alter table a add c text not null default 'x';",
    "R__v": "create or replace view v as select 1 as one;",
}
ROLLBACKS = {
    "V001__rollback_a": "drop table a;",
    "V002__rollback_b": "drop function f();\ndrop table b;",
    "V003__rollback_i": "-- pgschema: no-transaction\ndrop index concurrently public.a_n;",
    "V004__rollback_c": "alter table a drop c;",
}
# What is there exactly when the file is recorded.
WITNESS = {
    "V001__a": "select to_regclass('a') is not null",
    "V002__b": "select to_regclass('b') is not null and to_regprocedure('f()') is not null",
    "V003__i": "select coalesce((select indisvalid from pg_index"
    " where indexrelid = to_regclass('a_n')), false)",
    "V004__c": "select exists (select from pg_attribute where attrelid = to_regclass('a')"
    " and attname = 'c' and not attisdropped)",
    "R__v": "select to_regclass('v') is not null",
}


@dataclass
class Ground:
    """A server of its own, because its backends get killed, and a fresh database for each run."""

    cluster: EphemeralCluster
    root: Path
    made: int = 0
    name: str = ""
    victims: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def conninfo(self) -> str:
        return self.cluster.conninfo(self.name)

    @property
    def catalog(self) -> Catalog:
        return read_catalog(self.root / "migrations", self.root / "rollbacks")

    def connect(self, name: str | None = None) -> psycopg.Connection[Any]:
        """Return a connection, waiting until a server that restarts takes one."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return psycopg.connect(self.cluster.conninfo(name or self.name), autocommit=True)
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def fresh(self) -> None:
        with self.connect("postgres") as admin:
            if self.name:
                admin.execute(f"drop database {self.name} with (force)".encode())
            self.made += 1
            self.name = f"ground_{self.made}"
            admin.execute(f"create database {self.name} template template0".encode())

    def job(self, what: str, **more: Any) -> int:
        """Start a deploy in a process that may be killed, and return its pid."""
        if self.victims is None:
            program = Path(__file__).with_name("crash_victim.py")
            self.victims = subprocess.Popen(
                [sys.executable, str(program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        job = {"what": what, "root": str(self.root), "conninfo": self.conninfo, **more}
        assert self.victims.stdin is not None
        print(json.dumps(job), file=self.victims.stdin, flush=True)
        return self.heard()

    def heard(self) -> int:
        assert self.victims is not None
        assert self.victims.stdout is not None
        return int(self.victims.stdout.readline())

    def run(self, what: str, **more: Any) -> int:
        self.job(what, **more)
        return self.heard()

    def finish(self, what: str) -> None:
        """Run the deploy again, undisturbed."""
        if what == "migrate":
            migrate(self.conninfo, self.catalog, options=ApplyOptions(lock_wait=30.0))
        else:
            rollback(self.conninfo, self.catalog, all=True, options=ApplyOptions(lock_wait=30.0))

    def quiet(self, conn: psycopg.Connection[Any]) -> None:
        """Wait until the server has noticed that the killed client is gone."""
        query = "select count(*) from pg_stat_activity where application_name like 'pgschema%%'"
        deadline = time.monotonic() + 30
        while conn.execute(query + " and datname = %s", (self.name,)).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def assert_recorded_as_applied(self) -> None:
        """Check that a file's objects are there exactly when its row is, or is being made."""
        with self.connect() as conn:
            self.quiet(conn)
            ledger = read_ledger(conn)
            unfinished = {entry.stem for entry in ledger.unfinished}
            assert unfinished <= {"V003__i"}
            for stem, query in WITNESS.items():
                there = conn.execute(query.encode()).fetchone()
                if stem not in unfinished:
                    assert there == (stem in ledger.by_stem,), stem

    def state(self) -> tuple[Fingerprint, list[Any]]:
        with self.connect() as conn:
            ledger = read_ledger(conn)
            assert ledger.unfinished == ()
            fingerprint = catalogue_fingerprint(conn)
            if "V001__a" not in ledger.by_stem:
                return fingerprint, []
            rows = conn.execute("select * from a order by id").fetchall()
            return fingerprint, [sorted(ledger.by_stem), rows]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    root = tmp_path_factory.mktemp("ground")
    for folder, files in (("migrations", FILES), ("rollbacks", ROLLBACKS)):
        (root / folder).mkdir()
        for name, text in files.items():
            (root / folder / f"{name}.sql").write_text(text)
    with EphemeralCluster() as cluster:
        ground = Ground(cluster, root)
        yield ground
        if ground.victims is not None:
            ground.victims.kill()
            ground.victims.communicate()


@pytest.fixture(scope="module")
def after_migrate(ground: Ground) -> tuple[Fingerprint, list[Any]]:
    ground.fresh()
    ground.finish("migrate")
    return ground.state()


@pytest.fixture(scope="module")
def after_rollback(ground: Ground) -> tuple[Fingerprint, list[Any]]:
    ground.fresh()
    ground.finish("migrate")
    ground.finish("rollback")
    return ground.state()


def test_a_runner_killed_at_any_point_of_migrate_is_finished_by_a_rerun(
    ground: Ground, after_migrate: Any
) -> None:
    points = 0
    while True:
        ground.fresh()
        status = ground.run("migrate", fuse=points + 1)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        points += 1
        ground.assert_recorded_as_applied()
        ground.finish("migrate")
        assert ground.state() == after_migrate, f"killed at point {points}"
    assert points >= 40


def test_a_runner_killed_at_any_point_of_rollback_is_finished_by_a_rerun(
    ground: Ground, after_rollback: Any
) -> None:
    points = 0
    while True:
        ground.fresh()
        ground.finish("migrate")
        status = ground.run("rollback", fuse=points + 1)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        points += 1
        ground.finish("rollback")
        assert ground.state() == after_rollback, f"killed at point {points}"
    assert points >= 30


def _kill_runner(ground: Ground, pid: int) -> None:
    with suppress(ProcessLookupError):  # it may have finished before
        os.kill(pid, signal.SIGKILL)


def _end_backend(ground: Ground, pid: int) -> None:
    with ground.connect() as conn:
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'pgschema' and datname = %s",
            (ground.name,),
        )


def test_a_hundred_kills_at_random_times_are_all_finished_by_reruns(
    ground: Ground, after_migrate: Any
) -> None:
    random = Random(20260101)
    kills = 0
    while kills < 100:
        ground.fresh()
        status = None
        while status != 0:
            pid = ground.job("migrate")
            time.sleep(random.uniform(0, 0.06))
            kill = random.choice((_kill_runner, _kill_runner, _end_backend))
            kill(ground, pid)
            status = ground.heard()
            kills += status != 0
            assert status in (0, -signal.SIGKILL, 2, 3)
            ground.assert_recorded_as_applied()
        assert ground.state() == after_migrate


def _gate(number: int) -> str:
    return f"(select pg_advisory_xact_lock({number}) is null)"


# Each statement waits at a gate of its own; the last one is the deferred trigger at the end.
GATED = {
    "V001__a": "create table a (id int primary key);\n"
    "insert into a select 1 from (select pg_advisory_xact_lock(1)) as g;\n"
    f"create table b as select {_gate(2)} as x;\n"
    "create function g() returns trigger language plpgsql as"
    " $$ begin perform pg_advisory_xact_lock(3); return null; end $$;\n"
    "create constraint trigger t after insert on a deferrable initially deferred"
    " for each row execute function g();\ninsert into a values (2);",
    "V002__i": "create index concurrently a_id on a (id);",
    "V003__d": f"do $$ begin perform {_gate(4)}; create table d (); end $$;",
}
WAITERS = "select pid from pg_locks where locktype = 'advisory' and not granted and objid = %s"


def _crash(conn: psycopg.Connection[Any], pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _terminate(conn: psycopg.Connection[Any], pid: int) -> None:
    conn.execute("select pg_terminate_backend(%s)", (pid,))


@pytest.mark.parametrize("end", [_crash, _terminate], ids=["kill -9", "terminate"])
@pytest.mark.parametrize("gate", [1, 2, 3, 4, "ledger", "index"])
def test_a_backend_that_dies_inside_a_statement_is_finished_by_a_rerun(
    ground: Ground, tmp_path: Path, gate: int | str, end: Callable[..., None]
) -> None:
    for name, text in GATED.items():
        (tmp_path / f"{name}.sql").write_text(text)
    catalog = read_catalog(tmp_path)
    ground.fresh()
    if gate in ("ledger", "index"):
        migrate(ground.conninfo, catalog, to="V001")
    errors: list[PgschemaError] = []

    def deploy() -> None:
        try:
            migrate(ground.conninfo, catalog)
        except PgschemaError as error:
            errors.append(error)

    with closing(ground.connect()) as holder, closing(ground.connect()) as watch:
        waiting = _close_gate(holder, gate)
        deploying = threading.Thread(target=deploy)
        deploying.start()
        pid = _waiter(watch, waiting)
        end(watch, pid)
        deploying.join(30)
        if end is _crash:
            _until_down(watch)
    assert [(error.code, error.exit_code) for error in errors] == [("PGS304", 3)]
    with ground.connect() as conn:
        migrate(ground.conninfo, catalog)
        assert [entry.stem for entry in read_ledger(conn).applied] == list(GATED)
        rows = conn.execute("select id, to_regclass('d') is not null from a order by 1").fetchall()
        assert rows == [(1, True), (2, True)]
        valid = conn.execute("select bool_and(indisvalid), count(*) from pg_index"
                             " where indrelid = 'a'::regclass").fetchone()  # fmt: skip
        assert valid == (True, 2)


def _close_gate(holder: psycopg.Connection[Any], gate: int | str) -> tuple[str, Any]:
    """Make a statement wait, and return the query that finds who waits."""
    if gate == "ledger":
        holder.execute("begin; lock table pgschema.applied_files in share mode")
        relation = "select pid from pg_locks where not granted and relation = %s::regclass"
        return relation, "pgschema.applied_files"
    if gate == "index":
        holder.execute("begin; lock table a in row exclusive mode")
        return "select pid from pg_stat_progress_create_index where lockers_total >= %s", 1
    holder.execute("select pg_advisory_lock(%s)", (gate,))
    return WAITERS, gate


def _until_down(watch: psycopg.Connection[Any]) -> None:
    """Wait until the server has thrown everybody out to recover from the crash."""
    with suppress(psycopg.OperationalError):
        while True:
            watch.execute("select pg_sleep(0.005)")


def _waiter(watch: psycopg.Connection[Any], waiting: tuple[str, Any]) -> int:
    deadline = time.monotonic() + 30
    while True:
        row = watch.execute(waiting[0].encode(), (waiting[1],)).fetchone()
        if row is not None:
            return int(row[0])
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_server_that_stops_in_the_middle_is_told_and_a_rerun_finishes(
    ground: Ground, tmp_path: Path
) -> None:
    (tmp_path / "V001__a.sql").write_text("create table a ();")
    (tmp_path / "V002__b.sql").write_text(f"create table b as select {_gate(1)} as x;")
    catalog = read_catalog(tmp_path)
    ground.fresh()
    errors: list[PgschemaError] = []

    def deploy() -> None:
        try:
            migrate(ground.conninfo, catalog)
        except PgschemaError as error:
            errors.append(error)

    with closing(ground.connect()) as holder, closing(ground.connect()) as watch:
        waiting = _close_gate(holder, 1)
        deploying = threading.Thread(target=deploy)
        deploying.start()
        _waiter(watch, waiting)
        # while the holder is there: without it the statement would get through its gate
        ground.cluster.restart("immediate")
    deploying.join(30)
    (error,) = errors
    assert (error.code, error.exit_code) == ("PGS304", 3)
    assert "a rerun finishes" in error.fix
    with ground.connect() as conn:
        assert [entry.stem for entry in read_ledger(conn).applied] == ["V001__a"]
    assert [f.step.stem for f in migrate(ground.conninfo, catalog).finished] == ["V002__b"]
