from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import pgschema
from pgschema.errors import CATALOGUE, Failure, PgschemaError, failure

PACKAGE = Path(pgschema.__file__).parent
TESTS = Path(__file__).parents[1]
CODE = re.compile(r"PGS\d{3}")

every_failure = pytest.mark.parametrize(
    "failure", CATALOGUE.values(), ids=lambda failure: failure.code
)


def _codes_in_strings(path: Path) -> set[str]:
    """Return the codes that the strings of a module name, leaving out its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in constants if CODE.fullmatch(text)}


def _raised_codes() -> set[str]:
    modules = [m for m in PACKAGE.rglob("*.py") if "errors" not in m.relative_to(PACKAGE).parts]
    return set().union(*(_codes_in_strings(module) for module in modules))


def _tested_codes() -> set[str]:
    others = [m for m in TESTS.rglob("test_*.py") if m != Path(__file__)]
    return set().union(*(set(CODE.findall(m.read_text(encoding="utf-8"))) for m in others))


def test_codes_are_unique_across_the_families() -> None:
    from pgschema.errors import checks, commands, data, database, files, plan, server

    families = (checks, commands, data, database, files, plan, server)
    codes = [record.code for family in families for record in family.FAILURES]
    assert sorted(codes) == sorted(CATALOGUE)
    assert len(codes) == len(set(codes))


@every_failure
def test_a_record_is_complete(failure: Failure) -> None:
    assert CODE.fullmatch(failure.code)
    assert failure.exit_code in (1, 2, 3)
    for text in (failure.title, failure.cause, failure.fix, failure.explanation, failure.example):
        assert text.strip()
    assert "\n" not in failure.title
    assert not failure.title.endswith(".")


@every_failure
def test_templates_take_named_details_only(failure: Failure) -> None:
    for template in (failure.cause, failure.fix):
        for _, field, _, _ in Formatter().parse(template):
            assert field is None or field.isidentifier(), (failure.code, field)


def test_every_code_is_raised_by_the_package() -> None:
    assert sorted(set(CATALOGUE) - _raised_codes()) == []


def test_every_code_has_a_test() -> None:
    assert sorted(set(CATALOGUE) - _tested_codes()) == []


def test_no_module_raises_a_code_that_is_not_catalogued() -> None:
    assert sorted(_raised_codes() - set(CATALOGUE)) == []


def test_an_error_fills_its_templates_from_the_details_of_the_case() -> None:
    error = PgschemaError("PGS705", path="tests/x.sql")
    assert error.cause == "tests/x.sql is already there"
    assert str(error) == "PGS705: A stub would overwrite a file: tests/x.sql is already there"


def test_a_code_is_found_in_any_case() -> None:
    assert failure("pgs705").code == "PGS705"
