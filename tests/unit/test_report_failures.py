from __future__ import annotations

import pytest

from pgschema.errors import CATALOGUE, Failure, PgschemaError
from pgschema.report.failures import (
    failure_document,
    failure_index,
    failure_page,
    failure_text,
)


def test_an_error_is_four_lines() -> None:
    error = PgschemaError("PGS705", path="tests/x.sql")
    assert failure_text(error).splitlines() == [
        "PGS705: A stub would overwrite a file",
        "cause: tests/x.sql is already there",
        "fix: choose another name, or move that file away",
        "more: pgschema rule PGS705",
    ]


def test_a_cause_of_several_lines_stays_one_line() -> None:
    error = PgschemaError("PGS701", message="first\n  second", help_command="x --help")
    assert failure_text(error).splitlines()[1] == "cause: first second"


def test_the_failing_line_is_shown_with_a_mark_below_its_column() -> None:
    source = "-- V003\ncreate table x (\n\tid uuidd\n);"
    error = PgschemaError("PGS705", path="V003.sql", where="V003.sql:3:5", line=3, column=5)
    assert failure_text(error, source=source).splitlines()[4:] == [
        "",
        "  V003.sql:3:5",
        "    2 | create table x (",
        "    3 |  id uuidd",
        "      |     ^",
    ]


@pytest.mark.parametrize("place", [{}, {"line": None, "column": None}, {"line": 9, "column": 1}])
def test_an_error_without_a_place_in_the_file_has_no_excerpt(place: dict[str, object]) -> None:
    error = PgschemaError("PGS705", path="x", where="x", **place)
    assert len(failure_text(error, source="select 1").splitlines()) == 4


def test_what_the_server_said_follows_the_four_lines() -> None:
    error = PgschemaError(
        "PGS705", path="x", detail="a detail", hint="a hint", context="line one\nline two"
    )
    assert failure_text(error).splitlines()[4:] == [
        "detail: a detail",
        "hint: a hint",
        "context: line one",
        "    line two",
    ]


def test_an_example_that_is_a_command_is_shown_as_one() -> None:
    command = Failure("PGS999", "t", "c", "f", 2, "e", "pgschema up --x   # not there")
    sentence = Failure("PGS999", "t", "c", "f", 2, "e", "Two files with one number.")
    assert "```sh\npgschema up --x" in failure_page(command)
    assert "```" not in failure_page(sentence)


def test_the_document_holds_only_what_json_can_carry() -> None:
    error = PgschemaError("PGS705", path="x", many=("a", 1), thing=object, none=None)
    details = failure_document(error)["details"]
    assert details == {"path": "x", "many": ["a", 1], "thing": str(object), "none": None}


@pytest.mark.parametrize("failure", CATALOGUE.values(), ids=lambda failure: failure.code)
def test_every_page_tells_title_cause_fix_example_and_exit_code(failure: Failure) -> None:
    page = failure_page(failure)
    assert page.startswith(f"# {failure.code}: {failure.title}\n")
    for part in ("**What happened.**", "**What to do.**", "## An example", failure.example.strip()):
        assert part in page
    assert f"Exit code {failure.exit_code}" in page
    assert "{" not in page.replace(failure.example.strip(), "").replace(failure.explanation, "")


def test_the_index_links_every_code_once() -> None:
    index = failure_index(CATALOGUE)
    for code in CATALOGUE:
        assert index.count(f"]({code}.md)") == 1
