"""Tables as a terminal shows them."""

from __future__ import annotations

from typing import TextIO

from pgschema.report.tables import Table


def draw(table: Table, stream: TextIO, *, coloured: bool) -> None:
    """Print the table with a frame, as wide as its content needs and the terminal allows."""
    from rich.box import ROUNDED
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=table.title or None, title_justify="left", box=ROUNDED)
    for column in table.columns:
        drawn.add_column(column.heading, justify="right" if column.is_number else "left")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    # A colourless console would still print bold; one that is no terminal prints text only.
    Console(file=stream, force_terminal=coloured, highlight=False).print(drawn)
