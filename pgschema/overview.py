"""What a database holds, and what one coordinator sees of it; reads only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection

# From this many estimated rows on the estimate is shown: counting would take longer than reading.
COUNT_EXACTLY_BELOW = 200_000

_TABLES = b"""
    select pg_catalog.pg_get_userbyid(c.relowner), n.nspname, c.relname, c.reltuples::bigint
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
        and n.nspname !~ '^(pg_|archive_v[0-9]+$)'
        and n.nspname not in ('information_schema', 'pgschema')
    order by 1, 2, 3
"""

# The coordinator to look through: the preferred user if there is one, else the first with a team.
_COORDINATOR = b"""
    select c.user_id, c.display_name, o.name
    from public.coordinators as c
    join public.organizations as o using (org_id)
    join public.coordinator_chapters as cc on cc.coordinator_id = c.id
    join public.peer_mentors as p on p.chapter_id = cc.chapter_id
    where p.assignment_count > 0
    group by c.user_id, c.display_name, o.name
    order by (c.user_id::text = %s) desc, o.name, c.display_name
    limit 1
"""

# What the app asks when the coordinator opens the list of mentors: no word about chapters or
# organisations, because row security adds them.
MENTORS = """
    select p.display_name, c.name, p.assignment_count, p.completed_assignment_count
    from public.peer_mentors as p
    join public.chapters as c on c.id = p.chapter_id
    order by p.assignment_count desc, p.display_name
    limit 8
"""


@dataclass(frozen=True)
class TableCount:
    """One table's rows: None where the role may not read it, `is_estimate` for a big one."""

    name: str
    rows: int | None
    is_estimate: bool = False


@dataclass(frozen=True)
class MentorLine:
    """A peer mentor with the number of assignments ever given and of those completed."""

    name: str
    chapter: str
    assignments: int
    completed: int


@dataclass(frozen=True)
class CoordinatorView:
    """What one coordinator sees under row security; `obstacle` says why nothing could be seen."""

    coordinator: str
    organization: str
    user_id: str
    mentors: tuple[MentorLine, ...] = ()
    obstacle: str = ""


def count_rows(conn: Connection[Any]) -> tuple[TableCount, ...]:
    """Return the row count of every table outside the system's and pgschema's own schemas.

    Reads each table as its owner where the role may, so that row security hides nothing.
    """
    tables = conn.execute(_TABLES).fetchall()
    counted = [
        entry
        for owner, of_owner in groupby(tables, key=lambda row: str(row[0]))
        for entry in _count_as(conn, owner, [row[1:] for row in of_owner])
    ]
    return tuple(sorted(counted, key=lambda entry: entry.name))


def coordinator_view(conn: Connection[Any], *, preferred: str = "") -> CoordinatorView | None:
    """Return a coordinator's own list of mentors, read as PostgREST would read it for them.

    `preferred` is the user id of the coordinator to take if there is one of that id.
    None where the database has no such tables, or no coordinator with assignments.
    """
    from psycopg.errors import InsufficientPrivilege

    found = _find_coordinator(conn, preferred)
    if found is None:
        return None
    user_id, coordinator, organization = found
    try:
        mentors = _mentors_as(conn, user_id)
    except InsufficientPrivilege as error:
        reason = error.diag.message_primary or str(error)
        return CoordinatorView(coordinator, organization, user_id, obstacle=reason)
    return CoordinatorView(coordinator, organization, user_id, mentors)


def _find_coordinator(conn: Connection[Any], preferred: str) -> tuple[str, str, str] | None:
    from psycopg import errors

    try:
        with conn.transaction(force_rollback=True):
            conn.execute(b"set local role pgschema_owner")
            row = conn.execute(_COORDINATOR, (preferred,)).fetchone()
    except (
        errors.InvalidParameterValue,  # there is no such role
        errors.InsufficientPrivilege,
        errors.UndefinedTable,
        errors.UndefinedColumn,
    ):
        return None
    return None if row is None else (str(row[0]), row[1], row[2])


def _mentors_as(conn: Connection[Any], user_id: str) -> tuple[MentorLine, ...]:
    claims = json.dumps({"sub": user_id, "role": "authenticated"})
    with conn.transaction(force_rollback=True):
        if conn.info.parameter_status("is_superuser") == "on":
            conn.execute(b"set local session authorization authenticator")
        conn.execute(b"set local role authenticated")
        conn.execute(b"select set_config('request.jwt.claims', %s, true)", (claims,))
        return tuple(MentorLine(*row) for row in conn.execute(MENTORS.encode()).fetchall())


def _count_as(
    conn: Connection[Any], owner: str, tables: list[tuple[str, str, int]]
) -> Iterable[TableCount]:
    from psycopg import sql
    from psycopg.errors import InsufficientPrivilege

    big = [TableCount(f"{s}.{t}", n, True) for s, t, n in tables if n >= COUNT_EXACTLY_BELOW]
    small = [(s, t) for s, t, n in tables if n < COUNT_EXACTLY_BELOW]
    counts = [
        sql.SQL("select {}, count(*) from {}").format(sql.Literal(f"{s}.{t}"), sql.Identifier(s, t))
        for s, t in small
    ]
    if not counts:
        return big
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(sql.SQL("set local role {}").format(sql.Identifier(owner)))
            rows = conn.execute(sql.SQL(" union all ").join(counts)).fetchall()
    except InsufficientPrivilege:
        return [*big, *(TableCount(f"{s}.{t}", None) for s, t in small)]
    return [*big, *(TableCount(str(name), int(number)) for name, number in rows)]
