"""Turns the comparison's figures into its report: goals first, then one table a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench import goals, results
from bench.bars import Bar, svg
from bench.figures import Figure, readable
from bench.machine import Machine
from bench.rounds import APPLY, ROLLBACK, START, Outcome
from bench.tables import table
from bench.tools import NAMES, Missing, Tool

_NOT_PEERS = ("psql", "pgschema")
_PEERS = tuple(name for name in NAMES if name not in _NOT_PEERS)


@dataclass(frozen=True)
class Run:
    """Everything that one run of the comparison found."""

    machine: Machine
    tools: tuple[Tool, ...]
    missing: tuple[Missing, ...]
    outcomes: Mapping[str, Outcome]
    round_trip_ms: float
    quick: bool


def report(run: Run) -> results.Report:
    """Return the run's report."""
    judged = goals.judge(run.outcomes, _PEERS)
    rows = [(goal.goal, goal.measured, goal.verdict) for goal in judged]
    sections = [table(("goal", "measured", "verdict"), rows)]
    sections += [_section(outcome, run) for outcome in run.outcomes.values()]
    sections.append(_versions(run))
    facts = {
        "goals": [vars(goal) for goal in judged],
        "tools": {tool.name: tool.version for tool in run.tools},
        "missing": [vars(gone) for gone in run.missing],
        "failed": [vars(gone) for outcome in run.outcomes.values() for gone in outcome.failed],
        "round_trip_ms": round(run.round_trip_ms, 2),
        "figures": [row for outcome in run.outcomes.values() for row in _facts(outcome)],
    }
    return results.Report(
        name="migrate",
        title="Migrating: pgschema and its peers",
        machine=run.machine,
        facts=facts,
        body="\n".join(sections),
        pictures=_pictures(run),
        quick=run.quick,
    )


def _section(outcome: Outcome, run: Run) -> str:
    """Return a scenario's table: a row a tool, `median (minimum)` in ms and the ratio to ours."""
    actions = outcome.scenario.actions
    header = ["tool", *actions, "rounds", f"{actions[0]}, times ours"]
    rows = [_row(name, outcome) for name in _names(outcome)]
    text = f"## {_heading(outcome, run)}\n\nms, median (minimum).\n\n{table(header, rows)}"
    for gone in outcome.failed:
        text += f"\n{gone.name} failed here: {' '.join(gone.reason.split())[:300]}\n"
    return text


def _heading(outcome: Outcome, run: Run) -> str:
    count = f"{outcome.scenario.count:,} migrations"
    if outcome.scenario.name == "start":
        return "Starting: the help page of each tool, and imports"
    if outcome.scenario.round_trip_ms:
        return f"{count} over a round trip of {readable(run.round_trip_ms)} ms"
    return count


def _row(name: str, outcome: Outcome) -> list[str]:
    actions = outcome.scenario.actions
    found = [outcome.figure(name, action) for action in actions]
    rounds = max(len(figure.samples) for figure in found if figure is not None)
    return [name, *[_cell(figure) for figure in found], str(rounds), _ratio(name, outcome)]


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "none"
    return f"{readable(figure.median)} ({readable(figure.minimum)})"


def _ratio(name: str, outcome: Outcome) -> str:
    action = outcome.scenario.actions[0]
    theirs, ours = outcome.figure(name, action), outcome.figure("pgschema", action)
    if theirs is None or ours is None:
        return "none"
    return f"{readable(theirs.median / ours.median)} x"


def _names(outcome: Outcome) -> list[str]:
    """Return who has figures, the fastest first."""
    action = outcome.scenario.actions[0]
    medians = {name: fig.median for (name, what), fig in outcome.figures.items() if what == action}
    return sorted(medians, key=lambda name: medians[name])


def _facts(outcome: Outcome) -> list[dict[str, object]]:
    return [
        {
            "scenario": outcome.scenario.name,
            "migrations": outcome.scenario.count,
            "tool": tool,
            "action": action,
            "median_ms": round(figure.median, 2),
            "minimum_ms": round(figure.minimum, 2),
            "maximum_ms": round(figure.maximum, 2),
            "samples_ms": [round(sample, 2) for sample in figure.samples],
        }
        for (tool, action), figure in outcome.figures.items()
    ]


def _versions(run: Run) -> str:
    lines = [f"- {tool.name} {tool.version}" for tool in run.tools]
    lines += [f"- {gone.name}: **missing**: {gone.reason}" for gone in run.missing]
    return "## Who took part\n\n" + "\n".join(lines) + "\n"


def _pictures(run: Run) -> dict[str, str]:
    wanted = {
        "apply-100": ("hundred", APPLY, "100 migrations applied"),
        "rollback-100": ("hundred", ROLLBACK, "100 migrations rolled back"),
        "apply-far": ("far", APPLY, "20 migrations over a 20 ms round trip"),
        "start": ("start", START, "The help page"),
    }
    roles = {tool.name: tool.role for tool in run.tools}
    drawn = {}
    for name, (scenario, action, title) in wanted.items():
        outcome = run.outcomes.get(scenario)
        bars = _bars(outcome, action, roles) if outcome else []
        if bars:
            drawn[name] = svg(f"{title}: median, ms (shorter is better)", "ms", bars)
    return drawn


def _bars(outcome: Outcome, action: str, roles: Mapping[str, str]) -> list[Bar]:
    return [
        Bar(tool, figure.median, roles[tool])
        for (tool, what), figure in outcome.figures.items()
        if what == action and tool in roles
    ]
