from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pgschema.testing.clones import Clone
from pgschema.testing.templates import Stock
from pgschema.testing.workshop import Workshop

WORLD = Path(__file__).with_name("world.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def world(workshop: Workshop) -> Iterator[Clone]:
    """The two organisations of world.sql, to be looked at and rolled back."""
    clone = workshop.clone(Stock.MIGRATED)
    clone.owner.execute(WORLD)
    yield clone
    workshop.discard(clone)


@pytest.fixture
def own_world(empty_db: Clone) -> Clone:
    """The two organisations of world.sql, for the test to change."""
    empty_db.owner.execute(WORLD)
    return empty_db
