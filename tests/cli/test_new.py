"""`new` in this project: one number in every folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgschema import catalog
from pgschema.catalog import Folders
from tests.cli.conftest import Cli, write_migration


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project of which the packaged folders are the ones of this checkout."""
    write_migration(tmp_path, "V001__create_a.sql", "select 1;")
    folders = Folders(*(tmp_path / name for name in ("migrations", "rollbacks", "seeds")))
    monkeypatch.setattr(catalog, "packaged_folders", lambda: folders)
    return tmp_path


def test_new_writes_four_files_with_one_number(cli: Cli, checkout: Path) -> None:
    (checkout / "pyproject.toml").touch()
    ran = cli("new", "add_stats_refresh_trigger")
    assert ran.code == 0
    assert ran.out.splitlines()[:4] == [
        "  + migrations/V002__add_stats_refresh_trigger.sql",
        "  + rollbacks/V002__rollback_stats_refresh_trigger.sql",
        "  + tests/schema/V002_add_stats_refresh_trigger.sql",
        "  + docs/reference/schema/V002_add_stats_refresh_trigger.md",
    ]
    assert all(
        (checkout / line.removeprefix("  + ")).is_file() for line in ran.out.splitlines()[:4]
    )


def test_new_does_not_write_into_an_installed_package(cli: Cli, checkout: Path) -> None:
    ran = cli("new", "add_x")
    assert ran.code == 2
    assert ran.err.startswith("PGS707: ")
    assert len(list((checkout / "migrations").iterdir())) == 1
