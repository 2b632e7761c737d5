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
        "PGS705: a stub would overwrite a file",
        "cause: tests/x.sql is already there",
        "fix: choose another name, or move that file away",
        "more: pgschema rule PGS705",
    ]


def test_a_cause_of_several_lines_stays_one_line() -> None:
    error = PgschemaError("PGS701", message="first\n  second", help_command="x --help")
    assert failure_text(error).splitlines()[1] == "cause: first second"


def test_what_the_server_said_follows_the_four_lines() -> None:
    error = PgschemaError(
        "PGS705",
        path="x",
        excerpt="12 | select 1/0\n   |         ^",
        detail="a detail",
        hint="a hint",
        context="line one\nline two",
    )
    assert failure_text(error).splitlines()[4:] == [
        "",
        "    12 | select 1/0",
        "       |         ^",
        "detail: a detail",
        "hint: a hint",
        "context: line one",
        "    line two",
    ]


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
