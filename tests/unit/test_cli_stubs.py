from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pgschema.cli.stubs import Layout, next_version, stubs
from pgschema.errors import PgschemaError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(
        tmp_path / "migrations", tmp_path / "rollbacks", tmp_path / "tests", tmp_path / "pages"
    )


def test_one_number_goes_into_every_folder(layout: Layout, tmp_path: Path) -> None:
    made = stubs("V008", "add_stats_refresh_worker", layout)
    assert [str(stub.path.relative_to(tmp_path)) for stub in made] == [
        "migrations/V008__add_stats_refresh_worker.sql",
        "rollbacks/V008__rollback_stats_refresh_worker.sql",
        "tests/V008_add_stats_refresh_worker.sql",
        "pages/V008_add_stats_refresh_worker.md",
    ]


def test_a_foreign_folder_gets_only_the_files_it_has_places_for(tmp_path: Path) -> None:
    made = stubs("V2", "x", Layout(tmp_path, None))
    assert [stub.path.name for stub in made] == ["V2__x.sql"]


def test_the_migration_names_its_rollback_and_its_limits(layout: Layout) -> None:
    migration = stubs("V008", "create_thing", layout)[0].text
    assert migration.startswith("-- V008: ")
    assert "V008__rollback_thing.sql" in migration
    for setting in ("lock_timeout", "statement_timeout", "search_path = pg_catalog, pg_temp"):
        assert f"set local {setting}" in migration


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("Add stats", "add_stats"),
        ("add-stats", "add_stats"),
        ("V008__add_stats", "add_stats"),
        ("rollback_stats", "stats"),
        ("add__stats", "add_stats"),
        ("../../etc/passwd", "etc_passwd"),
        ("1st", "add_stats_refresh_trigger"),
        ("", "add_stats_refresh_trigger"),
        ("ærlig", "rlig"),
        ("a" * 61, "a" * 60),
    ],
)
def test_a_name_that_is_no_file_name_is_refused_with_a_proposal(
    layout: Layout, name: str, proposal: str
) -> None:
    with pytest.raises(PgschemaError) as caught:
        stubs("V008", name, layout)
    assert caught.value.code == "PGS704"
    assert caught.value.details["proposal"] == proposal


def test_no_stub_overwrites_a_file(layout: Layout) -> None:
    existing = layout.migrations.parent / "tests" / "V008_add_x.sql"
    existing.parent.mkdir()
    existing.touch()
    with pytest.raises(PgschemaError) as caught:
        stubs("V008", "add_x", layout)
    assert caught.value.code == "PGS705"
    assert caught.value.details["path"] == str(existing)


@pytest.mark.parametrize(
    ("newest", "following"),
    [
        (None, "V001"),
        ("V007", "V008"),
        ("V099", "V100"),
        ("V999", "V1000"),
        ("V7", "V8"),
        ("V1.2", "V2"),
        ("V1_2", "V2"),
        ("V20240101", "V20260304"),
        ("V20240101120000", "V20260304050607"),
    ],
)
def test_the_next_version_is_written_as_the_folder_writes_them(
    newest: str | None, following: str
) -> None:
    assert next_version(newest, NOW) == following
