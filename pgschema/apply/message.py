"""Composes the one message of a file: begin, the file, its ledger rows, commit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pgschema.apply.ledger_sql import LedgerSql, literal, new_log_id
from pgschema.apply.options import ApplyOptions
from pgschema.database import CHECK_INTERVAL, Server
from pgschema.ledger import LEDGER_SCHEMA
from pgschema.plan import Step
from pgschema.sqltext import Statement

# What a file may leave behind in the session must neither reach its ledger row nor the next file.
CLEAN = (
    "set constraints all immediate",
    "reset session authorization",
    "reset role",
    "reset all",
    "close all",
    "discard temp",
    "deallocate all",
    "unlisten *",
)
# A deploy that said "done" must not be lost in a crash; stronger settings are left as they are.
DURABLE = (
    "select pg_catalog.set_config('synchronous_commit', 'on', true) "
    "where pg_catalog.current_setting('synchronous_commit') = 'off'"
)
# The log row is written before the file and counted behind it: another transaction would not
# find it as its own, and nothing can be divided by zero. A setting would not survive RESET ALL.
GUARD_SQLSTATE = "22012"
_GUARD = (
    "select 1 / pg_catalog.count(*) as guard "  # noqa: S608  constants only
    f"from {LEDGER_SCHEMA}._yoyo_log where id operator(pg_catalog.=) {{log_id}} "
    "and xmin operator(pg_catalog.=) pg_catalog.pg_current_xact_id()::pg_catalog.xid"
)


@dataclass(frozen=True)
class Message:
    """The three parts of what is sent, and the statements of `body`, which is the file.

    The server counts positions from the first character of `before`.
    """

    before: tuple[str, ...]
    body: str
    after: tuple[str, ...]
    statements: tuple[Statement, ...] = ()

    @cached_property
    def prefix(self) -> str:
        """Return the text in front of the file."""
        return "".join(f"{line};\n" for line in self.before)

    @cached_property
    def text(self) -> str:
        """Return the whole text as it is sent."""
        return f"{self.prefix}{self.body}\n;\n" + ";\n".join(self.after)


def settings(
    options: ApplyOptions, server: Server | None, *, lock_timeout: float | None = None
) -> tuple[str, ...]:
    """Return the settings under which a file runs, as `name = value`."""
    patience = options.lock_timeout if lock_timeout is None else lock_timeout
    checks_client = server is None or server.checks_client
    has_transaction_timeout = server is not None and server.version_number >= 170000
    return (
        f"lock_timeout = '{round(patience * 1000)}ms'",
        "statement_timeout = 0",
        "idle_in_transaction_session_timeout = 0",
        *(["transaction_timeout = 0"] if has_transaction_timeout else []),
        "standard_conforming_strings = on",
        *([CHECK_INTERVAL.removeprefix("set ")] if checks_client else []),
        *(["pgschema.discard = 'on'"] if options.discard else []),
    )


def compose(
    step: Step, ledger: LedgerSql, options: ApplyOptions, server: Server | None = None
) -> Message:
    """Return the message of a file that runs in a transaction."""
    log_id = new_log_id()
    levels = [s.isolation for s in step.file.statements if s.isolation]
    level = levels[0] if levels else "read committed"
    return Message(
        before=(
            f"begin isolation level {level}",
            *(f"set local {setting}" for setting in settings(options, server)),
            ledger.log(step, log_id),
        ),
        body=step.file.text,
        after=(
            *CLEAN,
            DURABLE,
            _GUARD.format(log_id=literal(log_id)),
            ledger.record(step).rstrip(";\n"),
            "commit",
        ),
        statements=step.file.statements,
    )
