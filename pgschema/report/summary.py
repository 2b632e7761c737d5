"""What `pgschema up` has to show for itself: tables, a coordinator's view, what to try next."""

from __future__ import annotations

from typing import Any

from pgschema.overview import CoordinatorView, TableCount
from pgschema.report.tables import Table, table

_SHOWN = 30


def counts_table(counts: tuple[TableCount, ...]) -> Table:
    """Return a table of the tables that hold rows, the first thirty by name."""
    rows = [(_short(entry), _rows(entry)) for entry in counts if entry.rows != 0]
    if len(rows) > _SHOWN:
        rows = [*rows[:_SHOWN], (f"and {len(rows) - _SHOWN} more", "")]
    return table(("table", "rows#"), rows, title="What is in the tables")


def mentors_table(view: CoordinatorView) -> Table:
    """Return a table of the mentors that a coordinator sees."""
    title = f"{view.coordinator} ({view.organization}) sees these mentors, under row security"
    rows = [(m.name, m.chapter, m.assignments, m.completed) for m in view.mentors]
    return table(("mentor", "chapter", "assignments#", "completed#"), rows, title=title)


def view_document(view: CoordinatorView | None) -> dict[str, Any] | None:
    """Return a coordinator's view as a JSON object."""
    if view is None:
        return None
    return {
        "coordinator": view.coordinator,
        "organization": view.organization,
        "user_id": view.user_id,
        "obstacle": view.obstacle,
        "mentors": [
            {
                "name": mentor.name,
                "chapter": mentor.chapter,
                "assignments": mentor.assignments,
                "completed": mentor.completed,
            }
            for mentor in view.mentors
        ],
    }


def count_documents(counts: tuple[TableCount, ...]) -> list[dict[str, Any]]:
    """Return every table's rows as a JSON object."""
    return [
        {"name": entry.name, "rows": entry.rows, "estimate": entry.is_estimate} for entry in counts
    ]


# A command longer than this, such as one with the wheel's psql, does not move the others' meanings.
_WIDEST_STEP = 64


def next_steps(program: str, psql: str | None) -> str:
    """Return what to try next: a command and what it shows, a line each.

    `program` and `psql` are what to type for them; None leaves out what needs it.
    """
    steps = [
        (f"{program} status", "which migrations are applied, when, how long they took"),
        (f"{program} rollback --dry-run", "what undoing the newest one would do"),
        (f"{program} reconcile", "do the assignment counts agree with the assignments"),
        (f"{program} new add_something", "the four files of the next migration"),
    ]
    if psql is not None:
        steps.insert(0, (f'{psql} "$({program} server url --with-password)"', "look around"))
        steps.append((f"{program} server stop", "stop the server; its data stays"))
    width = max(len(command) for command, _ in steps if len(command) <= _WIDEST_STEP)
    return "\n".join(f"  {command.ljust(width)}  {meaning}" for command, meaning in steps)


def _short(entry: TableCount) -> str:
    return entry.name.removeprefix("public.")


def _rows(entry: TableCount) -> str:
    if entry.rows is None:
        return "not readable"
    return f"~{entry.rows:,}" if entry.is_estimate else f"{entry.rows:,}"
