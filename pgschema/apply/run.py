"""migrate and rollback: connect, lock, read, plan, carry out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from pgschema.apply.blockers import Watch
from pgschema.apply.events import Finished, Noted, Noticed, OnEvent, Planned, Started, ignore
from pgschema.apply.failure import is_lost, translated, with_diff
from pgschema.apply.lock import migration_lock
from pgschema.apply.options import ApplyOptions, Deploy
from pgschema.apply.preview import install_message
from pgschema.apply.transacted import run_transacted
from pgschema.apply.untransacted import run_untransacted
from pgschema.apply.wire import RefusedError, send
from pgschema.catalog import Catalog, Version
from pgschema.database import Server, connect, inspect_server, refuse_unfit
from pgschema.errors import PgschemaError
from pgschema.ledger import Ledger, read_ledger
from pgschema.plan import Plan, Step, plan_migrate, plan_rollback
from pgschema.sqltext import inspect_file, runs_alone


@dataclass(frozen=True)
class Result:
    """What a run did: the plan it carried out whole, and what each step took, in order."""

    plan: Plan
    finished: tuple[Finished, ...]
    server: Server

    @property
    def changed(self) -> bool:
        """Return whether anything was done."""
        return bool(self.finished)


def migrate(
    conninfo: str,
    catalog: Catalog,
    *,
    to: str | Version | None = None,
    options: ApplyOptions | None = None,
    on_event: OnEvent = ignore,
) -> Result:
    """Bring the database up to `to`, by default to the last file, and return what was done.

    Safe to run from several processes at once and to kill anywhere: a rerun finishes.
    Raises PGS1xx for files, PGS2xx where files and database contradict, PGS3xx for what the
    server answered; files that were finished before the failing one stay applied.
    """
    decide = partial(plan_migrate, catalog, to=to)
    return _run(conninfo, decide, options or ApplyOptions(), on_event)


def rollback(
    conninfo: str,
    catalog: Catalog,
    *,
    to: str | Version | None = None,
    steps: int | None = None,
    all: bool = False,
    only: str | Version | None = None,
    options: ApplyOptions | None = None,
    on_event: OnEvent = ignore,
) -> Result:
    """Undo applied versions from the top down, one by default, and return what was done.

    The arguments are those of `plan_rollback`; errors as in `migrate`.
    """
    decide = partial(plan_rollback, catalog, to=to, steps=steps, all=all, only=only)
    return _run(conninfo, decide, options or ApplyOptions(), on_event)


def read_plan(conninfo: str, decide: Callable[[Ledger], Plan]) -> Plan:
    """Return what would be done, from a session that can only read and takes no lock.

    `decide` is `plan_migrate` or `plan_rollback` with everything but the ledger filled in.
    """
    with _connected(conninfo, read_only=True) as (conn, _):
        return _decide(conn, read_ledger(conn), decide)


def _decide(
    conn: psycopg.Connection[Any], ledger: Ledger, decide: Callable[[Ledger], Plan]
) -> Plan:
    """Return the plan, once every file in it was found fit to be sent."""
    try:
        plan = decide(ledger)
    except PgschemaError as error:
        raise with_diff(conn, error) from error
    for step in plan.steps:
        inspect_file(step.file)
    return plan


def _run(
    conninfo: str, decide: Callable[[Ledger], Plan], options: ApplyOptions, emit: OnEvent
) -> Result:
    with _connected(conninfo) as (conn, server), migration_lock(conn, options, emit):
        ledger = read_ledger(conn)
        plan = _decide(conn, ledger, decide)
        emit(Planned(plan))
        if not plan.steps:
            return Result(plan, (), server)
        with _deploy(conn, server, conninfo, options, emit) as deploy:
            if not ledger.installed:
                install_ledger(deploy)
            return Result(plan, _carry_out_all(deploy, plan), server)


@contextmanager
def _connected(
    conninfo: str, *, read_only: bool = False
) -> Iterator[tuple[psycopg.Connection[Any], Server]]:
    conn = connect(conninfo, read_only=read_only)
    try:
        server = inspect_server(conn)
        if not read_only:
            refuse_unfit(conn, server)
        yield conn, server
    except psycopg.OperationalError as error:
        lost = str(error).strip()
        raise PgschemaError("PGS304", where="between two files", message=lost) from error
    finally:
        conn.close()


@contextmanager
def _deploy(
    conn: psycopg.Connection[Any],
    server: Server,
    conninfo: str,
    options: ApplyOptions,
    emit: OnEvent,
) -> Iterator[Deploy]:
    from pgschema.apply.backend import LedgerBackend  # yoyo is only needed when there is work
    from pgschema.apply.ledger_sql import LedgerSql

    backend = LedgerBackend(conn)
    watch = Watch(conninfo)
    try:
        yield Deploy(conn, server, options, emit, watch, LedgerSql(backend), backend)
    finally:
        watch.close()


def _carry_out_all(deploy: Deploy, plan: Plan) -> tuple[Finished, ...]:
    from pgschema.apply.backend import run_through_yoyo

    finished: list[Finished] = []
    numbers = {step.stem: number for number, step in enumerate(plan.steps, 1)}

    def carry_out(step: Step) -> None:
        finished.append(_carry_out(deploy, step, numbers[step.stem], len(plan.steps)))

    run_through_yoyo(deploy.backend, plan.steps, carry_out)
    return tuple(finished)


def _carry_out(deploy: Deploy, step: Step, number: int, total: int) -> Finished:
    deploy.emit(Started(step, number, total))
    began = deploy.options.monotonic()
    tries = _run_file(deploy, step)
    done = Finished(step, 1000 * (deploy.options.monotonic() - began), tries)
    deploy.emit(done)
    return done


def _run_file(deploy: Deploy, step: Step) -> int:
    with _notices(deploy, step), translated(step, deploy.server.role):
        if not runs_alone(step.file):
            return run_transacted(deploy, step)
        if not step.file.directives.no_transaction:
            deploy.emit(Noted(step, "its statement cannot run in a transaction: it runs alone"))
        return run_untransacted(deploy, step, step.file.statements[0])


@contextmanager
def _notices(deploy: Deploy, step: Step) -> Iterator[None]:
    """Pass on what the server says while the file runs."""

    def handler(diag: psycopg.errors.Diagnostic) -> None:
        severity = diag.severity_nonlocalized or diag.severity or ""
        deploy.emit(Noticed(step, severity, diag.message_primary or ""))

    deploy.conn.add_notice_handler(handler)
    try:
        yield
    finally:
        deploy.conn.remove_notice_handler(handler)


def install_ledger(deploy: Deploy) -> None:
    """Create the ledger and close it to everybody but its owner."""
    try:
        send(deploy.conn, install_message())
    except RefusedError as refused:
        if is_lost(refused.error):
            raise refused.error from refused
        reason = refused.error.diag.message_primary or str(refused.error)
        role = deploy.server.role
        raise PgschemaError("PGS314", role=role, reason=reason) from refused.error
