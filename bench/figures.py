"""Statistics of the rounds: medians, minima and ratios, and the order in which tools take turns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class Figure:
    """The samples of one measurement, in the unit that the caller chose."""

    samples: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError("a figure needs at least one sample")

    @property
    def median(self) -> float:
        """Return the middle sample, or the mean of the two middle ones."""
        return statistics.median(self.samples)

    @property
    def minimum(self) -> float:
        """Return the smallest sample: what the machine's other load disturbed least."""
        return min(self.samples)

    @property
    def maximum(self) -> float:
        """Return the largest sample."""
        return max(self.samples)


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least `share` (0..1) of all samples do not exceed."""
    if not samples:
        raise ValueError("a percentile needs at least one sample")
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not {share}")
    ordered = sorted(samples)
    rank = -int(-share * len(ordered) // 1)  # the ceiling, without floats near the next integer
    return ordered[max(rank, 1) - 1]


def rotated(items: Sequence[_T], turn: int) -> tuple[_T, ...]:
    """Return the items beginning with another one at each turn.

    Interleaved rounds that always begin with the same tool give its neighbours a bias.
    """
    if not items:
        return ()
    start = turn % len(items)
    return (*items[start:], *items[:start])


def readable(value: float) -> str:
    """Return a number with three digits that count: 4463, 97.3, 0.812."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
