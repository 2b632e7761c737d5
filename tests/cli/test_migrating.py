"""status, migrate, rollback, verify and new, on a folder and a database of their own."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pgschema.testing.clones import Clone
from tests.cli.conftest import Cli, Ran, command_line, write_migration, write_rollback

pytestmark = pytest.mark.slow

On = Callable[..., Ran]


@pytest.fixture
def on(cli: Cli, bare_db: Clone, project: Path) -> On:
    """Return a function that runs a command on the test's own folder and database."""

    def call(command: str, *arguments: str) -> Ran:
        folder = str(project / "migrations")
        return cli("--database", bare_db.conninfo, "--migrations", folder, command, *arguments)

    return call


def tables(db: Clone) -> list[str]:
    query = "select relname from pg_class where relnamespace = 'public'::regnamespace order by 1"
    return [row[0] for row in db.owner.execute(query)]


def test_migrate_says_a_line_for_each_file_as_it_is_done(on: On, bare_db: Clone) -> None:
    ran = on("migrate")
    lines = [re.sub(r"\d+ ms", "N ms", line) for line in ran.out.splitlines()]
    assert lines[:2] == ["  + V1__create_a .. ok (N ms)", "  + V2__create_b .. ok (N ms)"]
    assert lines[2].startswith("2 files applied in N ms: ")
    assert (ran.code, ran.err) == (0, "")
    assert tables(bare_db) == ["a", "b"]


def test_names_of_different_length_are_dotted_to_one_column(on: On, project: Path) -> None:
    write_migration(project, "V3__create_something_longer.sql", "select 1;")
    lines = on("migrate").out.splitlines()[:3]
    assert len({line.index(" ok (") for line in lines}) == 1


def test_a_second_migrate_has_nothing_to_do(on: On) -> None:
    on("migrate")
    ran = on("migrate")
    assert ran.code == 0
    assert ran.out.startswith("nothing to do: ")


def test_migrate_stops_after_the_wanted_version(on: On, bare_db: Clone) -> None:
    assert on("migrate", "--to", "V1").code == 0
    assert tables(bare_db) == ["a"]


def test_a_dry_run_shows_the_plan_and_changes_nothing(on: On, bare_db: Clone) -> None:
    ran = on("migrate", "--dry-run")
    assert ran.code == 0
    assert ran.out.splitlines()[:2] == [
        "  + V1__create_a .. pending",
        "  + V2__create_b .. pending",
    ]
    assert tables(bare_db) == []


def test_the_sql_of_a_dry_run_does_what_migrate_does(on: On, bare_db: Clone) -> None:
    script = on("migrate", "--sql").out
    assert tables(bare_db) == []
    bare_db.owner.execute(script.encode())
    assert tables(bare_db) == ["a", "b"]
    assert on("status", "--exit-code").code == 0


def test_without_anything_to_do_the_sql_is_a_comment(on: On) -> None:
    on("migrate")
    assert on("migrate", "--sql").out == "-- nothing to do\n"


def test_status_says_where_every_file_stands(on: On) -> None:
    on("migrate", "--to", "V1")
    ran = on("status")
    assert ran.code == 0
    assert re.search(r"^  V1 +create_a +applied +\d{4}-.*Z +\d+ ms$", ran.out, re.MULTILINE)
    assert re.search(r"^  V2 +create_b +pending$", ran.out, re.MULTILINE)
    assert ran.out.endswith(": 1 applied, 1 pending\n")


def test_status_answers_no_with_its_exit_code_only_when_asked(on: On) -> None:
    assert (on("status").code, on("status", "--exit-code").code) == (0, 1)
    on("migrate")
    assert (on("status").code, on("status", "--exit-code").code) == (0, 0)


def test_status_reads_a_database_that_never_saw_pgschema_and_leaves_it_so(
    on: On, bare_db: Clone
) -> None:
    on("status")
    found = bare_db.owner.execute("select to_regnamespace('pgschema')").fetchone()
    assert found == (None,)


def test_an_edited_file_is_found_by_status_verify_and_migrate(on: On, project: Path) -> None:
    on("migrate")
    write_migration(project, "V1__create_a.sql", "create table a (id bigint);")
    assert re.search(r"V1 .* edited ", on("status").out)
    found = on("verify")
    assert found.code == 1
    assert found.out.startswith("PGS201: ")
    assert "1 finding" in found.out
    refused = on("migrate")
    assert refused.code == 1
    assert refused.err.startswith("PGS201: ")


def test_an_edit_of_comments_is_a_note(on: On, project: Path) -> None:
    on("migrate")
    write_migration(project, "V1__create_a.sql", "-- why\ncreate table a (id int);")
    ran = on("status", "--exit-code")
    assert ran.code == 0
    assert "only comments or spacing changed" in ran.out
    assert on("verify").code == 0


