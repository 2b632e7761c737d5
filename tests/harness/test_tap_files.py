"""SQL files as tests of pytest: named by a setting, each with its own database, judged by TAP."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

SETTINGS = """
[pytest]
pgschema_sql_files = sql/*.sql
"""

FILES = {
    "good": "select plan(1); select ok(true, 'holds');",
    "migrated": "select plan(1); select has_table('public', 'organizations');",
    "leaves_a_table": "create table public.evidence (); select plan(1); select ok(true);",
    "finds_no_table": "select plan(1); select hasnt_table('public', 'evidence');",
    "bad": "select plan(2); select ok(true); select is(1, 2, 'one is two');",
    "dying": "select plan(1);\nselect ok(true);\nselect 1/0;",
    "short": "select plan(2); select ok(true);",
}


@pytest.fixture
def result(pytester: pytest.Pytester) -> pytest.RunResult:
    pytester.makeini(SETTINGS)
    folder = pytester.mkdir("sql")
    for name, text in FILES.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    (pytester.path / "outside.sql").write_text("select plan(1);", encoding="utf-8")
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rA", str(pytester.path))


def test_files_pass_and_fail_by_their_tap(result: pytest.RunResult) -> None:
    result.assert_outcomes(passed=4, failed=3)
    result.stdout.re_match_lines_random(
        [
            r"PASSED sql/finds_no_table\.sql::tap",
            r"PASSED sql/good\.sql::tap",
            r"PASSED sql/migrated\.sql::tap",
            r"not ok 2 - one is two",
            r"    have: 1",
            r"    want: 2",
            r"1 of 2 assertions hold",
            r"problem: died: 22012: division by zero",
            r"problem: planned 2 assertions and ran 1",
        ]
    )


def test_a_failed_file_keeps_its_database(result: pytest.RunResult) -> None:
    assert result.stdout.str().count("psql 'host=") == 3
