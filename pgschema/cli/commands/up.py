"""`pgschema up`: from nothing to a migrated, seeded database."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from pgschema.cli.files import read_files, seeds_folder
from pgschema.cli.options import Command
from pgschema.cli.output import Output, pass_output
from pgschema.cli.programs import typed
from pgschema.cli.target import Target, resolve

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.apply import Result
    from pgschema.catalog import Catalog
    from pgschema.overview import CoordinatorView, TableCount


@click.command(cls=Command)
@pass_output
def command(output: Output, /) -> None:
    """From nothing to a migrated, seeded database.

    Without a database named, an embedded server is made under .pgschema/ and started. All
    migrations are applied and, where the tables are empty, the small data set is loaded. Then it
    shows what is there and what to try next. A second run changes nothing.
    """
    began = perf_counter()
    catalog = read_files(output.settings)
    target = resolve(output, create=True)
    result = _migrate(output, target, catalog)
    from pgschema.database import connect
    from pgschema.overview import coordinator_view, count_rows
    from pgschema.seeding.personas import user_id

    with connect(target.conninfo) as connection:
        seeded = _seed_if_empty(output, connection)
        counts = count_rows(connection)
        view = coordinator_view(connection, preferred=str(user_id("coordinator-k1")))
    _summarise(output, target, result, counts, view)
    output.note(f"done in {perf_counter() - began:.1f} s")
    output.document(
        database=target.label,
        origin=target.origin,
        **_document(result, counts, view),
        version=str(max(catalog.by_version, default="")),
        seeded=seeded,
    )


def _document(
    result: Result, counts: tuple[TableCount, ...], view: CoordinatorView | None
) -> dict[str, Any]:
    from pgschema.report.plans import result_document
    from pgschema.report.summary import count_documents, view_document

    return {
        **result_document(result),
        "tables": count_documents(counts),
        "coordinator_view": view_document(view),
    }


def _migrate(output: Output, target: Target, catalog: Catalog) -> Result:
    from pgschema.apply import migrate
    from pgschema.cli.stream import Stream
    from pgschema.errors import PgschemaError

    try:
        return migrate(target.conninfo, catalog, on_event=Stream(output))
    except PgschemaError as error:
        if target.is_embedded and error.code.startswith("PGS2"):
            output.note(
                "note: files and embedded database went different ways; to begin anew: "
                f"{typed('pgschema')} server stop --delete"
            )
        raise


def _seed_if_empty(output: Output, connection: Connection[Any]) -> bool:
    """Load the small data set where its tables exist and hold nothing; tell whether it was."""
    from pgschema.cli.progress import progress
    from pgschema.errors import PgschemaError
    from pgschema.seeding import is_empty, seed

    folder = seeds_folder(output.settings)
    try:
        if not is_empty(connection, folder=folder):
            return False
    except PgschemaError as error:
        # A role that may migrate but not act as the owner, or a folder without our tables.
        if error.code not in {"PGS502", "PGS503"}:
            raise
        output.note(f"note: no data loaded: {error.cause}")
        return False
    began = perf_counter()
    with progress(output.settings) as report:
        seed(connection, folder=folder, on_progress=report)
    output.remark(f"  + data set small .. ok ({perf_counter() - began:.1f} s)")
    return True


def _summarise(
    output: Output,
    target: Target,
    result: Result,
    counts: tuple[TableCount, ...],
    view: CoordinatorView | None,
) -> None:
    from pgschema.report.plans import result_text
    from pgschema.report.summary import counts_table, mentors_table, next_steps

    output.remark(result_text(result, target.label) if result.changed else "nothing to apply")
    if any(entry.rows for entry in counts):
        output.line()
        output.table(counts_table(counts))
    if view is not None and view.mentors:
        output.line()
        output.table(mentors_table(view))
    elif view is not None and view.obstacle:
        output.note(f"note: cannot look through a coordinator's eyes: {view.obstacle}")
    output.line()
    output.line(f"Database  {target.label}")
    if target.is_embedded:
        output.line(f"Password  {typed('pgschema')} server url --with-password")
    output.line("\nTry next")
    program, psql = typed("pgschema"), typed("psql")
    output.line(next_steps(program, psql if target.is_embedded else None))