def test_a_missing_file_is_found(on: On, project: Path) -> None:
    on("migrate")
    (project / "migrations" / "V1__create_a.sql").unlink()
    assert re.search(r"V1 .* missing ", on("status").out)
    assert on("verify").code == 1


def test_a_file_that_comes_too_late_is_found(on: On, project: Path) -> None:
    on("migrate")
    write_migration(project, "V1.5__between.sql", "select 1;")
    assert re.search(r"V1\.5 .* out-of-order", on("status").out)
    assert on("verify").code == 1


def test_verify_says_what_agrees(on: On) -> None:
    on("migrate")
    ran = on("verify")
    assert ran.code == 0
    assert ran.out.startswith("2 files agree with ")


def test_a_failing_migration_is_shown_where_it_fails(on: On, project: Path, bare_db: Clone) -> None:
    write_migration(project, "V3__broken.sql", "create table c (id int);\nselect nothing from c;")
    ran = on("migrate")
    note, head, cause, fix, more, *rest = ran.err.splitlines()
    assert ran.code == 3
    assert note == "note: V3__broken: no rollback file"
    assert head.startswith("PGS301: ")
    assert cause.startswith("cause: ")
    assert "V3__broken.sql:2:8" in cause
    assert "nothing" in cause
    assert fix.startswith("fix: ")
    assert more == "more: pgschema rule PGS301"
    assert "    2 | select nothing from c;" in rest
    assert "      |        ^" in rest
    assert [line.split(" (")[0] for line in ran.out.splitlines()] == [
        "  + V1__create_a .. ok",
        "  + V2__create_b .. ok",
        "  + V3__broken .... failed",
    ]
    assert tables(bare_db) == ["a", "b"]


def test_detail_and_hint_of_the_server_are_passed_on(on: On, project: Path) -> None:
    text = (
        "do $$ begin raise exception 'no' using detail = 'the detail', hint = 'the hint'; end $$;"
    )
    write_migration(project, "V3__broken.sql", text)
    said = on("migrate").err.splitlines()
    assert "detail: the detail" in said
    assert "hint: the hint" in said
    assert any(line.startswith("context: PL/pgSQL function") for line in said)


def test_warnings_of_a_file_are_heard_and_notices_when_asked_for(
    on: On, project: Path, bare_db: Clone
) -> None:
    text = "do $$ begin raise warning 'careful'; raise notice 'by the way'; end $$;"
    write_migration(project, "V3__talks.sql", text)
    ran = on("migrate")
    assert "careful" in ran.err
    assert "by the way" not in ran.err
    on("rollback", "--all", "--yes")
    write_rollback(project, "V3__rollback_talks.sql", "select 1;")
    on("rollback", "--all", "--yes")
    assert on("migrate", "-v").err.count("by the way") == 1


def test_who_is_in_the_way_is_named_while_waiting(on: On, bare_db: Clone, project: Path) -> None:
    on("migrate")
    write_migration(project, "V3__alter.sql", "alter table a add column x int;")
    with psycopg.connect(bare_db.conninfo, application_name="long-lunch") as other:
        other.execute("select count(*) from a")
        ran = on("migrate", "--lock-timeout", "100ms", "--retry-for", "1s")
        pid = other.info.backend_pid
    assert ran.code == 3
    assert ran.err.count(f"process {pid} ") >= 2
    assert "long-lunch" in ran.err
    assert "PGS303: " in ran.err


def test_rollback_undoes_the_newest_by_default(on: On, bare_db: Clone) -> None:
    on("migrate")
    ran = on("rollback", "--yes")
    assert ran.code == 0
    assert ran.out.startswith("  - V2__create_b .. ok (")
    assert tables(bare_db) == ["a"]


@pytest.mark.parametrize(
    ("arguments", "left"),
    [(("--to", "V1"), ["a"]), (("--steps", "2"), []), (("--all",), [])],
)
def test_rollback_goes_as_far_as_it_is_told(
    on: On, bare_db: Clone, arguments: tuple[str, ...], left: list[str]
) -> None:
    on("migrate")
    assert on("rollback", "--yes", *arguments).code == 0
    assert tables(bare_db) == left


def test_a_rollback_that_nobody_can_be_asked_about_needs_yes(on: On, bare_db: Clone) -> None:
    on("migrate")
    ran = on("rollback")
    assert ran.code == 2
    assert ran.err.startswith("PGS703: ")
    assert tables(bare_db) == ["a", "b"]
    assert on("rollback", "--json").document["error"]["code"] == "PGS703"


def test_a_dry_rollback_asks_nothing_and_changes_nothing(on: On, bare_db: Clone) -> None:
    on("migrate")
    ran = on("rollback", "--dry-run", "--all")
    assert ran.code == 0
    assert [line.split()[1] for line in ran.out.splitlines()[:2]] == [
        "V2__create_b",
        "V1__create_a",
    ]
    assert tables(bare_db) == ["a", "b"]


