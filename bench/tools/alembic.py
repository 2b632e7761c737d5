"""alembic with psycopg 3: one revision file a migration, its SQL passed to op.execute."""

from __future__ import annotations

from pathlib import Path

from bench.clock import Command, output
from bench.tools.base import Target, Tool, cached
from bench.workload import Change

_INI = """[alembic]
script_location = {folder}/scripts
version_locations = {folder}/scripts/versions
path_separator = os
"""

_ENV = """import os

import sqlalchemy
from alembic import context

engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"], poolclass=sqlalchemy.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""

_REVISION = '''"""{name}"""

from alembic import op

revision = {revision!r}
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade():
    op.execute("""{up}""")


def downgrade():
    op.execute("""{down}""")
'''


def find() -> Tool:
    """Return alembic; raises BenchError when the bench's virtualenv lacks it."""
    program = str(cached("pypi", "bin", "alembic"))

    def run(folder: Path, target: Target, *verb: str) -> tuple[Command, ...]:
        env = {"DATABASE_URL": target.url("postgresql+psycopg")}
        return (Command((program, "-c", str(folder / "alembic.ini"), *verb), env),)

    return Tool(
        name="alembic",
        role="peer",
        version=output(Command((program, "--version")), home=Path("/")).split()[-1],
        write=_write,
        apply=lambda folder, target: run(folder, target, "upgrade", "head"),
        again=lambda folder, target: run(folder, target, "upgrade", "head"),
        status=lambda folder, target: run(folder, target, "current"),
        rollback=lambda folder, target: run(folder, target, "downgrade", "base"),
        start=Command((program, "--help")),
    )


def _write(changes: tuple[Change, ...], folder: Path) -> None:
    versions = folder / "scripts" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(_INI.format(folder=folder))
    (folder / "scripts" / "env.py").write_text(_ENV)
    before = None
    for change in changes:
        revision = f"{change.number:04d}"
        text = _REVISION.format(
            name=change.name, revision=revision, before=before, up=change.up, down=change.down
        )
        (versions / f"{revision}_{change.name}.py").write_text(text)
        before = revision
