"""The migrations of the comparison: five kinds in turn, each with its exact undo.

The same SQL goes to every tool, so a tool's format is the only thing that differs. No text
holds `%`, `:name`, `{` or a backslash, because some tools would give them a meaning of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_SEED_ROWS = 20


@dataclass(frozen=True)
class Change:
    """One migration: its number from 1, a name, the SQL that does it and the SQL that undoes it."""

    number: int
    name: str
    up: str
    down: str


@dataclass(frozen=True)
class Shape:
    """How many objects of each kind a database holds; what an apply must have left behind."""

    tables: int
    triggers: int
    checks: int
    views: int
    partial_indexes: int


def changes(count: int) -> tuple[Change, ...]:
    """Return the first `count` migrations; every five of them build one table and what it needs."""
    return tuple(_change(index) for index in range(count))


def expected_shape(count: int) -> Shape:
    """Return what the first `count` migrations leave in an empty database."""
    kinds = [sum(1 for index in range(count) if index % len(_KINDS) == kind) for kind in range(5)]
    return Shape(*kinds)


SHAPE_QUERY = """
select
    (select count(*) from pg_catalog.pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' and relname ~ '^item_'),
    (select count(*) from pg_catalog.pg_trigger
        where not tgisinternal and tgname ~ '^item_'),
    (select count(*) from pg_catalog.pg_constraint
        where contype = 'c' and convalidated and conname ~ '^item_'),
    (select count(*) from pg_catalog.pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'v' and relname ~ '^item_'),
    (select count(*) from pg_catalog.pg_index as i
        join pg_catalog.pg_class as c on c.oid = i.indexrelid
        where i.indpred is not null and c.relname ~ '^item_')
"""


def _change(index: int) -> Change:
    table = f"item_{index // len(_KINDS) + 1:04d}"
    name, write = _KINDS[index % len(_KINDS)]
    up, down = write(table)
    return Change(index + 1, f"{name}_{table}", up, down)


def _table_and_index(table: str) -> tuple[str, str]:
    up = f"""create table public.{table} (
    id bigint generated always as identity primary key,
    owner_id bigint not null,
    title text not null default '',
    is_open boolean not null default true,
    changed_at timestamptz not null default now()
);
create index {table}_owner_idx on public.{table} (owner_id, changed_at);
"""
    return up, f"drop table public.{table};\n"


def _trigger(table: str) -> tuple[str, str]:
    up = f"""create function public.{table}_touch() returns trigger
language plpgsql
as $$
begin
    -- a semicolon in a body; and 'a quote' must not end the statement
    new.changed_at = clock_timestamp();
    return new;
end;
$$;
create trigger {table}_touch before update on public.{table}
    for each row execute function public.{table}_touch();
"""
    down = f"""drop trigger {table}_touch on public.{table};
drop function public.{table}_touch();
"""
    return up, down


def _validated_check(table: str) -> tuple[str, str]:
    up = f"""alter table public.{table} add column priority integer not null default 0;
alter table public.{table} add constraint {table}_priority_in_range
    check (priority between 0 and 9) not valid;
alter table public.{table} validate constraint {table}_priority_in_range;
"""
    down = f"""alter table public.{table} drop constraint {table}_priority_in_range;
alter table public.{table} drop column priority;
"""
    return up, down


def _policy_and_view(table: str) -> tuple[str, str]:
    up = f"""alter table public.{table} enable row level security;
create policy {table}_open on public.{table} for select using (is_open);
create view public.{table}_open with (security_invoker = true) as
    select id, owner_id, title from public.{table} where is_open;
"""
    down = f"""drop view public.{table}_open;
drop policy {table}_open on public.{table};
alter table public.{table} disable row level security;
"""
    return up, down


def _seed_and_partial_index(table: str) -> tuple[str, str]:
    up = f"""insert into public.{table} (owner_id, title)
    select n, 'item ' || n from generate_series(1, {_SEED_ROWS}) as n;
create index {table}_open_idx on public.{table} (changed_at) where is_open;
"""
    down = f"""drop index public.{table}_open_idx;
delete from public.{table};
"""
    return up, down


_KINDS: tuple[tuple[str, Callable[[str], tuple[str, str]]], ...] = (
    ("create", _table_and_index),
    ("touch", _trigger),
    ("constrain", _validated_check),
    ("protect", _policy_and_view),
    ("fill", _seed_and_partial_index),
)
