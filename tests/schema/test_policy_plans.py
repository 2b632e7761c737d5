"""Row security stays on indexes: the scope is computed once, and OR does not read whole tables."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from pgschema.testing.clones import Clone

FILL = """
    insert into public.chapters (id, org_id, name, kind)
    select md5('chapter:big:' || n)::uuid, md5('org:NHF')::uuid, 'Big ' || n, 'local'
    from generate_series(1, 400) as n;
    insert into public.peer_mentors (id, org_id, chapter_id, display_name)
    select md5('mentor:big:' || n)::uuid, md5('org:NHF')::uuid, md5('chapter:big:' || n)::uuid,
        'Big ' || n
    from generate_series(1, 400) as n;
    set local role pgschema_owner;
    select stats.begin_bulk_load();
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
    select pm.org_id, pm.chapter_id, pm.id, 'a visit'
    from public.peer_mentors as pm, generate_series(1, 40);
    insert into public.activities (
        org_id, chapter_id, peer_mentor_id, activity_type, occurred_at, duration_minutes,
        participant_count, delivery_mode
    )
    select pm.org_id, pm.chapter_id, pm.id, 'chat', timestamptz '2025-01-01' + n * interval '7 h',
        30, 1, 'digital'
    from public.peer_mentors as pm, generate_series(1, 40) as n;
    select stats.end_bulk_load();
    reset role;
"""


def user(name: str) -> UUID:
    return UUID(md5(f"user:{name}".encode(), usedforsecurity=False).hexdigest())


@pytest.fixture
def crowded(world: Clone) -> Clone:
    with world.owner.transaction():
        world.owner.execute(FILL)
    world.owner.execute("analyze")
    return world


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def explained(conn: Connection[Any], query: str) -> list[dict[str, Any]]:
    row = conn.execute(f"explain (analyze, format json) {query}".encode()).fetchone()
    assert row
    return list(nodes(row[0][0]["Plan"]))


def test_a_reader_who_names_nothing_reads_by_index(crowded: Clone) -> None:
    for who in ("kari", "mentor-1"):
        with crowded.as_user(user(who)) as conn:
            for table in ("assignments", "activities"):
                plan = explained(conn, f"select * from public.{table}")
                assert "Seq Scan" not in {n["Node Type"] for n in plan}, (who, table)


def test_the_scope_is_computed_once_a_statement(crowded: Clone) -> None:
    for who in ("kari", "mentor-1", "admin", "platform"):
        with crowded.as_user(user(who)) as conn:
            for table in ("assignments", "activities"):
                plan = explained(conn, f"select * from public.{table}")
                scopes = [n for n in plan if n.get("Parent Relationship") == "InitPlan"]
                assert len(scopes) == 2, (who, table)
                assert all(n["Actual Loops"] <= 1 for n in scopes), (who, table)


def test_a_month_of_ones_chapters_comes_from_the_index_on_chapter_and_month(
    crowded: Clone,
) -> None:
    with crowded.as_user(user("kari")) as conn:
        plan = explained(
            conn,
            """select count(*) from public.activities
            where org_id = md5('org:NHF')::uuid and activity_month = '2025-01-01'""",
        )
    used = {n["Index Name"] for n in plan if "Index Name" in n}
    assert used & {
        "activities_org_id_chapter_id_activity_month_idx",
        "activities_chapter_id_idx",
    }
