from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pgschema.testing.clones import Clone

WORLD = Path(__file__).with_name("world.sql")


@pytest.fixture
def world(empty_db: Clone) -> Clone:
    """A migrated database with the people of world.sql."""
    empty_db.owner.execute(WORLD.read_bytes())
    return empty_db
