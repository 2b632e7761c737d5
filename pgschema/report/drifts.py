"""Wrong assignment counts, as a table and as documents."""

from __future__ import annotations

from typing import Any

from pgschema.reconcile import CountDrift
from pgschema.report.tables import Table, table


def drift_table(drift: tuple[CountDrift, ...]) -> Table:
    """Return a table of the mentors whose counts are wrong: what is stored, what is true."""
    headings = ("peer mentor", "id", "count#", "true#", "completed#", "true#")
    return table(headings, [_cells(one) for one in drift])


def drift_documents(drift: tuple[CountDrift, ...]) -> list[dict[str, Any]]:
    """Return the mentors whose counts are wrong as JSON objects."""
    return [
        {
            "org_id": str(one.org_id),
            "peer_mentor_id": str(one.peer_mentor_id),
            "display_name": one.display_name,
            "stored_count": one.stored_count,
            "true_count": one.true_count,
            "stored_completed_count": one.stored_completed_count,
            "true_completed_count": one.true_completed_count,
        }
        for one in drift
    ]


def _cells(one: CountDrift) -> tuple[object, ...]:
    return (
        one.display_name,
        one.peer_mentor_id,
        one.stored_count,
        one.true_count,
        one.stored_completed_count,
        one.true_completed_count,
    )
