"""The part of yoyo 9 that the engine stands on. A new release of yoyo has to pass this first."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict
from yoyo import get_backend, internalmigrations, read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.migrations import Migration, MigrationList, get_migration_hash

from pgschema.apply.backend import LedgerBackend, StepMigration
from pgschema.apply.ledger_sql import yoyo_hash


def uri(project: Any, schema: str) -> str:
    given = conninfo_to_dict(project.conninfo)
    host = quote(str(given["host"]), safe="")
    return f"postgresql+psycopg://postgres@/{given['dbname']}?host={host}&schema={schema}"


def shape(project: Any, schema: str) -> list[Any]:
    columns = project.rows(
        "select table_name, column_name, data_type, character_maximum_length, is_nullable"
        " from information_schema.columns where table_schema = %s"
        " and table_name in ('_yoyo_migration', '_yoyo_log', '_yoyo_version') order by 1, 2",
        schema,
    )
    keys = project.rows(
        "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint"
        " where connamespace = %s::regnamespace and contype = 'p' order by 1",
        schema,
    )
    return columns + [(name.rpartition(".")[2], text) for name, text in keys if "_yoyo_" in name]


def yoyo(project: Any, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-m", "yoyo", *arguments[:1], "--batch"]
    command += ["--no-config-file", "--database", uri(project, "pgschema"), *arguments[1:]]
    command.append(str(project.root / "migrations"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(project: Any) -> dict[str, str]:
    found = re.findall(r"^(?:\x1b\S*?m)?([AU])\S*\s+(\S+)", yoyo(project, "list"), re.MULTILINE)
    return {stem: state for state, stem in found}


def test_the_release_is_one_that_was_looked_at() -> None:
    assert version("yoyo-migrations").split(".")[0] == "9"
    assert max(internalmigrations.schema_versions) == 2


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (PostgresqlPsycopgBackend, "quote_identifier", ["self", "s"]),
        (PostgresqlPsycopgBackend, "apply_one", ["self", "migration", "force", "mark"]),
        (PostgresqlPsycopgBackend, "rollback_one", ["self", "migration", "force"]),
        (PostgresqlPsycopgBackend, "apply_migrations", ["self", "migrations", "force"]),
        (PostgresqlPsycopgBackend, "rollback_migrations", ["self", "migrations", "force"]),
        (PostgresqlPsycopgBackend, "format_sql", ["self", "s", "kwargs"]),
        (Migration, "__init__", ["self", "id", "path", "source_dir"]),
        (Migration, "load", ["self"]),
        (Migration, "process_steps", ["self", "backend", "direction", "force"]),
        (MigrationList, "__init__", ["self", "items", "post_apply"]),
    ],
)
def test_what_is_called_or_replaced_has_the_shape_it_had(
    owner: type, name: str, parameters: list[str]
) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_what_is_overridden_exists_in_yoyo() -> None:
    for ours in (LedgerBackend, StepMigration):
        parent = ours.__mro__[1]
        own = {name for name in vars(ours) if not name.startswith("_")}
        assert own <= set(dir(parent)), own


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("mark_migration_sql", {"migration_hash", "migration_id", "when"}),
        ("unmark_migration_sql", {"migration_hash"}),
        (
            "log_migration_sql",
            {"id", "migration_hash", "migration_id", "operation", "username", "hostname",
             "created_at_utc"},
        ),
    ],
)  # fmt: skip
def test_its_statements_take_the_values_that_we_give(statement: str, names: set[str]) -> None:
    text = LedgerBackend(None).format_sql(getattr(LedgerBackend, statement))
    assert set(re.findall(r":(\w+)", text)) == names
    assert re.search(r'"pgschema"\."_yoyo_(migration|log)"', text)


def test_a_migration_is_known_by_the_hash_of_its_name() -> None:
    for stem in ("V001__a", "V002__ø"):
        assert get_migration_hash(stem) == yoyo_hash(stem)


def test_the_tables_are_those_that_yoyo_makes(project: Any) -> None:
    project.db.owner.execute("create schema stock")
    with get_backend(uri(project, "stock")) as backend:
        backend.ensure_internal_schema_updated()
    project.add("V001__a", "select 1;")
    project.migrate()
    assert shape(project, "pgschema") == shape(project, "stock")
    assert shape(project, "stock")


def test_yoyo_list_tells_the_truth(project: Any) -> None:
    project.add("V001__a", "create table a ();", undo="drop table a;")
    project.add("V002__b", "create table b ();", undo="drop table b;")
    project.add("V003__c", "create table c ();", undo="drop table c;")
    project.migrate(to="V002")
    assert listed(project) == {"V001__a": "A", "V002__b": "A", "V003__c": "U"}
    project.rollback()
    assert listed(project) == {"V001__a": "A", "V002__b": "U", "V003__c": "U"}


def test_yoyo_agrees_about_what_is_pending(project: Any) -> None:
    for stem in ("V001__a", "V002__b", "V003__c"):
        project.add(stem, "select 1;")
    project.migrate(to="V001")
    with get_backend(uri(project, "pgschema")) as backend:
        pending = backend.to_apply(read_migrations(str(project.root / "migrations")))
    assert [migration.id for migration in pending] == ["V002__b", "V003__c"]


def test_what_yoyo_marked_counts_as_applied(project: Any) -> None:
    project.add("V001__a", "create table a ();")
    project.migrate()
    project.add("V002__b", "create table b ();")
    yoyo(project, "mark", "-r", "V002__b")
    plan = project.migrate().plan
    assert (plan.steps, project.has("b")) == ((), False)
    assert "V002__b: recorded by yoyo, without a checksum" in plan.notes


def test_an_up_to_date_run_does_not_import_yoyo(project: Any, tmp_path: Path) -> None:
    project.add("V001__a", "select 1;")
    project.migrate()
    program = (
        "import sys; from pathlib import Path; from pgschema.apply import migrate\n"
        "from pgschema.catalog import read_catalog\n"
        "migrate(sys.argv[1], read_catalog(Path(sys.argv[2])))\n"
        "print('yoyo' in sys.modules)"
    )
    folder = str(tmp_path / "migrations")
    command = [sys.executable, "-c", program, project.conninfo, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
