from __future__ import annotations

import pytest

from pgschema.testing.tap import parse

GOOD = """
1..3
ok 1 - a
not ok 2 - b # TODO later
ok 3 - c # SKIP no reason
"""

BAD = {
    "a failed assertion": "1..1\nnot ok 1 - a",
    "fewer than planned": "1..2\nok 1",
    "more than planned": "1..1\nok 1\nok 2",
    "no plan": "ok 1",
    "two plans": "1..1\nok 1\n1..1",
    "a plan in the middle": "ok 1\n1..2\nok 2",
    "a number left out": "1..2\nok 1\nok 3",
    "a number twice": "1..2\nok 1\nok 1",
    "nothing planned and no reason": "1..0",
    "nothing at all": "",
    "bailed out": "1..1\nok 1\nBail out! no disk",
}


def _passes(text: str) -> bool:
    return parse(text.strip().splitlines()).passed


def test_passed_todo_and_skipped_assertions_pass() -> None:
    assert _passes(GOOD)


def test_the_plan_may_come_last() -> None:
    assert _passes("ok 1\nok 2\n1..2")


def test_a_whole_file_may_be_skipped() -> None:
    assert _passes("1..0 # SKIP not on this server")


def test_numbers_may_be_left_out() -> None:
    assert _passes("1..2\nok - a\nok - b")


def test_lines_that_are_not_tap_are_passed_over() -> None:
    assert _passes("SET\n1..1\n\n  ok 9 indented\nok 1\nokay")


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_stream_fails_with(text: str) -> None:
    assert not _passes(text)


def test_an_escaped_hash_does_not_begin_a_directive() -> None:
    (one,) = parse(["1..1", r"not ok 1 - issue \# TODO"]).assertions
    assert (one.description, one.directive, one.acceptable) == ("issue # TODO", "", False)


def test_comments_belong_to_the_assertion_above() -> None:
    report = parse(["1..1", "not ok 1 - a", "# have: 1", "# want: 2"])
    assert report.assertions[0].diagnostics == ("have: 1", "want: 2")
    assert "have: 1" in str(report)
