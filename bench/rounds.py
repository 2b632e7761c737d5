"""Takes the figures: every tool in turn, round after round, each step's effect checked."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.clock import Command, timed
from bench.errors import BenchError
from bench.figures import Figure, rotated
from bench.proxy import far_away
from bench.servers import Server, fresh_database, require_shape
from bench.tools import Missing, Tool
from bench.tools.base import Target
from bench.workload import changes, expected_shape

APPLY, AGAIN, STATUS, ROLLBACK, START = "apply", "up-to-date run", "status", "rollback all", "help"


@dataclass(frozen=True)
class Scenario:
    """What one table of the report measures.

    A tool that needs more than `patience_s` for a round takes part in the first one only.
    """

    name: str
    count: int
    rounds: int
    actions: tuple[str, ...] = (APPLY, AGAIN, STATUS, ROLLBACK)
    round_trip_ms: float = 0
    patience_s: float = 60


@dataclass(frozen=True)
class Outcome:
    """A scenario's figures in milliseconds by (tool, action), and the tools that failed in it."""

    scenario: Scenario
    figures: Mapping[tuple[str, str], Figure]
    failed: tuple[Missing, ...] = ()

    def figure(self, tool: str, action: str) -> Figure | None:
        """Return one figure; None when the tool was not there, failed or has no such action."""
        return self.figures.get((tool, action))


@dataclass
class _Course:
    """A scenario under way: what it has measured and who is out."""

    server: Server
    scenario: Scenario
    folder: Path
    far: Path | None
    samples: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, str] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)


def take(server: Server, tools: tuple[Tool, ...], scenario: Scenario, folder: Path) -> Outcome:
    """Run a scenario's rounds and return what they measured; `folder` is for its files."""
    with _distance(server, scenario, folder) as far:
        course = _Course(server, scenario, folder, far)
        for tool in tools:
            files = folder / tool.name
            files.mkdir(mode=0o755)
            tool.write(changes(scenario.count), files)
        for turn in range(scenario.rounds):
            for tool in rotated(tools, turn):
                _turn(course, tool, turn)
    figures = {key: Figure(tuple(found)) for key, found in course.samples.items()}
    failed = tuple(Missing(name, reason) for name, reason in course.failed.items())
    return Outcome(scenario, figures, failed)


@contextlib.contextmanager
def _distance(server: Server, scenario: Scenario, folder: Path) -> Iterator[Path | None]:
    if not scenario.round_trip_ms:
        yield None
        return
    with far_away(folder, server.socket, scenario.round_trip_ms) as far:
        yield far


def _turn(course: _Course, tool: Tool, turn: int) -> None:
    if tool.name in course.failed or (turn and tool.name in course.slow):
        return
    _say(f"{course.scenario.name}: round {turn + 1}/{course.scenario.rounds}: {tool.name}")
    started = time.monotonic()
    try:
        _steps(course, tool)
    except BenchError as error:
        # A tool that cannot do the work is a finding about the tool, not the end of the run.
        course.failed[tool.name] = str(error)
        for key in [key for key in course.samples if key[0] == tool.name]:
            del course.samples[key]
    if time.monotonic() - started > course.scenario.patience_s:
        course.slow.add(tool.name)


def _steps(course: _Course, tool: Tool) -> None:
    dbname = "bench_" + tool.name.replace("-", "_")
    fresh_database(course.server, dbname)
    target = course.server.target(dbname, course.far)
    for action in course.scenario.actions:
        act = _act(tool, action)
        if act is None:
            continue
        home = course.folder
        spent = timed(act(course.folder / tool.name, target), home=home)
        course.samples[tool.name, action].append(spent)
        left = 0 if action == ROLLBACK else course.scenario.count
        require_shape(course.server, dbname, expected_shape(left), f"{tool.name}, {action}")


def _act(tool: Tool, action: str) -> Callable[[Path, Target], tuple[Command, ...]] | None:
    acts = {APPLY: tool.apply, AGAIN: tool.again, STATUS: tool.status, ROLLBACK: tool.rollback}
    return acts[action]


def take_starts(commands: Mapping[str, Command], rounds: int, folder: Path) -> Outcome:
    """Time the cheapest command of each tool, which shows what starting it costs."""
    samples: dict[tuple[str, str], list[float]] = defaultdict(list)
    failed: dict[str, str] = {}
    for turn in range(rounds + 1):
        for name in rotated(tuple(commands), turn):
            try:
                spent = timed((commands[name],), home=folder)
            except BenchError as error:
                failed[name] = str(error)
                continue
            if turn:  # the first round fills the disk cache and writes the byte code
                samples[name, START].append(spent)
    figures = {key: Figure(tuple(found)) for key, found in samples.items() if key[0] not in failed}
    gone = tuple(Missing(name, reason) for name, reason in failed.items())
    return Outcome(Scenario("start", 0, rounds, (START,)), figures, gone)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
