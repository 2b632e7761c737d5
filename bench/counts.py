"""What an exact assignment count costs: V002's ledger against the obvious ways to keep one.

`python -m bench.counts`: four variants of the same schema, in one run, within three minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import pgbench, results
from bench.count_variants import VARIANTS, Variant
from bench.cpu import cpu_seconds
from bench.errors import BenchError
from bench.figures import readable
from bench.population import CHAPTER, MENTOR, ORG, Size, clone, populated, row_id
from bench.programs import find_program
from bench.servers import Server, running_server, scratch_folder
from bench.tables import table

_SIZE = Size(orgs=1, chapters=5, mentors=1000)
_CROWD = 20  # so many mentors share the transactions of four inserts: they do meet


@dataclass(frozen=True)
class Effort:
    """How long each measurement lasts."""

    single_rows: int
    copied_rows: int
    seconds: int


@dataclass(frozen=True)
class Cost:
    """One variant's row of the table."""

    variant: str
    cpu_us_a_row: float
    hot_tps: float
    crossed_tps: float
    deadlocks: int
    copy_cpu_s: float
    exact: bool


def insert_of(mentor: str) -> str:
    """Return the SQL that inserts one assignment of a mentor, given as an expression."""
    return (
        "insert into public.assignments (org_id, chapter_id, peer_mentor_id, title) values ("
        f"bench.id({ORG}, 1), bench.id({CHAPTER}, ({mentor}) % {_SIZE.chapters} + 1), "
        f"bench.id({MENTOR}, {mentor}), 'Oppdrag');\n"
    )


def crossed_script() -> str:
    """Return pgbench's script of one transaction that counts for four mentors in any order."""
    draws = "".join(f"\\set m{turn} random(1, {_CROWD})\n" for turn in range(4))
    inserts = "".join(insert_of(f":m{turn}::integer") for turn in range(4))
    return f"{draws}begin;\n{inserts}commit;\n"


def measure(server: Server, variant: Variant, effort: Effort, folder: Path) -> Cost:
    """Return one variant's costs, each part on the same fresh copy of the schema."""
    dbname = "bench_counts_variant"
    conninfo = clone(server, "bench_counts", dbname)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        _install(connection, variant)
        connection.execute("checkpoint")
        single = _single_rows(connection, effort.single_rows)
        copied = _copy(connection, effort.copied_rows)
    program = find_program("pgbench", server.bin_dir)
    target = server.target(dbname)
    (folder / "hot.sql").write_text(insert_of("1"))
    (folder / "crossed.sql").write_text(crossed_script())
    hot = pgbench.run(program, folder / "hot.sql", target, clients=16, seconds=effort.seconds)
    crossed = pgbench.run(
        program, folder / "crossed.sql", target, clients=8, seconds=effort.seconds
    )
    return Cost(
        variant=variant.name,
        cpu_us_a_row=single * 1e6 / effort.single_rows,
        hot_tps=hot.tps,
        crossed_tps=crossed.tps,
        deadlocks=crossed.deadlocks,
        copy_cpu_s=copied,
        exact=_exact(conninfo),
    )


def _install(connection: psycopg.Connection, variant: Variant) -> None:
    if variant.sql is None:
        return
    found = connection.execute(
        "select tgname from pg_catalog.pg_trigger where tgrelid = 'public.assignments'::regclass"
        " and not tgisinternal and tgname like 'assignments\\_500\\_count\\_%'"
    ).fetchall()
    if not found:
        raise BenchError("V002's count triggers have other names than this benchmark knows")
    for (name,) in found:
        connection.execute(f'drop trigger "{name}" on public.assignments'.encode())
    if variant.sql:
        connection.execute(variant.sql.encode())


def _single_rows(connection: psycopg.Connection, rows: int) -> float:
    query = (
        "insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)"
        " values (%s::uuid, %s::uuid, %s::uuid, 'Oppdrag')"
    )
    for turn in range(20):  # until the statement is prepared and the plans are kept
        connection.execute(query.encode(), _key(turn), prepare=True)
    before = cpu_seconds(connection.info.backend_pid)
    for turn in range(rows):
        connection.execute(query.encode(), _key(turn), prepare=True)
    return cpu_seconds(connection.info.backend_pid) - before


def _copy(connection: psycopg.Connection, rows: int) -> float:
    text = "".join("\t".join(_key(turn)) + "\tOppdrag\n" for turn in range(rows))
    target = "copy public.assignments (org_id, chapter_id, peer_mentor_id, title) from stdin"
    before = cpu_seconds(connection.info.backend_pid)
    with connection.cursor().copy(target.encode()) as copy:
        copy.write(text)
    return cpu_seconds(connection.info.backend_pid) - before


def _key(turn: int) -> tuple[str, str, str]:
    """Return organisation, chapter and mentor of a row; neighbours belong to distant mentors."""
    mentor = turn * 37 % _SIZE.mentors + 1
    chapter = mentor % _SIZE.chapters + 1
    return row_id(ORG, 1), row_id(CHAPTER, chapter), row_id(MENTOR, mentor)


def _exact(conninfo: str) -> bool:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "select count(*) from public.peer_mentors as m where m.assignment_count <> ("
            "select count(*) from public.assignments as a where a.peer_mentor_id = m.id)"
        ).fetchone()
    return row == (0,)


def body(costs: Sequence[Cost]) -> str:
    """Return the Markdown of the table and its verdicts."""
    header = (
        *("variant", "CPU us a row", "hot row, 16 writers, tps", "4 inserts x 8 clients, tps"),
        *("deadlocks", "COPY 100k, CPU s", "count exact"),
    )
    rows = [
        (
            *(cost.variant, readable(cost.cpu_us_a_row), readable(cost.hot_tps)),
            *(readable(cost.crossed_tps), str(cost.deadlocks)),
            *(readable(cost.copy_cpu_s), "yes" if cost.exact else "no"),
        )
        for cost in costs
    ]
    return f"{table(header, rows)}\n{verdict(costs)}\n"


def verdict(costs: Sequence[Cost]) -> str:
    """Return the goal's line: V002 exact and without a deadlock, and every count as promised."""
    promised = {variant.name for variant in VARIANTS if variant.counts}
    wrong = [cost.variant for cost in costs if cost.variant in promised and not cost.exact]
    ours = [cost for cost in costs if cost.variant == VARIANTS[-1].name]
    fine = bool(ours) and not wrong and ours[0].deadlocks == 0
    return f"V002 exact and without a deadlock: {'pass' if fine else 'FAIL'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and keep the table; exit 1 when V002 deadlocks or miscounts."""
    parser = argparse.ArgumentParser(prog="python -m bench.counts", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short check; no figures")
    parser.add_argument("--out", type=Path, help="the folder of the results")
    options = parser.parse_args(arguments)
    effort = Effort(50, 500, 1) if options.quick else Effort(3000, 100_000, 10)
    costs = []
    try:
        with running_server() as server, scratch_folder() as folder:
            populated(server, "bench_counts", _SIZE, to="V002")
            for variant in VARIANTS:
                print(f"counts: {variant.name}", file=sys.stderr, flush=True)
                costs.append(measure(server, variant, effort, folder))
    except BenchError as error:
        print(f"bench.counts: {error}", file=sys.stderr)
        return 2
    report = results.Report(
        name="counts",
        title="What an exact assignment count costs",
        machine=server.machine,
        facts={"rows": [vars(cost) for cost in costs], "effort": vars(effort)},
        body=body(costs),
        quick=options.quick,
    )
    results.conclude(report, options.out)
    return int("FAIL" in report.body)


if __name__ == "__main__":
    raise SystemExit(main())
