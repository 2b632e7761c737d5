"""`pgschema rule`: the page of an error code."""

from __future__ import annotations

import click

from pgschema.cli.options import Command
from pgschema.cli.output import Output, pass_output
from pgschema.errors import CATALOGUE, Failure, PgschemaError
from pgschema.report.failures import failure_page
from pgschema.report.tables import table


@click.command(cls=Command)
@click.argument("code", required=False)
@pass_output
def command(output: Output, /, code: str | None) -> None:
    """Print the page of an error CODE, or list all codes."""
    if code is None:
        rows = [(failure.code, failure.title) for failure in _catalogue()]
        output.table(table(("code", "title"), rows))
        output.document(codes=[_document(failure) for failure in _catalogue()])
        return
    failure = _find(code)
    output.line(failure_page(failure).rstrip())
    output.document(**_document(failure))


def _catalogue() -> list[Failure]:
    return [CATALOGUE[code] for code in sorted(CATALOGUE)]


def _find(code: str) -> Failure:
    wanted = code.upper() if code.upper().startswith("PGS") else f"PGS{code}"
    if wanted in CATALOGUE:
        return CATALOGUE[wanted]
    from difflib import get_close_matches

    close = get_close_matches(wanted, CATALOGUE, n=3)
    similar = f"; similar: {', '.join(close)}" if close else ""
    raise PgschemaError("PGS706", wanted=code, similar=similar)


def _document(failure: Failure) -> dict[str, object]:
    return {
        "code": failure.code,
        "title": failure.title,
        "cause": failure.cause,
        "fix": failure.fix,
        "exit_code": failure.exit_code,
        "explanation": failure.explanation,
        "example": failure.example,
    }
