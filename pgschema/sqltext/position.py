"""Where in a text an offset is, as a person counts."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A line and a column, both counted from 1, in characters."""

    line: int
    column: int


def position_of(text: str, offset: int) -> Position:
    """Return the line and column of the character at `offset`, which counts from 0.

    Only a newline ends a line, as editors and git count them.
    """
    line = text.count("\n", 0, offset) + 1
    return Position(line, offset - (text.rfind("\n", 0, offset) + 1) + 1)
