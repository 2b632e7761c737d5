"""The benchmark's migrations: the same SQL for every tool, each undone exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.tools import alembic, dbmate, node_pg_migrate, ours, psql, sqitch, yoyo
from bench.workload import Change, Shape, changes, expected_shape

WRITERS = [alembic, dbmate, node_pg_migrate, ours, psql, sqitch, yoyo]


def test_as_many_migrations_as_asked_for_are_written_in_order() -> None:
    made = changes(12)

    assert [change.number for change in made] == list(range(1, 13))
    assert len({change.name for change in made}) == 12


def test_more_migrations_begin_with_the_same_ones() -> None:
    assert changes(20)[:7] == changes(7)


def test_five_migrations_build_one_table_and_what_it_needs() -> None:
    assert expected_shape(5) == Shape(1, 1, 1, 1, 1)
    assert expected_shape(7) == Shape(2, 2, 1, 1, 1)
    assert expected_shape(0) == Shape(0, 0, 0, 0, 0)


@pytest.mark.parametrize("change", changes(5), ids=lambda change: change.name)
def test_every_kind_has_an_undo(change: Change) -> None:
    assert change.up.strip().endswith(";")
    assert change.down.strip().endswith(";")
    assert "drop" in change.down


@pytest.mark.parametrize("change", changes(5), ids=lambda change: change.name)
def test_the_sql_holds_nothing_that_a_tool_would_read_as_its_own(change: Change) -> None:
    text = change.up + change.down

    assert not [mark for mark in ("%", "{", "}", "\\", '"""', " :") if mark in text]
    assert "-- migrate" not in text


@pytest.mark.parametrize("module", WRITERS, ids=lambda module: module.__name__.split(".")[-1])
def test_every_tool_gets_the_same_sql(module: object, tmp_path: Path) -> None:
    made = changes(5)

    module._write(made, tmp_path)  # type: ignore[attr-defined]

    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert [change.name for change in made if written.count(change.up) != 1] == []
    assert [change.name for change in made if written.count(change.down) != 1] == []


@pytest.mark.parametrize("module", [dbmate, node_pg_migrate, yoyo])
def test_files_sort_in_the_order_of_their_numbers(module: object, tmp_path: Path) -> None:
    made = changes(1000)

    module._write(made, tmp_path)  # type: ignore[attr-defined]

    files = sorted(path for path in tmp_path.iterdir() if ".rollback" not in path.name)
    assert [change.name in path.name for change, path in zip(made, files, strict=True)] == (
        [True] * 1000
    )
