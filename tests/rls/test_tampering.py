"""What nobody may write whatever rows he reaches: keys, counts, states, other people's names."""

from __future__ import annotations

from hashlib import md5
from uuid import UUID

import psycopg
import pytest

from pgschema.testing.clones import Clone


def _id(name: str) -> UUID:
    return UUID(md5(name.encode(), usedforsecurity=False).hexdigest())


def _user(name: str) -> UUID:
    return _id(f"user {name}")


X1, X6, Y, Y1 = "md5('x1')::uuid", "md5('x6')::uuid", "md5('Y')::uuid", "md5('y1')::uuid"

# Who, what, and the SQLSTATE: 42501 is a missing privilege, a policy or the wrong actor, 23503 a
# key that carries the tenant, PT409 a state that does not follow, 428C9 a generated column.
REFUSED = [
    ("coordinator 1", f"update public.assignments set chapter_id = {X6}", "42501"),
    ("coordinator 5", f"update public.assignments set chapter_id = {X1}", "42501"),
    ("coordinator 1", f"update public.assignments set org_id = {Y}", "42501"),
    ("coordinator 1", "update public.assignments set status = 'completed'", "42501"),
    ("coordinator 1", "update public.assignments set version = 1", "42501"),
    (
        "coordinator 1",
        "update public.assignments set coordinator_id = md5('coordinator s')::uuid",
        "42501",
    ),
    (
        "coordinator 1",
        "update public.assignments set peer_mentor_id = md5('mentor s1')::uuid",
        "23503",
    ),
    (
        "coordinator 1",
        "update public.assignments set peer_mentor_id = md5('mentor o1')::uuid",
        "23503",
    ),
    ("org admin", f"update public.assignments set chapter_id = {X6}", "42501"),
    ("org admin", f"update public.assignments set org_id = {Y}", "42501"),
    ("org admin", "delete from public.assignments", "42501"),
    ("org admin", "update public.peer_mentors set assignment_count = 99", "42501"),
    ("org admin", "update public.peer_mentors set completed_assignment_count = 99", "42501"),
    ("org admin", f"update public.peer_mentors set org_id = {Y}", "42501"),
    ("org admin", f"update public.peer_mentors set chapter_id = {Y1}", "23503"),
    ("org admin", f"update public.chapters set org_id = {Y}", "42501"),
    ("org admin", f"update public.org_members set org_id = {Y}", "42501"),
    ("org admin", "update public.org_members set role = 'org_admin'", "42501"),
    ("org admin", f"update public.organizations set org_id = {Y}", "42501"),
    (
        "org admin",
        f"update public.coordinator_chapters set chapter_id = {Y1} where slot = 4",
        "42501",
    ),
    ("org admin", f"update public.activities set chapter_id = {X6}", "42501"),
    ("org admin", "update public.activities set activity_month = '2025-01-01'", "428C9"),
    ("org admin", "update public.activities set duplicate_of = null", "42501"),
    ("mentor", "update public.activities set status = 'approved'", "PT409"),
    (
        "mentor",
        "update public.activities set peer_mentor_id = md5('mentor c1')::uuid",
        "42501",
    ),
    (
        "mentor",
        "insert into public.activities (org_id, peer_mentor_id, activity_type, status, "
        "occurred_at, duration_minutes, participant_count, delivery_mode) values "
        "(md5('X')::uuid, md5('mentor m')::uuid, 'outreach_visit', 'approved', "
        "'2025-03-04 12:00+01', 60, 1, 'in_person')",
        "42501",
    ),
    ("mentor", "insert into public.platform_admins values (authz.uid())", "42501"),
    ("mentor", "update stats.assignment_count_deltas set assignments = 5", "42501"),
    ("platform admin", "update public.peer_mentors set assignment_count = 99", "42501"),
    ("platform admin", "truncate public.activities", "42501"),
    ("mentor", "create table public.mine ()", "42501"),
    ("mentor", "create trigger t after insert on public.assignments execute function f()", "42501"),
]


@pytest.mark.parametrize(
    ("who", "statement", "sqlstate"), REFUSED, ids=[f"{who}: {sql[:60]}" for who, sql, _ in REFUSED]
)
def test_it_is_refused(world: Clone, who: str, statement: str, sqlstate: str) -> None:
    with (
        pytest.raises(psycopg.Error) as caught,
        world.as_user(_user(who), commit=False) as conn,
    ):
        conn.execute(statement)
    assert caught.value.sqlstate == sqlstate


