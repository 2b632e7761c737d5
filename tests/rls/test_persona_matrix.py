"""Eight personas x every relation x every command x own, sibling and foreign rows."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from uuid import UUID

import pytest

from pgschema.testing.clones import Clone
from pgschema.testing.matrix import COMMANDS, NO_PRIVILEGE, Actor, Relation, observe

MATRIX = Path(__file__).with_name("matrix.tsv")

OURS = """
    select n.nspname || '.' || c.relname
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where
        c.relkind in ('r', 'p', 'v', 'm', 'f')
        and n.nspname !~ '^(pg_|archive_v[0-9]+$)'
        and n.nspname <> 'information_schema'
"""


def _user(name: str) -> UUID:
    return UUID(md5(f"user {name}".encode(), usedforsecurity=False).hexdigest())


ACTORS = {
    "anon": Actor("anon", "anon"),
    **{
        name: Actor(name, "authenticated", _user(name))
        for name in (
            "mentor",
            "coordinator 1",
            "coordinator 5",
            "org admin",
            "auditor",
            "platform admin",
        )
    },
    "service_role": Actor("service_role", "service_role"),
}

BY_CHAPTER = """case
    when t.chapter_id = md5('x1')::uuid then 'c' when t.chapter_id = md5('x6')::uuid then 's'
    when t.org_id = md5('X')::uuid then 'f' else 'o'
