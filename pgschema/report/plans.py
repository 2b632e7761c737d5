"""What would be done and what was done, as lines and as documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pgschema.plan import Plan, Step
from pgschema.report.durations import counted, duration
from pgschema.report.events import step_heads

if TYPE_CHECKING:
    from pgschema.apply import Result

_DONE = {"apply": "applied", "rollback": "rolled back"}
_WOULD = {"apply": "would be applied", "rollback": "would be rolled back"}


def plan_text(plan: Plan, label: str) -> str:
    """Return the steps that a dry run found, a line each, and how many they are."""
    if not plan.steps:
        return nothing_text(label)
    heads = step_heads(plan.steps)
    lines = [heads[step.stem] + _what(step) for step in plan.steps]
    would = _WOULD[plan.steps[0].direction]
    return "\n".join([*lines, f"{counted(len(plan.steps), 'file')} {would}: {label}"])


def result_text(result: Result, label: str) -> str:
    """Return how many files were done in what time."""
    if not result.finished:
        return nothing_text(label)
    took = duration(sum(done.duration_ms for done in result.finished))
    done = _DONE[result.finished[0].step.direction]
    return f"{counted(len(result.finished), 'file')} {done} in {took}: {label}"


def nothing_text(label: str) -> str:
    """Return what to say when there is nothing to do."""
    return f"nothing to do: {label}"


def steps_text(steps: Sequence[Step]) -> str:
    """Return the names of the steps, a line each, with the sign of their direction."""
    return "\n".join(head.rstrip(" .") for head in step_heads(steps).values())


def plan_document(plan: Plan, texts: Sequence[str] | None = None) -> dict[str, Any]:
    """Return a plan as a JSON object, with what would be sent for each step where that is given."""
    steps = [_step_document(step) for step in plan.steps]
    for step, text in zip(steps, texts or (), strict=texts is not None):
        step["sql"] = text
    return {"steps": steps, "notes": list(plan.notes)}


def result_document(result: Result) -> dict[str, Any]:
    """Return what was done as a JSON object, durations in milliseconds."""
    return {
        "steps": [
            {
                **_step_document(done.step),
                "duration_ms": round(done.duration_ms, 1),
                "tries": done.tries,
            }
            for done in result.finished
        ],
        "notes": list(result.plan.notes),
    }


def _what(step: Step) -> str:
    if step.unfinished is not None:
        return "interrupted, to be finished"
    return (
        "again, it changed" if step.again else "pending" if step.direction == "apply" else "to undo"
    )


def _step_document(step: Step) -> dict[str, Any]:
    return {
        "version": str(step.version) if step.version else None,
        "name": step.stem,
        "direction": step.direction,
        "file": str(step.file.path),
        "again": step.again,
    }
