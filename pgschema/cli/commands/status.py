"""`pgschema status`: where every migration stands."""

from __future__ import annotations

import click

from pgschema.cli.files import read_files
from pgschema.cli.options import Command
from pgschema.cli.output import Output, pass_output
from pgschema.cli.target import resolve


@click.command(cls=Command)
@click.option("--exit-code", is_flag=True, help="Exit with 1 unless everything is applied.")
@pass_output
def command(output: Output, /, exit_code: bool) -> int:
    """Show where every migration stands.

    Applied, pending, edited since, missing from the folder, out of order, interrupted. Writes
    nothing and takes no lock.
    """
    catalog = read_files(output.settings)
    target = resolve(output)
    from pgschema.database import connect
    from pgschema.ledger import read_ledger
    from pgschema.plan import survey
    from pgschema.report.standings import (
        is_settled,
        standing_document,
        status_sentence,
        status_table,
    )

    with connect(target.conninfo, read_only=True) as connection:
        standings = survey(catalog, read_ledger(connection))
    output.table(status_table(standings))
    output.remark(f"{target.label}: {status_sentence(standings)}")
    for note in catalog.notes:
        output.note(f"note: {note}")
    output.document(
        database=target.label,
        up_to_date=is_settled(standings),
        migrations=[standing_document(standing) for standing in standings],
        notes=list(catalog.notes),
    )
    return int(exit_code and not is_settled(standings))
