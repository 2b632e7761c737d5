"""S0-12: reconciliation names who is wrong, repairs exactly that, and says when it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from pgschema.errors import PgschemaError
from pgschema.reconcile import find_drift, refuse_drift, repair_drift

if TYPE_CHECKING:
    from pgschema.testing.clones import Clone


def tamper(world: Clone) -> None:
    world.owner.execute("""
        insert into public.assignments (org_id, chapter_id, peer_mentor_id, title, status)
        select org_id, chapter_id, id, 'a visit', 'completed' from public.peer_mentors
        where display_name in ('Mentor 1', 'Mentor 2')
    """)
    world.owner.execute("""
        update public.peer_mentors set assignment_count = 5 where display_name = 'Mentor 1'
    """)
    world.owner.execute("""
        update public.peer_mentors set completed_assignment_count = 0
        where display_name = 'Mentor 2'
    """)


def test_a_healthy_database_has_no_drift(db: Clone) -> None:
    assert find_drift(db.owner) == ()
    assert repair_drift(db.owner) == ()


def test_drift_names_the_mentor_and_both_counts(world: Clone) -> None:
    tamper(world)
    found = {one.display_name: one for one in find_drift(world.owner)}
    assert found.keys() == {"Mentor 1", "Mentor 2"}
    assert (found["Mentor 1"].stored_count, found["Mentor 1"].true_count) == (5, 1)
    assert str(found["Mentor 1"]).endswith("assignment_count 5 should be 1")
    assert str(found["Mentor 2"]).endswith("completed_assignment_count 0 should be 1")


def test_repair_returns_what_was_wrong_and_leaves_nothing(world: Clone) -> None:
    tamper(world)
    wrong = find_drift(world.owner)
    assert repair_drift(world.owner) == wrong
    assert find_drift(world.owner) == ()


def test_what_a_disabled_trigger_left_behind_is_repaired(world: Clone) -> None:
    conn = world.owner
    conn.execute(
        "alter table stats.assignment_count_deltas disable trigger assignment_count_deltas_apply"
    )
    tamper(world)
    conn.execute(
        "alter table stats.assignment_count_deltas enable always trigger"
        " assignment_count_deltas_apply"
    )
    assert len(repair_drift(conn)) == 2
    assert find_drift(conn) == ()
    assert conn.execute("select count(*) from stats.assignment_count_deltas").fetchone() == (0,)


def test_drift_is_refused_with_names(world: Clone) -> None:
    world.owner.execute("update public.peer_mentors set assignment_count = 5")
    with pytest.raises(PgschemaError) as caught:
        refuse_drift(find_drift(world.owner))
    assert caught.value.code == "PGS510"
    assert caught.value.exit_code == 1
    assert "50 peer mentors" in caught.value.cause
    assert "and 45 more" in caught.value.cause


def test_a_database_without_counts_is_a_clear_error(bare_db: Clone) -> None:
    with pytest.raises(PgschemaError) as caught:
        find_drift(bare_db.owner)
    assert caught.value.code == "PGS511"


def test_a_role_of_the_api_is_told_that_it_may_not(world: Clone) -> None:
    for act in (find_drift, repair_drift):
        login = psycopg.connect(world.conninfo_of("authenticator"), autocommit=True)
        with pytest.raises(PgschemaError) as caught, login as conn:
            act(conn)
        assert caught.value.code == "PGS512"
        assert "authenticator" in caught.value.cause
