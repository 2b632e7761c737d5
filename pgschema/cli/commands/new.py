"""`pgschema new`: the files of the next migration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pgschema.cli.files import migration_folders, shown
from pgschema.cli.options import Command
from pgschema.cli.output import Output, pass_output
from pgschema.cli.settings import Settings
from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    from pgschema.cli.stubs import Layout, Stub


@click.command(cls=Command)
@click.argument("name")
@pass_output
def command(output: Output, /, name: str) -> None:
    """Write the stubs of the next migration.

    NAME is words_joined_by_underscores. In this project those are four: the migration, its
    rollback, its test and its page. In a folder given with --migrations they are the migration
    and, where there is a folder for it (--rollbacks, or `rollbacks` beside it), the rollback.
    """
    from pgschema.cli.stubs import next_version, stubs

    layout = _layout(output.settings)
    version = next_version(_newest(layout), datetime.now(UTC))
    made = stubs(version, name, layout)
    _write(made)
    for stub in made:
        output.line(f"  + {stub.path}")
    output.remark(f"next: write {made[0].path}, then `pgschema migrate --dry-run`")
    output.document(version=version, files=[str(stub.path) for stub in made])


def _layout(settings: Settings) -> Layout:
    from pgschema.catalog import packaged_folders
    from pgschema.cli.stubs import Layout

    if settings.migrations:
        return Layout(*migration_folders(settings))
    folders = packaged_folders()
    project = folders.migrations.parent
    if not (project / "pyproject.toml").exists():
        raise PgschemaError("PGS707", folder=str(folders.migrations))
    return Layout(
        shown(folders.migrations),
        shown(folders.rollbacks),
        shown(project / "tests" / "schema"),
        shown(project / "docs" / "reference" / "schema"),
    )


def _newest(layout: Layout) -> str | None:
    from pgschema.catalog import read_catalog

    migrations = read_catalog(layout.migrations, None).migrations
    return str(migrations[-1].version) if migrations else None


def _write(made: tuple[Stub, ...]) -> None:
    for stub in made:
        stub.path.parent.mkdir(parents=True, exist_ok=True)
        with stub.path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(stub.text)
