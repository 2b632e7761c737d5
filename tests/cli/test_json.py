"""`--json`: one document on standard output, whose keys are an API held by golden files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgschema.testing.clones import Clone
from tests.cli.conftest import Cli, Ran, write_migration
from tests.cli.golden import FOLDER, assert_golden
from tests.cli.test_migrating import On, on

__all__ = ["on"]

COMMANDS = [
    "up",
    "status",
    "migrate",
    "rollback",
    "verify",
    "new",
    "seed",
    "reconcile",
    "server",
    "rule",
    "error",
]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_golden_document(name: str) -> None:
    assert sorted(FOLDER.glob(f"{name}*.json"))


def test_up(cli: Cli, bare_db: Clone) -> None:
    assert_golden("up", cli("--database", bare_db.conninfo, "up", "--json").document)


def test_status(on: On) -> None:
    on("migrate", "--to", "V1")
    assert_golden("status", on("status", "--json").document)


def test_migrate(on: On) -> None:
    assert_golden("migrate", on("migrate", "--json").document)


def test_migrate_dry_run(on: On) -> None:
    assert_golden("migrate_dry_run", on("migrate", "--dry-run", "--json").document)


def test_migrate_sql(on: On) -> None:
    assert_golden("migrate_sql", on("migrate", "--sql", "--json").document)


def test_rollback(on: On) -> None:
    on("migrate")
    assert_golden("rollback", on("rollback", "--yes", "--json").document)


def test_verify(on: On, project: Path) -> None:
    on("migrate")
    (project / "migrations" / "V1__create_a.sql").unlink()
    ran = on("verify", "--json")
    assert ran.code == 1
    assert_golden("verify", ran.document)


def test_new(on: On) -> None:
    assert_golden("new", on("new", "add_c", "--json").document)


def test_seed(cli: Cli, empty_db: Clone) -> None:
    assert_golden("seed", cli("--database", empty_db.conninfo, "seed", "--json").document)


def test_reconcile(cli: Cli, db: Clone) -> None:
    make_drift(db)
    ran = cli("--database", db.conninfo, "reconcile", "--json")
    assert ran.code == 1
    assert_golden("reconcile", ran.document)


def make_drift(db: Clone) -> None:
    """Write a wrong count past the trigger that guards it, as only an owner can."""
    db.owner.execute("alter table public.peer_mentors disable trigger all")
    db.owner.execute(
        "update public.peer_mentors set assignment_count = 99 where display_name = 'Kåre Bjørnstad'"
    )
    db.owner.execute("alter table public.peer_mentors enable trigger all")


def test_server_status(cli: Cli) -> None:
    assert_golden("server_status", cli("server", "--json").document)


def test_rule(cli: Cli) -> None:
    assert_golden("rule", cli("rule", "PGS705", "--json").document)


def test_error(on: On, project: Path) -> None:
    write_migration(project, "V3__broken.sql", "create table c (id int);\nselect nothing from c;")
    ran = on("migrate", "--json")
    assert ran.code == 3
    assert_golden("error", ran.document)


@pytest.mark.parametrize(
    "arguments",
    [("migrate",), ("status",), ("verify",), ("rollback", "--yes"), ("status", "--exit-code")],
)
def test_nothing_but_the_document_is_on_standard_output(on: On, arguments: tuple[str, ...]) -> None:
    ran: Ran = on(*arguments, "--json")
    assert ran.document["format"] == 1
    assert ran.document["command"] == arguments[0]


def test_json_is_plain_utf_8_text(cli: Cli, db: Clone) -> None:
    make_drift(db)
    ran = cli("--database", db.conninfo, "reconcile", "--json")
    assert "Kåre Bjørnstad" in ran.out
    assert "\x1b" not in ran.out
