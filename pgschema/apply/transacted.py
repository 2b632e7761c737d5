"""Carries out a file in a transaction, again and again while its locks are not to be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgschema.apply.events import Blocked, Retrying, Session
from pgschema.apply.failure import explain, is_lost
from pgschema.apply.message import Message, compose
from pgschema.apply.options import Deploy
from pgschema.apply.wire import RefusedError, send
from pgschema.errors import PgschemaError
from pgschema.plan import Step

RETRIED = {"55P03", "40P01", "40001"}


@dataclass
class Waits:
    """What one file waited for, over all its tries."""

    deploy: Deploy
    step: Step
    began: float
    tries: int = 0
    blockers: tuple[Session, ...] = ()
    _told: frozenset[int] = field(default=frozenset())

    @property
    def waited_s(self) -> float:
        """Return the seconds since the first try."""
        return self.deploy.options.monotonic() - self.began

    def look(self) -> None:
        """Look who blocks the file now, and tell it when somebody new does."""
        seen = self.deploy.watch.blockers_of(self.deploy.server.pid)
        if seen:
            self.blockers = seen
        pids = frozenset(session.pid for session in seen)
        if pids and pids != self._told:
            self._told = pids
            self.deploy.emit(Blocked(self.step, seen, self.waited_s))


def begin_waits(deploy: Deploy, step: Step) -> Waits:
    """Return a fresh account of what a file waits for."""
    return Waits(deploy, step, deploy.options.monotonic())


def run_transacted(deploy: Deploy, step: Step) -> int:
    """Run the file with its ledger rows in one message and return the number of tries.

    Raises PGS301, PGS303-PGS307; the database is then as it was before the file.
    """
    message = compose(step, deploy.ledger, deploy.options, deploy.server)
    waits = begin_waits(deploy, step)
    while True:
        waits.tries += 1
        try:
            send(
                deploy.conn,
                message.text,
                every=deploy.options.watch_after,
                meanwhile=waits.look,
            )
        except RefusedError as refused:
            pause_or_give_up(refused, waits, message)
        else:
            return waits.tries


def pause_or_give_up(refused: RefusedError, waits: Waits, message: Message, **more: str) -> None:
    """Sleep before the next try, or raise what the refusal means."""
    deploy, step = waits.deploy, waits.step
    pause = deploy.options.jitter(waits.tries)
    if refused.sqlstate not in RETRIED or is_lost(refused.error):
        raise explain(refused, step, message, deploy.server.role, **more) from refused.error
    if waits.waited_s + pause > deploy.options.retry_for:
        raise _blocked(refused, waits, message, more) from refused.error
    deploy.emit(Retrying(step, waits.tries, pause, refused.sqlstate, waits.blockers))
    deploy.options.sleep(pause)


def _blocked(
    refused: RefusedError, waits: Waits, message: Message, more: Mapping[str, str]
) -> PgschemaError:
    told = explain(refused, waits.step, message, waits.deploy.server.role, **more)
    if refused.sqlstate == "40001":
        return told
    named = "; ".join(map(str, waits.blockers)) or "a session that was gone when looked for"
    return PgschemaError(
        "PGS303",
        **told.details
        | {
            "tries": waits.tries,
            "waited_s": round(waits.waited_s, 1),
            "blockers": named,
            "sessions": waits.blockers,
        },
    )
