"""Every V-file, empty and filled: up, down, up again gives back the structure and the rows."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from pgschema.apply import ApplyOptions, migrate, rollback
from pgschema.catalog import Migration, packaged_folders, read_catalog
from pgschema.errors import PgschemaError
from pgschema.ledger import read_ledger
from pgschema.proving import State, differences, prove, read_state
from pgschema.server import find_binaries
from pgschema.testing.clones import Clone

FOLDERS = packaged_folders()
CATALOG = read_catalog(FOLDERS.migrations, FOLDERS.rollbacks)

every_migration = pytest.mark.parametrize(
    "migration", CATALOG.migrations, ids=[migration.stem for migration in CATALOG.migrations]
)
every_migration_under_another = pytest.mark.parametrize(
    "migration", CATALOG.migrations[:-1], ids=[m.stem for m in CATALOG.migrations[:-1]]
)
stocks = pytest.mark.parametrize("stock", ["empty_db", "db"], ids=["empty", "seeded"])


@pytest.fixture
def clone(request: pytest.FixtureRequest, stock: str) -> Clone:
    """A database with all migrations: empty, or with the small data set."""
    found: Clone = request.getfixturevalue(stock)
    return found


def _sent_whole(clone: Clone, path: Path) -> None:
    """Run a file as `psql -1` does; where there is no psql, as one transaction through libpq."""
    psql = shutil.which("psql", path=str(find_binaries().bin_dir)) or shutil.which("psql")
    if psql is None:
        with psycopg.connect(clone.conninfo) as conn:
            conn.execute(path.read_bytes())
        return
    done = subprocess.run(
        [psql, "-X", "-1", "-q", "-v", "ON_ERROR_STOP=1", "-f", path, clone.conninfo],
        env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def _changes(was: State, now: State) -> list[str]:
    return [*differences(was, now), *(f"new table {t}" for t in now.rows.keys() - was.rows.keys())]


@every_migration
def test_down_and_up_again_on_an_empty_database(bare_db: Clone, migration: Migration) -> None:
    assert migration.version is not None
    proof = prove(bare_db.conninfo, CATALOG, migration.version)
    assert [str(finding) for finding in proof.findings] == []
    assert [step.name for step in proof.steps][-3:] == ["up", "down again", "up again"]


@every_migration
def test_what_is_stored_survives_down_and_comes_back(db: Clone, migration: Migration) -> None:
    assert migration.version is not None
    proof = prove(db.conninfo, CATALOG, migration.version)
    assert [str(finding) for finding in proof.findings] == []
    assert proof.rows > 0


@stocks
def test_all_the_way_down_and_up_gives_back_everything(clone: Clone) -> None:
    start = read_state(clone.conninfo)
    rollback(clone.conninfo, CATALOG, all=True)
    assert read_state(clone.conninfo).rows == {}
    migrate(clone.conninfo, CATALOG)
    assert _changes(start, read_state(clone.conninfo)) == []


def test_discarding_leaves_no_row_anywhere(db: Clone) -> None:
    rollback(db.conninfo, CATALOG, all=True, options=ApplyOptions(discard=True))
    left = db.owner.execute(
        "select nspname from pg_namespace where nspname like 'archive%%' or nspname = 'authz'"
    )
    assert left.fetchall() == []
    migrate(db.conninfo, CATALOG)
    (count,) = db.owner.execute("select count(*) from public.organizations").fetchone() or (-1,)
    assert count == 0


@stocks
@every_migration
def test_a_file_applied_again_by_psql_changes_nothing(clone: Clone, migration: Migration) -> None:
    if migration is not CATALOG.migrations[-1]:
        rollback(clone.conninfo, CATALOG, to=migration.version)
    start = read_state(clone.conninfo)
    _sent_whole(clone, migration.path)
    assert _changes(start, read_state(clone.conninfo)) == []


@stocks
@every_migration
def test_a_rollback_repeated_by_psql_changes_nothing(clone: Clone, migration: Migration) -> None:
    assert migration.rollback is not None
    below = CATALOG.migrations[: CATALOG.migrations.index(migration)]
    rollback(clone.conninfo, CATALOG, to=below[-1].version if below else None, all=not below)
    start = read_state(clone.conninfo)
    _sent_whole(clone, migration.rollback.path)
    assert _changes(start, read_state(clone.conninfo)) == []


def test_the_files_alone_through_psql_make_what_the_engine_makes(
    bare_db: Clone, empty_db: Clone
) -> None:
    for migration in CATALOG.migrations:
        _sent_whole(bare_db, migration.path)
    wanted = read_state(empty_db.conninfo)
    assert _changes(wanted, read_state(bare_db.conninfo)) == []


@every_migration_under_another
def test_a_rollback_under_a_later_migration_is_refused(db: Clone, migration: Migration) -> None:
    start = read_state(db.conninfo)
    with pytest.raises(PgschemaError) as caught:
        rollback(db.conninfo, CATALOG, only=migration.version)
    assert caught.value.code.startswith("PGS2")
    assert _changes(start, read_state(db.conninfo)) == []
    assert read_ledger(db.owner).version == CATALOG.migrations[-1].version
