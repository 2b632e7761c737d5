"""Prints what happens while files are applied: results as lines, waiting on standard error."""

from __future__ import annotations

import logging

from pgschema.apply.events import (
    Blocked,
    Event,
    Finished,
    LockAwaited,
    Noted,
    Noticed,
    Planned,
    Retrying,
    Started,
)
from pgschema.cli.output import Output
from pgschema.errors import PgschemaError
from pgschema.plan import Plan
from pgschema.report.events import (
    noted_text,
    noticed_text,
    step_heads,
    step_tail,
    waiting_text,
)

_log = logging.getLogger(__name__)


class Stream:
    """Takes the events of one run and prints them; knows the width of the widest name.

    `agreed` is the plan that somebody said yes to: another one is refused (PGS709).
    """

    def __init__(self, output: Output, *, agreed: Plan | None = None) -> None:
        self._output = output
        self._agreed = agreed
        self._heads: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Print one event."""
        match event:
            case Planned(plan):
                self._take(plan)
            case Started(step):
                self._output.begin(self._heads[step.stem])
            case Finished():
                self._output.finish(step_tail(event.duration_ms, event.tries))
            case LockAwaited() | Blocked() | Retrying():
                self._output.note(waiting_text(event), colour="33")
            case Noted():
                self._output.note(noted_text(event))
            case Noticed():
                level = logging.WARNING if event.severity == "WARNING" else logging.INFO
                _log.log(level, "%s", noticed_text(event))

    def _take(self, plan: Plan) -> None:
        stems = [step.stem for step in plan.steps]
        if self._agreed is not None and stems != [step.stem for step in self._agreed.steps]:
            raise PgschemaError("PGS709", found=", ".join(stems) or "nothing")
        self._heads = step_heads(plan.steps)
        for note in plan.notes:
            self._output.note(f"note: {note}")
