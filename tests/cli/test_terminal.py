"""What a person at a terminal sees, and what programs are spared."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgschema.testing.clones import Clone
from tests.cli.conftest import Cli, on_screen, write_migration

ESCAPE = "\x1b["


def test_a_terminal_gets_framed_tables() -> None:
    shown = on_screen("rule").out
    assert "╭" in shown
    assert "│ PGS702 " in shown


def test_other_readers_get_aligned_plain_text(process: Cli) -> None:
    ran = process("rule")
    assert not any(sign in ran.out for sign in "╭│─\x1b")
    assert ran.out.splitlines()[0].startswith("  code    title")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("arguments", [("rule",), ("rule", "PGS000")])
def test_colours_stay_off_when_unwelcome(env: dict[str, str], arguments: tuple[str, ...]) -> None:
    assert ESCAPE not in on_screen(*arguments, env=env).out


def test_an_error_is_red_at_a_terminal_and_plain_elsewhere(process: Cli) -> None:
    assert on_screen("rule", "PGS000").out.startswith(f"{ESCAPE}31mPGS706: ")
    assert process("rule", "PGS000").err.startswith("PGS706: ")


def test_an_empty_no_color_does_not_count() -> None:
    assert ESCAPE in on_screen("rule", "PGS000", env={"NO_COLOR": ""}).out


def test_json_is_the_same_at_a_terminal(process: Cli) -> None:
    arguments = ("rule", "PGS702", "--json")
    assert on_screen(*arguments).out == process(*arguments).out


def test_a_person_sees_the_file_that_is_being_applied(bare_db: Clone, project: Path) -> None:
    write_migration(project, "V3__broken.sql", "select 1/0;")
    folder = str(project / "migrations")
    shown = on_screen("--database", bare_db.conninfo, "--migrations", folder, "migrate").out
    lines = shown.splitlines()
    assert any(line.startswith("  + V1__create_a .. ok (") for line in lines)
    assert "  + V3__broken .... failed" in lines


def test_a_waiting_line_does_not_tear_the_line_of_its_file(bare_db: Clone, project: Path) -> None:
    write_migration(project, "V3__alter.sql", "alter table a add column x int;")
    common = ("--database", bare_db.conninfo, "--migrations", str(project / "migrations"))
    assert on_screen(*common, "migrate", "--to", "V2").code == 0
    with bare_db.connect(autocommit=False) as other:
        other.execute("select count(*) from a")
        patience = ("--lock-timeout", "200ms", "--retry-for", "500ms")
        lines = on_screen(*common, "migrate", *patience).out.splitlines()
    assert lines.count("  + V3__alter .. ") == 1
    assert lines.count("  + V3__alter .. failed") == 1
    assert any("process" in line and "idle in transaction" in line for line in lines)


@pytest.mark.parametrize("command", ["--help", "migrate --help", "rule PGS701"])
def test_nothing_is_lost_on_a_narrow_terminal(command: str) -> None:
    shown = on_screen(*command.split(), columns=40)
    assert shown.code == 0
    assert "…" not in shown.out


def test_a_terminal_that_knows_no_norwegian_gets_marks_instead_of_a_crash(
    process: Cli, db: Clone
) -> None:
    env = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ran = process("--database", db.conninfo, "up", env=env)
    assert ran.code == 0, ran.err
    assert "K?re Bj?rnstad" in ran.out
    told = process("--database", db.conninfo, "up", "--json", env=env)
    names = [mentor["name"] for mentor in told.document["coordinator_view"]["mentors"]]
    assert "Kåre Bjørnstad" in names
