from __future__ import annotations

from pathlib import Path

import pytest

from pgschema.testing.clones import Clone
from pgschema.testing.tap import TapReport, run_file

HOLDS = {
    "is": "is(1, 1::bigint, 'numbers of two widths')",
    "is, nulls": "is(null::text, null, 'null is null')",
    "isnt": "isnt(1, 2)",
    "ok": "ok(true, 'yes')",
    "pass": "pass('yes')",
    "matches": "matches('abc', '^a', 'begins')",
    "throws_ok, any": "throws_ok('select 1/0')",
    "throws_ok, state": "throws_ok('select 1/0', '22012')",
    "throws_ok, both": "throws_ok('select 1/0', '22012', 'division by zero', 'd')",
    "throws_ok, message": "throws_ok('select 1/0', 'division by zero', 'd')",
    "throws_like": "throws_like('select 1/0', 'division%', 'd')",
    "lives_ok": "lives_ok('select 1', 'lives')",
    "is_empty": "is_empty('select 1 where false', 'none')",
    "isnt_empty": "isnt_empty('select 1', 'some')",
    "results_eq": "results_eq('select 1 union all select 2', 'values (1), (2)', 'rows')",
    "bag_eq": "bag_eq('values (2), (1)', 'values (1), (2)', 'any order')",
    "has_schema": "has_schema('public')",
    "has_role": "has_role('postgres')",
    "has_table": "has_table('public', 'things')",
    "hasnt_table": "hasnt_table('public', 'secrets')",
    "has_view": "has_view('public', 'seen')",
    "has_column": "has_column('public', 'things', 'id')",
    "has_index": "has_index('public', 'things', 'things_pkey')",
    "has_trigger": "has_trigger('public', 'things', 'touched')",
    "has_function": "has_function('public', 'touch')",
    "has_rls": "has_rls('public', 'things')",
}

FAILS = {
    "is": "is(1, 2)",
    "is, one null": "is(1, null)",
    "isnt": "isnt(null::int, null)",
    "ok, null": "ok(null)",
    "ok": "ok(false)",
    "fail": "fail('no')",
    "matches": "matches('abc', '^b')",
    "matches, null": "matches(null, '^b')",
    "throws_ok, nothing thrown": "throws_ok('select 1')",
    "throws_ok, other state": "throws_ok('select 1/0', '23505')",
    "throws_ok, other message": "throws_ok('select 1/0', '22012', 'no')",
    "throws_like": "throws_like('select 1/0', 'no%')",
    "lives_ok": "lives_ok('select 1/0')",
    "is_empty": "is_empty('select 1')",
    "isnt_empty": "isnt_empty('select 1 where false')",
    "results_eq, order": "results_eq('values (2), (1)', 'values (1), (2)')",
    "results_eq, fewer": "results_eq('values (1)', 'values (1), (2)')",
    "bag_eq": "bag_eq('values (1), (1)', 'values (1), (2)')",
    "has_schema": "has_schema('nowhere')",
    "has_role": "has_role('nobody_here')",
    "has_table": "has_table('public', 'secrets')",
    "has_table, a view": "has_table('public', 'seen')",
    "hasnt_table": "hasnt_table('public', 'things')",
    "has_view": "has_view('public', 'things')",
    "has_column": "has_column('public', 'things', 'secret')",
    "has_index": "has_index('public', 'things', 'secret')",
    "has_trigger": "has_trigger('public', 'things', 'secret')",
    "has_function": "has_function('public', 'secret')",
    "has_rls": "has_rls('public', 'unprotected')",
    "has_rls, not forced": "has_rls('public', 'half_protected')",
}

SURROUNDINGS = """
create table public.things (id int primary key);
alter table public.things enable row level security, force row level security;
create table public.unprotected ();
create table public.half_protected ();
alter table public.half_protected enable row level security;
create view public.seen as select * from public.things;
create function public.touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touched after insert on public.things execute function public.touch();
"""


@pytest.fixture
def run(bare_db: Clone, tmp_path: Path):
    def run_text(text: str) -> TapReport:
        path = tmp_path / "test.sql"
        path.write_text(text, encoding="utf-8")
        return run_file(bare_db.conninfo, path)

    return run_text


def test_every_assertion_that_holds_passes(run) -> None:
    calls = "\n".join(f"select {call};" for call in HOLDS.values())
    report = run(f"{SURROUNDINGS} select plan({len(HOLDS)}); {calls} select finish();")
    assert report.passed, str(report)


def test_every_assertion_that_does_not_hold_fails(run) -> None:
    calls = "\n".join(f"select {call};" for call in FAILS.values())
    report = run(f"{SURROUNDINGS} select plan({len(FAILS)}); {calls} select finish();")
    passed = [name for name, one in zip(FAILS, report.assertions, strict=True) if one.passed]
    assert (passed, report.problems) == ([], ())


def test_without_a_plan_finish_writes_it(run) -> None:
    assert run("select no_plan(); select ok(true); select finish();").passed


def test_a_file_that_ends_too_early_fails(run) -> None:
    assert run("select plan(2); select ok(true);").problems == ("planned 2 assertions and ran 1",)


def test_a_file_that_dies_fails_and_names_the_line(run) -> None:
    report = run("select plan(1);\nselect ok(true);\n\nselect no_such_column;")
    assert len(report.assertions) == 1
    assert report.problems[0].startswith("died: line 4: 42703: column")
    assert not report.passed


def test_a_file_that_dies_at_commit_fails(run) -> None:
    report = run("""
        create table public.parent (id int primary key);
        create table public.child (id int references public.parent deferrable initially deferred);
        select plan(1); select ok(true);
        begin; insert into public.child values (1); commit;
    """)
    assert "23503" in report.problems[0]


def test_a_file_with_a_syntax_error_fails(run) -> None:
    assert "42601" in run("select plan(1); select ok(true); selec").problems[0]


@pytest.mark.parametrize("text", ["", "-- nothing", "select 1;"])
def test_a_file_without_assertions_fails(run, text: str) -> None:
    assert not run(text).passed


def test_copy_from_the_client_is_refused(run) -> None:
    report = run("select plan(1); create temp table t (a int); copy t from stdin; select ok(true);")
    assert "COPY" in report.problems[0]


def test_a_lost_connection_fails(run) -> None:
    report = run("select plan(1); select ok(true); select pg_terminate_backend(pg_backend_pid());")
    assert not report.passed
    assert "57P01" in report.problems[0]


def test_numbers_go_on_after_a_rollback_to_a_savepoint_and_under_another_role(run) -> None:
    report = run("""
        begin; select plan(4); select ok(true); savepoint s; select ok(true);
        rollback to s; select ok(true);
        create role bare_tester; set local role bare_tester; select is(current_user, 'bare_tester');
        select finish(); rollback;
    """)
    assert report.passed, str(report)


def test_an_assertion_lost_in_an_error_is_missed(run) -> None:
    report = run("select plan(1); do $$ begin perform tap.ok(true); raise 'x'; end $$;")
    assert not report.passed
