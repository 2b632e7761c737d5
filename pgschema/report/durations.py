"""Durations and moments as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def duration(milliseconds: float) -> str:
    """Return `41 ms`, `1.2 s` or `3 min 5 s`."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def moment(at: datetime | None) -> str:
    """Return a moment in UTC to the second, or nothing for None."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def counted(number: int, noun: str) -> str:
    """Return `1 migration`, `3 migrations`, `no migrations`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number or 'no'} {noun}s"
