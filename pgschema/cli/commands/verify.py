"""`pgschema verify`: do the files agree with what the database has."""

from __future__ import annotations

import click

from pgschema.cli.files import read_files
from pgschema.cli.options import Command
from pgschema.cli.output import Output, pass_output
from pgschema.cli.target import resolve


@click.command(cls=Command)
@pass_output
def command(output: Output, /) -> int:
    """Compare the files with what the database has.

    Finds files that were edited after they were applied, are missing or come too late. Exits
    with 1 when something is found. Pending files are no finding. Writes nothing.
    """
    catalog = read_files(output.settings)
    target = resolve(output)
    from pgschema.database import connect
    from pgschema.ledger import read_ledger
    from pgschema.plan import problems, survey
    from pgschema.report.durations import counted
    from pgschema.report.standings import finding_documents, findings_text

    with connect(target.conninfo, read_only=True) as connection:
        findings = problems(survey(catalog, read_ledger(connection)), catalog)
    if findings:
        output.line(findings_text(findings))
    else:
        output.line(f"{counted(len(catalog.by_stem), 'file')} agree with {target.label}")
    output.document(
        database=target.label, agrees=not findings, findings=finding_documents(findings)
    )
    return int(bool(findings))
