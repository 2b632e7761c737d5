"""Where in a text an offset is, as a person counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


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


@dataclass(frozen=True)
class Place:
    """Where in a file something is. `statement` is empty when no statement can be named."""

    path: Path
    position: Position | None = None
    statement: str = ""

    def __str__(self) -> str:
        if self.position is None:
            return str(self.path)
        return f"{self.path}:{self.position.line}:{self.position.column}"

    @property
    def details(self) -> dict[str, Any]:
        """Return the place as details of an error."""
        return {
            "where": str(self),
            "path": str(self.path),
            "line": self.position.line if self.position else None,
            "column": self.position.column if self.position else None,
            "statement": self.statement,
        }
