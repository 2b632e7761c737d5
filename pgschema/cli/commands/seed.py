"""`pgschema seed`: deterministic data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from pgschema.cli.files import seeds_folder
from pgschema.cli.options import Command
from pgschema.cli.output import Output, pass_output
from pgschema.cli.target import resolve

_DATE = click.DateTime(formats=["%Y-%m-%d"])


class _SizeOption(click.Option):
    """An option whose help names the data sets that there are."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help, with the folders of the packaged seeds."""
        from pgschema.cli.settings import Settings
        from pgschema.seeding import sizes

        names = sizes(seeds_folder(Settings()))
        self.help = f"Which data set: {' or '.join(names)}."
        return super().get_help_record(ctx)


@click.command(cls=Command)
@click.option("--size", cls=_SizeOption, default="small", show_default=True)
@click.option("--seed", default=42, show_default=True, help="Which one of its kind.")
@click.option("--scale", default=1.0, show_default=True, help="More or less of a random data set.")
@click.option(
    "--anchor",
    type=_DATE,
    default="2026-01-01",
    show_default=True,
    metavar="DATE",
    help="The day that counts as today.",
)
@pass_output
def command(output: Output, /, *, anchor: datetime, **which: Any) -> None:
    """Load a data set.

    The same options give the same rows, on every PostgreSQL. Loads into empty tables; where the
    data set is there already, nothing changes.
    """
    target = resolve(output)
    from pgschema.cli.progress import progress
    from pgschema.database import connect
    from pgschema.report.seeds import manifest_documents, manifest_table
    from pgschema.seeding import seed

    folder, day = seeds_folder(output.settings), anchor.date()
    with connect(target.conninfo) as connection, progress(output.settings) as report:
        done = seed(connection, **which, anchor=day, folder=folder, on_progress=report)
    output.table(manifest_table(done.manifest))
    output.remark("loaded" if done.changed else "nothing to do: the data set is there already")
    tables = manifest_documents(done.manifest)
    output.document(
        database=target.label, **which, anchor=str(day), changed=done.changed, tables=tables
    )
