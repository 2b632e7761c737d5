"""What a run would do and send, without sending it."""

from __future__ import annotations

from importlib import resources

from pgschema.apply.effects import effect_of
from pgschema.apply.ledger_sql import LedgerSql
from pgschema.apply.message import CLEAN, DURABLE, compose, settings
from pgschema.apply.options import ApplyOptions
from pgschema.database import Server
from pgschema.plan import Plan, Step
from pgschema.sqltext import inspect_file, runs_alone


def previews(
    plan: Plan, options: ApplyOptions, *, server: Server | None = None, installed: bool = True
) -> tuple[str, ...]:
    """Return for each step what would be sent, before the first one the ledger if it is missing.

    Ids and times are fresh in every run. What only looks at the database is left out, and so is
    what a file without a transaction needs after a crash. Without a server, one of version 15.
    """
    from pgschema.apply.backend import LedgerBackend

    ledger = LedgerSql(LedgerBackend(None))
    texts = [_text(step, ledger, options, server) for step in plan.steps]
    if texts and not installed:
        texts[0] = f"{install_message()};\n{texts[0]}"
    return tuple(texts)


def _text(step: Step, ledger: LedgerSql, options: ApplyOptions, server: Server | None) -> str:
    found = inspect_file(step.file)
    if not runs_alone(step.file):
        return compose(step, ledger, options, server).text + ";\n"
    effect = effect_of(found[0], rerunnable=step.file.directives.rerunnable)
    parts = (
        alone_settings(options, server, patient=effect.leaves_traces),
        ledger.begin(step, None),
        step.file.text.rstrip().rstrip(";"),
        alone_record(ledger, step, 0.0),
    )
    return ";\n".join(parts) + ";\n"


def alone_settings(options: ApplyOptions, server: Server | None, *, patient: bool) -> str:
    """Return the settings of a session in which a file runs without a transaction.

    What runs CONCURRENTLY holds nobody up while it waits, so it may wait longer.
    """
    patience = options.retry_for if patient else options.lock_timeout
    lines = settings(options, server, lock_timeout=patience)
    return ";\n".join(f"set {line}" for line in lines)


def alone_record(ledger: LedgerSql, step: Step, duration_ms: float) -> str:
    """Return the message that records a file which ran without a transaction."""
    parts = [ledger.log_done(step), ledger.record(step, duration_ms=duration_ms)]
    return "\n".join(("begin;", *(f"{line};" for line in (*CLEAN, DURABLE)), *parts, "commit"))


def install_message() -> str:
    """Return the message that creates the ledger."""
    text = resources.files("pgschema.apply").joinpath("install.sql").read_text("utf-8")
    return f"begin;\n{text}\ncommit"
