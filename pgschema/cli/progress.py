"""A progress bar on standard error, where somebody is watching it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pgschema.cli.settings import Settings


@contextmanager
def progress(settings: Settings) -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function that shows (table, done, total), or None where nobody watches."""
    if settings.json or settings.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=total)
            bars.update(tasks[table], completed=done)

        yield show
