"""Files without a transaction: what a rerun makes of every state that a crash can leave."""

from __future__ import annotations

from typing import Any

import pytest

from pgschema.apply import ApplyOptions
from pgschema.apply.effects import effect_of
from pgschema.apply.events import Noted
from pgschema.errors import PgschemaError
from pgschema.sqltext import statements

DIRECTIVE = "-- pgschema: no-transaction\n"
BUILD = DIRECTIVE + "create unique index concurrently a_x on public.a (x);"


def begun(project: Any, stem: str, direction: str = "apply", before: int | None = None) -> None:
    """Leave the row that a run leaves which was killed inside the statement."""
    files = {m.stem: m for m in project.catalog.migrations}
    file = files[stem] if direction == "apply" else files[stem].rollback
    project.db.owner.execute(
        "insert into pgschema.unfinished_files (migration_id, direction, checksum, object_before)"
        " values (%s, %s, %s, %s)",
        (stem, direction, file.checksum, before),
    )


def with_table(project: Any) -> Any:
    project.add("V001__a", "create table public.a (x int); insert into a values (1), (2);")
    project.migrate()
    project.events.clear()
    return project


def invalid_index(project: Any, name: str = "a_x") -> None:
    """Leave what a killed CREATE INDEX CONCURRENTLY leaves."""
    project.db.owner.execute(f"create index {name} on public.a (x)")
    project.db.owner.execute(
        "update pg_index set indisvalid = false where indexrelid = %s::regclass", (name,)
    )


def index_state(project: Any, name: str = "a_x") -> list[Any]:
    return project.rows(
        "select i.indisvalid, i.indisunique from pg_index i where indexrelid = to_regclass(%s)",
        name,
    )


def unfinished(project: Any) -> list[str]:
    return [entry.stem for entry in project.ledger.unfinished]


def failure(project: Any, **options: Any) -> PgschemaError:
    with pytest.raises(PgschemaError) as caught:
        project.migrate(**options)
    return caught.value


def notes(project: Any) -> str:
    return "\n".join(event.message for event in project.of(Noted))


def test_a_statement_runs_without_a_transaction_and_is_recorded(project: Any) -> None:
    with_table(project).add("V002__i", BUILD)
    project.migrate()
    assert index_state(project) == [(True, True)]
    assert (project.applied, unfinished(project)) == (["V001__a", "V002__i"], [])
    assert project.ledger.applied[1].duration_ms is not None


def test_a_lone_statement_that_takes_no_transaction_runs_without_being_asked(project: Any) -> None:
    with_table(project).add("V002__i", "create index concurrently a_x on a (x);\n")
    project.migrate()
    assert index_state(project) == [(True, False)]
    assert "cannot run in a transaction" in notes(project)


def test_settings_of_a_file_alone_do_not_reach_the_next_one(project: Any) -> None:
    with_table(project).add("V002__i", BUILD)
    project.add("V003__s", "create table seen as select current_setting('lock_timeout') as it;")
    project.migrate()
    assert project.one("select it from seen") == "2s"


def test_an_invalid_index_of_a_killed_run_is_dropped_and_built_again(project: Any) -> None:
    with_table(project).add("V002__i", BUILD)
    begun(project, "V002__i")
    invalid_index(project)
    project.migrate()
    assert index_state(project) == [(True, True)]
    assert (project.applied[-1], unfinished(project)) == ("V002__i", [])
    assert "is invalid: it is dropped and built again" in notes(project)


def test_an_invalid_index_of_another_tool_is_dropped_as_well(project: Any) -> None:
    with_table(project).add("V002__i", BUILD)
    invalid_index(project)
    project.migrate()
    assert index_state(project) == [(True, True)]


def test_a_finished_index_of_a_killed_run_is_recorded(project: Any) -> None:
    with_table(project).add("V002__i", BUILD)
    begun(project, "V002__i")
    project.db.owner.execute("create unique index a_x on public.a (x)")
    oid = project.one("select 'a_x'::regclass::oid")
    project.migrate()
    assert project.one("select 'a_x'::regclass::oid") == oid
    assert (project.applied[-1], unfinished(project)) == ("V002__i", [])


def test_an_index_that_was_there_before_the_killed_run_is_not_taken_for_its_work(
    project: Any,
) -> None:
    with_table(project).add("V002__i", BUILD)
    project.db.owner.execute("create index a_x on public.a (x)")
    begun(project, "V002__i", before=project.one("select 'a_x'::regclass::oid"))
    error = failure(project)
    assert (error.code, error.details["sqlstate"]) == ("PGS301", "42P07")
    assert (project.applied, unfinished(project)) == (["V001__a"], [])


def test_a_finished_index_of_a_file_that_was_edited_since_is_left_to_a_person(project: Any) -> None:
    with_table(project).add("V002__i", BUILD)
    begun(project, "V002__i")
    project.db.owner.execute("create unique index a_x on public.a (x)")
    project.add("V002__i", BUILD.replace("(x)", "((x + 1))"))
    assert failure(project).code == "PGS308"


