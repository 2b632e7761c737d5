"""The main job: from nothing to a migrated, seeded database, and the summary of it."""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgschema.catalog import packaged_folders, read_catalog
from pgschema.server import embedded_cluster
from pgschema.testing.clones import Clone
from tests.cli.conftest import Cli, write_migration

pytestmark = pytest.mark.slow

STEMS = [m.stem for m in read_catalog(packaged_folders().migrations).migrations]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give an empty directory whose embedded server, if one is made, is stopped afterwards."""
    yield tmp_path
    cluster = embedded_cluster(tmp_path / ".pgschema")
    cluster.stop()
    found = cluster.status()
    if found.relocated and found.data is not None:  # as root: pytest's folders are closed
        shutil.rmtree(found.data.parent)


def test_up_makes_everything_from_nothing_and_a_second_run_changes_nothing(
    cli: Cli, home: Path
) -> None:
    first = cli("up")
    assert first.code == 0, first.err
    assert (home / ".pgschema").is_dir()
    for stem in STEMS:
        assert re.search(rf"^  \+ {stem} \.\.+ ok \(", first.out, re.MULTILINE)
    assert "data set small .. ok" in first.out
    assert re.search(r"^  assignments +\d+$", first.out, re.MULTILINE)
    assert re.search(r"^  Frøydis Kvåle +NHF Tromsø +1 +1$", first.out, re.MULTILINE)
    assert "Try next" in first.out
    second = cli("up")
    assert second.code == 0, second.err
    assert second.out.startswith("nothing to apply\n")
    assert "data set" not in second.out
    assert second.out.split("What is in")[1] == first.out.split("What is in")[1]


def test_the_embedded_server_is_found_again_by_the_other_commands(cli: Cli, home: Path) -> None:
    cli("up", "-q")
    assert cli("status", "--exit-code").code == 0
    assert cli("reconcile").code == 0
    assert cli("server").out.startswith("state       running")
    assert cli("server", "stop").out == "stopped\n"
    assert cli("server", "stop").out == "was not running\n"
    assert cli("status").code == 0  # it is started when it is needed
    (home / ".pgschema" / "servers").mkdir()
    assert cli("server", "stop", "--delete").code == 0
    assert [path.name for path in (home / ".pgschema").iterdir()] == ["servers"]
    assert cli("status").code == 2


def test_the_password_is_shown_only_to_who_asks_for_it(cli: Cli, home: Path) -> None:
    up, server = cli("up"), cli("server", "url")
    with_password = cli("server", "url", "--with-password").out.strip()
    secret = psycopg.conninfo.conninfo_to_dict(with_password)["password"]
    assert isinstance(secret, str)
    assert len(secret) >= 16
    for shown in (up, server, cli("up", "--json"), cli("server", "--json"), cli("status", "-vv")):
        assert secret not in shown.out + shown.err
    with psycopg.connect(with_password) as connection:
        assert connection.execute("select count(*) > 0 from public.assignments").fetchone() == (
            True,
        )


def test_the_url_of_a_server_that_was_never_made_is_a_clear_error(cli: Cli) -> None:
    ran = cli("server", "url")
    assert ran.code == 2
    assert ran.err.startswith("PGS702: ")


def test_up_works_on_a_named_server(cli: Cli, bare_db: Clone, tmp_path: Path) -> None:
    ran = cli("--database", bare_db.conninfo, "up")
    assert ran.code == 0, ran.err
    assert "Kåre Bjørnstad" in ran.out
    assert "Password" not in ran.out
    assert "server stop" not in ran.out
    assert list(tmp_path.iterdir()) == []


def test_the_coordinator_sees_the_own_chapters_and_no_other(cli: Cli, bare_db: Clone) -> None:
    view = cli("--database", bare_db.conninfo, "up", "--json").document["coordinator_view"]
    mentors = "select count(*) from public.peer_mentors"
    total = bare_db.owner.execute(mentors).fetchone()
    assert total is not None
    assert 0 < len(view["mentors"]) < total[0]
    query = """
        select p.display_name, p.assignment_count from public.peer_mentors p
        join public.coordinator_chapters cc using (chapter_id)
        join public.coordinators c on c.id = cc.coordinator_id
        where c.user_id = %s order by 2 desc, 1
    """
    truth = bare_db.owner.execute(query, (view["user_id"],)).fetchall()
    assert [(m["name"], m["assignments"]) for m in view["mentors"]] == truth[:8]


def test_other_people_s_rows_are_left_alone(cli: Cli, empty_db: Clone) -> None:
    empty_db.owner.execute("insert into public.organizations (slug, name) values ('own', 'Own')")
    ran = cli("--database", empty_db.conninfo, "up", "--json")
    assert ran.code == 0
    assert ran.document["seeded"] is False
    rows = {table["name"]: table["rows"] for table in ran.document["tables"]}
    assert rows["public.organizations"] == 1
    assert ran.document["coordinator_view"] is None


def test_up_on_a_foreign_folder_applies_it_and_loads_nothing(
    cli: Cli, bare_db: Clone, project: Path
) -> None:
    folder = str(project / "migrations")
    ran = cli("--database", bare_db.conninfo, "--migrations", folder, "up")
    assert ran.code == 0
    assert "V2__create_b .. ok" in ran.out
    assert "data set" not in ran.out


@pytest.fixture
def deployer(db: Clone) -> Iterator[str]:
    """Give a role that may migrate and read everything, and act for no user of the API."""
    db.owner.execute(
        """
        create role deployer login;
        grant pgschema_owner to deployer;
        grant usage on schema pgschema to deployer;
        grant select on all tables in schema pgschema to deployer;
        alter table pgschema._yoyo_migration disable row level security;
        alter table pgschema.applied_files disable row level security;
        alter table pgschema.unfinished_files disable row level security;
        """
    )
    yield "deployer"
    db.owner.execute("drop owned by deployer; drop role deployer")


def test_a_role_that_may_not_look_through_a_coordinator_s_eyes_is_told_why(
    cli: Cli, db: Clone, deployer: str
) -> None:
    ran = cli("--database", db.conninfo_of(deployer), "up")
    assert ran.code == 0, ran.err
    assert "cannot look through a coordinator's eyes" in ran.err
    assert "authenticated" in ran.err


def test_a_failed_migration_ends_up_with_3_and_no_summary(
    cli: Cli, bare_db: Clone, project: Path
) -> None:
    write_migration(project, "V3__broken.sql", "select 1/0;")
    folder = str(project / "migrations")
    ran = cli("--database", bare_db.conninfo, "--migrations", folder, "up")
    assert ran.code == 3
    assert "Try next" not in ran.out


def test_the_folder_of_the_embedded_server_keeps_its_secrets(cli: Cli, home: Path) -> None:
    cli("server", "start")
    secrets = [p for p in (home / ".pgschema").rglob("*password*") if p.is_file()]
    assert secrets
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in secrets)


def test_a_developer_whose_files_and_server_differ_is_told_how_to_begin_anew(
    cli: Cli, home: Path, project: Path
) -> None:
    folder = str(project / "migrations")
    assert cli("--migrations", folder, "up").code == 0
    write_migration(project, "V2__create_b.sql", "create table b (id bigint);")
    ran = cli("--migrations", folder, "up")
    assert ran.code == 1
    assert "PGS201: " in ran.err
    assert "server stop --delete" in ran.err