end"""
BY_ORGANISATION = "case when t.org_id = md5('X')::uuid then 'g' else 'o' end"
MY_MENTORS = "(select p.id from public.peer_mentors as p where p.user_id = %(me)s)"

RELATIONS = {
    relation.name: relation
    for relation in (
        Relation(
            "public.organizations",
            BY_ORGANISATION,
            {"o": "insert into public.organizations (slug, name) values ('new', 'New')"},
            "update public.organizations set name = 'Hers'",
        ),
        Relation(
            "public.chapters",
            BY_CHAPTER.replace("t.chapter_id", "t.id"),
            {
                "g": "insert into public.chapters (org_id, name, kind) "
                "values (md5('X')::uuid, 'new', 'local')",
                "o": "insert into public.chapters (org_id, name, kind) "
                "values (md5('Y')::uuid, 'new', 'local')",
            },
            "update public.chapters set active_to = '2099-12-31'",
        ),
        Relation(
            "public.org_members",
            f"case when t.user_id = %(me)s then 'm' else {BY_ORGANISATION} end",
            {
                # nobody makes himself more than he is
                "m": "insert into public.org_members (org_id, user_id, role) "
                "select md5('X')::uuid, me, case when me = md5('user org admin')::uuid "
                "then 'coordinator' else 'org_admin' end "
                "from (values (%(me)s::uuid)) as actor (me) where me is not null",
                "g": "insert into public.org_members (org_id, user_id, role) "
                "values (md5('X')::uuid, md5('user new')::uuid, 'peer_mentor')",
                "o": "insert into public.org_members (org_id, user_id, role) "
                "values (md5('Y')::uuid, md5('user new')::uuid, 'peer_mentor')",
            },
            "update public.org_members set valid_until = '2099-12-31'",
        ),
        Relation(
            "public.platform_admins",
            "case when t.user_id = %(me)s then 'm' else 'g' end",
            {"g": "insert into public.platform_admins (user_id) values (md5('user new')::uuid)"},
            "update public.platform_admins set user_id = user_id",
        ),
        Relation(
            "public.coordinators",
            """case
                when t.user_id = %(me)s then 'm'
                when t.org_id <> md5('X')::uuid then 'o'
                else coalesce((
                    select case min(c.name)
                        when 'x1' then 'c' when 'x3' then 'f' when 'x6' then 's'
                    end
                    from public.coordinator_chapters as cc
                    inner join public.chapters as c on c.id = cc.chapter_id
                    where cc.coordinator_id = t.id
                ), 'g')
            end""",
            {
                "g": "insert into public.coordinators (org_id, user_id, display_name) "
                "values (md5('X')::uuid, md5('user new')::uuid, 'New')",
                "o": "insert into public.coordinators (org_id, user_id, display_name) "
                "values (md5('Y')::uuid, md5('user new')::uuid, 'New')",
            },
            "update public.coordinators set display_name = 'Hers'",
        ),
        Relation(
            "public.coordinator_chapters",
            f"""case
                when t.coordinator_id in (
                    select c.id from public.coordinators as c where c.user_id = %(me)s
                ) then 'm' else {BY_CHAPTER}
            end""",
            {
                # nobody widens his own scope
                "m": "insert into public.coordinator_chapters (org_id, coordinator_id, chapter_id) "
                "select md5('X')::uuid, c.id, md5('x6')::uuid from public.coordinators as c "
                "where c.user_id = %(me)s",
                **{
                    zone: "insert into public.coordinator_chapters "
                    "(org_id, coordinator_id, chapter_id) "
                    f"values (md5('{org}')::uuid, md5('coordinator {who}')::uuid, "
                    f"md5('{chapter}')::uuid)"
                    for zone, org, who, chapter in (
                        ("c", "X", "without chapters", "x1"),
                        ("f", "X", "without chapters", "x3"),
                        ("s", "X", "without chapters", "x6"),
                        ("o", "Y", "o without chapters", "y1"),
                    )
                },
            },
            # a constant would collide: each coordinator has a slot only once
            "update public.coordinator_chapters set slot = 6 - slot",
        ),
        Relation(
            "public.peer_mentors",
            f"case when t.user_id = %(me)s then 'm' else {BY_CHAPTER} end",
            {
                zone: "insert into public.peer_mentors (org_id, chapter_id, display_name) "
                f"values (md5('{org}')::uuid, md5('{chapter}')::uuid, 'New')"
                for zone, org, chapter in (
                    ("c", "X", "x1"),
                    ("f", "X", "x3"),
                    ("s", "X", "x6"),
                    ("o", "Y", "y1"),
                )
            },
            "update public.peer_mentors set display_name = 'Hers'",
        ),
        Relation(
            "public.assignments",
            f"case when t.peer_mentor_id in {MY_MENTORS} then 'm' else {BY_CHAPTER} end",
            {
                "m": "insert into public.assignments (org_id, chapter_id, peer_mentor_id, title) "
                "select p.org_id, p.chapter_id, p.id, 'New' from public.peer_mentors as p "
                "where p.user_id = %(me)s",
                **{
                    zone: "insert into public.assignments "
                    "(org_id, chapter_id, peer_mentor_id, title) values "
                    f"(md5('{org}')::uuid, md5('{chapter}')::uuid, md5('mentor {zone}1')::uuid, "
                    "'New')"
                    for zone, org, chapter in (
                        ("c", "X", "x1"),
                        ("f", "X", "x3"),
                        ("s", "X", "x6"),
                        ("o", "Y", "y1"),
                    )
                },
            },
            "update public.assignments set title = 'Hers'",
        ),
        Relation(
            "public.activity_types",
            "'g'",
            {
                "g": "insert into public.activity_types "
                "(code, label_nb, label_nn, label_en, category) "
                "values ('x', 'x', 'x', 'x', 'other')"
            },
            "update public.activity_types set active = false",
        ),
        Relation(
            "public.activities",
            f"case when t.peer_mentor_id in {MY_MENTORS} then 'm' else {BY_CHAPTER} end",
            {
                zone: "insert into public.activities (org_id, peer_mentor_id, activity_type, "
                "status, occurred_at, duration_minutes, participant_count, delivery_mode) "
                f"select md5('{org}')::uuid, mentor.id, 'outreach_visit', 'submitted', "
                "timestamptz '2025-03-04 12:00+01', 60, 1, 'in_person' "
                f"from {mentor} as mentor (id)"
                for zone, org, mentor in (
                    ("m", "X", MY_MENTORS),
                    ("c", "X", "(values (md5('mentor c1')::uuid))"),
                    ("f", "X", "(values (md5('mentor f1')::uuid))"),
                    ("s", "X", "(values (md5('mentor s1')::uuid))"),
                    ("o", "Y", "(values (md5('mentor o1')::uuid))"),
                )
            },
            "update public.activities set duration_minutes = 7",
        ),
        Relation(
            "public.activity_co_leaders",
            f"""case
                when t.peer_mentor_id in {MY_MENTORS} or t.leader_id in {MY_MENTORS} then 'm'
                else {BY_CHAPTER}
            end""",
            {
                "m": "insert into public.activity_co_leaders (org_id, activity_id, peer_mentor_id) "
                "select md5('X')::uuid, md5('activity m')::uuid, md5('mentor c3')::uuid "
                f"from {MY_MENTORS} as mine",
                **{
                    zone: "insert into public.activity_co_leaders "
                    "(org_id, activity_id, peer_mentor_id) values "
                    f"(md5('{org}')::uuid, md5('activity {zone}1')::uuid, "
                    f"md5('mentor {zone}3')::uuid)"
                    for zone, org in (("c", "X"), ("f", "X"), ("s", "X"), ("o", "Y"))
                },
            },
            # a constant would point across organisations
            "update public.activity_co_leaders set peer_mentor_id = peer_mentor_id",
        ),
    )
}


def _expected() -> dict[tuple[str, str], dict[str, str]]:
    """Return the hand-written cells by (relation, actor); what is not written is "-"."""
    lines = MATRIX.read_text(encoding="utf-8").splitlines()
    head, *rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    assert head == ["relation", "command", *ACTORS]
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for relation, command, *row in rows:
        for actor, cell in zip(ACTORS, row, strict=True):
            commands = cells.setdefault((relation, actor), dict.fromkeys(COMMANDS, NO_PRIVILEGE))
            commands[command] = cell
    return cells


EXPECTED = _expected()


def _relations(clone: Clone) -> set[str]:
    return {name for (name,) in clone.owner.execute(OURS)}


def _observed(clone: Clone, relation: str, actor: str) -> dict[str, str]:
    return observe(clone.owner, RELATIONS.get(relation, Relation(relation)), ACTORS[actor])


@pytest.mark.parametrize(("relation", "actor"), EXPECTED, ids=[" ".join(key) for key in EXPECTED])
def test_a_persona_reaches_what_the_matrix_says(world: Clone, relation: str, actor: str) -> None:
    assert _observed(world, relation, actor) == EXPECTED[relation, actor]


def test_every_relation_is_in_the_matrix_or_closed_to_everybody(world: Clone) -> None:
    forgotten = {
        (relation, actor): cells
        for relation in _relations(world) - {relation for relation, _ in EXPECTED}
        for actor in ACTORS
        if set((cells := _observed(world, relation, actor)).values()) != {NO_PRIVILEGE}
    }
    assert forgotten == {}


def test_a_relation_that_only_the_schema_ledger_needs_is_closed(world: Clone) -> None:
    ledger = [name for name in _relations(world) if name.startswith("pgschema.")]
    assert ledger
    for relation in ledger:
        for actor in ACTORS:
            assert set(_observed(world, relation, actor).values()) == {NO_PRIVILEGE}


def test_the_matrix_names_no_relation_that_is_gone(world: Clone) -> None:
    assert {relation for relation, _ in EXPECTED} - _relations(world) == set()


def _new_relations() -> Iterator[tuple[str, str]]:
    yield "a table", "create table public.forgotten (id int)"
    yield "a view", "create view public.forgotten as select * from public.assignments"
    yield "a matview", "create materialized view public.forgotten as select 1 as id"


@pytest.mark.parametrize("made", [pytest.param(sql, id=name) for name, sql in _new_relations()])
def test_a_relation_that_nobody_thought_of_is_noticed(own_world: Clone, made: str) -> None:
    own_world.owner.execute(f"{made}; grant select on public.forgotten to authenticated")
    assert "public.forgotten" in _relations(own_world)
    assert _observed(own_world, "public.forgotten", "mentor")["select"] != NO_PRIVILEGE


LOOSENED = {
    "a select policy": (
        "public.assignments",
        "alter policy authenticated_select on public.assignments using (true)",
    ),
    "a second select policy": (
        "public.peer_mentors",
        "create policy more on public.peer_mentors for select to authenticated using "
        "(org_id = any ((select authz.member_org_ids())::uuid[]))",
    ),
    "an update policy, hidden by the select policy": (
        "public.coordinators",
        "alter policy authenticated_update on public.coordinators using (true) with check (true)",
    ),
    "the check of an insert policy": (
        "public.org_members",
        "alter policy authenticated_insert on public.org_members with check (true)",
    ),
    "row security": ("public.chapters", "alter table public.chapters disable row level security"),
    "a grant to delete": (
        "public.activities",
        "grant delete on public.activities to authenticated",
    ),
    "a grant to truncate": (
        "public.assignments",
        "grant truncate on public.assignments to service_role",
    ),
    "a grant to anon": ("public.organizations", "grant select on public.organizations to anon"),
    "the scope function": (
        "public.assignments",
        "create or replace function authz.my_chapter_ids() returns uuid[] language sql stable "
        "security definer set search_path = pg_catalog, pg_temp as "
        "'select array_agg(id) from public.chapters'",
    ),
    "a guard": (
        "public.activities",
        "alter table public.activities disable trigger activities_100_guard_update",
    ),
    "a ledger": (
        "stats.assignment_count_deltas",
        "grant usage on schema stats to authenticated; "
        "grant insert on stats.assignment_count_deltas to authenticated",
    ),
}


@pytest.mark.parametrize(("relation", "change"), LOOSENED.values(), ids=LOOSENED)
def test_the_matrix_fails_when_somebody_loosens(
    own_world: Clone, relation: str, change: str
) -> None:
    own_world.owner.execute(change)
    observed = {actor: _observed(own_world, relation, actor) for actor in ACTORS}
    assert observed != {actor: EXPECTED[relation, actor] for actor in ACTORS}
