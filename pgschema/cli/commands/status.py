"""`pgschema status`: where every migration stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pgschema.cli.files import read_files
from pgschema.cli.options import Command
from pgschema.cli.output import Output, pass_output
from pgschema.cli.target import Target, resolve

if TYPE_CHECKING:
    from pgschema.catalog import Catalog
    from pgschema.plan import Standing


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
    from pgschema.report.standings import is_settled

    with connect(target.conninfo, read_only=True) as connection:
        standings = survey(catalog, read_ledger(connection))
    _show(output, target, catalog, standings)
    return int(exit_code and not is_settled(standings))


def _show(
    output: Output, target: Target, catalog: Catalog, standings: tuple[Standing, ...]
) -> None:
    from pgschema.report import standings as shown

    output.table(shown.status_table(standings))
    output.remark(f"{target.label}: {shown.status_sentence(standings)}")
    for note in catalog.notes:
        output.note(f"note: {note}")
    output.document(
        database=target.label,
        up_to_date=shown.is_settled(standings),
        migrations=[shown.standing_document(standing) for standing in standings],
        notes=list(catalog.notes),
    )
