"""What row security costs a coordinator's two screens: `python -m bench.rls`.

The same rows are read twice: as the coordinator under the policies, with `set local role` and
claims as PostgREST gives them; and as a superuser, whom no policy holds, with the chapters named.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import results
from bench.errors import BenchError
from bench.figures import Figure, percentile, readable
from bench.population import CHAPTER, USER, Size, populated, row_id
from bench.servers import running_server
from bench.tables import table

_SIZE = Size(orgs=3, chapters=1400, mentors=14_000, assignments=100_000)
_SMALL = Size(orgs=3, chapters=30, mentors=300, assignments=2_000)
_BUDGET_MS = 100.0
_WARM_UP = 10

_LIST = """
select id, title, status, due_at, peer_mentor_id, updated_at
from public.assignments
where status in ('dispatched', 'accepted', 'in_progress') {scope}
order by updated_at desc, id
limit 50
"""
_MENTORS = """
select id, display_name, assignment_count, completed_assignment_count
from public.peer_mentors
where status = 'active' {scope}
order by assignment_count desc, id
"""
_SCREENS = {"open assignments, 50 newest": _LIST, "mentors with their counts": _MENTORS}
_NAMED = "and chapter_id = any (%s::uuid[])"


@dataclass(frozen=True)
class Screen:
    """One screen's figures in milliseconds, and how many rows both ways returned."""

    name: str
    rows: int
    under_rls: Figure
    without: Figure


def measure(conninfo: str, runs: int) -> tuple[Screen, ...]:
    """Return the screens' figures; the two ways take turns. Raises BenchError when they differ."""
    chapters = [row_id(CHAPTER, number) for number in range(1, 6)]
    screens = []
    with psycopg.connect(conninfo) as coordinator, psycopg.connect(conninfo) as superuser:
        _sign_in(coordinator)
        for name, query in _SCREENS.items():
            samples: dict[str, list[float]] = defaultdict(list)
            for turn in range(_WARM_UP + runs):
                spent, seen = _timed(coordinator, query.format(scope=""), None)
                other, named = _timed(superuser, query.format(scope=_NAMED), (chapters,))
                if seen != named or not seen:
                    raise BenchError(f"{name}: {len(seen)} rows under RLS, {len(named)} without")
                if turn >= _WARM_UP:
                    samples["rls"].append(spent)
                    samples["plain"].append(other)
            rls, plain = Figure(tuple(samples["rls"])), Figure(tuple(samples["plain"]))
            screens.append(Screen(name, len(seen), rls, plain))
    return tuple(screens)


def _sign_in(connection: psycopg.Connection) -> None:
    claims = json.dumps({"sub": row_id(USER, 1), "role": "authenticated"})
    connection.execute("set local role authenticated")
    connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))


def _timed(
    connection: psycopg.Connection, query: str, parameters: tuple[list[str]] | None
) -> tuple[float, list[tuple[object, ...]]]:
    started = time.perf_counter()
    rows = connection.execute(query.encode(), parameters).fetchall()
    return (time.perf_counter() - started) * 1000, rows


def body(screens: Sequence[Screen], size: Size) -> str:
    """Return the Markdown: the data's size, the table, the verdict."""
    header = ("screen", "rows", "under RLS: median", "p95", "without: median", "p95", "ratio")
    rows = [
        (
            *(screen.name, str(screen.rows)),
            *(
                readable(screen.under_rls.median),
                readable(percentile(screen.under_rls.samples, 0.95)),
            ),
            *(readable(screen.without.median), readable(percentile(screen.without.samples, 0.95))),
            f"{readable(screen.under_rls.median / screen.without.median)} x",
        )
        for screen in screens
    ]
    slowest = max(percentile(screen.under_rls.samples, 0.95) for screen in screens)
    verdict = "pass" if slowest <= _BUDGET_MS else "FAIL"
    return (
        f"{size.orgs} organisations, {size.chapters:,} chapters, {size.mentors:,} mentors, "
        f"{size.assignments:,} assignments; a coordinator of five chapters; ms, "
        f"{len(screens[0].under_rls.samples)} warm runs.\n\n{table(header, rows)}\n"
        f"Every screen within {_BUDGET_MS:.0f} ms (p95) under row security: {verdict}\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and keep the table; exit 1 when a screen is over its budget."""
    parser = argparse.ArgumentParser(prog="python -m bench.rls", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short check; no figures")
    parser.add_argument("--out", type=Path, help="the folder of the results")
    options = parser.parse_args(arguments)
    size, runs = (_SMALL, 5) if options.quick else (_SIZE, 200)
    try:
        with running_server() as server:
            populated(server, "bench_rls", size, to="V003")
            screens = measure(server.conninfo("bench_rls"), runs)
    except BenchError as error:
        print(f"bench.rls: {error}", file=sys.stderr)
        return 2
    report = results.Report(
        name="rls",
        title="What row security costs",
        machine=server.machine,
        facts={"size": vars(size), "screens": [_facts(screen) for screen in screens]},
        body=body(screens, size),
        quick=options.quick,
    )
    results.conclude(report, options.out)
    return int("FAIL" in report.body)


def _facts(screen: Screen) -> dict[str, object]:
    return {
        "screen": screen.name,
        "rows": screen.rows,
        "under_rls_ms": [round(sample, 3) for sample in screen.under_rls.samples],
        "without_ms": [round(sample, 3) for sample in screen.without.samples],
    }


if __name__ == "__main__":
    raise SystemExit(main())
