"""Carries out a file of one statement without a transaction, so that a rerun can tell.

Before the statement a row in `unfinished_files` is committed, behind it the ledger rows replace
that row. A rerun that finds the row looks at the object the statement is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgschema.apply.effects import (
    Effect,
    Seen,
    builder_of,
    drop_statement,
    effect_of,
    finalize_statement,
    leftovers,
    look,
)
from pgschema.apply.events import Noted
from pgschema.apply.failure import explain, is_lost
from pgschema.apply.message import Message
from pgschema.apply.options import Deploy
from pgschema.apply.preview import alone_record, alone_settings
from pgschema.apply.transacted import RETRIED, Waits, begin_waits, pause_or_give_up
from pgschema.apply.wire import RefusedError, send
from pgschema.errors import PgschemaError
from pgschema.plan import Step
from pgschema.sqltext import Place, Statement, position_of

Decision = Literal["run", "record", "finalize"]


@dataclass(frozen=True)
class Lone:
    """One file without a transaction: its statement and what that is about."""

    deploy: Deploy
    step: Step
    statement: Statement
    effect: Effect

    @property
    def place(self) -> Place:
        """Return where the statement is."""
        at = position_of(self.step.file.text, self.statement.start)
        return Place(self.step.file.path, at, self.statement.text)


def run_untransacted(deploy: Deploy, step: Step, statement: Statement) -> int:
    """Run the file's statement, or finish it, and return the number of tries.

    Raises PGS301, PGS303-PGS305 as for other files, PGS308 when it cannot be told whether a
    statement was done, PGS309 when somebody else builds the index.
    """
    effect = effect_of(statement, rerunnable=step.file.directives.rerunnable)
    lone = Lone(deploy, step, statement, effect)
    waits = begin_waits(deploy, step)
    began = deploy.options.monotonic()
    started = step.unfinished is not None
    decision = _decide(lone, look(deploy.conn, effect))
    while decision != "record":
        waits.tries += 1
        try:
            _attempt(lone, waits, decision, started=started)
            break
        except RefusedError as refused:
            _after_failure(lone, waits, refused)
        started = True
        decision = "finalize" if effect.kind == "detach" and _is_half_done(lone) else "run"
    duration = 1000 * (deploy.options.monotonic() - began)
    send(deploy.conn, alone_record(deploy.ledger, step, duration))
    return max(waits.tries, 1)


def _decide(lone: Lone, seen: Seen | None) -> Decision:
    """Return what is left to do, from the row of an earlier run and from what is there."""
    unfinished, effect = lone.step.unfinished, lone.effect
    if unfinished is None or unfinished.resolution == "again":
        return "run"
    if unfinished.resolution == "done":
        return _found_done(lone, "is done, as pgschema.unfinished_files says")
    ours = seen is not None and seen.oid != unfinished.object_before
    if effect.kind in {"build index", "create"} and seen is not None and seen.is_complete and ours:
        return _found_done(lone, f"{effect.name} is there and complete")
    if effect.kind in {"drop index", "drop"} and seen is None:
        return _found_done(lone, f"{effect.name} is gone")
    if effect.kind == "detach" and seen is None:
        return _found_done(lone, f"{effect.name} is detached")
    if effect.kind == "detach" and seen is not None and not seen.is_complete:
        return "finalize"
    if effect.kind == "other":
        raise _undecidable(lone)
    return "run"


def _found_done(lone: Lone, finding: str) -> Decision:
    unfinished = lone.step.unfinished
    edited = unfinished is not None and unfinished.checksum != lone.step.file.checksum
    if edited and unfinished is not None and unfinished.resolution != "done":
        raise _undecidable(lone)
    _note(lone, f"an earlier run was cut off: {finding}, it is recorded")
    return "record"


def _undecidable(lone: Lone) -> PgschemaError:
    return PgschemaError("PGS308", **lone.place.details, stem=lone.step.stem)


def _note(lone: Lone, message: str) -> None:
    lone.deploy.emit(Noted(lone.step, message))


def _attempt(lone: Lone, waits: Waits, decision: Decision, *, started: bool) -> None:
    deploy = lone.deploy
    _configure(lone)
    _repair(lone, waits, started=started)
    _mark(lone)
    if decision == "finalize":
        _note(lone, "an earlier run was cut off: the detachment is finished")
    body = finalize_statement(lone.effect) if decision == "finalize" else lone.step.file.text
    send(deploy.conn, body, every=deploy.options.watch_after, meanwhile=waits.look)
    seen = look(deploy.conn, lone.effect)
    if lone.effect.kind == "build index" and (seen is None or not seen.is_complete):
        raise _undecidable(lone)


def _configure(lone: Lone) -> None:
    deploy, patient = lone.deploy, lone.effect.leaves_traces
    send(deploy.conn, alone_settings(deploy.options, deploy.server, patient=patient))


def _repair(lone: Lone, waits: Waits, *, started: bool) -> None:
    """Drop the invalid indexes that an earlier try left."""
    conn, effect = lone.deploy.conn, lone.effect
    broken: tuple[Seen, ...] = ()
    if effect.kind == "build index":
        seen = look(conn, effect)
        broken = (seen,) if seen is not None and not seen.is_complete else ()
    elif effect.kind == "reindex" and started:
        broken = leftovers(conn, effect)
    for index in broken:
        builder = builder_of(conn, index)
        if builder is not None:
            raise PgschemaError("PGS309", **lone.place.details, index=index.name, pid=builder)
        _note(lone, f"index {index.name} is invalid: it is dropped and built again")
        every = lone.deploy.options.watch_after
        send(conn, drop_statement(conn, index), every=every, meanwhile=waits.look)


def _mark(lone: Lone) -> None:
    """Commit that the statement is about to run."""
    seen = look(lone.deploy.conn, lone.effect)
    send(lone.deploy.conn, lone.deploy.ledger.begin(lone.step, seen.oid if seen else None))


def _after_failure(lone: Lone, waits: Waits, refused: RefusedError) -> None:
    """Clean up and either return for another try or raise what the failure means."""
    deploy = lone.deploy
    message = Message((), lone.step.file.text, (), lone.step.file.statements)
    if is_lost(refused.error):
        raise explain(refused, lone.step, message, deploy.server.role) from refused.error
    if refused.sqlstate in RETRIED:
        state = "a rerun takes away what the last try left"
        pause_or_give_up(refused, waits, message, state=state)
        return
    state = _clean_up(lone, waits)
    role = deploy.server.role
    raise explain(refused, lone.step, message, role, state=state) from refused.error


def _clean_up(lone: Lone, waits: Waits) -> str:
    """Take away what a failed statement left, and say how the database is now."""
    try:
        _repair(lone, waits, started=True)
        if lone.effect.kind in {"drop index", "detach"} and _is_half_done(lone):
            return "it is half done; a rerun goes on"
        send(lone.deploy.conn, lone.deploy.ledger.forget(lone.step))
    except (RefusedError, PgschemaError):
        return "an invalid index is left; a rerun takes it away"
    return "the database is as it was before this file"


def _is_half_done(lone: Lone) -> bool:
    seen = look(lone.deploy.conn, lone.effect)
    return seen is not None and not seen.is_complete
