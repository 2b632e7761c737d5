"""Draws horizontal bars: SVG for the pages that people look at, text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.figures import readable

_ROW = 26
_LEFT = 150
_WIDTH = 420
_RIGHT = 90
_TOP = 34
_OURS = "#1f6feb"
_FLOOR = "#8c959f"
_PEER = "#c9d1d9"


@dataclass(frozen=True)
class Bar:
    """One bar: its label, its length in the chart's unit, and whose it is."""

    label: str
    value: float
    role: str = "peer"


def svg(title: str, unit: str, bars: Sequence[Bar]) -> str:
    """Return a chart, the shortest bar first; the colours are readable on white and on black."""
    ordered = sorted(bars, key=lambda bar: bar.value)
    longest = max((bar.value for bar in ordered), default=1) or 1
    height = _TOP + _ROW * len(ordered) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + _RIGHT}" '
        f'height="{height}" font-family="sans-serif" font-size="13" fill="#57606a" role="img">',
        f"<title>{escape(title)}</title>",
        f'<text x="{_LEFT}" y="20" font-weight="bold">{escape(title)}</text>',
    ]
    for place, bar in enumerate(ordered):
        parts.append(_svg_row(bar, place, longest, unit))
    return "\n".join([*parts, "</svg>"]) + "\n"


def text(unit: str, bars: Sequence[Bar], width: int = 40) -> str:
    """Return the same bars as lines of text, for a terminal."""
    ordered = sorted(bars, key=lambda bar: bar.value)
    longest = max((bar.value for bar in ordered), default=1) or 1
    margin = max((len(bar.label) for bar in ordered), default=0)
    return "".join(
        f"{bar.label.rjust(margin)} {'#' * max(1, round(width * bar.value / longest))}"
        f" {readable(bar.value)} {unit}\n"
        for bar in ordered
    )


def _svg_row(bar: Bar, place: int, longest: float, unit: str) -> str:
    top = _TOP + place * _ROW
    length = max(1.0, _WIDTH * bar.value / longest)
    colour = {"ours": _OURS, "floor": _FLOOR}.get(bar.role, _PEER)
    weight = ' font-weight="bold"' if bar.role == "ours" else ""
    return (
        f'<text x="{_LEFT - 8}" y="{top + 15}" text-anchor="end"{weight}>{escape(bar.label)}</text>'
        f'<rect x="{_LEFT}" y="{top + 2}" width="{length:.1f}" height="{_ROW - 8}" '
        f'fill="{colour}" stroke="#8c959f" stroke-width="0.5"/>'
        f'<text x="{_LEFT + length + 6:.1f}" y="{top + 15}">{readable(bar.value)} {unit}</text>'
    )
