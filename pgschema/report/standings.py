"""Where every migration stands, as a table, a sentence and a document."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pgschema.errors import PgschemaError
from pgschema.plan import Standing
from pgschema.report.durations import counted, duration, moment
from pgschema.report.failures import failure_document
from pgschema.report.tables import Table, table

# What a person calls the states that a program calls by one word.
_STATES = {"running": "interrupted", "newer": "not in the folder"}


def status_table(standings: tuple[Standing, ...]) -> Table:
    """Return a table with a row for each migration; the note column only where there is a note."""
    headings = ["version", "name", "state", "applied at", "took#"]
    rows = [_row(standing) for standing in standings]
    if any(standing.note for standing in standings):
        headings.append("note")
    return table(headings, [row[: len(headings)] for row in rows])


def status_sentence(standings: tuple[Standing, ...]) -> str:
    """Return how many files are in which state: `3 applied, 1 pending`."""
    states = Counter(standing.state for standing in standings)
    if not states:
        return "no migrations"
    return ", ".join(f"{number} {_STATES.get(state, state)}" for state, number in states.items())


def is_settled(standings: tuple[Standing, ...]) -> bool:
    """Tell whether the database has exactly what the folder says."""
    return all(standing.state == "applied" for standing in standings)


def standing_document(standing: Standing) -> dict[str, Any]:
    """Return one migration's place as a JSON object; times in ISO 8601."""
    applied = standing.applied
    return {
        "version": str(standing.version) if standing.version else None,
        "name": standing.stem,
        "state": standing.state,
        "applied_at": applied.applied_at.isoformat() if applied else None,
        "applied_by": applied.applied_by if applied else None,
        "duration_ms": applied.duration_ms if applied else None,
        "reversible": bool(standing.migration and standing.migration.rollback),
        "note": standing.note,
    }


def findings_text(findings: tuple[PgschemaError, ...]) -> str:
    """Return every contradiction of files and database: what it is and what to do, two lines."""
    lines = [f"{found.code}: {found.cause}\n    fix: {found.fix}" for found in findings]
    return "\n".join([*lines, f"{counted(len(findings), 'finding')}; more: pgschema rule CODE"])


def finding_documents(findings: tuple[PgschemaError, ...]) -> list[dict[str, Any]]:
    """Return the contradictions as JSON objects, each as an error is."""
    return [failure_document(found) for found in findings]


def _row(standing: Standing) -> tuple[str, ...]:
    applied = standing.applied
    took = applied.duration_ms if applied else None
    return (
        str(standing.version) if standing.version else "",
        standing.stem.partition("__")[2],
        _STATES.get(standing.state, standing.state),
        moment(applied.applied_at if applied else None),
        "" if took is None else duration(took),
        standing.note,
    )
