from __future__ import annotations

from pathlib import Path

import pytest

from pgschema.errors import PgschemaError
from pgschema.sqltext import (
    SqlFile,
    Statement,
    inspect_file,
    read_directives,
    runs_alone,
    statements,
)


def one(text: str) -> Statement:
    (statement,) = statements(text)
    return statement


def refusal(text: str) -> PgschemaError:
    with pytest.raises(PgschemaError) as caught:
        inspect_file(SqlFile(Path("V001__x.sql"), text))
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        *("begin", "BEGIN WORK", "begin isolation level serializable", "start transaction"),
        *("commit", "Commit /* x */ work", "end", "end transaction", "abort", "rollback"),
        *("rollback work", "rollback and chain", "commit and chain", "rollback transaction"),
        *("prepare transaction 'x'", "-- hi\nCOMMIT"),
    ],
)
def test_transaction_control_is_recognised(text: str) -> None:
    assert one(text).ends_transaction
    assert refusal(f"select 1;\n  {text};").code == "PGS112"


@pytest.mark.parametrize(
    "text",
    [
        *("savepoint a", "release a", "release savepoint a", "rollback to a"),
        *("rollback to savepoint a", "rollback work to savepoint a", "prepare q as select 1"),
        *("do $$ begin commit; end $$", "select 'commit'", 'select "commit" from t'),
        *(
            "comment on table t is 'x'",
            "create function f() returns int begin atomic select 1; end",
        ),
        "/* commit; */ select 1 -- ; rollback",
    ],
)
def test_what_keeps_the_transaction_is_let_through(text: str) -> None:
    assert inspect_file(SqlFile(Path("V001__x.sql"), f"{text};"))


def test_a_commit_is_told_with_line_and_column() -> None:
    error = refusal("create table t (a int);\n-- å\n   COMMIT;\n")
    assert (error.code, error.exit_code) == ("PGS112", 2)
    assert (error.details["line"], error.details["column"]) == (3, 4)
    assert error.cause == "V001__x.sql:3:4: COMMIT"


@pytest.mark.parametrize(
    "text",
    [
        "copy t from stdin",
        "COPY t (a, b) FROM STDIN with (format csv)",
        "copy (select 1) to stdout",
    ],
)
def test_copy_over_the_wire_is_refused_before_its_data_is_read(text: str) -> None:
    error = refusal(f"select 1;\n{text};\nit's\t\\N\n\\.\n")
    assert error.code == "PGS114"
    assert error.details["line"] == 2


def test_copy_of_server_files_is_let_through() -> None:
    assert inspect_file(SqlFile(Path("x.sql"), "copy t from '/tmp/x'; copy t to program 'cat'"))


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("select 1;\n\\i other.sql\n", "PGS113", 2, 1),
        ("select 'ø', 'x", "PGS118", 1, 13),
        ("create schema\n  ${schema};", "PGS119", 2, 3),
        ("-- pgschema: no-transactions\nselect 1;", "PGS110", 1, 1),
        ("-- x\n-- pgschema: allow PGS412\nselect 1;", "PGS111", 2, 1),
        ("-- pgschema: no-transaction\nvacuum a;\nvacuum b;", "PGS115", 3, 1),
        ("create table a (b int);\ncreate index concurrently i on a (b);", "PGS116", 2, 1),
        ("create unique index concurrently on a (b);", "PGS117", 1, 1),
    ],
)
def test_a_refusal_points_at_its_place(text: str, code: str, line: int, column: int) -> None:
    error = refusal(text)
    assert (error.code, error.details["line"], error.details["column"]) == (code, line, column)
    assert error.fix


@pytest.mark.parametrize(
    "text",
    [
        *("create index concurrently i on a (b)", "create unique index concurrently i on a (b)"),
        *("drop index concurrently i", "drop index concurrently if exists i"),
        *("reindex index concurrently i", "reindex (verbose, concurrently) table t"),
        *("reindex schema s", "reindex (verbose) database d", "reindex system d"),
        *("alter table p detach partition q concurrently", "vacuum", "vacuum (full) t"),
        *("cluster", "cluster verbose", "create database d", "drop database if exists d"),
        *("alter database d set tablespace t", "alter system set work_mem = '1MB'"),
        *("create tablespace t location '/x'", "drop subscription s", "discard all"),
        *("commit prepared 'x'", "rollback prepared 'x'"),
    ],
)
def test_what_no_transaction_takes_runs_alone(text: str) -> None:
    assert one(text).refuses_transaction
    assert runs_alone(SqlFile(Path("x.sql"), text))
    assert inspect_file(SqlFile(Path("x.sql"), text))


@pytest.mark.parametrize(
    "text",
    [
        *("create index i on a (b)", "drop index i", "reindex table t", "reindex index i"),
        *(
            "cluster t using i",
            "refresh materialized view concurrently m",
            "alter database d set a = 1",
        ),
        *("alter table p detach partition q", "alter table t add concurrently int", "analyze t"),
        *("discard plans", "alter type e add value 'x'", "create schema database"),
        "select 'create index concurrently i on a (b)'",
    ],
)
def test_what_a_transaction_takes_runs_in_one(text: str) -> None:
    assert not one(text).refuses_transaction
    assert not runs_alone(SqlFile(Path("x.sql"), text))


def test_a_file_that_asks_for_it_runs_alone() -> None:
    assert runs_alone(SqlFile(Path("x.sql"), "-- pgschema: no-transaction\ncall p();"))
    assert not runs_alone(SqlFile(Path("x.sql"), "-- pgschema: no-transaction\n"))


def test_directives_stand_before_the_first_statement() -> None:
    text = (
        "/* a */\n-- V007: b\n--pgschema: No-Transaction\n\n-- pgschema: allow PGS103 because c d\n"
    )
    found = read_directives(text + "select 1;\n-- pgschema: nonsense\n")
    assert found.no_transaction
    assert found.allowed == (("PGS103", "c d"),)
    assert found.problems == found.unreasoned == ()


def test_prose_about_the_engine_is_no_directive() -> None:
    assert not read_directives("-- The pgschema: engine reads this.\nselect 1").problems


def test_the_isolation_level_of_a_file_is_found() -> None:
    assert one("set transaction isolation level repeatable read").isolation == "repeatable read"
    assert one("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").isolation == "serializable"
    assert one("set transaction read only").isolation is None


@pytest.mark.parametrize(
    ("one_way", "another"),
    [
        ("select 1;", "-- c\nSELECT   1\n;\n"),
        ("select a, b from t;", "select a,b /* x */ from T"),
        ("create table t (a int);;", "create table t(a int);"),
    ],
)
def test_comments_spacing_and_letter_case_do_not_change_the_meaning(
    one_way: str, another: str
) -> None:
    first, second = SqlFile(Path("a"), one_way), SqlFile(Path("b"), another)
    assert first.checksum != second.checksum
    assert first.semantic_checksum == second.semantic_checksum


@pytest.mark.parametrize(
    ("one_way", "another"),
    [
        ("select 1", "select 2"),
        ("select 'a b'", "select 'a  b'"),
        ('select "a"', 'select "A"'),
        ("select $$ a -- b\n$$", "select $$ a\n$$"),
        ("select 1; select 2", "select 1 select 2"),
        ("select a < = b", "select a <= b"),
    ],
)
def test_what_the_server_reads_differently_has_another_checksum(one_way: str, another: str) -> None:
    first, second = SqlFile(Path("a"), one_way), SqlFile(Path("b"), another)
    assert first.semantic_checksum != second.semantic_checksum
