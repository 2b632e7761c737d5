"""What a run would do and send, without sending it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources

from pgschema.apply.effects import effect_of
from pgschema.apply.ledger_sql import LedgerSql
from pgschema.apply.message import CLEAN, compose, settings
from pgschema.apply.options import ApplyOptions
from pgschema.database import Server
from pgschema.ledger import Ledger
from pgschema.plan import Plan, Step
from pgschema.sqltext import inspect_file, runs_alone


@dataclass(frozen=True)
class Preview:
    """A plan made against a database that was only read."""

    plan: Plan
    ledger: Ledger
    server: Server
    options: ApplyOptions = field(repr=False)

    def messages(self) -> Iterator[tuple[Step | None, str]]:
        """Yield what would be sent, message by message, with the step that each belongs to.

        Ids and times are fresh in every run. Messages that only look at the database, and those
        that a file without a transaction needs only after a crash, are left out.
        """
        from pgschema.apply.backend import LedgerBackend

        ledger = LedgerSql(LedgerBackend(None))
        if self.plan.steps and not self.ledger.installed:
            yield None, install_message()
        for step in self.plan.steps:
            found = inspect_file(step.file)
            if runs_alone(step.file, found):
                yield from ((step, text) for text in self._alone(ledger, step))
            else:
                yield step, compose(step, ledger, self.options, self.server).text

    def _alone(self, ledger: LedgerSql, step: Step) -> Iterator[str]:
        effect = effect_of(inspect_file(step.file)[0])
        yield alone_settings(self.options, self.server, patient=effect.leaves_traces)
        yield ledger.begin(step, None)
        yield step.file.text
        yield alone_record(ledger, step, 0.0)


def alone_settings(options: ApplyOptions, server: Server, *, patient: bool) -> str:
    """Return the settings of a session in which a file runs without a transaction.

    What runs CONCURRENTLY holds nobody up while it waits, so it may wait longer.
    """
    patience = options.retry_for if patient else options.lock_timeout
    lines = settings(options, server, lock_timeout=patience)
    return ";\n".join(f"set {line}" for line in lines)


def alone_record(ledger: LedgerSql, step: Step, duration_ms: float) -> str:
    """Return the message that records a file which ran without a transaction."""
    parts = [ledger.log_done(step), ledger.record(step, duration_ms=duration_ms)]
    return "\n".join(("begin;", *(f"{line};" for line in CLEAN), *parts, "commit"))


def install_message() -> str:
    """Return the message that creates the ledger."""
    text = resources.files("pgschema.apply").joinpath("install.sql").read_text("utf-8")
    return f"begin;\n{text}\ncommit"