def test_a_rollback_without_its_file_names_the_file_it_expects(on: On, project: Path) -> None:
    on("migrate")
    (project / "rollbacks" / "V2__rollback_b.sql").unlink()
    ran = on("rollback", "--yes")
    assert ran.code == 1
    assert "PGS208" in ran.err
    assert "V2__rollback_b.sql" in ran.err


@pytest.mark.parametrize(("answer", "left", "code"), [("y", ["a"], 0), ("n", ["a", "b"], 130)])
def test_at_a_terminal_a_rollback_asks_and_does_as_it_is_told(
    on: On, bare_db: Clone, project: Path, answer: str, left: list[str], code: int
) -> None:
    on("migrate")
    ran = at_terminal(bare_db, project, "rollback", answer=answer)
    assert "- V2__create_b" in ran.err
    assert "Roll back 1 migration from " in ran.err
    assert ran.code == code
    assert tables(bare_db) == left


def test_what_was_agreed_to_is_what_is_done_or_nothing(
    on: On, bare_db: Clone, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on("migrate")
    meanwhile = command_line(
        "--database", bare_db.conninfo, "--migrations", str(project / "migrations"),
        "rollback", "--yes",
    )  # fmt: skip
    ran = at_terminal(bare_db, project, "rollback", answer="y", before=meanwhile)
    assert ran.code == 2
    assert "PGS709: " in ran.err
    assert tables(bare_db) == ["a"]


def at_terminal(
    db: Clone, project: Path, *arguments: str, answer: str, before: list[str] | None = None
) -> Ran:
    """Run a command whose standard input is a terminal at which somebody answers a question."""
    folder = str(project / "migrations")
    ours, theirs = pty.openpty()
    command = command_line("--database", db.conninfo, "--migrations", folder, *arguments)
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        asked = ""
        while "[y/N]" not in asked:
            letter = running.stderr.read(1)
            assert letter, asked
            asked += letter
        if before:
            subprocess.run(before, check=True, capture_output=True)
        os.write(ours, f"{answer}\n".encode())
        out, err = running.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    return Ran(running.returncode, out, asked + err)


def test_two_runs_at_once_apply_each_file_once(bare_db: Clone, project: Path) -> None:
    write_migration(project, "V3__slow.sql", "select pg_sleep(0.2);")
    folder = str(project / "migrations")
    command = command_line("--database", bare_db.conninfo, "--migrations", folder, "migrate")
    done: list[subprocess.CompletedProcess[str]] = []

    def deploy() -> None:
        done.append(subprocess.run(command, capture_output=True, text=True, check=False))

    threads = [threading.Thread(target=deploy) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ran.returncode for ran in done] == [0, 0]
    assert sum("V3__slow" in ran.stdout for ran in done) == 1


def test_new_writes_what_a_foreign_folder_has_room_for(on: On, project: Path) -> None:
    ran = on("new", "add_c")
    assert ran.code == 0
    assert (project / "migrations" / "V3__add_c.sql").exists()
    assert (project / "rollbacks" / "V3__rollback_c.sql").exists()
    assert {path.name for path in project.iterdir()} == {"migrations", "rollbacks"}


def test_what_new_writes_can_be_applied_and_undone(on: On) -> None:
    on("new", "add_c")
    assert on("migrate").code == 0
    assert on("rollback", "--yes").code == 0


def test_new_refuses_a_bad_name_and_an_existing_file(on: On, project: Path) -> None:
    assert "PGS704" in on("new", "Add C").err
    write_rollback(project, "V3__rollback_c.sql", "select 1;")
    refused = on("new", "add_c")
    assert "PGS705" in refused.err
    assert refused.code == 2
    assert not (project / "migrations" / "V3__add_c.sql").exists()


def test_quiet_leaves_the_result_and_the_errors(on: On) -> None:
    ran = on("migrate", "-q")
    assert len(ran.out.splitlines()) == 2
    assert on("migrate", "-q").out == ""
    assert on("migrate", "-q", "--to", "V9").err.startswith("PGS206: ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_migration_leaves_the_database_as_before_that_file_and_no_session(
    bare_db: Clone, project: Path, number: signal.Signals, code: int
) -> None:
    write_migration(project, "V3__slow.sql", "create table c (id int);\nselect pg_sleep(60);")
    common = ("--database", bare_db.conninfo, "--migrations", str(project / "migrations"))
    sleeping = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%'"
    with subprocess.Popen(
        command_line(*common, "migrate"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        while bare_db.owner.execute(f"{sleeping} and pid <> pg_backend_pid()").fetchone() == (0,):
            assert running.poll() is None
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert running.returncode == code
    deadline = time.monotonic() + 20
    while bare_db.owner.execute(f"{sleeping} and pid <> pg_backend_pid()").fetchone() != (0,):
        assert time.monotonic() < deadline
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    assert [line.split(" (")[0] for line in out.splitlines()] == [
        "  + V1__create_a .. ok",
        "  + V2__create_b .. ok",
    ]
    assert tables(bare_db) == ["a", "b"]
