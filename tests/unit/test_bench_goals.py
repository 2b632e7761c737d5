"""The speed goals: a verdict needs figures of both sides."""

from __future__ import annotations

from bench.figures import Figure
from bench.goals import Goal, judge
from bench.rounds import AGAIN, APPLY, ROLLBACK, START, Outcome, Scenario

PEERS = ("yoyo", "dbmate")


def outcome(name: str, figures: dict[tuple[str, str], float]) -> Outcome:
    return Outcome(
        Scenario(name, 100, 1), {key: Figure((value,)) for key, value in figures.items()}
    )


def verdicts(outcomes: dict[str, Outcome]) -> list[str]:
    return [goal.verdict for goal in judge(outcomes, PEERS)]


def good_run() -> dict[str, Outcome]:
    hundred = {
        ("pgschema", APPLY): 150.0,
        ("dbmate", APPLY): 100.0,
        ("yoyo", APPLY): 450.0,
        ("pgschema", ROLLBACK): 99.0,
        ("dbmate", ROLLBACK): 3000.0,
        ("yoyo", ROLLBACK): 100.0,
        ("pgschema", AGAIN): 250.0,
    }
    far = {("pgschema", APPLY): 500.0, ("dbmate", APPLY): 900.0, ("yoyo", APPLY): 4000.0}
    return {
        "hundred": outcome("hundred", hundred),
        "thousand": outcome("thousand", {("pgschema", APPLY): 150.0, ("psql", APPLY): 100.0}),
        "far": outcome("far", far),
        "start": outcome("start", {("pgschema", START): 120.0}),
    }


def test_figures_at_the_limits_pass() -> None:
    assert verdicts(good_run()) == ["pass"] * 7


def test_every_goal_can_fail() -> None:
    run = good_run()
    slow = {
        key: Figure((figure.median * 1.1,)) if key[0] == "pgschema" else figure
        for name in run
        for key, figure in run[name].figures.items()
        if name == "hundred"
    }
    run["hundred"] = Outcome(run["hundred"].scenario, slow)
    run["thousand"] = outcome("thousand", {("pgschema", APPLY): 151.0, ("psql", APPLY): 100.0})
    run["far"] = outcome("far", {("pgschema", APPLY): 900.0, ("dbmate", APPLY): 900.0})
    run["start"] = outcome("start", {("pgschema", START): 121.0})

    assert verdicts(run) == ["FAIL"] * 7


def test_without_figures_nothing_is_judged() -> None:
    assert verdicts({}) == ["not judged"] * 7


def test_faster_than_every_peer_is_not_judged_while_a_peer_is_missing() -> None:
    run = good_run()
    figures = {key: figure for key, figure in run["far"].figures.items() if key[0] != "yoyo"}
    run["far"] = Outcome(run["far"].scenario, figures)

    goal: Goal = judge(run, PEERS)[4]

    assert goal.verdict == "not judged"
    assert "no figure of yoyo" in goal.measured
