"""Nobody decides about an activity of their own, whatever became of the membership as mentor."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

import pytest
from psycopg import errors

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone

REGISTER: LiteralString = """
    insert into public.activities (
        org_id, peer_mentor_id, activity_type, status, occurred_at, duration_minutes,
        participant_count, delivery_mode
    )
    select pm.org_id, pm.id, 'chat', %s, '2025-03-01 12:00+01', 30, 1, 'digital'
    from public.peer_mentors as pm
    where pm.display_name = 'Mentor 40'
"""
DECIDE: LiteralString = "update public.activities set status = %s"
ENDINGS = {
    "deactivated": "update public.org_members set active = false where role = 'peer_mentor'",
    "run out": "update public.org_members set valid_until = now() where role = 'peer_mentor'",
    "never there": "delete from public.org_members where role = 'peer_mentor'",
}


def user(name: str) -> UUID:
    """Return the user id that world.sql gives to a person."""
    return UUID(md5(f"user:{name}".encode(), usedforsecurity=False).hexdigest())


def register(conn: Connection[Any], status: str) -> None:
    assert conn.execute(REGISTER, (status,)).rowcount == 1


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
@pytest.mark.parametrize("role", ["coordinator", "org_admin"])
@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_who_is_the_mentor_decides_nothing(
    world: Clone, ending: LiteralString, role: LiteralString, decision: str
) -> None:
    """Kari, who is mentor 40 and coordinates the chapter, or administers the organisation."""
    world.owner.execute(ending)
    world.owner.execute(
        "update public.org_members set role = %s where role = 'coordinator'", (role,)
    )
    register(world.owner, "submitted")
    with pytest.raises(errors.InsufficientPrivilege), world.as_user(user("kari")) as conn:
        conn.execute(DECIDE, (decision,))
    with world.as_user(user("admin")) as conn:
        assert conn.execute(DECIDE, (decision,)).rowcount == 1


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
@pytest.mark.parametrize("status", ["approved", "rejected", "cancelled"])
def test_who_is_the_mentor_registers_nothing_that_is_decided(
    world: Clone, ending: LiteralString, status: str
) -> None:
    world.owner.execute(ending)
    world.owner.execute(
        "update public.org_members set role = 'org_admin' where role = 'coordinator'"
    )
    with pytest.raises(errors.InsufficientPrivilege), world.as_user(user("kari")) as conn:
        register(conn, status)
    with world.as_user(user("admin")) as conn:
        register(conn, status)


def test_a_draft_of_ones_own_stays_ones_own_to_edit(world: Clone) -> None:
    register(world.owner, "draft")
    with world.as_user(user("kari")) as conn:
        assert conn.execute(DECIDE, ("submitted",)).rowcount == 1
