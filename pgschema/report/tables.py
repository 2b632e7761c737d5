"""Rows and columns as data, and as aligned plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its heading, and whether its cells are numbers (aligned to the right)."""

    heading: str
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """A table to be drawn: columns and rows of cells that are already text."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> Table:
    """Return a table; a heading that ends in `#` marks a column of numbers."""
    columns = tuple(Column(h.removesuffix("#"), h.endswith("#")) for h in headings)
    return Table(columns, tuple(tuple(_cell(v) for v in row) for row in rows), title)


def plain(drawn: Table, *, indent: str = "  ") -> str:
    """Return the table as lines of text, columns two blanks apart, without a trailing newline."""
    lines = [tuple(column.heading for column in drawn.columns), *drawn.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(drawn.columns))]
    text = [indent + _aligned(line, drawn.columns, widths).rstrip() for line in lines]
    return "\n".join([drawn.title, *text] if drawn.title else text)


def _aligned(line: tuple[str, ...], columns: tuple[Column, ...], widths: list[int]) -> str:
    cells = zip(line, columns, widths, strict=True)
    return "  ".join(
        cell.rjust(width) if column.is_number else cell.ljust(width)
        for cell, column, width in cells
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
