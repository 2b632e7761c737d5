"""What happens while files are applied, as lines."""

from __future__ import annotations

from collections.abc import Sequence

from pgschema.apply.events import Blocked, LockAwaited, Noted, Noticed, Retrying, Session
from pgschema.plan import Step
from pgschema.report.durations import duration

_SIGNS = {"apply": "+", "rollback": "-"}


def step_heads(steps: Sequence[Step]) -> dict[str, str]:
    """Return for each stem the head of its line, dots up to one column: `  + V007__x .. `."""
    widest = max((len(step.stem) for step in steps), default=0)
    return {
        step.stem: f"  {_SIGNS[step.direction]} {step.stem} {'.' * (widest - len(step.stem) + 2)} "
        for step in steps
    }


def step_tail(milliseconds: float, tries: int) -> str:
    """Return the end of a file's line: `ok (41 ms)`, and how often it was tried if not once."""
    again = f", {tries} tries" if tries > 1 else ""
    return f"ok ({duration(milliseconds)}{again})"


def waiting_text(event: LockAwaited | Blocked | Retrying) -> str:
    """Return why nothing moves, with a line for each session that is in the way."""
    if isinstance(event, LockAwaited):
        head = f"waiting for another deploy ({event.waited_s:.1f} s)"
        return _with_sessions(head, event.holders)
    if isinstance(event, Blocked):
        head = f"{event.step.stem} waits for a lock ({event.waited_s:.1f} s)"
        return _with_sessions(head, event.blockers)
    head = (
        f"{event.step.stem} did not get its lock ({event.sqlstate}): "
        f"try {event.tries + 1} in {event.pause_s:.1f} s"
    )
    return _with_sessions(head, event.blockers)


def noted_text(event: Noted) -> str:
    """Return a note, after the file that it is about."""
    return f"note: {event.step.stem}: {event.message}" if event.step else f"note: {event.message}"


def noticed_text(event: Noticed) -> str:
    """Return what the server remarked while a file ran."""
    return f"{event.step.stem}: {event.severity}: {event.message}"


def _with_sessions(head: str, sessions: tuple[Session, ...]) -> str:
    return "\n".join([head, *(f"    {session}" for session in sessions)])
