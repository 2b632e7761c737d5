"""`pgschema migrate`: bring a database up."""

from __future__ import annotations

from functools import partial

import click

from pgschema.cli.files import read_files
from pgschema.cli.options import Command, patience
from pgschema.cli.output import Output, pass_output
from pgschema.cli.target import resolve


@click.command(cls=Command)
@click.option("--to", metavar="V007", help="Stop after this version.  [default: the last]")
@click.option("--dry-run", is_flag=True, help="Only show what would be applied.")
@click.option("--sql", is_flag=True, help="Only print the SQL that would be sent.")
@patience
@pass_output
def command(output: Output, /, *, to: str | None, dry_run: bool, sql: bool, **waits: float) -> None:
    """Apply all pending migrations, lowest number first.

    Each file and its line in the ledger are one transaction: a file is applied and recorded, or
    neither. Safe to run from several places at once, and to kill: a rerun finishes.
    """
    catalog = read_files(output.settings)
    target = resolve(output)
    from pgschema.apply import migrate
    from pgschema.cli.planning import apply_options, show_plan, show_result
    from pgschema.cli.stream import Stream
    from pgschema.plan import plan_migrate

    options = apply_options(**waits)
    if dry_run or sql:
        show_plan(output, target, partial(plan_migrate, catalog, to=to), options, sql=sql)
        return
    result = migrate(target.conninfo, catalog, to=to, options=options, on_event=Stream(output))
    show_result(output, target, result)
