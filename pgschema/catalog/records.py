"""What is known of a project's files, as frozen records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pgschema.catalog.version import Version
from pgschema.sqltext import SqlFile


@dataclass(frozen=True)
class Rollback(SqlFile):
    """The file that undoes one migration."""

    version: Version
    stem: str


@dataclass(frozen=True)
class Migration(SqlFile):
    """One forward file. `version` is None for a repeatable `R__` file; `stem` is its identity."""

    version: Version | None
    stem: str
    title: str
    rollback: Rollback | None = None

    @property
    def transactional(self) -> bool:
        """Return whether the file asks for no exception from running in a transaction."""
        return not self.directives.no_transaction

    @property
    def repeatable(self) -> bool:
        """Return whether the file runs again whenever it changes."""
        return self.version is None

    @property
    def rollback_name(self) -> str:
        """Return the file name under which its rollback would be found."""
        verb, _, rest = self.stem.partition("__")[2].partition("_")
        verbs = {"add", "create", "change", "alter", "drop", "remove", "deduplicate"}
        name = rest if verb in verbs and rest else self.stem.partition("__")[2]
        return f"{self.version}__rollback_{name}.sql"


def named(names: Sequence[str]) -> str:
    """Return the only name, or the first one and how many more there are."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


@dataclass(frozen=True)
class Catalog:
    """Every file of a project, versions in order, then repeatables by name.

    `notes` says what was seen and left alone.
    """

    migrations: tuple[Migration, ...]
    repeatables: tuple[Migration, ...] = ()
    folder: Path = Path()
    rollback_folder: Path | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def by_stem(self) -> dict[str, Migration]:
        """Return every file by its identity in the ledger."""
        return {migration.stem: migration for migration in (*self.migrations, *self.repeatables)}

    @cached_property
    def by_version(self) -> dict[Version, Migration]:
        """Return the versioned files by number."""
        return {m.version: m for m in self.migrations if m.version is not None}
