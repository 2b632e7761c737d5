"""The manifest: what it notices, what it does not, and the one that is on file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.rows import dict_row

from pgschema.seeding import manifest, seed

if TYPE_CHECKING:
    from pgschema.seeding import Manifest
    from pgschema.testing.clones import Clone

GOLDEN = Path(__file__).parents[1] / "golden"

ODD_SETTINGS = {
    "timezone": "America/St_Johns",
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "extra_float_digits": "-3",
    "bytea_output": "escape",
    "search_path": "pg_temp, public",
    "row_security": "off",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "enable_hashagg": "off",
    "enable_seqscan": "off",
    "synchronize_seqscans": "off",
}


def changed_tables(before: Manifest, after: Manifest) -> tuple[str, ...]:
    return before.differences(after)


def assert_on_file(size: str, found: Manifest) -> None:
    """Compare with the golden file, or write it when PGSCHEMA_WRITE_GOLDEN is set."""
    path = GOLDEN / f"manifest_{size}.json"
    if os.environ.get("PGSCHEMA_WRITE_GOLDEN"):
        path.write_text(found.as_json(), encoding="utf-8")
    words = f"PGSCHEMA_WRITE_GOLDEN=1 pytest tests/schema/{Path(__file__).name}, then read the diff"
    assert json.loads(found.as_json()) == json.loads(path.read_text(encoding="utf-8")), words


def test_the_small_data_set_is_the_one_on_file(db: Clone) -> None:
    assert_on_file("small", manifest(db.owner))


@pytest.mark.slow
def test_the_medium_data_set_is_the_one_on_file(empty_db: Clone) -> None:
    assert_on_file("medium", seed(empty_db.owner, size="medium").manifest)


@pytest.mark.parametrize(("name", "value"), ODD_SETTINGS.items())
def test_no_setting_of_the_session_changes_what_is_loaded(
    empty_db: Clone, db: Clone, name: str, value: str
) -> None:
    conn = empty_db.connect(row_factory=dict_row)
    conn.execute("select set_config(%s, %s, false)", (name, value))
    report = seed(conn)
    assert report.manifest == manifest(conn) == manifest(db.owner)
    after = conn.execute("select current_setting(%s) as v, current_user as u", (name,)).fetchone()
    assert after == {"v": value, "u": "postgres"}


def test_the_database_locale_does_not_matter(empty_db: Clone, db: Clone) -> None:
    for name in ("lc_monetary", "lc_numeric", "lc_time"):
        empty_db.owner.execute(f"set {name} = 'C'")
    assert seed(empty_db.owner).manifest == manifest(db.owner)


def test_it_can_be_taken_inside_a_transaction_and_leaves_no_trace(db: Clone) -> None:
    conn = db.connect(autocommit=False)
    conn.execute("set time zone 'Asia/Tokyo'")
    inside = manifest(conn)
    row = conn.execute("select current_user, current_setting('timezone')").fetchone()
    assert row == ("postgres", "Asia/Tokyo")
    assert inside == manifest(db.owner)


def test_the_order_of_the_rows_does_not_matter(db: Clone) -> None:
    before = manifest(db.owner)
    db.owner.execute("cluster public.activities using activities_pkey")
    db.owner.execute("update public.org_members set active = active")
    assert manifest(db.owner) == before


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("update public.chapters set name = 'NHF Førde' where name = 'NHF Bergen'", "chapters"),
        ("update public.chapters set active_from = null where name = 'NHF Bergen'", "chapters"),
        ("delete from public.activity_co_leaders", "activity_co_leaders"),
        ("insert into public.platform_admins values (gen_random_uuid())", "platform_admins"),
        ("update public.organizations set archived_at = '2030-01-01'", "organizations"),
    ],
)
def test_it_notices_a_change_and_names_the_table(db: Clone, statement: Any, table: str) -> None:
    before = manifest(db.owner)
    db.owner.execute(statement)
    assert changed_tables(before, manifest(db.owner)) == (f"public.{table}",)


def test_twins_do_not_cancel_out_and_null_is_not_the_empty_text(bare_db: Clone) -> None:
    conn = bare_db.owner
    conn.execute("create table public.notes (word text)")
    seed_role(conn)
    conn.execute("alter table public.notes owner to pgschema_owner")
    seen = {}
    for values in ("", "('a'), ('a')", "('b'), ('b')", "('')", "(null)", "('a'), (null)"):
        conn.execute("truncate public.notes")
        if values:
            conn.execute(f"insert into public.notes values {values}".encode())
        seen[values] = manifest(conn).tables
    assert len(set(seen.values())) == len(seen)


def seed_role(conn: Any) -> None:
    conn.execute(
        """
        do $$ begin create role pgschema_owner nologin;
        exception when duplicate_object or unique_violation then null; end $$
        """
    )


def test_what_the_clock_or_a_sequence_fills_in_is_left_out(bare_db: Clone) -> None:
    conn = bare_db.owner
    seed_role(conn)
    conn.execute(
        """
        create table public.events (
            id bigint generated always as identity,
            old_id bigserial,
            at timestamptz default now(),
            at2 timestamptz default clock_timestamp(),
            on_day date default current_date,
            xid xid8 default pg_current_xact_id(),
            happened_at timestamptz,
            key uuid,
            word text default 'x'
        );
        alter table public.events owner to pgschema_owner;
        """
    )
    insert = "insert into public.events (happened_at) values ('2025-01-01 00:00Z')"
    manifests = []
    for _ in range(2):
        conn.execute(insert)
        manifests.append(manifest(conn))
        conn.execute("delete from public.events")
    assert manifests[0] == manifests[1]
    for column, value in (
        ("happened_at", "'2025-01-02'"),
        ("word", "'y'"),
        ("key", "gen_random_uuid()"),
    ):
        conn.execute(insert)
        conn.execute(f"update public.events set {column} = {value}".encode())
        assert manifest(conn) != manifests[0], column
        conn.execute("delete from public.events")


def test_archives_the_ledger_and_other_peoples_tables_are_not_in_it(db: Clone) -> None:
    before = manifest(db.owner)
    db.owner.execute(
        """
        create schema archive_v099; create schema theirs;
        create table archive_v099.x (a int); alter table archive_v099.x owner to pgschema_owner;
        create table theirs.y (a int); create table public.z (a int);
        """
    )
    assert manifest(db.owner) == before
    assert not [table for table in before.tables if table.name.startswith("pgschema.")]


def test_the_json_has_one_line_a_table(db: Clone) -> None:
    taken = manifest(db.owner)
    document = json.loads(taken.as_json())
    assert document["format"] == 1
    assert list(document["tables"]) == [table.name for table in taken.tables]
    assert taken.as_json().count("\n") == len(taken.tables) + 2
