"""Compares pgschema with its peers: `python -m bench.migrate`, or `--quick` for a check."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench import results
from bench.clock import Command
from bench.errors import BenchError
from bench.migrate_report import Run, report
from bench.proxy import far_away
from bench.rounds import APPLY, ROLLBACK, Outcome, Scenario, take, take_starts
from bench.servers import Server, running_server, scratch_folder
from bench.tools import NAMES, Tool, find_tools

_ROUND_TRIP_MS = 20.0
_PARTS = ("hundred", "thousand", "far", "start")
_IMPORTS = ("pass", "import pgschema", "import pgschema.apply", "import psycopg")


def scenarios(options: argparse.Namespace) -> dict[str, Scenario]:
    """Return what to measure on the server, keyed as the goals expect it."""
    small, large, far = (5, 10, 5) if options.quick else (100, 1000, 20)
    rounds, few = (1, 1) if options.quick else (options.rounds, options.few_rounds)
    every = {
        "hundred": Scenario("hundred", small, rounds),
        "thousand": Scenario("thousand", large, few),
        "far": Scenario("far", far, few, (APPLY, ROLLBACK), _ROUND_TRIP_MS),
    }
    return {name: every[name] for name in every if name in options.only}


def measure(
    server: Server, tools: tuple[Tool, ...], options: argparse.Namespace, folder: Path
) -> dict[str, Outcome]:
    """Take every scenario that was asked for and return the outcomes by name."""
    if not options.quick:
        # The first run of each program reads it from disk and writes its byte code.
        take(server, tools, Scenario("warm-up", 5, 1), _subfolder(folder, "warm-up"))
    outcomes = {
        name: take(server, tools, scenario, _subfolder(folder, name))
        for name, scenario in scenarios(options).items()
    }
    if "start" in options.only:
        commands = {tool.name: tool.start for tool in tools}
        for code in _IMPORTS:
            commands[f"python -c '{code}'"] = Command((sys.executable, "-c", code))
        outcomes["start"] = take_starts(commands, 1 if options.quick else 15, folder)
    return outcomes


def _subfolder(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir(mode=0o755)
    return made


def round_trip(server: Server, folder: Path) -> float:
    """Return the round trip that the proxy really gives, in milliseconds."""
    with far_away(_subfolder(folder, "probe"), server.socket, _ROUND_TRIP_MS) as far:
        conninfo = psycopg.conninfo.make_conninfo(server.conninfo("postgres"), host=str(far))
        with psycopg.connect(conninfo, autocommit=True) as connection:
            return statistics.median(_one_trip(connection) for _ in range(5))


def _one_trip(connection: psycopg.Connection) -> float:
    started = time.perf_counter()
    connection.execute("select 1")
    return (time.perf_counter() - started) * 1000


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.migrate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few migrations once; no figures")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of 100 migrations")
    parser.add_argument("--few-rounds", type=int, default=3, help="rounds of 1,000, and far away")
    parser.add_argument("--tools", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--only", nargs="+", default=list(_PARTS), choices=_PARTS)
    parser.add_argument("--out", type=Path, help="the folder of the results")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and keep the report; exit 1 when a goal is not met."""
    options = options_of(arguments)
    tools, missing = find_tools(tuple(options.tools))
    try:
        with running_server() as server, scratch_folder() as folder:
            outcomes = measure(server, tools, options, folder)
            trip = round_trip(server, folder)
            run = Run(server.machine, tools, missing, outcomes, trip, options.quick)
    except BenchError as error:
        print(f"bench.migrate: {error}", file=sys.stderr)
        return 2
    done = report(run)
    results.conclude(done, options.out)
    return int(not options.quick and "FAIL" in done.body)


if __name__ == "__main__":
    raise SystemExit(main())
