from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from pgschema.apply import previews, read_plan
from pgschema.apply.events import Finished, Noticed, Planned, Started
from pgschema.apply.options import ApplyOptions
from pgschema.apply.wire import send
from pgschema.database import connect, inspect_server, refuse_unfit
from pgschema.errors import PgschemaError
from pgschema.ledger import read_ledger, read_stored_text
from pgschema.plan import plan_migrate
from pgschema.testing.clones import Clone


def failure(project: Any, **options: Any) -> PgschemaError:
    with pytest.raises(PgschemaError) as caught:
        project.migrate(**options)
    return caught.value


def test_files_are_applied_once_and_recorded(project: Any) -> None:
    project.add("V001__a", "create table a (id int primary key);", undo="drop table a;")
    project.add("V002__b", "insert into a values (1);", undo="delete from a;")
    result = project.migrate()
    assert [f.step.stem for f in result.finished] == ["V001__a", "V002__b"]
    assert all(f.duration_ms > 0 for f in result.finished)
    assert [type(event) for event in project.events] == [
        *(Planned, Started, Finished, Started, Finished)
    ]
    assert not project.migrate().changed
    assert project.rows("select * from a") == [(1,)]
    assert project.applied == ["V001__a", "V002__b"]
    (first, _) = project.ledger.applied
    assert first.applied_by == "postgres"
    assert first.has_rollback
    assert first.duration_ms is not None
    assert read_stored_text(project.db.owner, "V001__a") == (
        *("create table a (id int primary key);", "drop table a;"),
    )


def test_rollback_undoes_and_forgets(project: Any) -> None:
    project.add("V001__a", "create table a ();", undo="drop table a;")
    project.add("V002__b", "create table b ();", undo="drop table b;")
    project.migrate()
    project.rollback()
    assert (project.applied, project.has("a"), project.has("b")) == (["V001__a"], True, False)
    project.rollback(all=True)
    assert (project.applied, project.has("a")) == ([], False)
    assert [f.step.stem for f in project.migrate().finished] == ["V001__a", "V002__b"]
    operations = "select operation from pgschema._yoyo_log order by created_at_utc"
    assert [row[0] for row in project.rows(operations)] == [
        *("apply", "apply", "rollback", "rollback", "apply", "apply")
    ]


