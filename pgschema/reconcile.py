"""Compares the counts that triggers keep with the rows they count, and puts them right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString, NoReturn

from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from psycopg import Connection

# Columns by name: a later migration may return more of them.
_FIND: LiteralString = """
    select org_id, peer_mentor_id, display_name, stored_count, true_count,
        stored_completed_count, true_completed_count
    from stats.assignment_count_drift()
"""
_REPAIR: LiteralString = """
    select org_id, peer_mentor_id, display_name, stored_count, true_count,
        stored_completed_count, true_completed_count
    from stats.repair_assignment_counts()
"""


@dataclass(frozen=True)
class CountDrift:
    """One peer mentor whose stored counts are not the number of assignments."""

    org_id: UUID
    peer_mentor_id: UUID
    display_name: str
    stored_count: int
    true_count: int
    stored_completed_count: int
    true_completed_count: int

    def __str__(self) -> str:
        """Return the mentor and what is wrong, for a line of text."""
        wrong = [
            f"{what} {stored} should be {true}"
            for what, stored, true in (
                ("assignment_count", self.stored_count, self.true_count),
                (
                    "completed_assignment_count",
                    self.stored_completed_count,
                    self.true_completed_count,
                ),
            )
            if stored != true
        ]
        return f"{self.display_name} ({self.peer_mentor_id}): {', '.join(wrong)}"


def find_drift(conn: Connection[Any]) -> tuple[CountDrift, ...]:
    """Return every mentor with a wrong count, by organisation: none in a healthy database.

    Reads all assignments; writes nothing. S0-05. Raises PGS511 when the counts are not installed,
    PGS512 when the role may not look.
    """
    return _drifts(conn, _FIND)


def repair_drift(conn: Connection[Any]) -> tuple[CountDrift, ...]:
    """Make every count true and return what was wrong before.

    Exact while others write: it waits for open transactions only where they count for a mentor
    that is wrong. S0-12. Raises PGS511 and PGS512 as `find_drift`.
    """
    with conn.transaction():
        return _drifts(conn, _REPAIR)


def refuse_drift(drift: Sequence[CountDrift]) -> NoReturn:
    """Raise PGS510 for the mentors that `find_drift` named."""
    shown = "; ".join(str(one) for one in drift[:5])
    more = f"; and {len(drift) - 5} more" if len(drift) > 5 else ""
    raise PgschemaError("PGS510", count=len(drift), mentors=shown + more)


def _drifts(conn: Connection[Any], query: LiteralString) -> tuple[CountDrift, ...]:
    from psycopg import errors

    try:
        rows = conn.execute(query).fetchall()
    except (errors.UndefinedFunction, errors.InvalidSchemaName) as error:
        raise PgschemaError("PGS511") from error
    except errors.InsufficientPrivilege as error:
        raise PgschemaError("PGS512", role=conn.info.user) from error
    return tuple(CountDrift(*row) for row in rows)
