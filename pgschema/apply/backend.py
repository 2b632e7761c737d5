"""yoyo with its traps taken out: the ledger in a schema of its own, one message per file.

yoyo keeps its part: the tables, the identity of a migration, the log, apply_migrations and
rollback_migrations. What is replaced is listed in docs/decisions/0010-yoyo-kept-and-overridden.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import psycopg
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.migrations import Migration, MigrationList

from pgschema.ledger import LEDGER_SCHEMA
from pgschema.plan import Step


class LedgerBackend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's backend over a connection that is already open, locked and checked."""

    def __init__(self, conn: psycopg.Connection[Any] | None) -> None:
        self.uri = None
        self.schema = LEDGER_SCHEMA
        self.migration_table = "_yoyo_migration"
        self.has_transactional_ddl = True
        self.DatabaseError = psycopg.DatabaseError
        self._connection = conn
        self._is_locked = True
        self._internal_schema_updated = True

    def quote_identifier(self, s: str) -> str:
        """Return the identifier quoted, and a ledger table with its schema."""
        quoted = str(super().quote_identifier(s))
        tables = {self.migration_table, self.log_table, self.version_table, self.lock_table}
        return f'"{self.schema}".{quoted}' if s in tables else quoted

    def apply_one(self, migration: StepMigration, force: bool = False, mark: bool = True) -> None:
        """Carry the migration out; its message holds the ledger rows."""
        migration.process_steps(self, "apply", force)

    def rollback_one(self, migration: StepMigration, force: bool = False) -> None:
        """Undo the migration; its message holds the ledger rows."""
        migration.process_steps(self, "rollback", force)


class StepMigration(Migration):  # type: ignore[misc]
    """A step of a plan as yoyo's migration: the whole file is one step and nothing is parsed."""

    def __init__(self, step: Step, carry_out: Callable[[Step], None]) -> None:
        folder = str(step.file.path.parent)
        super().__init__(step.stem, str(step.file.path), folder)
        self.step = step
        self._carry_out = carry_out

    def load(self) -> None:
        """Take the file as the catalogue has read it; the order is the plan's."""
        self.source = self.step.file.text
        self.steps: list[Any] = []
        self._depends: set[Any] = set()
        self.use_transactions = self.step.migration.transactional

    def process_steps(self, backend: LedgerBackend, direction: str, force: bool = False) -> None:
        """Send the file and its ledger rows."""
        self.load()
        self._carry_out(self.step)


def run_through_yoyo(
    backend: LedgerBackend, steps: Iterable[Step], carry_out: Callable[[Step], None]
) -> None:
    """Let yoyo walk the steps of one direction, in their order."""
    migrations = MigrationList([StepMigration(step, carry_out) for step in steps])
    if any(migration.step.direction == "rollback" for migration in migrations):
        backend.rollback_migrations(migrations)
    else:
        backend.apply_migrations(migrations)
