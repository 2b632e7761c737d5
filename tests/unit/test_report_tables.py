from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pgschema.report.durations import counted, duration, moment
from pgschema.report.tables import plain, table


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    drawn = table(("table", "rows#"), [("activities", 1234567), ("x", 2)])
    assert (
        plain(drawn) == "  table            rows\n  activities  1,234,567\n  x                   2"
    )


def test_no_line_ends_in_blanks() -> None:
    drawn = table(("name", "note"), [("a", None), ("long name", "x")])
    assert all(line == line.rstrip() for line in plain(drawn).splitlines())


def test_a_title_stands_above() -> None:
    assert plain(table(("a",), [("b",)], title="Things")).splitlines()[0] == "Things"


def test_an_empty_table_shows_its_headings() -> None:
    assert plain(table(("a", "b"), [])) == "  a  b"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.2, "0 ms"),
        (41.4, "41 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (59_940, "59.9 s"),
        (59_960, "1 min"),
        (185_000, "3 min 5 s"),
    ],
)
def test_durations_read_as_a_person_says_them(milliseconds: float, text: str) -> None:
    assert duration(milliseconds) == text


def test_moments_are_utc_whatever_zone_they_came_in() -> None:
    oslo = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 7, 1, 1, 30, tzinfo=oslo)) == "2026-06-30 23:30:00Z"
    assert moment(datetime(2026, 7, 1, 1, 30, tzinfo=UTC)) == "2026-07-01 01:30:00Z"
    assert moment(None) == ""


def test_nouns_agree_with_their_number() -> None:
    assert [counted(n, "migration") for n in (0, 1, 2)] == [
        "no migrations",
        "1 migration",
        "2 migrations",
    ]
