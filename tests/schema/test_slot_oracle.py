"""A slot's trigger tells nobody about coordinators who are none of his business."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

import pytest
from psycopg import errors

if TYPE_CHECKING:
    from psycopg import Connection, Error

    from pgschema.testing.clones import Clone

GIVE_CHAPTER: LiteralString = """
    insert into public.coordinator_chapters (org_id, coordinator_id, chapter_id)
    values (md5('org:NHF')::uuid, md5('coordinator:' || %s)::uuid, md5('chapter:A6')::uuid)
"""
FULL, FREE, FOREIGN, UNKNOWN = "kari", "per", "dina", "nobody"


@pytest.fixture
def kari_is_full(world: Clone) -> Clone:
    """Kari has five chapters, Per and Dina one each; Dina is in the other organisation."""
    world.owner.execute("""
        insert into public.coordinator_chapters (org_id, coordinator_id, chapter_id)
        select c.org_id, md5('coordinator:kari')::uuid, c.id from public.chapters as c
        where c.name in ('A2', 'A3', 'A4', 'A5')
    """)
    return world


def refused(world: Clone, who: str, coordinator: str) -> Error:
    user = UUID(md5(f"user:{who}".encode(), usedforsecurity=False).hexdigest())
    with world.as_user(user, commit=False) as conn:
        conn.execute("set local statement_timeout = '5s'")  # rather than wait for a lock
        with pytest.raises(errors.Error) as caught:
            conn.execute(GIVE_CHAPTER, (coordinator,))
    return caught.value


@pytest.mark.parametrize("who", ["kari", "mentor-1", "auditor", "admin-hlf"])
def test_who_gives_no_chapters_hears_the_same_about_every_coordinator(
    kari_is_full: Clone, who: str
) -> None:
    answers = [refused(kari_is_full, who, name) for name in (FULL, FREE, FOREIGN, UNKNOWN)]
    assert {answer.sqlstate for answer in answers} == {"42501"}
    assert len({str(answer) for answer in answers}) == 1


def test_an_admin_hears_the_same_about_strange_and_unknown_coordinators(
    kari_is_full: Clone,
) -> None:
    answers = [refused(kari_is_full, "admin", name) for name in (FOREIGN, UNKNOWN)]
    assert {answer.sqlstate for answer in answers} == {"23503"}
    assert len({str(answer) for answer in answers}) == 1
    assert refused(kari_is_full, "admin", FULL).sqlstate == "23514"


def test_who_gives_no_chapters_locks_no_coordinator(kari_is_full: Clone) -> None:
    holder: Connection[Any] = kari_is_full.connect()
    holder.execute("begin")
    holder.execute("select from public.coordinators for update")
    assert refused(kari_is_full, "mentor-1", FULL).sqlstate == "42501"
