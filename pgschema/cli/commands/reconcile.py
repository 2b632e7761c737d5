"""`pgschema reconcile`: do the kept counts agree with the rows that they count."""

from __future__ import annotations

import click

from pgschema.cli.options import Command
from pgschema.cli.output import Output, pass_output
from pgschema.cli.target import resolve


@click.command(cls=Command)
@click.option("--repair", is_flag=True, help="Make wrong counts true.")
@pass_output
def command(output: Output, /, *, repair: bool) -> int:
    """Compare assignment counts with the assignments.

    Names every peer mentor with a wrong count and exits with 1; with --repair puts them right.
    """
    target = resolve(output)
    from pgschema.database import connect
    from pgschema.reconcile import find_drift, refuse_drift, repair_drift
    from pgschema.report.drifts import drift_documents, drift_table

    with connect(target.conninfo, read_only=not repair) as connection:
        drift = repair_drift(connection) if repair else find_drift(connection)
    output.document(database=target.label, repaired=repair, drift=drift_documents(drift))
    if drift:
        output.table(drift_table(drift))
    if drift and not repair and not output.settings.json:
        refuse_drift(drift)
    if repair:
        output.line(f"{len(drift)} put right: {target.label}" if drift else "nothing to put right")
    elif not drift:
        output.line(f"every count is true: {target.label}")
    return int(bool(drift) and not repair)
