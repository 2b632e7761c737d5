"""Says what is in the tables: a row count and an order-independent checksum for each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql

from pgschema.errors import PgschemaError
from pgschema.seeding.tables import Table, read_tables, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from psycopg import Connection

# Everything that decides how PostgreSQL prints a value.
PRINTING = {
    "search_path": "pg_catalog, pg_temp",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmloption": "content",
    "row_security": "on",
    "standard_conforming_strings": "on",
}

# Two 64-bit sums of the rows' digests: neither order nor a twin that cancels out can hide.
_CHECKSUM = sql.SQL("""
    select {name}, count(*), pg_catalog.md5(pg_catalog.concat_ws(' ',
        sum(('x' || pg_catalog.substr(d.digest, 1, 16))::bit(64)::bigint),
        sum(('x' || pg_catalog.substr(d.digest, 17, 16))::bit(64)::bigint)
    ))
    from (
        select pg_catalog.md5(pg_catalog.convert_to(row({columns})::text, 'UTF8')) as digest
        from {table} as t
    ) as d
""")


@dataclass(frozen=True)
class TableManifest:
    """What one table holds: rows, and 32 hexadecimal digits that equal contents share."""

    name: str
    rows: int
    checksum: str


@dataclass(frozen=True)
class Manifest:
    """What all tables of the schema hold, in the order of their names."""

    tables: tuple[TableManifest, ...]

    def differences(self, other: Manifest) -> tuple[str, ...]:
        """Return the names of the tables that the two do not have in common, sorted."""
        return tuple(sorted({table.name for table in set(self.tables) ^ set(other.tables)}))

    def as_json(self) -> str:
        """Return the manifest as a JSON document, one line a table."""
        lines = ",\n".join(
            f"  {json.dumps(t.name)}: {json.dumps({'rows': t.rows, 'checksum': t.checksum})}"
            for t in self.tables
        )
        return f'{{"format": 1, "tables": {{\n{lines}\n}}}}\n'


def manifest(conn: Connection[Any]) -> Manifest:
    """Return the manifest of the database that `conn` is connected to.

    Columns that differ between two loads of the same data (clock, sequence, transaction number)
    are left out. Equal on every supported version and whatever the session's time zone, formats
    and locale. Reads each table as its owner; leaves no setting behind. Raises PGS503 when the
    connection's role may not act as an owner.
    """
    with conn.transaction(force_rollback=True):
        pin(conn, PRINTING)
        by_owner = sorted(read_tables(conn).values(), key=lambda table: table.owner)
        found = [
            entry
            for owner, tables in groupby(by_owner, key=lambda table: table.owner)
            for entry in _read_as(conn, owner, tables)
        ]
    return Manifest(tuple(sorted(found, key=lambda entry: entry.name)))


def pin(conn: Connection[Any], settings: dict[str, str]) -> None:
    """Set settings until the end of the transaction."""
    conn.execute(
        "select pg_catalog.set_config(s.key, s.value, true) "
        "from pg_catalog.jsonb_each_text(%s::text::jsonb) as s",
        (json.dumps(settings),),
    )


def not_allowed(conn: Connection[Any], owner: str, reason: str | None) -> PgschemaError:
    """Return the error for a connection whose role may not act as an owner."""
    return PgschemaError("PGS503", role=conn.info.user, owner=owner, reason=reason)


def _read_as(conn: Connection[Any], owner: str, tables: Iterable[Table]) -> Iterator[TableManifest]:
    try:
        conn.execute(sql.SQL("set local role {}").format(sql.Identifier(owner)))
    except errors.InsufficientPrivilege as error:
        raise not_allowed(conn, owner, error.diag.message_primary) from error
    query = sql.SQL(" union all ").join(_checksum(table) for table in tables)
    return (TableManifest(*row) for row in rows(conn, query))


def _checksum(table: Table) -> sql.Composed:
    fixed = (column.name for column in table.columns if column.is_fixed)
    columns = sql.SQL(", ").join(sql.Identifier("t", name) for name in fixed)
    return _CHECKSUM.format(name=sql.Literal(table.name), columns=columns, table=table.identifier)
