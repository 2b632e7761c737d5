"""A database of the shipped schema, filled with as many rows as a benchmark asks for.

Row n of a kind has a readable id, so that a client (pgbench too) can compute it:
`30000000-0000-4000-8000-00000000000n` is mentor n, who belongs to chapter n mod chapters + 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.conninfo import make_conninfo

from bench.errors import BenchError
from bench.servers import Server, fresh_database
from pgschema.catalog import packaged_folders, parse_version, read_catalog

_IDS = """
create schema bench;
grant usage on schema bench to public;
create function bench.id(kind integer, n bigint) returns uuid
language sql immutable
return (kind::text || '0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid;
"""
ORG, CHAPTER, MENTOR, COORDINATOR, USER = 1, 2, 3, 4, 5

_PEOPLE = f"""
insert into public.organizations (org_id, slug, name)
select bench.id({ORG}, n), 'bench-' || n, 'Organisation ' || n
from generate_series(1, %(orgs)s) as n;

insert into public.chapters (id, org_id, name, kind)
select bench.id({CHAPTER}, n), bench.id({ORG}, (n - 1) * %(orgs)s / %(chapters)s + 1),
    'Lag ' || n, 'local'
from generate_series(1, %(chapters)s) as n;

insert into public.coordinators (id, org_id, user_id, display_name)
select bench.id({COORDINATOR}, n), c.org_id, bench.id({USER}, n), 'Koordinator ' || n
from generate_series(1, %(chapters)s / 5) as n
join public.chapters as c on c.id = bench.id({CHAPTER}, n * 5);

insert into public.org_members (org_id, user_id, role)
select org_id, user_id, 'coordinator' from public.coordinators;

insert into public.coordinator_chapters (org_id, coordinator_id, chapter_id)
select k.org_id, k.id, c.id
from generate_series(1, %(chapters)s / 5) as n
join public.coordinators as k on k.id = bench.id({COORDINATOR}, n)
join public.chapters as c
    on c.id in (
        bench.id({CHAPTER}, n * 5), bench.id({CHAPTER}, n * 5 - 1), bench.id({CHAPTER}, n * 5 - 2),
        bench.id({CHAPTER}, n * 5 - 3), bench.id({CHAPTER}, n * 5 - 4)
    )
    and c.org_id = k.org_id;

insert into public.peer_mentors (id, org_id, chapter_id, display_name)
select bench.id({MENTOR}, n), c.org_id, c.id, 'Likeperson ' || n
from generate_series(1, %(mentors)s) as n
join public.chapters as c on c.id = bench.id({CHAPTER}, n %% %(chapters)s + 1);
"""

_ASSIGNMENTS = f"""
insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
select m.org_id, m.chapter_id, m.id, 'Oppdrag ' || n
from generate_series(1, %(rows)s) as n
join public.peer_mentors as m on m.id = bench.id({MENTOR}, n * 7919 %% %(mentors)s + 1)
"""


@dataclass(frozen=True)
class Size:
    """How many rows of each kind; every fifth chapter ends the scope of one coordinator."""

    orgs: int
    chapters: int
    mentors: int
    assignments: int = 0


def populated(server: Server, dbname: str, size: Size, *, to: str) -> None:
    """Create a database with the migrations up to one version, and fill it."""
    fresh_database(server, dbname)
    with psycopg.connect(server.conninfo(dbname)) as connection:
        connection.execute("set client_min_messages = warning")
        migrate_plainly(connection, to)
        connection.execute(_IDS)
        _fill(connection, size)
    with psycopg.connect(server.conninfo(dbname), autocommit=True) as connection:
        connection.execute("vacuum (analyze)")


def migrate_plainly(connection: psycopg.Connection, to: str) -> None:
    """Execute the shipped migrations up to a version, without the engine and its ledger."""
    last = parse_version(to)
    for migration in read_catalog(packaged_folders().migrations).migrations:
        if migration.version is not None and last is not None and migration.version <= last:
            connection.execute(migration.text.encode())
            connection.commit()


def _fill(connection: psycopg.Connection, size: Size) -> None:
    # psycopg sends one statement a message where there are parameters
    for statement in _PEOPLE.split(";\n"):
        if statement.strip():
            connection.execute(statement.encode(), vars(size))
    if size.assignments:
        numbers = {"rows": size.assignments, "mentors": size.mentors}
        connection.execute(_ASSIGNMENTS.encode(), numbers)
    row = connection.execute("select count(*) from public.peer_mentors").fetchone()
    if row != (size.mentors,):
        raise BenchError(f"the population has {row} mentors, not {size.mentors}")


def row_id(kind: int, number: int) -> str:
    """Return the id of a kind's row n, as `bench.id` does in the database."""
    return f"{kind}0000000-0000-4000-8000-{number:012d}"


def clone(server: Server, source: str, dbname: str) -> str:
    """Copy a database that nobody is connected to; return the copy's connection string."""
    with psycopg.connect(server.admin, autocommit=True) as connection:
        connection.execute(f'drop database if exists "{dbname}" with (force)'.encode())
        connection.execute(f'create database "{dbname}" template "{source}"'.encode())
    return make_conninfo(server.admin, dbname=dbname)