def test_a_rollback_without_a_file_changes_nothing(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    project.migrate()
    with pytest.raises(PgschemaError) as caught:
        project.rollback()
    assert caught.value.code == "PGS208"
    assert "V001__rollback_a.sql" in caught.value.fix
    assert (project.applied, project.has("a")) == (["V001__a"], True)


def test_a_rollback_file_sees_that_archives_are_not_wanted(project: Any) -> None:
    seen = "insert into seen values (coalesce(current_setting('pgschema.discard', true), ''));"
    project.add("V001__a", "create table seen (it text);", undo="drop table seen;")
    project.add("V002__b", "select 1;", undo=seen)
    project.migrate()
    project.rollback()
    project.migrate()
    project.rollback(options=ApplyOptions(discard=True))
    assert [row[0] or "" for row in project.rows("select it from seen")] == ["", "on"]


def test_a_repeatable_runs_when_it_changed_and_after_a_rollback(project: Any) -> None:
    project.add("V001__a", "create table a ();", undo="drop table if exists a cascade;")
    project.add("R__v", "create or replace view v as select 1 as x from a;")
    assert [f.step.stem for f in project.migrate().finished] == ["V001__a", "R__v"]
    assert not project.migrate().changed
    project.add("R__v", "create or replace view v as select 2 as x from a;")
    assert [f.step.stem for f in project.migrate().finished] == ["R__v"]
    project.rollback()
    assert not project.has("v")
    assert [f.step.stem for f in project.migrate().finished] == ["V001__a", "R__v"]
    assert project.has("v")


def test_a_file_that_fails_leaves_the_database_as_before_it(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    path = project.add("V002__b", "create table b ();\n\ncreate table c (x intt);\n")
    project.add("V003__c", "create table d ();")
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS301", 3)
    assert error.cause == f'{path}:3:19: type "intt" does not exist'
    assert error.details["statement"] == "create table c (x intt)"
    assert error.details["sqlstate"] == "42704"
    assert (project.applied, project.has("b"), project.has("d")) == (["V001__a"], False, False)
    project.add("V002__b", "create table b ();")
    assert [f.step.stem for f in project.migrate().finished] == ["V002__b", "V003__c"]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("select 'øæå', nope;", 1, 15),
        ("\ufeff-- Ω\r\nselect 1;\r\n  select nope;\r\n", 3, 10),
        ("select 1;\nselec 2;\n", 2, 1),
        ("select 1;\n\n  select 1/(a - 1) from (values (1)) as t (a);\n", 3, 3),
        ("select 1; create table t (a int, a int)", 1, 11),
        ("create table t (a int unique);\ninsert into t values (1);\n/* x */ insert into t\n"
         "values (1);", 3, 9),
        ("-- a\ndo $$\nbegin\n    perform 1;\n    raise exception 'no';\nend $$;", 5, 5),
        ("do language plpgsql\n$b$ begin perform 1/0; end $b$;", 2, 1),
        ("create function f() returns int language sql as 'select\nnope';", 2, 1),
        ("create function f() returns int language plpgsql as $$\nbegin\n retrn 1;\nend $$;", 3, 2),
        ("create function f() returns void language plpgsql as $$\nbegin\n perform 1/0;\nend $$;\n"
         "select f();", 5, 1),
        ("select 'unicode \U0001f600', nope", 1, 21),
    ],
)  # fmt: skip
def test_an_error_points_into_the_file(project: Any, text: str, line: int, column: int) -> None:
    path = project.add("V001__a", text)
    error = failure(project)
    assert (error.code, error.details["line"], error.details["column"]) == ("PGS301", line, column)
    assert error.details["where"] == f"{path}:{line}:{column}"
    assert error.details["statement"]


def test_an_error_brings_what_the_server_said_about_it(project: Any) -> None:
    project.add(
        "V001__a", "do $$ begin raise exception 'm' using detail = 'd', hint = 'h'; end $$;"
    )
    details = failure(project).details
    assert (details["message"], details["detail"], details["hint"]) == ("m", "d", "h")
    assert "inline_code_block line 1" in details["context"]
    project.add("V001__a", "do $$ begin execute 'selec 1'; end $$;")
    assert failure(project).details["internal_query"] == "selec 1"


def test_a_deferred_constraint_is_told_as_one(project: Any) -> None:
    project.add(
        "V001__a",
        "create table a (id int primary key);\n"
        "create table b (a int constraint b_a_fkey references a deferrable initially deferred);\n"
        "insert into b values (1);",
    )
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS306", 3)
    assert "b_a_fkey" in error.cause
    assert "Key (a)=(1)" in error.details["detail"]
    assert not project.has("a")


def test_a_role_without_rights_is_told_with_role_and_object(project: Any) -> None:
    project.db.owner.execute("create role pale login")
    try:
        project.db.owner.execute(f'grant create on database "{project.db.name}" to pale')
        project.db.owner.execute("create table owned (a int)")
        project.conninfo = project.db.conninfo_of("pale")
        project.add("V001__a", "create schema mine;\nalter table public.owned add b int;")
        error = failure(project)
        assert (error.code, error.exit_code) == ("PGS305", 3)
        assert "must be owner of table owned (as role pale)" in error.cause
        assert project.one("select count(*) from pg_namespace where nspname = 'mine'") == 0
    finally:
        project.db.owner.execute("drop owned by pale cascade; drop role pale")


def test_a_role_that_may_not_create_the_ledger_is_told(project: Any) -> None:
    project.db.owner.execute("create role paler login")
    try:
        project.conninfo = project.db.conninfo_of("paler")
        project.add("V001__a", "select 1;")
        error = failure(project)
        assert (error.code, error.exit_code) == ("PGS314", 2)
        assert "paler" in error.cause
    finally:
        project.db.owner.execute("drop role paler")


