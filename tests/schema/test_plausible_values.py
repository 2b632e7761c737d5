"""No date that clients cannot read, no name longer than a screen; the limits themselves pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import errors, sql

if TYPE_CHECKING:
    from pgschema.testing.clones import Clone

# table, column, first and last day that are accepted
DATES = [
    ("organizations", "archived_at", "1990-01-01 00:00+00", "2200-01-01 00:00+00"),
    ("chapters", "active_from", "1800-01-01", "2200-01-01"),
    ("chapters", "active_to", "1800-01-01", "2200-01-01"),
    ("org_members", "valid_until", "1990-01-01 00:00+00", "2200-01-01 00:00+00"),
    ("peer_mentors", "approved_from", "1900-01-01", "2200-01-01"),
    ("peer_mentors", "approved_to", "1900-01-01", "2200-01-01"),
    ("peer_mentors", "confidentiality_signed_at", "1990-01-01 00:00+00", "2200-01-01 00:00+00"),
    ("peer_mentors", "anonymized_at", "1990-01-01 00:00+00", "2200-01-01 00:00+00"),
    ("assignments", "due_at", "1990-01-01 00:00+00", "2200-01-01 00:00+00"),
    ("activities", "occurred_at", "1990-01-01 00:00+00", "2024-12-31 00:00+00"),
]
NAMES = [
    ("organizations", "name"),
    ("chapters", "name"),
    ("coordinators", "display_name"),
    ("peer_mentors", "display_name"),
]
ABSURD = ["-infinity", "infinity", "0044-03-15 BC", "1000-01-01", "9999-12-31", "20000-01-01"]


@pytest.fixture
def filled(world: Clone) -> Clone:
    """A row in every table with a date."""
    world.owner.execute("""
        insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
        select pm.org_id, pm.chapter_id, pm.id, 'a visit' from public.peer_mentors as pm;
        insert into public.activities (
            org_id, peer_mentor_id, activity_type, occurred_at, duration_minutes,
            participant_count, delivery_mode
        )
        select pm.org_id, pm.id, 'chat', '2025-03-01 12:00+01', 30, 1, 'digital'
        from public.peer_mentors as pm;
    """)
    return world


def write(world: Clone, table: str, column: str, value: str) -> None:
    statement = sql.SQL("update public.{} set {} = {}").format(
        sql.Identifier(table), sql.Identifier(column), sql.Literal(value)
    )
    with world.owner.transaction(force_rollback=True):
        assert world.owner.execute(statement).rowcount > 0


@pytest.mark.parametrize("mode", ["origin", "replica"])
@pytest.mark.parametrize(("table", "column", "first", "last"), DATES)
def test_a_date_is_between_its_limits(
    filled: Clone, mode: str, table: str, column: str, first: str, last: str
) -> None:
    """Also where no trigger fires: a bulk load is held to it."""
    filled.owner.execute("select set_config('session_replication_role', %s, false)", (mode,))
    for day in (first, last):
        write(filled, table, column, day)
    for day in ABSURD:
        with pytest.raises(errors.CheckViolation):
            write(filled, table, column, day)


@pytest.mark.parametrize(("table", "column"), NAMES)
def test_a_name_has_at_most_200_characters(filled: Clone, table: str, column: str) -> None:
    statement = sql.SQL("update public.{} set {} = repeat('å', 196) || left({}::text, %s)").format(
        sql.Identifier(table), sql.Identifier(column), sql.Identifier("org_id")
    )
    with filled.owner.transaction(force_rollback=True):
        one = sql.SQL(" where ctid = (select min(ctid) from public.{})").format(
            sql.Identifier(table)
        )
        filled.owner.execute(statement + one, (4,))
        with pytest.raises(errors.CheckViolation) as caught:
            filled.owner.execute(statement + one, (5,))
    assert caught.value.diag.constraint_name == f"{table}_{column}_fits_200"
