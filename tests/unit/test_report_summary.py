from __future__ import annotations

from pgschema.overview import TableCount
from pgschema.report.summary import counts_table, next_steps


def test_empty_tables_are_left_out_and_unreadable_ones_said() -> None:
    counts = (TableCount("public.a", 0), TableCount("public.b", 1), TableCount("stats.c", None))
    assert counts_table(counts).rows == (("b", "1"), ("stats.c", "not readable"))


def test_an_estimate_is_marked_as_one() -> None:
    counts = (TableCount("public.a", 5_000_000, is_estimate=True),)
    assert counts_table(counts).rows == (("a", "~5,000,000"),)


def test_a_long_list_of_tables_is_cut() -> None:
    counts = tuple(TableCount(f"public.t{n:03}", 1) for n in range(40))
    rows = counts_table(counts).rows
    assert len(rows) == 31
    assert rows[-1] == ("and 10 more", "")


def test_what_needs_the_embedded_server_is_offered_only_with_one() -> None:
    assert "server stop" in next_steps("pgschema", "psql")
    assert "server" not in next_steps("pgschema", None)
    assert "bin/pgschema status" in next_steps("bin/pgschema", None)