@pytest.mark.parametrize(
    ("text", "line"),
    [("create table x ();\ncommit;\n", 2), ("create table x ();\n rollback; begin;", 2)],
)
def test_a_commit_in_a_file_is_caught_before_anything_is_sent(
    project: Any, text: str, line: int
) -> None:
    project.add("V001__a", "create table a ();")
    project.add("V002__b", text)
    error = failure(project)
    assert (error.code, error.exit_code, error.details["line"]) == ("PGS112", 2, line)
    assert (project.ledger.installed, project.has("a"), project.has("x")) == (False, False, False)


@pytest.mark.parametrize(
    "text",
    [
        "create table x (); commit; create table y ();",
        "create table x (); commit; begin; create table y ();",
        "create table x (); rollback; begin; create table y ();",
        "create table x (); commit and chain; create table y ();",
    ],
)
def test_a_commit_that_the_reader_overlooks_is_not_recorded(
    project: Any, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgschema.apply.run.inspect_file", lambda file: file.statements)
    project.add("V001__a", text)
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS307", 3)
    assert (project.applied, project.has("y")) == ([], False)


@pytest.mark.parametrize(
    "text",
    [
        "set role pg_monitor;",
        "set local role pg_monitor;",
        "set session authorization pg_monitor;",
        "set search_path = nowhere;",
        "set local search_path = nowhere;",
        "reset all;",
        "set standard_conforming_strings = off;",
        "set constraints all deferred;",
        "savepoint a; select 1; rollback to a;",
        "set default_transaction_read_only = on;",
        "select set_config('pgschema.discard', 'on', false);",
    ],
)
def test_what_a_file_sets_reaches_neither_its_ledger_row_nor_the_next_file(
    project: Any, text: str
) -> None:
    project.add("V001__a", text)
    project.add(
        "V002__b",
        "create table public.seen as select current_user::text a, session_user::text b,"
        " current_setting('search_path') c, current_setting('lock_timeout') d,"
        r" current_setting('pgschema.discard', true) e, 'a\b' f;",
    )
    project.migrate()
    assert project.applied == ["V001__a", "V002__b"]
    path = project.one("show search_path")
    (row,) = project.rows("select * from seen")
    assert row[:4] == ("postgres", "postgres", path, "2s")
    assert row[4:] in [("", "a\\b"), (None, "a\\b")]


def test_the_role_that_a_connection_asks_for_runs_every_file(project: Any) -> None:
    owner = project.db.owner
    owner.execute("create role deployer; grant pg_monitor to deployer")
    try:
        owner.execute(f'grant create on database "{project.db.name}" to deployer')
        owner.execute("grant create on schema public to deployer")
        project.conninfo = f"{project.conninfo} options='-c role=deployer'"
        project.add("V001__a", "set role pg_monitor; select 1;")
        project.add("V002__b", "create table seen as select current_user::text as it;")
        project.migrate()
        assert project.one("select it from seen") == "deployer"
        tables = "select distinct tableowner from pg_tables where schemaname = 'pgschema'"
        assert project.rows(tables) == [("deployer",)]
    finally:
        owner.execute("drop owned by deployer cascade; drop role deployer")


def test_deferred_triggers_run_under_the_settings_of_their_file(project: Any) -> None:
    project.add(
        "V001__a",
        "create schema app; set local search_path = app; create table t (x int);\n"
        "create table log (x int);\ncreate function f() returns trigger language plpgsql as"
        " $$ begin insert into log values (new.x); return null; end $$;\n"
        "create constraint trigger c after insert on t deferrable initially deferred"
        " for each row execute function f();\ninsert into t values (7);",
    )
    project.migrate()
    assert project.rows("select x from app.log") == [(7,)]


def test_temporary_things_do_not_reach_the_next_file(project: Any) -> None:
    project.add(
        "V001__a", "create temp table t (); prepare p as select 1; listen x;"
        " declare c cursor with hold for select 1;",
    )  # fmt: skip
    project.add("V002__b", "create temp table t (); prepare p as select 1;")
    project.migrate()
    assert project.applied == ["V001__a", "V002__b"]


def test_a_file_may_set_its_isolation_level(project: Any) -> None:
    project.add(
        "V001__a",
        "set transaction isolation level repeatable read;\n"
        "create table seen as select current_setting('transaction_isolation') as it;",
    )
    project.migrate()
    assert project.one("select it from seen") == "repeatable read"


def test_settings_of_the_role_do_not_cut_a_file_off(project: Any) -> None:
    project.db.owner.execute(f"alter database \"{project.db.name}\" set statement_timeout = '20ms'")
    project.db.owner.execute(
        f"alter database \"{project.db.name}\" set default_transaction_isolation = 'serializable'"
    )
    project.add("V001__a", "select pg_sleep(0.05); create table a ();")
    project.migrate()
    assert project.has("a")


def test_what_the_server_says_on_the_way_is_told(project: Any) -> None:
    project.add("V001__a", "do $$ begin raise notice 'hi'; raise warning 'ho'; end $$;")
    project.migrate()
    told = [(event.severity, event.message) for event in project.of(Noticed)]
    assert told == [("NOTICE", "hi"), ("WARNING", "ho")]


def test_an_edited_file_is_shown_with_its_difference(project: Any) -> None:
    project.add("V001__a", "create table a ();\n")
    project.migrate()
    project.add("V001__a", "create table a (b int);\n")
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS201", 1)
    assert "-create table a ();\n+create table a (b int);" in error.details["diff"]


def test_a_plan_is_read_without_writing_or_locking(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    with connect(project.conninfo) as other:
        from pgschema.apply.lock import LOCK_KEY

        other.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        plan = read_plan(project.conninfo, lambda ledger: plan_migrate(project.catalog, ledger))
    assert [step.stem for step in plan.steps] == ["V001__a"]
    assert (project.ledger.installed, project.has("a")) == (False, False)


def test_what_is_previewed_does_what_migrate_does(project: Any) -> None:
    project.add("V001__a", "create table a (t text);\ninsert into a values (E'\\\\ '' ø')\n-- end")
    project.add("V002__b", "create index concurrently a_t on a (t);")
    project.add("R__v", "create or replace view v as select 1 as x")
    plan = plan_migrate(project.catalog, project.ledger)
    for text in previews(plan, ApplyOptions(), installed=False):
        for message in _psql_messages(text):
            project.db.owner.execute(message.encode())
    assert project.applied == ["V001__a", "V002__b", "R__v"]
    assert not project.migrate().changed
    assert project.rows("select t from a") == [("\\ ' ø",)]


def _psql_messages(text: str) -> list[str]:
    from pgschema.sqltext import statements

    return [statement.text for statement in statements(text)]


def test_the_ledger_is_closed_to_api_roles_whatever_default_privileges_say(project: Any) -> None:
    owner = project.db.owner
    owner.execute("create role ledger_anon login; grant pg_read_all_data to ledger_anon")
    try:
        owner.execute("alter default privileges grant all on schemas to ledger_anon, public")
        owner.execute("alter default privileges grant all on tables to ledger_anon, public")
        owner.execute("alter default privileges grant all on sequences to ledger_anon, public")
        project.add("V001__a", "create table a ();")
        project.migrate()
        grants = project.rows(
            "select c.relname, a.grantee from pg_class c, aclexplode(c.relacl) a"
            " where c.relnamespace = 'pgschema'::regnamespace and a.grantee <> c.relowner"
        )
        assert grants == []
        open_tables = project.rows(
            "select relname from pg_class where relnamespace = 'pgschema'::regnamespace"
            " and relkind = 'r' and not relrowsecurity"
        )
        assert open_tables == []
        with project.db.connect("ledger_anon") as anon, pytest.raises(PgschemaError) as caught:
            read_ledger(anon)
        assert caught.value.code == "PGS314"
        owner.execute("revoke pg_read_all_data from ledger_anon")
        with project.db.connect("ledger_anon") as anon, pytest.raises(PgschemaError) as caught:
            read_ledger(anon)
        assert caught.value.code == "PGS314"
    finally:
        owner.execute("drop owned by ledger_anon cascade; drop role ledger_anon")


def test_nothing_is_done_through_a_transaction_pooler(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pooled(conn: Any) -> Any:
        return replace(inspect_server(conn), pid=1)

    monkeypatch.setattr("pgschema.apply.run.inspect_server", pooled)
    project.add("V001__a", "create table a ();")
    assert failure(project).code == "PGS311"
    assert (project.ledger.installed, project.has("a")) == (False, False)


def test_what_cannot_be_migrated_is_refused(project: Any) -> None:
    with connect(project.conninfo) as conn:
        server = inspect_server(conn)
        pooled: Any = SimpleNamespace(info=SimpleNamespace(backend_pid=server.pid + 1))
        with pytest.raises(PgschemaError) as caught:
            refuse_unfit(pooled, server)
        assert (caught.value.code, caught.value.exit_code) == ("PGS311", 2)
        for other, code in [
            (replace(server, version_number=140012, version="14.12"), "PGS312"),
            (replace(server, is_standby=True), "PGS313"),
            (replace(server, is_read_only=True), "PGS313"),
        ]:
            with pytest.raises(PgschemaError) as caught:
                refuse_unfit(conn, other)
            assert (caught.value.code, caught.value.exit_code) == (code, 2)


def test_a_read_only_database_is_refused(project: Any) -> None:
    project.db.owner.execute(
        f'alter database "{project.db.name}" set default_transaction_read_only = on'
    )
    project.add("V001__a", "select 1;")
    assert failure(project).code == "PGS313"


def test_a_server_that_cannot_watch_its_client_is_served_all_the_same(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    impossible = "set client_connection_check_interval = 'never'"
    monkeypatch.setattr("pgschema.database.CHECK_INTERVAL", impossible)
    project.add("V001__a", "create table a ();")
    project.migrate()
    assert project.has("a")


def test_a_database_that_is_not_there_is_told_without_the_password(bare_db: Clone) -> None:
    with pytest.raises(PgschemaError) as caught:
        connect(bare_db.conninfo, dbname="nowhere", password="s3cret")
    assert (caught.value.code, caught.value.exit_code) == ("PGS310", 2)
    assert "nowhere" in caught.value.cause
    assert "s3cret" not in str(caught.value) + str(caught.value.details)


def test_a_connection_string_that_cannot_be_read_is_told() -> None:
    with pytest.raises(PgschemaError) as caught:
        connect("postgresql://[broken")
    assert caught.value.code == "PGS310"


def test_a_server_that_goes_away_between_two_files_is_told_as_such(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("V001__a", "select 1;")

    def gone(conn: Any) -> Any:
        raise psycopg.OperationalError("the connection is closed")

    monkeypatch.setattr("pgschema.apply.run.read_ledger", gone)
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS304", 3)


def test_a_server_lost_while_the_ledger_is_made_is_told_as_lost(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("V001__a", "select 1;")

    def cut(conn: Any, message: str) -> None:
        project.db.owner.execute("select pg_terminate_backend(%s, 5000)", (conn.info.backend_pid,))
        send(conn, message)

    monkeypatch.setattr("pgschema.apply.run.send", cut)
    error = failure(project)
    assert (error.code, error.exit_code) == ("PGS304", 3)
    assert not project.ledger.installed


def test_foreign_folders_are_migrated_as_they_are(project: Any, tmp_path: Path) -> None:
    (tmp_path / "migrations" / "sub").mkdir()
    for name, text in {
        "V1__x": "create table x ();",
        "sub/V1.2__y": "create table y ();",
        "V20240101__z": "create table z ();",
        "R__v": "create or replace view v as select 1 as a;",
    }.items():
        (tmp_path / "migrations" / f"{name}.sql").write_text(text)
    result = project.migrate()
    assert [f.step.stem for f in result.finished] == ["V1__x", "V1.2__y", "V20240101__z", "R__v"]
    assert result.plan.notes == ("V1__x and 2 more: no rollback file",)
