"""What a database is made of, and a checksum of what is in it, as values that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from psycopg import Connection

# Everything that decides how PostgreSQL prints a name, a definition or a value.
_PINNED = """
    set local search_path = pg_catalog; set local quote_all_identifiers = off;
    set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres';
    set local timezone = 'UTC'; set local extra_float_digits = 1; set local bytea_output = 'hex';
    set local row_security = off; set local jit = off
"""

_TABLES = """
    select n.nspname, c.relname, array(
        select a.attname::text from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attname
    )
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^(pg_|archive_v[0-9]+$)'
      and n.nspname not in ('information_schema', 'pgschema')
    order by 1, 2
"""

_SEQUENCES = """
    select format('%I.%I', n.nspname, s.relname), coalesce(pg_sequence_last_value(s.oid), 0), (
        select t.relnamespace::regnamespace || '.' || t.relname
        from pg_depend d
        join pg_class t on t.oid = d.refobjid
        where d.classid = 1259 and d.objid = s.oid and d.refclassid = 1259 and d.refobjsubid > 0
    )
    from pg_class s
    join pg_namespace n on n.oid = s.relnamespace
    where s.relkind = 'S' and n.nspname !~ '^(pg_|archive_v[0-9]+$)'
      and n.nspname not in ('information_schema', 'pgschema')
"""


class Fact(NamedTuple):
    """One property of one object: `policy`, `x on public.y`, `using`, `(org_id = ...)`."""

    kind: str
    identity: str
    aspect: str
    value: str


@dataclass(frozen=True)
class Difference:
    """One property that two databases do not share; a side that lacks it is None.

    The aspect is empty when the whole object is on one side only.
    """

    kind: str
    identity: str
    aspect: str
    left: str | None
    right: str | None

    def __str__(self) -> str:
        what = f"{self.kind} {self.identity}"
        if not self.aspect:
            return f"- {what} is lost" if self.right is None else f"+ {what} is new"
        if self.right is None:
            return f"- {what}: {self.aspect} is lost: {self.left}"
        if self.left is None:
            return f"+ {what}: {self.aspect} is new: {self.right}"
        return f"! {what}: {self.aspect}\n    was: {self.left}\n    is:  {self.right}"


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """The structure of a database: owners, grants, policies, bodies, comments and all the rest.

    Two fingerprints are equal when the same objects, made in whatever order, have the same
    properties. Roles as such, archives (`archive_v*`), the ledger and a publication that only one
    side has do not count.
    """

    facts: tuple[Fact, ...]

    def diff(self, other: Fingerprint) -> tuple[Difference, ...]:
        """Return what changed on the way from this database to the other, in catalogue order.

        An object that only one side has is reported once, not once a property.
        """
        return tuple(_compared(self.facts, other.facts))

    def objects(self) -> frozenset[tuple[str, str]]:
        """Return (kind, identity) of everything there is."""
        return frozenset((fact.kind, fact.identity) for fact in self.facts)

    @cached_property
    def digest(self) -> str:
        """Return 64 hexadecimal digits: equal for equal structures (publications left out)."""
        lines = (repr(tuple(fact)) for fact in self.facts if fact.kind != "publication")
        return sha256("\n".join(lines).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fingerprint):
            return NotImplemented
        return not self.diff(other)

    def __hash__(self) -> int:
        return hash(self.digest)


@dataclass(frozen=True)
class RowChecksum:
    """What one table holds: rows, their sum in any order, and one sum for each column."""

    rows: int
    checksum: int
    columns: Mapping[str, int] = field(hash=False)


class SequencePosition(NamedTuple):
    """The last value that a sequence gave out, 0 for none, and the table whose column it fills."""

    last_value: int
    table: str | None


def catalogue_fingerprint(conn: Connection[Any]) -> Fingerprint:
    """Return the structure of the database that `conn` is connected to.

    Reads catalogues only, so any role that may connect can do it; leaves no setting behind.
    """
    with _pinned(conn), conn.cursor() as cursor:
        rows = cursor.execute(_facts_query()).fetchall()
    return Fingerprint(tuple(Fact(*row) for row in rows))


def row_checksums(conn: Connection[Any]) -> dict[str, RowChecksum]:
    """Return a checksum for each ordinary table, by qualified name: the order of rows is nothing.

    Needs to read every row: raises psycopg.errors.InsufficientPrivilege when a policy would hide
    some, rather than to sum up what is left.
    """
    with _pinned(conn), conn.cursor() as cursor:
        tables = cursor.execute(_TABLES).fetchall()
        return {
            f"{schema}.{name}": _table_checksum(conn, schema, name, columns)
            for schema, name, columns in tables
        }


def sequence_positions(conn: Connection[Any]) -> dict[str, SequencePosition]:
    """Return how far each sequence has come, by qualified name."""
    with _pinned(conn), conn.cursor() as cursor:
        found = cursor.execute(_SEQUENCES).fetchall()
    return {name: SequencePosition(last, table) for name, last, table in found}


def _table_checksum(
    conn: Connection[Any], schema: str, name: str, columns: list[str]
) -> RowChecksum:
    from psycopg import sql

    sums = [
        sql.SQL("sum(hashtextextended({}::text, 1))").format(sql.Identifier("t", column))
        for column in columns
    ]
    whole = sql.SQL("sum(hashtextextended(row({})::text, 0))").format(
        sql.SQL(", ").join(sql.Identifier("t", column) for column in columns)
    )
    query = sql.SQL("select count(*), {} from {} t").format(
        sql.SQL(", ").join([whole, *sums]), sql.Identifier(schema, name)
    )
    row = conn.execute(query).fetchone()
    if row is None:  # an aggregate without group by always gives a row
        raise AssertionError(name)
    values = [int(value or 0) for value in row]
    return RowChecksum(values[0], values[1], dict(zip(columns, values[2:], strict=True)))


@contextmanager
def _pinned(conn: Connection[Any]) -> Iterator[None]:
    """Fix all settings that printing depends on; rolling back gives the caller's own again."""
    with conn.transaction(force_rollback=True):
        conn.execute(_PINNED)
        yield


@cache
def _facts_query() -> bytes:
    return files("pgschema").joinpath("fingerprint.sql").read_bytes()


def _compared(left: tuple[Fact, ...], right: tuple[Fact, ...]) -> Iterator[Difference]:
    before = {fact[:3]: fact.value for fact in left}
    after = {fact[:3]: fact.value for fact in right}
    had = {key[:2] for key in before}
    has = {key[:2] for key in after}
    told: set[tuple[str, str]] = set()
    for key in sorted(before.keys() | after.keys()):
        thing = key[:2]
        if before.get(key) == after.get(key) or thing in told:
            continue
        if thing in had and thing in has:
            yield Difference(*key, before.get(key), after.get(key))
            continue
        told.add(thing)
        if key[0] != "publication":
            found = ("there", None) if thing in had else (None, "there")
            yield Difference(*thing, "", *found)
