"""The fingerprint on both sides: it sees each of these changes, and nothing where none is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import psycopg
import pytest

from pgschema.fingerprint import Difference, catalogue_fingerprint, row_checksums
from pgschema.proving import differences, read_state
from pgschema.testing.clones import Clone
from pgschema.testing.templates import Stock
from pgschema.testing.workshop import Workshop

OBJECTS = """
create schema app;
comment on schema app is 'the application';
create type app.mood as enum ('good', 'bad');
create domain app.percent as int constraint percent_in_range check (value between 0 and 100);
create table app.parents (
    id bigint generated always as identity primary key,
    name text not null default 'nobody' check (name <> ''),
    twice int generated always as (length('x') * 2) stored,
    mood app.mood
);
create table app.children (
    parent_id bigint constraint child_has_parent references app.parents deferrable,
    seen_at timestamptz,
    share app.percent
);
create index children_by_time on app.children (seen_at) where seen_at is not null;
create table app.published (id int primary key, secret text);
alter table app.parents enable row level security;
alter table app.parents force row level security;
create policy parents_seen on app.parents for select to pg_monitor using (name = 'x');
comment on policy parents_seen on app.parents is 'who sees parents';
comment on column app.parents.name is 'the name';
grant select, insert on app.parents to pg_monitor;
grant update (name) on app.parents to pg_monitor;
create function app.touch() returns trigger language plpgsql set search_path = pg_catalog
as 'begin return new; end';
create function app.one() returns int language sql security definer as 'select 1';
revoke execute on function app.one() from public;
create trigger touched before update on app.parents for each row execute function app.touch();
create view app.seen with (security_invoker = true) as select id, name from app.parents;
create materialized view app.counted as select count(*) from app.parents;
create statistics app.together on parent_id, seen_at from app.children;
create rule no_update as on update to app.seen do instead nothing;
create publication fp_publication for table app.published (id);
alter default privileges in schema app grant select on tables to pg_monitor;
insert into app.parents (name) values ('Åse'), ('Bjørn'), ('Cato');
insert into app.children values (1, '2025-01-01 12:00+01', 5), (2, null, 10);
insert into app.published values (1, 'a');
"""

CHANGES = {
    "a forgotten grant": "revoke insert on app.parents from pg_monitor",
    "a grant too many": "grant delete on app.parents to pg_monitor",
    "a forgotten grant on a column": "revoke update (name) on app.parents from pg_monitor",
    "a grant to everybody": "grant select on app.parents to public",
    "a grant option": "grant select on app.parents to pg_monitor with grant option",
    "a grant on a schema": "grant usage on schema app to pg_monitor",
    "a grant on a function": "grant execute on function app.one() to public",
    "a grant on a sequence": "grant usage on sequence app.parents_id_seq to pg_monitor",
    "a grant on a type": "revoke usage on type app.mood from public",
    "default privileges": "alter default privileges in schema app "
    "revoke select on tables from pg_monitor",
    "another owner": "alter table app.children owner to pg_monitor",
    "another owner of a function": "alter function app.one() owner to pg_monitor",
    "another owner of a schema": "alter schema app owner to pg_monitor",
    "row security off": "alter table app.parents disable row level security",
    "row security not forced": "alter table app.parents no force row level security",
    "a loose policy": "alter policy parents_seen on app.parents using (true)",
    "a policy for everybody": "alter policy parents_seen on app.parents to public",
    "a lost policy": "drop policy parents_seen on app.parents",
    "a check on a policy": "create policy more on app.parents for insert with check (true)",
    "a lost comment": "comment on column app.parents.name is null",
    "a changed comment": "comment on policy parents_seen on app.parents is 'other'",
    "a function's body": "create or replace function app.one() returns int language sql "
    "security definer as 'select 2'",
    "a function's rights": "alter function app.one() security invoker",
    "a function's search_path": "alter function app.touch() reset search_path",
    "a function's volatility": "alter function app.one() stable",
    "a disabled trigger": "alter table app.parents disable trigger touched",
    "a trigger that always fires": "alter table app.parents enable always trigger touched",
    "another trigger": "create trigger more after insert on app.parents "
    "execute function app.touch()",
    "constraint triggers off": "alter table app.children disable trigger all",
    "a lost column": "alter table app.children drop column seen_at cascade",
    "a new column": "alter table app.children add column more int",
    "the order of columns": "alter table app.published drop column secret; "
    "alter table app.published add column a text; alter table app.published rename a to secret; "
    "alter table app.children drop column share; "
    "alter table app.children rename seen_at to s; alter table app.children add share app.percent; "
    "alter table app.children drop column parent_id cascade; "
    "alter table app.children add parent_id bigint constraint child_has_parent "
    "references app.parents deferrable; alter table app.children rename s to seen_at",
    "a column's type": "alter table app.published alter column secret type varchar(10)",
    "a default": "alter table app.parents alter column name drop default",
    "not null": "alter table app.parents alter column name drop not null",
    "identity by default": "alter table app.parents alter column id set generated by default",
    "storage": "alter table app.published alter column secret set storage external",
    "a constraint not validated": "alter table app.children drop constraint child_has_parent; "
    "alter table app.children add constraint child_has_parent foreign key (parent_id) "
    "references app.parents deferrable not valid",
    "a constraint that waits": "alter table app.children "
    "alter constraint child_has_parent deferrable initially deferred",
    "a domain's constraint": "alter domain app.percent drop constraint percent_in_range",
    "an enum's label": "alter type app.mood add value 'mixed'",
    "a lost index": "drop index app.children_by_time",
    "another index": "create index more on app.children (share)",
    "an invalid index": "update pg_index set indisvalid = false "
    "where indexrelid = 'app.children_by_time'::regclass",
    "the replica identity": "alter table app.published replica identity full",
    "a storage parameter": "alter table app.children set (fillfactor = 80)",
    "an unlogged table": "alter table app.children set unlogged",
    "security_invoker lost": "alter view app.seen reset (security_invoker)",
    "a view's text": "create or replace view app.seen with (security_invoker = true) as "
    "select id, 'x'::text as name from app.parents",
    "an unpopulated view": "refresh materialized view app.counted with no data",
    "a sequence's step": "alter sequence app.parents_id_seq increment 2",
    "statistics": "drop statistics app.together",
    "a rule": "drop rule no_update on app.seen",
    "an unpublished table": "alter publication fp_publication drop table app.published",
    "a column published": "alter publication fp_publication set table app.published (id, secret)",
    "the events published": "alter publication fp_publication set (publish = 'insert')",
    "a setting of the database": "do $$ begin execute format("
    "'alter database %I set work_mem = ''5MB''', current_database()); end $$",
    "a privilege on the database": "do $$ begin execute format("
    "'revoke temporary on database %I from public', current_database()); end $$",
    "a new schema": "create schema more",
    "a new cast": "create cast (app.mood as int) with function app.mood_number(app.mood)",
    "a lost row": "delete from app.parents where name = 'Cato'",
    "a changed value": "update app.parents set name = 'Aase' where name = 'Åse'",
    "values exchanged between rows": "update app.children set share = 15 - share",
    "a lost null": "update app.children set seen_at = '2025-01-01 11:00Z' where seen_at is null",
    "a sequence that went back": "select setval('app.parents_id_seq', 1)",
}

NO_CHANGES = {
    "rows stored in another order": "create temp table t as select * from app.children; "
    "delete from app.children; insert into app.children select * from t order by parent_id desc",
    "the same function again": "create or replace function app.one() returns int language sql "
    "security definer as 'select 1'",
    "a policy made again": "drop policy parents_seen on app.parents; "
    "create policy parents_seen on app.parents for select to pg_monitor using (name = 'x'); "
    "comment on policy parents_seen on app.parents is 'who sees parents'",
    "the default privileges spelt out": "grant execute on function app.touch() to public",
    "a role": "do $$ begin create role fp_role; exception when others then null; end $$",
    "an archive": "create schema archive_v007; create table archive_v007.old (id int)",
    "a table of the session": "create temp table mine (id int)",
    "a sequence that went on": "select nextval('app.parents_id_seq')",
    "a vacuumed and analysed table": "analyze app.parents",
}


@pytest.fixture(scope="module")
def origin(workshop: Workshop) -> Iterator[Clone]:
    """A database with one of everything, to be looked at only."""
    clone = workshop.clone(Stock.BARE)
    clone.owner.execute(OBJECTS)
    yield clone
    workshop.discard(clone)


@pytest.fixture
def altered(origin: Clone, bare_db: Clone) -> Clone:
    """A second database with the same things, for the test to change."""
    bare_db.owner.execute(OBJECTS)
    bare_db.owner.execute(
        "create function app.mood_number(app.mood) returns int language sql as 'select 1'"
    )
    return bare_db


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_sees(altered: Clone, change: str) -> None:
    before = read_state(altered.conninfo)
    altered.owner.execute(change)
    assert list(differences(before, read_state(altered.conninfo))) != []


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES)
def test_it_is_not_disturbed_by(altered: Clone, change: str) -> None:
    before = read_state(altered.conninfo)
    altered.owner.execute(change)
    assert list(differences(before, read_state(altered.conninfo))) == []


def test_two_databases_made_alike_are_alike(origin: Clone, bare_db: Clone) -> None:
    bare_db.owner.execute("create table spare (id serial); drop table spare")  # other oids
    bare_db.owner.execute(OBJECTS)
    assert catalogue_fingerprint(origin.owner) == catalogue_fingerprint(bare_db.owner)
    assert catalogue_fingerprint(origin.owner).digest == catalogue_fingerprint(bare_db.owner).digest


def test_a_dropped_column_leaves_no_trace(origin: Clone, altered: Clone) -> None:
    altered.owner.execute("drop function app.mood_number")
    altered.owner.execute("alter table app.children add x int; alter table app.children drop x")
    assert catalogue_fingerprint(origin.owner) == catalogue_fingerprint(altered.owner)


def test_a_publication_that_one_side_lacks_is_forgiven(origin: Clone, bare_db: Clone) -> None:
    bare_db.owner.execute(OBJECTS)
    bare_db.owner.execute("alter publication fp_publication drop table app.published")
    with_one = catalogue_fingerprint(bare_db.owner)
    bare_db.owner.execute("drop publication fp_publication")
    without = catalogue_fingerprint(bare_db.owner)
    assert with_one == without
    assert with_one.digest == without.digest


def test_the_session_is_as_it_was(origin: Clone) -> None:
    with psycopg.connect(origin.conninfo) as conn:
        conn.execute("set datestyle = 'German'; set search_path = app; set timezone = 'Asia/Tokyo'")
        settings = "select current_setting('datestyle'), current_setting('search_path')"
        before = conn.execute(settings).fetchone()
        first = row_checksums(conn), catalogue_fingerprint(conn)
        assert conn.execute(settings).fetchone() == before
    with psycopg.connect(origin.conninfo) as conn:
        assert first == (row_checksums(conn), catalogue_fingerprint(conn))


def test_rows_that_a_policy_hides_are_not_summed_up(origin: Clone) -> None:
    with origin.connect(autocommit=True) as conn:
        conn.execute("grant usage on schema app to pg_monitor")
        try:
            conn.execute("set role pg_monitor")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                row_checksums(conn)
        finally:
            conn.execute("reset role; revoke usage on schema app from pg_monitor")


def test_a_difference_reads_as_a_line(origin: Clone) -> None:
    was = catalogue_fingerprint(origin.owner)
    with psycopg.connect(origin.conninfo) as conn:
        conn.execute("alter policy parents_seen on app.parents using (true)")
        conn.execute("drop index app.children_by_time; comment on schema app is null")
        found = was.diff(catalogue_fingerprint(conn))
        conn.rollback()
    assert [str(difference) for difference in found] == [
        "- index app.children_by_time is lost",
        "! policy parents_seen on app.parents: using\n    was: (name = 'x'::text)\n    is:  true",
        "- schema app: comment is lost: the application",
    ]
    assert found[0] == Difference("index", "app.children_by_time", "", "there", None)


def test_it_is_quick_enough_to_run_around_every_migration(db: Clone) -> None:
    def once() -> float:
        began = time.perf_counter()
        catalogue_fingerprint(db.owner)
        row_checksums(db.owner)
        return time.perf_counter() - began

    once()
    assert median(once() for _ in range(5)) < 0.5  # 0.1 s on a quiet machine
