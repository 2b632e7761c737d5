"""The options and exit codes that every command shares."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pgschema import __version__
from pgschema.cli.app import COMMANDS, app
from pgschema.cli.options import Seconds
from pgschema.errors import CATALOGUE
from tests.cli.conftest import Cli, command_line


def test_without_a_command_the_help_is_shown(cli: Cli) -> None:
    shown = cli()
    assert shown.code == 0
    assert shown.out == cli("--help").out
    assert all(f"\n  {name} " in shown.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_whose_first_sentence_fits_the_list(cli: Cli, name: str) -> None:
    assert cli(name, "--help").code == 0
    line = next(line for line in cli("--help").out.splitlines() if line.startswith(f"  {name} "))
    assert line.endswith(".")
    assert not line.endswith("...")


def test_the_version_is_the_package_s(cli: Cli) -> None:
    assert cli("--version").out == f"pgschema {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("--nonsense",),
        ("status", "--nonsense"),
        ("status", "too much"),
        ("rollback", "--steps", "0"),
        ("rollback", "--steps", "1", "--all"),
        ("migrate", "--lock-timeout", "soon"),
        ("seed", "--anchor", "yesterday"),
        ("--migrations", "/nowhere", "status"),
        ("new",),
    ],
)
def test_a_command_line_that_cannot_be_understood_exits_with_2(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    ran = cli(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("PGS701: ")
    assert "--help" in ran.err


def test_with_json_a_usage_error_is_one_document(cli: Cli) -> None:
    ran = cli("status", "--nonsense", "--json")
    assert ran.code == 2
    assert ran.document["error"]["code"] == "PGS701"


def test_the_global_options_may_stand_before_and_after_the_command(cli: Cli) -> None:
    assert cli("--json", "rule", "PGS701").document == cli("rule", "PGS701", "--json").document


def test_an_option_after_the_command_wins(cli: Cli, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    ran = cli("--migrations", str(first), "new", "add_x", "--migrations", str(second))
    assert ran.code == 0
    assert [path.name for path in second.iterdir()] == ["V001__add_x.sql"]
    assert list(first.iterdir()) == []


def test_rule_prints_the_page_of_a_code_in_any_spelling(cli: Cli) -> None:
    page = cli("rule", "PGS702").out
    assert page.startswith("# PGS702: No database is named\n")
    assert cli("rule", "pgs702").out == page
    assert cli("rule", "702").out == page


def test_rule_without_a_code_lists_all(cli: Cli) -> None:
    listed = cli("rule").out
    assert all(code in listed for code in CATALOGUE)
    assert len(cli("rule", "--json").document["codes"]) == len(CATALOGUE)


def test_rule_with_an_unknown_code_names_similar_ones(cli: Cli) -> None:
    ran = cli("rule", "PGS799")
    assert ran.code == 2
    assert ran.err.startswith("PGS706: ")
    assert "PGS70" in ran.err.splitlines()[1]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2", 2.0), ("2s", 2.0), ("500ms", 0.5), ("0.5s", 0.5), ("1min", 60.0), ("0", 0.0)],
)
def test_durations_take_the_units_of_postgresql(text: str, seconds: float) -> None:
    assert Seconds().convert(text, None, None) == seconds


def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    with subprocess.Popen(
        command_line("rule"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        said = running.stderr.read()
    assert said == b""
    assert running.returncode == 141


def test_ctrl_c_ends_the_run_with_130_and_without_a_traceback() -> None:
    waiting = (
        "import sys, time; from pgschema.cli import entry\n"
        "def wait(*_): print('waiting', flush=True); time.sleep(60)\n"
        "entry._invoke = wait; sys.exit(entry.run([]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", waiting], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert said == "interrupted\n"
    assert running.returncode == 130


def test_ctrl_c_while_the_program_loads_is_no_traceback() -> None:
    interrupted = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'pgschema.cli.output': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from pgschema.__main__ import main; main()"
    )
    ran = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


def test_a_bug_is_a_traceback_and_no_answer_that_a_script_could_mistake(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("postgresql://ann:secret@host/db went wrong")

    monkeypatch.setattr("pgschema.cli.entry._invoke", broken)
    ran = cli("status")
    assert ran.code == 70
    assert "Traceback" in ran.err
    assert "secret" not in ran.err


def test_a_server_that_goes_away_under_a_command_is_no_bug(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("pgschema.cli.entry._invoke", lost)
    ran = cli("status", "--json")
    assert ran.code == 3
    assert ran.document["error"]["code"] == "PGS304"


def test_help_does_not_import_what_is_slow() -> None:
    code = (
        "import sys; from pgschema.cli.entry import run; run(['--help'])\n"
        "slow = {'psycopg', 'rich', 'yoyo', 'pgschema.catalog', 'logging'} & set(sys.modules)\n"
        "print('slow:', *sorted(slow))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.stdout.splitlines()[-1] == "slow:"


def test_completion_knows_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pgschema"],
        env={
            **os.environ,
            "_PGSCHEMA_COMPLETE": "bash_complete",
            "COMP_WORDS": "pgschema ro",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "plain,rollback" in done.stdout.splitlines()


def test_commands_are_listed_in_the_order_in_which_they_are_met() -> None:
    assert tuple(app.list_commands(app.make_context("pgschema", [], resilient_parsing=True))) == (
        COMMANDS
    )