def test_a_failed_unique_index_is_taken_away_and_built_once_the_data_is_right(project: Any) -> None:
    with_table(project)
    project.db.owner.execute("insert into a values (2)")
    path = project.add("V002__i", BUILD)
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS301", 3)
    assert error.details["where"] == f"{path}:2:1"
    assert error.details["detail"] == "Key (x)=(2) is duplicated."
    assert error.details["state"] == "the database is as it was before this file"
    assert (index_state(project), unfinished(project)) == ([], [])
    project.db.owner.execute("delete from a where x = 2")
    project.migrate()
    assert index_state(project) == [(True, True)]


def test_an_error_in_a_file_alone_points_into_it(project: Any) -> None:
    with_table(project).add("V002__i", DIRECTIVE + "create index concurrently i\n on a (nope);")
    error = failure(project)
    assert (error.code, error.details["sqlstate"]) == ("PGS301", "42703")
    assert unfinished(project) == []


def test_an_index_that_somebody_else_builds_is_left_alone(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgschema.apply.untransacted.builder_of", lambda conn, index: 4711)
    with_table(project).add("V002__i", BUILD)
    invalid_index(project)
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS309", 3)
    assert "4711" in error.cause
    assert index_state(project) == [(False, False)]


def test_dropping_an_index_that_is_gone_already_is_recorded(project: Any) -> None:
    with_table(project).add("V002__i", DIRECTIVE + "drop index concurrently public.a_x;")
    begun(project, "V002__i")
    project.migrate()
    assert (project.applied[-1], unfinished(project)) == ("V002__i", [])


def test_dropping_an_index_that_is_still_there_is_done_again(project: Any) -> None:
    with_table(project).add("V002__i", DIRECTIVE + "drop index concurrently a_x;")
    begun(project, "V002__i")
    invalid_index(project)
    project.migrate()
    assert (index_state(project), project.applied[-1]) == ([], "V002__i")


def test_dropping_an_index_that_never_was_is_an_error(project: Any) -> None:
    with_table(project).add("V002__i", DIRECTIVE + "drop index concurrently a_x;")
    assert failure(project).details["sqlstate"] == "42704"
    assert unfinished(project) == []


def test_what_an_interrupted_reindex_left_is_taken_away(project: Any) -> None:
    with_table(project)
    project.db.owner.execute("create index a_x on a (x)")
    invalid_index(project, "a_x_ccnew")
    invalid_index(project, "a_x_ccold1")
    project.add("V002__r", DIRECTIVE + "reindex index concurrently a_x;")
    begun(project, "V002__r")
    project.migrate()
    assert index_state(project, "a_x") == [(True, False)]
    assert index_state(project, "a_x_ccnew") == index_state(project, "a_x_ccold1") == []


@pytest.mark.parametrize("scope", ["table public.a", "schema public"])
def test_reindex_of_a_larger_scope_is_cleaned_up_after(project: Any, scope: str) -> None:
    with_table(project)
    invalid_index(project, "a_x_ccnew")
    kind, name = scope.split()
    project.add("V002__r", DIRECTIVE + f"reindex {kind} concurrently {name};")
    begun(project, "V002__r")
    project.migrate()
    assert index_state(project, "a_x_ccnew") == []


def partitioned(project: Any) -> None:
    project.add(
        "V001__p",
        "create table p (x int) partition by list (x);\n"
        "create table p1 partition of p for values in (1);",
    )
    project.migrate()
    project.add("V002__d", DIRECTIVE + "alter table p detach partition p1 concurrently;")


def partitions(project: Any) -> int:
    return int(project.one("select count(*) from pg_inherits where inhparent = 'p'::regclass"))


def test_a_detachment_runs_and_is_recorded(project: Any) -> None:
    partitioned(project)
    project.migrate()
    assert (partitions(project), project.applied[-1]) == (0, "V002__d")


def test_an_interrupted_detachment_is_finalized(project: Any) -> None:
    partitioned(project)
    begun(project, "V002__d")
    project.db.owner.execute("update pg_inherits set inhdetachpending = true")
    project.migrate()
    assert (partitions(project), project.applied[-1]) == (0, "V002__d")
    assert "the detachment is finished" in notes(project)


def test_a_finished_detachment_is_recorded(project: Any) -> None:
    partitioned(project)
    begun(project, "V002__d")
    project.db.owner.execute("alter table p detach partition p1")
    project.migrate()
    assert (project.has("p1"), project.applied[-1]) == (True, "V002__d")


@pytest.mark.parametrize(
    "statement",
    ["vacuum a", "reindex table a", "drop index concurrently if exists nope", "vacuum (analyze) a"],
)
def test_what_may_be_repeated_is_repeated(project: Any, statement: str) -> None:
    with_table(project).add("V002__v", f"{DIRECTIVE}{statement};")
    begun(project, "V002__v")
    project.migrate()
    assert (project.applied[-1], unfinished(project)) == ("V002__v", [])


CALL = DIRECTIVE + "call public.fill();"


def with_procedure(project: Any) -> None:
    project.add(
        "V001__p",
        "create table a (x int);\ncreate procedure public.fill() language plpgsql as"
        " $$ begin insert into public.a values (1); commit;"
        " insert into public.a values (2); commit; end $$;",
    )
    project.migrate()


def test_a_procedure_may_commit_in_a_file_of_its_own(project: Any) -> None:
    with_procedure(project)
    project.add("V002__c", CALL)
    project.migrate()
    assert project.one("select count(*) from a") == 2


def test_what_cannot_be_told_is_left_to_a_person_who_says_how_to_go_on(project: Any) -> None:
    with_procedure(project)
    project.add("V002__c", CALL)
    begun(project, "V002__c")
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS308", 3)
    advice = error.fix.partition(": ")[2].partition(" (or")[0]
    assert project.one("select count(*) from a") == 0
    project.db.owner.execute(advice.encode())
    project.migrate()
    assert (project.one("select count(*) from a"), project.applied[-1]) == (0, "V002__c")


def test_a_person_may_say_that_it_runs_again(project: Any) -> None:
    with_procedure(project)
    project.add("V002__c", CALL)
    begun(project, "V002__c")
    project.db.owner.execute("update pgschema.unfinished_files set resolution = 'again'")
    project.migrate()
    assert project.one("select count(*) from a") == 2


def test_a_file_may_say_that_it_can_be_repeated(project: Any) -> None:
    with_procedure(project)
    project.add("V002__c", "-- pgschema: no-transaction rerunnable\ncall public.fill();")
    begun(project, "V002__c")
    project.migrate()
    assert project.one("select count(*) from a") == 2


def test_a_file_that_got_its_transaction_back_is_no_longer_unfinished(project: Any) -> None:
    with_table(project).add("V002__i", BUILD)
    begun(project, "V002__i")
    project.add("V002__i", "create unique index a_x on public.a (x);")
    project.migrate()
    assert (project.applied[-1], unfinished(project)) == ("V002__i", [])


def test_a_rollback_without_a_transaction_is_finished_by_rollback(project: Any) -> None:
    with_table(project)
    project.add("V002__i", BUILD, undo=DIRECTIVE + "drop index concurrently public.a_x;")
    project.migrate()
    begun(project, "V002__i", "rollback")
    assert failure(project).code == "PGS209"
    project.rollback()
    assert (project.applied, index_state(project), unfinished(project)) == (["V001__a"], [], [])


def test_waiting_for_old_transactions_is_bounded_and_named(project: Any, quick: Any) -> None:
    with_table(project).add("V002__i", BUILD)
    with project.db.connect(autocommit=False, application_name="report") as old:
        old.execute("set transaction isolation level repeatable read")
        old.execute("insert into a values (7)")
        error = failure(project, **quick())
        assert (error.code, error.exit_code) == ("PGS303", 3)
        assert "report" in error.details["blockers"]
    project.migrate()
    assert (index_state(project), unfinished(project)) == ([(True, True)], [])


@pytest.mark.parametrize(
    ("text", "kind", "name", "table"),
    [
        ('create index concurrently "A b" on only s."T" (x)', "build index", '"A b"', 's."T"'),
        ("create unique index concurrently if not exists i on t (x)", "build index", "i", "t"),
        ("drop index concurrently if exists s.i", "drop index", "s.i", ""),
        (
            "alter table if exists only s.p detach partition s.q concurrently",
            "detach",
            "s.q",
            "s.p",
        ),
        ("reindex (verbose) table concurrently s.t", "reindex", "s.t", ""),
        ("reindex (concurrently) index i", "reindex", "i", ""),
        ("create database d", "create", "d", ""),
        ("drop tablespace if exists t", "drop", "t", ""),
        ("alter system set a = 1", "repeat", "", ""),
        ("create or replace view v as select 1", "repeat", "", ""),
        ("call p()", "other", "", ""),
        ("insert into t values (1)", "other", "", ""),
    ],
)
def test_what_a_statement_is_about_is_read_from_it(
    text: str, kind: str, name: str, table: str
) -> None:
    (statement,) = statements(text)
    effect = effect_of(statement)
    assert (effect.kind, effect.name, effect.table) == (kind, name, table)


def test_a_pause_before_another_try_is_random_and_bounded() -> None:
    options = ApplyOptions()
    pauses = [options.jitter(tries, base=0.1, cap=3.0) for tries in range(50)]
    assert all(0 < pause <= 3.0 for pause in pauses)
    assert len(set(pauses)) > 40
