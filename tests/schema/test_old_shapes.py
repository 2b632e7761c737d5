"""C21: `if not exists` must not hide a table that somebody else made before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from pgschema.catalog import packaged_folders, read_catalog

if TYPE_CHECKING:
    from psycopg import Connection

    from pgschema.testing.clones import Clone

FOLDERS = packaged_folders()
FILES = read_catalog(FOLDERS.migrations, FOLDERS.rollbacks).migrations


def apply(conn: Connection[object], number: int) -> None:
    with conn.transaction():
        conn.execute(FILES[number - 1].text.encode())


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (1, "alter table public.chapters alter column kind type varchar(20)"),
        (1, "alter table public.chapters drop column active_to"),
        (1, "alter table public.chapters drop constraint chapters_kind_is_known"),
        (1, "alter table public.chapters owner to postgres"),
        (2, "alter table public.assignments alter column version type bigint"),
        (2, "alter table public.assignments drop constraint assignments_status_is_known"),
        (2, "alter table stats.assignment_count_deltas drop column completed"),
        (3, "alter table public.activities alter column activity_month drop expression"),
        (3, "alter table public.activity_co_leaders drop constraint activity_co_leaders_pkey"),
    ],
)
def test_a_table_of_another_shape_stops_the_file(empty_db: Clone, number: int, change: str) -> None:
    apply(empty_db.owner, number)
    empty_db.owner.execute(change.encode())
    with pytest.raises(psycopg.Error) as caught:
        apply(empty_db.owner, number)
    assert caught.value.sqlstate in ("PM001", "42501", "42703")


def test_a_rollback_by_hand_under_a_later_migration_is_refused(db: Clone) -> None:
    for migration in FILES[:-1]:
        assert migration.rollback
        with pytest.raises(psycopg.Error) as caught, db.owner.transaction():
            db.owner.execute(migration.rollback.text.encode())
        assert caught.value.sqlstate == "PM002"
