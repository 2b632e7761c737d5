"""What is in the small data set: the closed form, the counts, the edge pack."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from pgschema.seeding import PERSONAS, user_id

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone
    from pgschema.testing.plugin import AsUser

# Bufdir's rule of 2020 in plain words, independent of what V004 will make of it.
COUNTED = """
    a.status = 'approved' and a.duplicate_of is null and a.country = 'NO'
    and a.delivery_mode = 'in_person' and a.led_by_peer
    and case a.activity_type
        when 'outreach_visit' then a.participant_count >= 1
        when 'conversation_group' then a.participant_count >= 3 and a.duration_minutes >= 45
        when 'activity_group' then a.participant_count >= 3 and a.duration_minutes >= 45
        when 'peer_course' then a.participant_count >= 3 and a.duration_minutes >= 90
        else false
    end
"""

EDGE_CASES = range(1, 46)


def edge_number(seed: int = 42) -> str:
    """Give the SQL that finds the number of an edge activity from its id."""
    return f"""(
        select n from generate_series(1, {EDGE_CASES[-1]}) as n
        where md5('{seed}:activity:edge:' || n)::uuid = a.id
    )"""


def closed_form(conn: Connection[Any], seed: int = 42) -> dict[tuple[int, date], tuple[int, int]]:
    """Count activities and minutes by coordinator and month, by a query that knows no view."""
    found = conn.execute(
        f"""
        select k, a.activity_month, count(*), sum(a.duration_minutes)
        from generate_series(1, 3) as k
        join public.activities as a
            on a.coordinator_id = md5('{seed}:coordinator:' || k)::uuid
        where {COUNTED}
        group by 1, 2
        """
    ).fetchall()
    return {(k, month): (count, minutes) for k, month, count, minutes in found}


@pytest.fixture
def conn(db: Clone) -> Connection[Any]:
    return db.owner


def scalar(conn: Connection[Any], query: str) -> Any:
    row = conn.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_coordinator_k_has_2k_plus_m_counted_activities_of_an_hour_in_month_m(
    conn: Connection[Any],
) -> None:
    assert closed_form(conn) == {
        (k, date(2025, m, 1)): (2 * k + m, 60 * (2 * k + m))
        for k in (1, 2, 3)
        for m in range(1, 13)
    }


def test_there_is_no_other_activity_outside_the_edge_pack(conn: Connection[Any]) -> None:
    by_organization = conn.execute(
        """
        select o.slug, count(a.id)
        from public.organizations as o left join public.activities as a using (org_id)
        group by 1
        """
    ).fetchall()
    assert dict(by_organization) == {"NHF": 228, "HLF": 150, "TEST": 45, "TEST-2": 0}


def test_a_coordinators_activities_are_on_days_of_their_own(conn: Connection[Any]) -> None:
    crowded = scalar(
        conn,
        """
        select count(*) from (
            select from public.activities as a join public.organizations as o using (org_id)
            where o.slug in ('NHF', 'HLF')
            group by a.coordinator_id, a.activity_date having count(*) > 1
        ) as crowded
        """,
    )
    assert crowded == 0


def test_every_mentor_is_in_a_chapter_of_the_own_coordinator(conn: Connection[Any]) -> None:
    found = conn.execute(
        """
        select o.slug, c.name, count(*), count(distinct cc.coordinator_id)
        from public.peer_mentors as m
        join public.organizations as o using (org_id)
        join public.chapters as c on c.id = m.chapter_id
        join public.coordinator_chapters as cc
            on cc.chapter_id = c.id and cc.coordinator_id = m.coordinator_id
        where o.slug in ('NHF', 'HLF')
        group by 1, 2
        """
    ).fetchall()
    assert sorted(found) == [
        ("HLF", "HLF Bærum", 3, 1),
        ("NHF", "NHF Bergen", 3, 1),
        ("NHF", "NHF Tromsø", 3, 1),
        ("NHF", "NHF Ålesund", 3, 1),
    ]


def test_mentor_n_has_n_assignments_and_the_triggers_counted_them(conn: Connection[Any]) -> None:
    found = conn.execute(
        """
        select n, m.assignment_count, m.completed_assignment_count, count(a.id),
            count(a.id) filter (where a.status = 'completed')
        from generate_series(1, 12) as n
        join public.peer_mentors as m on m.id = md5('42:peer_mentor:' || n)::uuid
        left join public.assignments as a on a.peer_mentor_id = m.id
        group by 1, 2, 3 order by 1
        """
    ).fetchall()
    assert found == [(n, n, -(-n // 7), n, -(-n // 7)) for n in range(1, 13)]


def test_no_count_is_wrong_after_loading(conn: Connection[Any]) -> None:
    assert conn.execute("select * from stats.assignment_count_drift()").fetchall() == []
    assert scalar(conn, "select count(*) from stats.assignment_count_deltas") == 0


def test_there_are_assignments_in_every_status(conn: Connection[Any]) -> None:
    found = conn.execute(
        """
        select status, bool_and(
            (accepted_at is not null) = (status in ('accepted', 'in_progress', 'completed'))
            and (started_at is not null) = (status in ('in_progress', 'completed'))
            and (completed_at is not null) = (status = 'completed')
            and (closed_at is not null)
                = (status in ('completed', 'declined', 'cancelled', 'expired'))
            and dispatched_at <= coalesce(accepted_at, dispatched_at)
        )
        from public.assignments group by 1
        """
    ).fetchall()
    assert dict(found) == dict.fromkeys(
        (
            "dispatched", "accepted", "in_progress", "completed", "declined", "cancelled",
            "expired",
        ),
        True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "day"),
    [
        (1, date(2025, 1, 31)),
        (2, date(2025, 2, 1)),
        (3, date(2025, 6, 30)),
        (4, date(2025, 7, 1)),
        (5, date(2025, 12, 31)),
        (6, date(2026, 1, 1)),
        (7, date(2024, 2, 29)),
        (8, date(2025, 3, 30)),
        (9, date(2025, 10, 26)),
        (10, date(2025, 10, 26)),
        (11, date(2021, 1, 3)),
        (12, date(2021, 1, 4)),
    ],
)
def test_an_edge_activity_falls_on_its_day_in_oslo(
    conn: Connection[Any], n: int, day: date
) -> None:
    row = conn.execute(
        "select activity_date, activity_month from public.activities where id = md5(%s)::uuid",
        (f"42:activity:edge:{n}",),
    ).fetchone()
    assert row == (day, day.replace(day=1))


def test_the_iso_week_turns_between_activities_11_and_12(conn: Connection[Any]) -> None:
    weeks = conn.execute(
        f"""
        select to_char(a.activity_date, 'IYYY-"W"IW') from public.activities as a
        where {edge_number()} in (11, 12) order by a.occurred_at
        """
    ).fetchall()
    assert weeks == [("2020-W53",), ("2021-W01",)]


def test_both_half_past_two_are_an_hour_apart(conn: Connection[Any]) -> None:
    local = conn.execute(
        f"""
        select a.occurred_at at time zone 'Europe/Oslo', extract(epoch from a.occurred_at)::int
        from public.activities as a where {edge_number()} in (9, 10) order by a.occurred_at
        """
    ).fetchall()
    assert local[0][0] == local[1][0]
    assert local[1][1] - local[0][1] == 3600


def test_the_edge_cases_that_count_are_these(conn: Connection[Any]) -> None:
    found = conn.execute(
        f"select {edge_number()} from public.activities as a where {COUNTED} order by 1"
    ).fetchall()
    everything = {n for (n,) in found} - {None}
    reasons = {
        "too short": {13, 16},
        "too few": {18, 20},
        "not in person": {21, 22},
        "abroad": {23},
        "not led by a peer": {24},
        "cancelled": {25, 26},
        "duplicate": {28},
        "not approved": {37, 38, 39},
        "type": {40, 41, 42, 43, 44, 45},
    }
    assert everything == set(EDGE_CASES) - set().union(*reasons.values())


def test_only_the_exact_twin_is_marked_as_duplicate(conn: Connection[Any]) -> None:
    found = conn.execute(
        """
        select id = md5('42:activity:edge:28')::uuid,
            duplicate_of = md5('42:activity:edge:27')::uuid
        from public.activities where duplicate_of is not null
        """
    ).fetchall()
    assert found == [(True, True)]


def test_the_late_registration_is_400_days_late(conn: Connection[Any]) -> None:
    late = scalar(
        conn,
        """
        select created_at - occurred_at = interval '400 days'
        from public.activities where id = md5('42:activity:edge:36')::uuid
        """,
    )
    assert late is True


def test_every_activity_type_occurs(conn: Connection[Any]) -> None:
    unused = conn.execute(
        """
        select code from public.activity_types
        except select activity_type from public.activities
        """
    ).fetchall()
    assert unused == []


def test_the_one_who_moved_left_everything_in_the_old_chapter(conn: Connection[Any]) -> None:
    row = conn.execute(
        """
        with moved as (
            select id, chapter_id from public.peer_mentors
            where id = md5('42:peer_mentor:104')::uuid
        )
        select moved.chapter_id = md5('42:chapter:106')::uuid,
            array(
                select distinct c.name from public.assignments as a
                join public.chapters as c on c.id = a.chapter_id
                where a.peer_mentor_id = moved.id
            ),
            array(
                select distinct c.name from public.activities as a
                join public.chapters as c on c.id = a.chapter_id
                where a.peer_mentor_id = moved.id
            )
        from moved
        """
    ).fetchone()
    assert row == (True, ["TEST Vestøy"], ["TEST Vestøy"])


def test_the_edge_pack_has_the_people_it_promises(conn: Connection[Any]) -> None:
    promised = {
        "coordinator with 5 chapters": """
            select from public.coordinator_chapters
            where coordinator_id = md5('42:coordinator:101')::uuid having count(*) = 5""",
        "coordinator in two organisations": """
            select from public.coordinators group by user_id having count(distinct org_id) = 2""",
        "mentor without coordinator": """
            select from public.peer_mentors where coordinator_id is null""",
        "mentor without user": """
            select from public.peer_mentors where user_id is null and anonymized_at is null""",
        "anonymised mentor": """
            select from public.peer_mentors
            where anonymized_at is not null and user_id is null and birth_year is null""",
        "expired membership": "select from public.org_members where valid_until < '2025-01-01'",
        "ended membership": "select from public.org_members where not active",
        "activity led by three": """
            select from public.activity_co_leaders group by activity_id having count(*) = 2""",
    }
    missing = [
        what for what, query in promised.items() if not scalar(conn, f"select exists ({query})")
    ]
    assert missing == []


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_a_persona_is_a_member_of_the_organisation(conn: Connection[Any], persona: Any) -> None:
    row = conn.execute(
        """
        select
            array(
                select o.slug from public.org_members as m
                join public.organizations as o using (org_id) where m.user_id = %(id)s
            ),
            exists (select from public.platform_admins where user_id = %(id)s)
        """,
        {"id": persona.user_id},
    ).fetchone()
    assert row is not None
    slugs, is_platform_admin = row
    assert persona.organization in slugs or (persona.organization is None and is_platform_admin)


def test_k1_sees_the_mentors_of_chapters_a_and_b(as_user: AsUser) -> None:
    with as_user(user_id("coordinator-k1")) as conn:
        counts = conn.execute(
            "select assignment_count from public.peer_mentors order by 1"
        ).fetchall()
    assert counts == [(n,) for n in range(1, 7)]
