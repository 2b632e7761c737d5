"""The benchmark's statistics, tables and pictures."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench.bars import Bar, svg, text
from bench.figures import Figure, percentile, readable, rotated
from bench.tables import table

_SVG = "{http://www.w3.org/2000/svg}"


def test_a_median_is_the_middle_sample() -> None:
    figure = Figure((9.0, 1.0, 5.0))

    assert (figure.median, figure.minimum, figure.maximum) == (5.0, 1.0, 9.0)


def test_a_median_of_two_lies_between_them() -> None:
    assert Figure((1.0, 4.0)).median == 2.5


def test_a_figure_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        Figure(())


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.5, 5), (0.51, 6), (0.95, 10), (0.9, 9), (1.0, 10)]
)
def test_a_percentile_is_a_sample_that_the_share_does_not_exceed(share: float, value: int) -> None:
    assert percentile(range(1, 11), share) == value


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        percentile((), 0.5)


def test_a_share_is_not_a_percentage() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile((1.0,), 95)


def test_every_tool_begins_a_round_in_turn() -> None:
    tools = ("a", "b", "c")

    assert [rotated(tools, turn)[0] for turn in range(4)] == ["a", "b", "c", "a"]
    assert rotated(tools, 1) == ("b", "c", "a")
    assert rotated((), 3) == ()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(4463.2, "4463"), (100.0, "100"), (97.34, "97.3"), (0.8123, "0.81"), (0.0, "0")],
)
def test_three_digits_that_count_are_shown(value: float, shown: str) -> None:
    assert readable(value) == shown


def test_a_table_is_aligned() -> None:
    assert table(("tool", "ms"), [("psql", "9"), ("x", "1000")]) == (
        "| tool |   ms |\n|------|-----:|\n| psql |    9 |\n| x    | 1000 |\n"
    )


def test_a_picture_shows_the_shortest_bar_first_and_escapes_labels() -> None:
    drawn = svg("a & b", "ms", [Bar("slow<", 200), Bar("pgschema", 100, "ours")])

    texts = [element.text for element in ElementTree.fromstring(drawn).iter(f"{_SVG}text")]
    assert texts == ["a & b", "pgschema", "100 ms", "slow<", "200 ms"]


def test_the_longest_bar_fills_the_terminals_width() -> None:
    lines = text("ms", [Bar("a", 50), Bar("bb", 100)], width=10).splitlines()

    assert lines == [" a ##### 50.0 ms", "bb ########## 100 ms"]
