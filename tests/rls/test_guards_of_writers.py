"""What the guards of V001-V003 decide for a caller: membership, author, colleagues, co-leaders."""

from __future__ import annotations

from hashlib import md5
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from pgschema.testing.clones import Clone


def _id(name: str) -> UUID:
    return UUID(md5(name.encode(), usedforsecurity=False).hexdigest())


def _user(name: str) -> UUID:
    return _id(f"user {name}")


DISPATCH = """
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
    values (%s, %s, %s, 'New') returning coordinator_id
"""
REGISTER = """
    insert into public.activities (
        org_id, peer_mentor_id, activity_type, occurred_at, duration_minutes, participant_count,
        delivery_mode, assignment_id
    )
    values (%s, %s, 'chat', '2025-03-04 12:00+01', 60, 1, 'digital', %s)
"""
NAME_CO_LEADER = """
    insert into public.activity_co_leaders (org_id, activity_id, peer_mentor_id)
    values (%s, %s, %s)
"""


def refusal(
    world: Clone, who: UUID | None, statement: str, values: tuple[UUID | None, ...]
) -> tuple[str | None, ...]:
    """Return all that the caller is told when a statement is refused."""
    with pytest.raises(psycopg.Error) as caught, world.as_user(who, commit=False) as conn:
        conn.execute(statement, values)
    diag = caught.value.diag
    told = (diag.message_primary, diag.message_detail, diag.message_hint, diag.constraint_name)
    return (diag.sqlstate, *told)


def test_who_is_linked_as_a_mentor_sees_it_only_while_being_one(own_world: Clone) -> None:
    me = _user("coordinator 1")

    def seen() -> list[int]:
        columns = {"peer_mentors": "id", "assignments": "peer_mentor_id"}
        columns["activities"] = "peer_mentor_id"
        with own_world.as_user(me) as conn:
            return [
                conn.execute(
                    f"select from public.{table} where {column} = %s", (_id("mentor s1"),)
                ).rowcount
                for table, column in columns.items()
            ]

    own_world.owner.execute(
        "update public.peer_mentors set user_id = %s where id = %s", (me, _id("mentor s1"))
    )
    assert seen() == [0, 0, 0]
    own_world.owner.execute(
        "insert into public.org_members (org_id, user_id, role) values (%s, %s, 'peer_mentor')",
        (_id("X"), me),
    )
    assert seen() == [1, 1, 1]


def test_the_service_key_is_nobody_even_with_a_user_in_its_token(world: Clone) -> None:
    with world.as_user(_user("mentor"), role="service_role", commit=False) as conn:
        dispatched = conn.execute(
            "insert into public.assignments (org_id, chapter_id, peer_mentor_id, title, created_by)"
            " values (%s, %s, %s, 'New', %s) returning created_by",
            (_id("Y"), _id("y1"), _id("mentor o1"), _user("stranger")),
        )
        assert dispatched.fetchone() == (_user("stranger"),)
        registered = conn.execute(
            f"{REGISTER} returning registered_by", (_id("Y"), _id("mentor o1"), None)
        )
        assert registered.fetchone() == (None,)
        named = conn.execute(NAME_CO_LEADER, (_id("Y"), _id("activity o1"), _id("mentor o3")))
        assert named.rowcount == 1


