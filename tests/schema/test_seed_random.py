"""The random data sets: bulk loading that leaves everything true, and the distributions."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from pgschema.apply import migrate
from pgschema.catalog import packaged_folders, read_catalog
from pgschema.seeding import loading, manifest, seed
from pgschema.testing.templates import Stock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from pgschema.testing.clones import Clone
    from pgschema.testing.workshop import Workshop

SCALE = 0.1

TRIGGERS = """
    select tgrelid::regclass::text, tgname, tgenabled from pg_trigger
    where not tgisinternal order by 1, 2
"""


@pytest.fixture(scope="module")
def conn(workshop: Workshop) -> Iterator[Connection[Any]]:
    """Give one database to the tests of this file that only look."""
    clone = workshop.clone(Stock.MIGRATED)
    seed(clone.owner, size="medium", scale=SCALE)
    yield clone.owner
    workshop.discard(clone)


def scalar(conn: Connection[Any], query: str) -> Any:
    row = conn.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_a_bulk_load_leaves_triggers_and_counts_as_they_must_be(empty_db: Clone) -> None:
    conn = empty_db.owner
    before = conn.execute(TRIGGERS).fetchall()
    seed(conn, size="medium", scale=SCALE)
    assert conn.execute(TRIGGERS).fetchall() == before
    assert conn.execute("select * from stats.assignment_count_drift()").fetchall() == []
    assert scalar(conn, "select sum(assignment_count) from public.peer_mentors") == 200
    assert scalar(conn, "select count(*) from stats.bulk_loads") == 0


@pytest.mark.slow
def test_the_triggers_would_have_made_the_same_rows(empty_db: Clone, bare_db: Clone) -> None:
    """What the queries fill in for the triggers is what the triggers fill in."""
    folders = packaged_folders()
    migrate(bare_db.conninfo, read_catalog(folders.migrations, folders.rollbacks))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "bulk", _no_bulk)
        slowly = seed(bare_db.owner, size="medium", scale=SCALE)
    assert slowly.manifest == seed(empty_db.owner, size="medium", scale=SCALE).manifest


def _no_bulk(_: object) -> AbstractContextManager[None]:
    return nullcontext()


def test_a_second_time_changes_nothing(conn: Connection[Any]) -> None:
    before = manifest(conn)
    report = seed(conn, size="medium", scale=SCALE)
    assert not report.changed
    assert report.manifest == before


@pytest.mark.parametrize("scale", [0.0001, 0.01, 0.037])
def test_any_scale_can_be_loaded(empty_db: Clone, scale: float) -> None:
    report = seed(empty_db.owner, size="medium", scale=scale)
    rows = {table.name: table.rows for table in report.manifest.tables}
    assert rows["public.activities"] == max(1, round(50_000 * scale))
    assert rows["public.chapters"] == max(1, round(120 * scale))
    assert not seed(empty_db.owner, size="medium", scale=scale).changed


def test_the_counts_are_exact(conn: Connection[Any]) -> None:
    rows = {table.name.removeprefix("public."): table.rows for table in manifest(conn).tables}
    assert {name: rows[name] for name in ("chapters", "coordinators", "peer_mentors")} == {
        "chapters": 12,
        "coordinators": 3,
        "peer_mentors": 60,
    }
    assert rows["assignments"] == 200
    assert rows["activities"] == 5000


@pytest.mark.parametrize(
    ("what", "low", "high"),
    [
        ("status = 'approved'", 0.88, 0.92),
        ("activity_type = 'outreach_visit'", 0.27, 0.33),
        ("delivery_mode = 'digital'", 0.17, 0.23),
        ("duplicate_of is not null", 0.015, 0.025),
        ("created_at - occurred_at > interval '30 days'", 0.04, 0.06),
        ("extract(isodow from activity_date) < 6", 0.77, 0.83),
        ("extract(month from activity_date) = 7", 0.02, 0.04),
        ("coordinator_id is not null", 0.75, 1),
        ("activity_month between '2024-01-01' and '2025-12-01'", 1, 1),
        ("extract(hour from occurred_at at time zone 'Europe/Oslo') between 10 and 19", 1, 1),
        (
            "exists (select from public.activity_co_leaders as c where c.activity_id = a.id)",
            0.02,
            0.04,
        ),
    ],
)
def test_the_share_of_activities_is_about_right(
    conn: Connection[Any], what: str, low: float, high: float
) -> None:
    share = scalar(conn, f"select avg(({what})::integer)::float8 from public.activities as a")
    assert low <= share <= high


def test_some_mentors_do_much_and_most_do_little(conn: Connection[Any]) -> None:
    most, median = conn.execute(
        """
        select max(n), percentile_cont(0.5) within group (order by n) from (
            select count(*) as n from public.activities group by peer_mentor_id
        ) as counts
        """
    ).fetchone() or (0, 0)
    assert most > 4 * median


def test_no_coordinator_has_more_than_five_chapters(conn: Connection[Any]) -> None:
    most = scalar(
        conn,
        """
        select max(n) from (
            select count(*) as n from public.coordinator_chapters group by coordinator_id
        ) as counts
        """,
    )
    assert most == 5
