from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pgschema.apply import ApplyOptions, Result, migrate, rollback
from pgschema.apply.events import Event
from pgschema.catalog import Catalog, read_catalog
from pgschema.ledger import Ledger, read_ledger
from pgschema.testing.clones import Clone


@dataclass
class Project:
    """A folder of files made by one test, and the database that they are applied to."""

    root: Path
    db: Clone
    conninfo: str
    events: list[Event] = field(default_factory=list)

    def add(self, name: str, text: str, *, undo: str | None = None) -> Path:
        path = self.root / "migrations" / f"{name}.sql"
        path.write_text(text, encoding="utf-8", newline="")
        if undo is not None:
            number, _, title = name.partition("__")
            rollback = self.root / "rollbacks" / f"{number}__rollback_{title}.sql"
            rollback.write_text(undo, encoding="utf-8")
        return path

    @property
    def catalog(self) -> Catalog:
        return read_catalog(self.root / "migrations", self.root / "rollbacks")

    def migrate(self, *, to: str | None = None, **options: Any) -> Result:
        settings = ApplyOptions(**options)
        take = self.events.append
        return migrate(self.conninfo, self.catalog, to=to, options=settings, on_event=take)

    def rollback(self, *, options: ApplyOptions | None = None, **what: Any) -> Result:
        take = self.events.append
        return rollback(self.conninfo, self.catalog, options=options, on_event=take, **what)

    @property
    def ledger(self) -> Ledger:
        return read_ledger(self.db.owner)

    @property
    def applied(self) -> list[str]:
        return [entry.stem for entry in self.ledger.applied]

    def rows(self, query: str, *parameters: Any) -> list[Any]:
        return self.db.owner.execute(query.encode(), parameters or None).fetchall()

    def one(self, query: str, *parameters: Any) -> Any:
        ((value,),) = self.rows(query, *parameters)
        return value

    def has(self, relation: str) -> bool:
        return bool(self.one("select to_regclass(%s) is not null", relation))

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def project(tmp_path: Path, bare_db: Clone) -> Project:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "rollbacks").mkdir()
    return Project(tmp_path, bare_db, bare_db.conninfo)


@pytest.fixture
def quick() -> Any:
    """Options that give up soon."""
    return partial(dict, lock_timeout=0.1, retry_for=0.5, watch_after=0.03)
