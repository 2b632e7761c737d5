"""Which database a command is about, and that no password is ever echoed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgschema.cli.target import normalised
from pgschema.server import EphemeralCluster
from pgschema.testing.clones import Clone
from pgschema.testing.templates import Stock
from pgschema.testing.workshop import Workshop
from tests.cli.conftest import Cli

SECRET = "tiger-9-Lily"


@pytest.fixture(scope="module")
def own_workshop() -> Iterator[Workshop]:
    """Give a server of our own: how to reach it is what these tests are about."""
    workshop = Workshop()
    yield workshop
    workshop.close()


@pytest.fixture
def bare_db(own_workshop: Workshop) -> Iterator[Clone]:
    clone = own_workshop.clone(Stock.BARE)
    yield clone
    own_workshop.discard(clone)


@pytest.mark.parametrize(
    ("given", "conninfo"),
    [
        ("postgresql://ann@host/db", "postgresql://ann@host/db"),
        ("postgres://ann@host/db", "postgres://ann@host/db"),
        ("postgresql+psycopg://ann@host/db", "postgresql://ann@host/db"),
        ("postgresql+asyncpg://ann@host/db", "postgresql://ann@host/db"),
        ("host=h dbname=db", "host=h dbname=db"),
        ("service=prod", "service=prod"),
        ("app", "dbname=app"),
        ("", ""),
    ],
)
def test_urls_conninfos_and_bare_names_are_understood(given: str, conninfo: str) -> None:
    assert normalised(given) == conninfo


def test_the_option_wins_over_the_environment(
    cli: Cli, bare_db: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///elsewhere?host=/nowhere")
    ran = cli("--database", bare_db.conninfo, "status", "--json")
    assert f"dbname={bare_db.name}" in ran.document["database"]


def test_database_url_wins_over_the_variables_of_libpq(
    cli: Cli, bare_db: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", "/nowhere")
    monkeypatch.setenv("DATABASE_URL", bare_db.conninfo)
    assert cli("status").code == 0


def test_an_empty_database_url_names_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert cli("status").err.startswith("PGS702: ")


def test_the_variables_of_libpq_name_a_database(
    cli: Cli, bare_db: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", str(bare_db.server.socket_dir))
    monkeypatch.setenv("PGUSER", "postgres")
    monkeypatch.setenv("PGDATABASE", bare_db.name)
    ran = cli("status", "--json")
    assert ran.code == 0
    assert bare_db.name in ran.document["database"]


def test_a_service_file_names_a_database(
    cli: Cli, bare_db: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = bare_db.conninfo.replace(" ", "\n")
    (tmp_path / "services.conf").write_text(f"[test]\n{lines}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services.conf"))
    assert cli("--database", "service=test", "status").code == 0
    monkeypatch.setenv("PGSERVICE", "test")
    assert cli("status").code == 0


@pytest.mark.parametrize(
    "command",
    [("status",), ("migrate",), ("rollback", "--yes"), ("verify",), ("seed",), ("reconcile",)],
)
def test_without_a_database_nothing_is_made_up(
    cli: Cli, command: tuple[str, ...], tmp_path: Path
) -> None:
    ran = cli(*command)
    assert ran.code == 2
    assert ran.err.startswith("PGS702: ")
    assert list(tmp_path.iterdir()) == []


def test_a_user_alone_names_no_database(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "postgres")
    assert "PGS702" in cli("status").err


def test_an_unknown_database_is_a_clear_error(cli: Cli, cluster: EphemeralCluster) -> None:
    ran = cli("--database", cluster.conninfo(dbname="atlantis"), "status")
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 4
    assert 'database "atlantis" does not exist' in ran.err


def test_a_host_that_does_not_answer_is_given_up(cli: Cli, silent_port: int) -> None:
    began = time.monotonic()
    url = f"postgresql://ann@127.0.0.1:{silent_port}/db?connect_timeout=2"
    ran = cli("--database", url, "status")
    assert ran.code == 2
    assert "PGS310" in ran.err
    assert time.monotonic() - began < 10


def test_the_patience_of_libpq_s_own_variable_counts(
    cli: Cli, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    began = time.monotonic()
    assert cli("--database", f"host=127.0.0.1 port={silent_port}", "status").code == 2
    assert time.monotonic() - began < 9


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_refused_connection_is_a_clear_error_as_json_too(cli: Cli, tmp_path: Path) -> None:
    ran = cli("--database", f"postgresql:///db?host={tmp_path}", "status", "--json")
    assert ran.code == 2
    assert ran.document["error"]["code"] == "PGS310"


@pytest.mark.parametrize(
    ("database", "why"),
    [
        (f"postgresql://ann:{SECRET}@x@host/db", "@ in it"),
        (f"postgresql://ann:x@{SECRET}@host/db", "@ in it"),
        (f"postgresql://ann:{SECRET}/x@host/db", "port"),
        (f"postgresql://ann:x%zz{SECRET}@host/db", "percent"),
        (f"host=h password=x {SECRET}", ""),
        (f"host=h password='{SECRET}", ""),
        (f"host=h port={SECRET}", "port"),
    ],
)
def test_a_connection_string_that_cannot_be_read_is_not_repeated(
    cli: Cli, database: str, why: str
) -> None:
    for options in ([], ["--json"], ["-vv"]):
        ran = cli("--database", database, "status", *options)
        assert ran.code == 2
        assert "PGS708" in ran.out + ran.err
        assert why in ran.err
        assert SECRET not in ran.out + ran.err


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://postgres:{secret}@/{name}?host={host}",
        "postgresql+psycopg://postgres:{secret}@/{name}?host={host}",
        "postgresql:///{name}?host={host}&user=postgres&password={secret}",
        "host={host} dbname={name} user=postgres password={secret}",
        "host={host} dbname={name} user=postgres password='{secret}'",
    ],
)
@pytest.mark.parametrize("arguments", [("status",), ("migrate", "-vv"), ("status", "--json")])
def test_no_password_is_echoed(
    cli: Cli, bare_db: Clone, form: str, arguments: tuple[str, ...]
) -> None:
    database = form.format(secret=SECRET, name=bare_db.name, host=bare_db.server.socket_dir)
    ran = cli("--database", database, *arguments)
    assert ran.code == 0, ran.err
    assert SECRET not in ran.out + ran.err
    assert "***" in ran.out


def test_a_refused_password_is_not_echoed(
    cli: Cli, guarded: EphemeralCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = guarded.socket_dir
    for database in (
        f"postgresql://postgres:{SECRET}@/postgres?host={host}",
        f"host={host} user=postgres password={SECRET}",
    ):
        for options in ([], ["--json"], ["-vv"]):
            ran = cli("--database", database, "status", *options)
            assert ran.code == 2
            assert "password authentication failed" in ran.out + ran.err
            assert SECRET not in ran.out + ran.err
    monkeypatch.setenv("PGPASSWORD", SECRET)
    ran = cli("--database", f"host={host} user=postgres", "status")
    assert "password authentication failed" in ran.err
    assert SECRET not in ran.err


@pytest.fixture
def guarded() -> Iterator[EphemeralCluster]:
    """Give a server that asks for a password."""
    with EphemeralCluster() as server:
        data = Path(server.get_data_directory())
        (data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        server.restart()
        yield server


def test_a_role_without_a_password_file_is_asked_for_nothing(
    cli: Cli, guarded: EphemeralCluster
) -> None:
    ran = cli("--database", guarded.conninfo(), "status")
    assert ran.code == 2
    assert "no password supplied" in ran.err


def test_a_role_that_may_not_read_the_ledger_is_told_so(cli: Cli, db: Clone) -> None:
    ran = cli("--database", db.conninfo_of("authenticator"), "status")
    assert ran.code == 2
    assert "PGS314" in ran.err


def test_a_multi_host_string_keeps_working(cli: Cli, bare_db: Clone) -> None:
    host = bare_db.server.socket_dir
    database = f"host=/nowhere,{host} port=5432,5432 user=postgres dbname={bare_db.name}"
    assert cli("--database", database, "status").code == 0
