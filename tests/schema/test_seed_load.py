"""Loading: at most once, all or nothing, by whoever may."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pgschema.apply import migrate
from pgschema.catalog import packaged_folders, read_catalog
from pgschema.errors import PgschemaError
from pgschema.seeding import is_empty, load_reference, manifest, seed, session, sizes
from pgschema.seeding.loading import fit_parts
from pgschema.seeding.parts import read_reference, read_size
from pgschema.seeding.session import as_owner
from pgschema.seeding.tables import read_tables

if TYPE_CHECKING:
    from pgschema.testing.clones import Clone

FOLDERS = packaged_folders()


@contextmanager
def refused(code: str) -> Iterator[Callable[[], str]]:
    """Expect an error of this code; call what you get for its cause."""
    with pytest.raises(PgschemaError) as caught:
        yield lambda: caught.value.cause
    assert caught.value.code == code


@contextmanager
def unchanged(conn: psycopg.Connection[Any]) -> Iterator[None]:
    before = manifest(conn)
    yield
    assert manifest(conn) == before


def own_set(tmp_path: Path, **queries: str) -> Path:
    """Make a seeds folder with one size, `own`; a query's name is its file's."""
    (tmp_path / "sizes.json").write_text('{"own": {"queries": "own"}}')
    (tmp_path / "own").mkdir()
    for name, query in queries.items():
        (tmp_path / "own" / f"{name}.sql").write_text(query, encoding="utf-8")
    return tmp_path


def months(conn: psycopg.Connection[Any]) -> list[tuple[date, int]]:
    return conn.execute(
        """
        select a.activity_month, count(*)
        from public.activities as a join public.organizations as o using (org_id)
        where o.slug in ('NHF', 'HLF') group by 1 order by 1
        """
    ).fetchall()


def rows_of(conn: psycopg.Connection[Any]) -> dict[str, int]:
    return {table.name: table.rows for table in manifest(conn).tables}


# At most once ---------------------------------------------------------------------------------


def test_the_report_says_what_was_loaded(empty_db: Clone) -> None:
    report = seed(empty_db.owner)
    assert report.changed
    assert report.manifest == manifest(empty_db.owner)


def test_a_second_time_changes_nothing(db: Clone) -> None:
    with unchanged(db.owner):
        report = seed(db.owner)
    assert not report.changed
    assert report.manifest == manifest(db.owner)


def test_of_two_at_the_same_time_one_loads(empty_db: Clone) -> None:
    reports = []

    def run() -> None:
        with psycopg.connect(empty_db.conninfo, autocommit=True) as conn:
            reports.append(seed(conn))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.changed for report in reports) == [False, True]
    assert reports[0].manifest == reports[1].manifest


def test_what_a_later_migration_adds_is_filled_by_seeding_again(bare_db: Clone, db: Clone) -> None:
    catalog = read_catalog(FOLDERS.migrations, FOLDERS.rollbacks)
    for migration in catalog.migrations:
        migrate(bare_db.conninfo, catalog, to=migration.version)
        seed(bare_db.owner)
    assert not seed(bare_db.owner).changed
    assert manifest(bare_db.owner) == manifest(db.owner)


def test_a_table_that_was_emptied_is_filled_again(db: Clone) -> None:
    with unchanged(db.owner):
        db.owner.execute("delete from public.activity_co_leaders")
        assert seed(db.owner).changed


@pytest.mark.parametrize("name", sizes(FOLDERS.seeds))
def test_every_column_of_a_query_is_one_of_its_table(db: Clone, name: str) -> None:
    size = read_size(FOLDERS.seeds, name)
    parts = [*size.parts, *read_reference(FOLDERS.seeds)]
    with as_owner(db.owner, {**size.parameters, "seed": "42", "anchor": "2026-01-01"}):
        fits = fit_parts(db.owner, parts, read_tables(db.owner))
    assert len(fits) == len(parts)
    assert {fit.part.path.name: fit.left_out for fit in fits if fit.left_out} == {}


def test_progress_counts_up_to_the_rows_of_each_table(empty_db: Clone) -> None:
    calls: list[tuple[str, int, int]] = []
    seed(empty_db.owner, on_progress=lambda *call: calls.append(call))
    last = {table: (done, total) for table, done, total in calls}
    rows = rows_of(empty_db.owner)
    assert last == {table: (rows[table], rows[table]) for table in last}
    assert "public.activities" in last
    assert all(done <= total for _, done, total in calls)


# Other people's rows --------------------------------------------------------------------------


def test_a_database_with_rows_of_its_own_is_refused(empty_db: Clone) -> None:
    conn = empty_db.owner
    conn.execute("insert into public.organizations (slug, name) values ('egen', 'Vår egen')")
    with unchanged(conn), refused("PGS501") as cause:
        seed(conn)
    assert "public.organizations has 1 row not of this data set" in cause()


def test_another_seed_is_refused_where_one_is_loaded(db: Clone) -> None:
    with unchanged(db.owner), refused("PGS501"):
        seed(db.owner, seed=43)


def test_a_row_that_was_changed_since_is_refused_and_kept(db: Clone) -> None:
    db.owner.execute(
        "update public.chapters set municipality_no = '0301' where name = 'NHF Bergen'"
    )
    with unchanged(db.owner), refused("PGS501") as cause:
        seed(db.owner)
    assert cause() == "public.chapters has 1 row not of this data set"


def test_rows_that_were_deleted_since_are_not_quietly_put_back(db: Clone) -> None:
    db.owner.execute("delete from public.activities where id = md5('42:activity:edge:1')::uuid")
    with unchanged(db.owner), refused("PGS501") as cause:
        seed(db.owner)
    assert cause() == "public.activities lacks 1 row of this data set"


def test_empty_means_that_seeding_would_load(empty_db: Clone, db: Clone, bare_db: Clone) -> None:
    assert is_empty(empty_db.owner)
    assert not is_empty(db.owner)
    assert not is_empty(bare_db.owner)


# All or nothing -------------------------------------------------------------------------------


def test_a_refused_row_leaves_nothing_behind(empty_db: Clone, tmp_path: Path) -> None:
    folder = own_set(
        tmp_path,
        S001_01__organizations="select 'a' as slug, 'Første' as name",
        S001_02__chapters="""
            select o.org_id, 'x' as name, 'planet' as kind from public.organizations as o""",
    )
    with unchanged(empty_db.owner), refused("PGS508") as cause:
        seed(empty_db.owner, size="own", folder=folder)
    assert "own/S001_02__chapters.sql" in cause()
    assert "chapters_kind_is_known" in cause()


def test_a_query_that_does_not_run_is_named(empty_db: Clone, tmp_path: Path) -> None:
    folder = own_set(tmp_path, S001_01__organizations="select nonsense from nowhere")
    with unchanged(empty_db.owner), refused("PGS508") as cause:
        seed(empty_db.owner, size="own", folder=folder)
    assert "own/S001_01__organizations.sql" in cause()


def test_a_reader_sees_all_or_nothing(empty_db: Clone) -> None:
    loader, reader = empty_db.connect(), empty_db.connect()
    seen = []

    def look(*_: object) -> None:
        seen.append(reader.execute("select count(*) from public.organizations").fetchone())

    seed(loader, on_progress=look)
    assert set(seen) == {(0,)}
    look()
    assert seen[-1] == (4,)


def test_a_writer_in_the_way_is_waited_for_so_long_and_no_longer(
    empty_db: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_LOCK_SECONDS", 0.1)
    other = empty_db.connect(autocommit=False)
    other.execute("insert into public.organizations (slug, name) values ('x', 'x')")
    with refused("PGS504") as cause:
        seed(empty_db.owner)
    assert "public.organizations" in cause()
    other.rollback()
    other.execute("lock table public.chapters in share row exclusive mode")
    with refused("PGS504") as cause:
        seed(empty_db.owner)
    assert "public.chapters" in cause()
    other.rollback()
    assert seed(empty_db.owner).changed


def test_a_lost_connection_is_not_the_files_fault(empty_db: Clone) -> None:
    loader, other = empty_db.connect(), empty_db.connect()

    def cut(*_: object) -> None:
        other.execute("select pg_terminate_backend(%s)", (loader.info.backend_pid,))

    with unchanged(other), pytest.raises(psycopg.OperationalError):
        seed(loader, on_progress=cut)


def test_a_transaction_of_the_callers_is_a_mistake(empty_db: Clone) -> None:
    conn = empty_db.connect(autocommit=False)
    conn.execute("select 1")
    with pytest.raises(ValueError, match="commit first"):
        seed(conn)


# What does not fit ----------------------------------------------------------------------------


def test_a_database_without_our_tables_is_refused(bare_db: Clone) -> None:
    with refused("PGS502"):
        seed(bare_db.owner)


def test_an_unknown_size_is_refused(empty_db: Clone) -> None:
    with unchanged(empty_db.owner), refused("PGS500") as cause:
        seed(empty_db.owner, size="enormous")
    assert "small" in cause()


@pytest.mark.parametrize("scale", [0, -1, 2, 0.5, float("nan"), float("inf")])
def test_small_has_one_scale(empty_db: Clone, scale: float) -> None:
    with unchanged(empty_db.owner), refused("PGS505"):
        seed(empty_db.owner, scale=scale)


def test_the_anchor_moves_the_months(empty_db: Clone) -> None:
    seed(empty_db.owner, anchor=date(2025, 7, 1))
    found = months(empty_db.owner)
    assert found[0] == (date(2024, 7, 1), 3 * 1 + 12)
    assert found[-1] == (date(2025, 6, 1), 3 * 12 + 12)
    assert len(found) == 12


@pytest.mark.parametrize("number", [0, 7, -1, 2**63])
def test_another_seed_makes_other_rows_of_the_same_form(
    empty_db: Clone, db: Clone, number: int
) -> None:
    report = seed(empty_db.owner, seed=number)
    differences = report.manifest.differences(manifest(db.owner))
    assert {"public.activities", "public.peer_mentors"} <= set(differences)
    assert months(empty_db.owner) == months(db.owner)
    assert rows_of(empty_db.owner) == rows_of(db.owner)
    counts = "select sum(assignment_count), sum(completed_assignment_count) from peer_mentors"
    assert empty_db.owner.execute(counts).fetchone() == db.owner.execute(counts).fetchone()


# By whom --------------------------------------------------------------------------------------


@pytest.fixture
def login(empty_db: Clone) -> Iterator[str]:
    """Give a role that is nobody in particular; roles belong to the cluster, so it is removed."""
    name = f"loader_{uuid.uuid4().hex[:12]}"
    empty_db.owner.execute(f"create role {name} login nosuperuser nobypassrls")
    yield name
    empty_db.owner.execute(f"drop owned by {name}; drop role {name}")


def test_a_member_of_the_owner_who_is_no_superuser_loads_the_same(
    empty_db: Clone, db: Clone, login: str
) -> None:
    empty_db.owner.execute(f"grant pgschema_owner, stats_refresher to {login}")
    report = seed(empty_db.connect(login))
    assert report.changed
    assert report.manifest == manifest(empty_db.owner) == manifest(db.owner)
    assert not seed(empty_db.connect(login)).changed


def test_a_stranger_may_not_load(empty_db: Clone, login: str) -> None:
    stranger = psycopg.connect(empty_db.conninfo_of(login), autocommit=True)
    with unchanged(empty_db.owner), refused("PGS503") as cause, stranger:
        seed(stranger)
    assert login in cause()


def test_a_member_of_half_the_owners_is_told_which_is_missing(empty_db: Clone, login: str) -> None:
    empty_db.owner.execute(f"grant pgschema_owner to {login}")
    with unchanged(empty_db.owner), refused("PGS503") as cause:
        seed(empty_db.connect(login))
    assert "stats_refresher" in cause()


def test_a_read_only_session_is_told_so(empty_db: Clone) -> None:
    conn = empty_db.connect(options="-c default_transaction_read_only=on")
    with unchanged(empty_db.owner), refused("PGS503") as cause:
        seed(conn)
    assert "read-only" in cause()


# Reference data -------------------------------------------------------------------------------


def test_reference_data_is_what_the_migrations_insert(empty_db: Clone) -> None:
    with unchanged(empty_db.owner):
        assert load_reference(empty_db.owner) == 0


def test_reference_data_is_put_right(empty_db: Clone) -> None:
    with unchanged(empty_db.owner):
        empty_db.owner.execute("delete from public.activity_types where code = 'chat'")
        empty_db.owner.execute(
            "update public.activity_types set label_nb = '?', active = false where code = 'other'"
        )
        assert load_reference(empty_db.owner) == 2


def test_reference_rows_of_somebody_else_are_left_alone(empty_db: Clone) -> None:
    empty_db.owner.execute(
        """
        insert into public.activity_types (code, label_nb, label_nn, label_en, category)
        values ('own_idea', 'x', 'x', 'x', 'other')
        """
    )
    with unchanged(empty_db.owner):
        load_reference(empty_db.owner)