@pytest.mark.parametrize(
    "statement",
    [
        "update public.peer_mentors set assignment_count = 99",
        "update public.assignments set chapter_id = md5('x6')::uuid",
        "delete from public.assignments",
        "truncate public.activities",
    ],
)
def test_the_service_key_is_held_to_the_same(world: Clone, statement: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        world.as_user(role="service_role", commit=False) as conn,
    ):
        conn.execute(statement)


def test_a_mentor_unknown_and_a_mentor_out_of_reach_look_the_same(world: Clone) -> None:
    messages = set()
    for mentor in ("mentor s1", "mentor o1", "nobody at all"):
        with (
            pytest.raises(psycopg.errors.ForeignKeyViolation) as caught,
            world.as_user(_user("coordinator 1"), commit=False) as conn,
        ):
            conn.execute(
                "insert into public.assignments (org_id, chapter_id, peer_mentor_id, title) "
                "values (%s, %s, %s, 'New')",
                (_id("X"), _id("x1"), _id(mentor)),
            )
        diag = caught.value.diag
        messages.add((diag.message_primary, diag.message_detail, diag.message_hint))
    assert len(messages) == 1


def test_nobody_approves_his_own_activity(own_world: Clone) -> None:
    """A coordinator who is a peer mentor as well registers one and decides about all."""
    own_world.owner.execute(
        "update public.peer_mentors set user_id = %s where id = %s",
        (_user("coordinator 1"), _id("mentor c1")),
    )
    own_world.owner.execute(
        "insert into public.org_members (org_id, user_id, role) values (%s, %s, 'peer_mentor')",
        (_id("X"), _user("coordinator 1")),
    )
    approve = "update public.activities set status = 'approved' where id = %s"
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        own_world.as_user(_user("coordinator 1")) as conn,
    ):
        conn.execute(approve, (_id("activity c1"),))
    with own_world.as_user(_user("coordinator 5")) as conn:
        assert conn.execute(approve, (_id("activity c1"),)).rowcount == 1


@pytest.mark.parametrize("end", ["active = false", "valid_until = now() - interval '1 second'"])
def test_access_ends_with_the_membership(own_world: Clone, end: str) -> None:
    def seen(who: str) -> int:
        with own_world.as_user(_user(who)) as conn:
            tables = ("organizations", "chapters", "peer_mentors", "assignments", "activities")
            counts = [conn.execute(f"select from public.{t}").rowcount for t in tables]
        return sum(counts)

    people = ("mentor", "coordinator 1", "coordinator 5", "org admin", "auditor")
    assert all(seen(who) > 0 for who in people)
    own_world.owner.execute(f"update public.org_members set {end}")
    assert [seen(who) for who in people] == [0] * 5


def test_a_role_in_the_token_gives_nothing(world: Clone) -> None:
    claims = {"app_metadata": {"role": "org_admin"}, "user_role": "platform_admin"}
    with world.as_user(_user("nobody"), commit=False, **claims) as conn:
        assert conn.execute("select from public.organizations").rowcount == 0


def test_without_a_user_nothing_is_seen(world: Clone) -> None:
    with world.as_user(commit=False) as conn:
        assert conn.execute("select from public.organizations").rowcount == 0
        conn.execute("select set_config('request.jwt.claims', '', true)")
        assert conn.execute("select from public.organizations").rowcount == 0


def test_a_malformed_user_id_fails_closed(world: Clone) -> None:
    with world.as_user(commit=False) as conn:
        conn.execute("""select set_config('request.jwt.claims', '{"sub": "x"}', true)""")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            conn.execute("select from public.organizations")


def test_a_leaky_function_of_the_caller_sees_no_foreign_row(own_world: Clone) -> None:
    """A function that costs nothing is pushed below every filter that is not a barrier."""
    own_world.owner.execute("""
        create function public.leak(id uuid) returns boolean language plpgsql cost 0.0000001
        as 'begin raise notice ''%'', id; return true; end';
        grant execute on function public.leak to authenticated;
    """)
    leaked: list[str] = []
    with own_world.as_user(_user("coordinator 1")) as conn:
        conn.add_notice_handler(lambda diag: leaked.append(diag.message_primary or ""))
        seen = conn.execute("select id from public.peer_mentors where public.leak(id)").fetchall()
    assert sorted(leaked) == sorted(str(mentor) for (mentor,) in seen) != []