@pytest.mark.parametrize(
    ("statement", "known", "unknown"),
    [
        (DISPATCH, ("X", "x1", "mentor m"), ("X", "x1", "nobody")),
        (REGISTER, ("X", "mentor m", "assignment m"), ("X", "nobody", "nothing")),
        (NAME_CO_LEADER, ("X", "activity c1", "mentor c3"), ("X", "nothing", "nobody")),
    ],
    ids=["assignment", "activity", "co-leader"],
)
def test_without_a_user_a_guard_tells_nothing(
    world: Clone, statement: str, known: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    told = {refusal(world, None, statement, tuple(map(_id, ids))) for ids in (known, unknown)}
    assert [sqlstate for sqlstate, *_ in told] == ["42501"]


def test_the_older_form_of_the_claims_names_the_same_user(world: Clone) -> None:
    """PostgREST before 9 set one parameter for each claim."""
    with world.as_user(commit=False) as conn:
        conn.execute(
            "select set_config('request.jwt.claim.sub', %s, true)", (str(_user("mentor")),)
        )
        assert conn.execute("select authz.uid(), auth.uid()").fetchone() == (_user("mentor"),) * 2
        assert conn.execute("select id from public.peer_mentors").fetchall() == [(_id("mentor m"),)]


def test_a_mentor_of_this_chapter_in_another_organisation_is_unknown(world: Clone) -> None:
    told = {
        refusal(world, _user("coordinator 1"), DISPATCH, (_id(org), _id("x1"), _id(mentor)))
        for org, mentor in (("X", "nobody"), ("X", "mentor s1"), ("Y", "mentor m"))
    }
    assert [sqlstate for sqlstate, *_ in told] == ["23503"]


def test_a_coordinator_of_two_organisations_dispatches_as_the_right_one(own_world: Clone) -> None:
    me = _user("coordinator 1")
    own_world.owner.execute(
        "insert into public.org_members (org_id, user_id, role) values (%s, %s, 'coordinator')",
        (_id("Y"), me),
    )
    own_world.owner.execute(
        "insert into public.coordinators (id, org_id, user_id, display_name)"
        " values (%s, %s, %s, 'The same')",
        (_id("coordinator 1 in Y"), _id("Y"), me),
    )
    own_world.owner.execute(
        "insert into public.coordinator_chapters (org_id, coordinator_id, chapter_id)"
        " values (%s, %s, %s)",
        (_id("Y"), _id("coordinator 1 in Y"), _id("y1")),
    )
    with own_world.as_user(me) as conn:
        here = conn.execute(DISPATCH, (_id("X"), _id("x1"), _id("mentor m"))).fetchone()
        there = conn.execute(DISPATCH, (_id("Y"), _id("y1"), _id("mentor o1"))).fetchone()
    assert (here, there) == ((_id("coordinator 1"),), (_id("coordinator 1 in Y"),))


def test_a_mentor_answers_no_assignment_but_his_own(world: Clone) -> None:
    """Of a colleague, of another chapter or organisation, and of nobody: all look the same."""
    told = set()
    for whose in ("assignment c1", "assignment s1", "assignment o1", "nothing"):
        register = (_id("X"), _id("mentor m"), _id(whose))
        told.add(refusal(world, _user("mentor"), REGISTER, register))
        change = "update public.activities set assignment_id = %s"
        told.add(refusal(world, _user("mentor"), change, (_id(whose),)))
    assert [(one[0], one[-1]) for one in told] == [
        ("23503", "activities_org_id_assignment_id_fkey")
    ]
    with world.as_user(_user("mentor"), commit=False) as conn:
        own = (_id("X"), _id("mentor m"), _id("assignment m"))
        assert conn.execute(REGISTER, own).rowcount == 1


def test_a_mentor_does_not_decide_that_his_own_draft_is_no_duplicate(world: Clone) -> None:
    decide = "update public.activities set duplicate_override_by = authz.uid() where id = %s"
    told = refusal(world, _user("mentor"), decide, (_id("activity m"),))
    assert told[0] == "42501"
    with world.as_user(_user("coordinator 1"), commit=False) as conn:
        assert conn.execute(decide, (_id("activity m"),)).rowcount == 1


def test_a_mentor_names_co_leaders_of_a_draft_only(own_world: Clone) -> None:
    name = (_id("X"), _id("activity m"), _id("mentor c3"))
    with own_world.as_user(_user("mentor"), commit=False) as conn:
        assert conn.execute(NAME_CO_LEADER, name).rowcount == 1
    own_world.owner.execute(
        "update public.activities set status = 'submitted' where id = %s", (_id("activity m"),)
    )
    assert refusal(own_world, _user("mentor"), NAME_CO_LEADER, name)[0] == "42501"
    with own_world.as_user(_user("org admin")) as conn:
        assert conn.execute(NAME_CO_LEADER, name).rowcount == 1


def test_a_co_leader_stays_with_the_activity_whoever_writes(own_world: Clone) -> None:
    with pytest.raises(psycopg.Error) as caught:
        own_world.owner.execute(
            "update public.activity_co_leaders set activity_id = %s where activity_id = %s",
            (_id("activity f1"), _id("activity c1")),
        )
    assert caught.value.sqlstate == "PM010"


def test_an_activity_unknown_and_one_of_another_organisation_look_the_same(world: Clone) -> None:
    told = {
        refusal(world, _user("org admin"), NAME_CO_LEADER, (_id("X"), _id(one), _id("mentor c3")))
        for one in ("nothing", "activity o1")
    }
    assert [(one[0], one[-1]) for one in told] == [
        ("23503", "activity_co_leaders_org_id_activity_id_fkey")
    ]


def test_nobody_at_all_names_a_co_leader_of_an_unknown_activity(world: Clone) -> None:
    with (
        pytest.raises(errors.ForeignKeyViolation),
        world.as_user(role="service_role", commit=False) as conn,
    ):
        conn.execute(NAME_CO_LEADER, (_id("X"), _id("nothing"), _id("mentor c3")))
