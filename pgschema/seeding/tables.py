"""What tables the migrations made, and which of their columns a data set decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import LiteralString

    from psycopg import Connection

OWNER = "pgschema_owner"

# `is_fixed` is false for what differs between two loads of the same data: columns that the clock,
# a sequence or the transaction's number fills in. Their defaults say so; no list of names to keep.
_TABLES = r"""
    select n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner),
        array(
            select k.attname
            from pg_catalog.pg_index as i
            join pg_catalog.pg_attribute as k
                on k.attrelid = i.indrelid and k.attnum = any (i.indkey)
            where i.indrelid = c.oid and i.indisprimary
            order by k.attnum
        ),
        array_agg(a.attname order by a.attname collate "C"),
        array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) order by a.attname collate "C"),
        array_agg(a.attgenerated <> '' or a.attidentity = 'a' order by a.attname collate "C"),
        array_agg(
            a.attidentity = ''
            and a.atttypid not in ('pg_catalog.xid'::regtype, 'pg_catalog.xid8'::regtype)
            and (
                a.attgenerated <> ''
                or coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
                !~* '(now|_timestamp|timeofday|nextval|xact_id)\(|current_(date|time)|localtime'
            )
            order by a.attname collate "C"
        )
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute as a
        on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p') and not c.relispartition
        and n.nspname !~ '^(pg_|archive_v[0-9]+$)'
        and n.nspname not in ('information_schema', 'pgschema')
        and pg_catalog.pg_get_userbyid(c.relowner) = any (%s)
    group by n.nspname, c.relname, c.oid, c.relowner
    order by n.nspname collate "C", c.relname collate "C"
"""


@dataclass(frozen=True)
class Column:
    """One column: `is_computed` columns take no value, only `is_fixed` ones can be compared."""

    name: str
    type: str
    is_computed: bool
    is_fixed: bool


@dataclass(frozen=True)
class Table:
    """One table of the schema; columns are in the order of their names' bytes."""

    schema: str
    table: str
    owner: str
    primary_key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """Return the table's full name, such as `public.activities`."""
        return f"{self.schema}.{self.table}"

    @property
    def identifier(self) -> sql.Identifier:
        """Return the full name, quoted."""
        return sql.Identifier(self.schema, self.table)


def read_tables(conn: Connection[Any]) -> Mapping[str, Table]:
    """Return the tables that belong to the migrations' owners, by full name and in its order.

    The ledger of migrations, archives and other people's tables are not among them.
    """
    found = (
        Table(schema, table, owner, tuple(key), tuple(map(Column, *columns)))
        for schema, table, owner, key, *columns in rows(
            conn, _TABLES, ([OWNER, "stats_refresher"],)
        )
    )
    return {table.name: table for table in found}


def rows(
    conn: Connection[Any],
    query: LiteralString | sql.Composed,
    parameters: tuple[Any, ...] | None = None,
) -> list[tuple[Any, ...]]:
    """Return what a query yields as tuples, whatever row factory the connection has."""
    statement = sql.SQL(query) if isinstance(query, str) else query
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(statement, parameters).fetchall()
