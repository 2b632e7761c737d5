"""The speed goals of decision 26, judged over the figures of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.figures import readable
from bench.rounds import AGAIN, APPLY, ROLLBACK, START, Outcome

Verdict = Literal["pass", "FAIL", "not judged"]
_OURS = "pgschema"


@dataclass(frozen=True)
class Goal:
    """One goal, what was measured for it, and the verdict."""

    goal: str
    measured: str
    verdict: Verdict


def judge(outcomes: Mapping[str, Outcome], peers: tuple[str, ...]) -> tuple[Goal, ...]:
    """Return all goals with their verdicts; `outcomes` is keyed hundred, thousand, far, start.

    A comparison with a tool that has no figure is "not judged", never a pass.
    """
    hundred, thousand = outcomes.get("hundred"), outcomes.get("thousand")
    far, start = outcomes.get("far"), outcomes.get("start")
    return (
        _within(hundred, "apply 100 within 1.5 x dbmate", other="dbmate", share=1.5),
        _within(hundred, "apply 100 within a third of stock yoyo", other="yoyo", share=1 / 3),
        _within(thousand, "apply 1,000 within 1.5 x one psql process", other="psql", share=1.5),
        _fastest(hundred, ROLLBACK, peers, "rollback of 100 faster than every peer"),
        _fastest(far, APPLY, peers, "apply 20 over a 20 ms round trip faster than every peer"),
        _below(hundred, AGAIN, 250, "up-to-date run within 250 ms"),
        _below(start, START, 120, "--help within 120 ms"),
    )


def _within(outcome: Outcome | None, goal: str, *, other: str, share: float) -> Goal:
    ours = outcome.figure(_OURS, APPLY) if outcome else None
    theirs = outcome.figure(other, APPLY) if outcome else None
    if ours is None or theirs is None:
        return Goal(goal, f"no figure of {other if ours else _OURS}", "not judged")
    ratio = ours.median / theirs.median
    measured = f"{readable(ratio)} x ({readable(ours.median)} / {readable(theirs.median)} ms)"
    return Goal(goal, measured, "pass" if ratio <= share else "FAIL")


def _fastest(outcome: Outcome | None, action: str, peers: tuple[str, ...], goal: str) -> Goal:
    ours = outcome.figure(_OURS, action) if outcome else None
    if outcome is None or ours is None:
        return Goal(goal, f"no figure of {_OURS}", "not judged")
    found = {peer: outcome.figure(peer, action) for peer in peers}
    medians = {peer: figure.median for peer, figure in found.items() if figure is not None}
    absent = [peer for peer in peers if peer not in medians]
    if not medians:
        return Goal(goal, "no figure of any peer", "not judged")
    best = min(medians, key=lambda peer: medians[peer])
    measured = f"{readable(ours.median)} ms, best peer {best} {readable(medians[best])} ms"
    if ours.median >= medians[best]:
        return Goal(goal, measured, "FAIL")
    if absent:
        return Goal(goal, f"{measured}; no figure of {', '.join(absent)}", "not judged")
    return Goal(goal, measured, "pass")


def _below(outcome: Outcome | None, action: str, limit: float, goal: str) -> Goal:
    ours = outcome.figure(_OURS, action) if outcome else None
    if ours is None:
        return Goal(goal, f"no figure of {_OURS}", "not judged")
    verdict: Verdict = "pass" if ours.median <= limit else "FAIL"
    return Goal(goal, f"{readable(ours.median)} ms", verdict)
