"""What a statement outside of a transaction leaves behind, and how to tell whether it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, LiteralString

import psycopg
from psycopg import sql

from pgschema.sqltext import Statement

Kind = Literal[
    "build index", "drop index", "reindex", "detach", "create", "drop", "repeat", "other"
]

_INDEX: LiteralString = """
select c.oid, i.indisvalid, n.nspname, c.relname from pg_catalog.pg_class t
join pg_catalog.pg_class c on c.relnamespace = t.relnamespace
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_index i on i.indexrelid = c.oid
where t.oid = pg_catalog.to_regclass(%(table)s)
    and c.relname = (pg_catalog.parse_ident(%(name)s))[1]
"""
_RELATION: LiteralString = """
select c.oid, coalesce(i.indisvalid, true), n.nspname, c.relname from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_index i on i.indexrelid = c.oid
where c.oid = pg_catalog.to_regclass(%(name)s)
"""
_PARTITION: LiteralString = """
select inhrelid, not inhdetachpending, '', '' from pg_catalog.pg_inherits
where inhparent = pg_catalog.to_regclass(%(table)s) and inhrelid = pg_catalog.to_regclass(%(name)s)
"""
_SHARED: dict[str, LiteralString] = {
    "database": "select oid, true, '', datname from pg_catalog.pg_database "
    "where datname = (pg_catalog.parse_ident(%(name)s))[1]",
    "tablespace": "select oid, true, '', spcname from pg_catalog.pg_tablespace "
    "where spcname = (pg_catalog.parse_ident(%(name)s))[1]",
    "subscription": "select oid, true, '', subname from pg_catalog.pg_subscription "
    "where subname = (pg_catalog.parse_ident(%(name)s))[1]",
}
_LEFTOVERS: LiteralString = """
select n.nspname, c.relname from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$' and n.nspname <> 'pg_toast'
    and case %(scope)s
        when 'table' then i.indrelid = pg_catalog.to_regclass(%(name)s)
        when 'index' then i.indrelid = (
            select x.indrelid from pg_catalog.pg_index x
            where x.indexrelid = pg_catalog.to_regclass(%(name)s)
        )
        when 'schema' then c.relnamespace = pg_catalog.to_regnamespace(%(name)s)
        else true
    end
order by 1, 2
"""
_BUILDER: LiteralString = """
select pid from pg_catalog.pg_stat_progress_create_index
where index_relid = %s and pid <> pg_catalog.pg_backend_pid()
"""


@dataclass(frozen=True)
class Effect:
    """What a statement is about: `name` and `table` as written, quotes included.

    `scope` is the kind of object that REINDEX, CREATE or DROP names.
    """

    kind: Kind
    name: str = ""
    table: str = ""
    scope: str = ""

    @property
    def leaves_traces(self) -> bool:
        """Return whether a failure in the middle may leave something behind."""
        return self.kind in {"build index", "drop index", "reindex", "detach"}


@dataclass(frozen=True)
class Seen:
    """The object that an effect is about, as it is now."""

    oid: int
    is_complete: bool
    schema: str
    name: str


def effect_of(statement: Statement, *, rerunnable: bool = False) -> Effect:
    """Return what the statement is about; `repeat` when running it twice does no harm."""
    words = tuple(w for w in statement.words if w not in {"unique", "only"})
    words = _without(_without(words, ("if", "not", "exists")), ("if", "exists"))
    if words[:3] == ("create", "index", "concurrently") and "on" in words:
        on = words.index("on")
        return Effect("build index", _name(words, 3), _name(words, on + 1))
    if words[:3] == ("drop", "index", "concurrently"):
        return Effect("drop index", _name(words, 3))
    if words[:2] == ("alter", "table") and "detach" in words:
        partition = words.index("detach") + 2
        return Effect("detach", _name(words, partition), _name(words, 2))
    if words[0] == "reindex" and "concurrently" in words:
        return _reindex(words)
    if words[0] in {"create", "drop"} and words[1] in _SHARED and not rerunnable:
        kind: Kind = "create" if words[0] == "create" else "drop"
        return Effect(kind, _name(words, 2), scope=words[1])
    harmless = words[0] in {"vacuum", "analyze", "cluster", "checkpoint", "reindex", "refresh"}
    guarded = len(words) < len(statement.words) or words[:3] == ("create", "or", "replace")
    altered = words[:2] in {("alter", "system"), ("alter", "database")}
    return Effect("repeat" if rerunnable or harmless or guarded or altered else "other")


def _without(words: tuple[str, ...], gone: tuple[str, ...]) -> tuple[str, ...]:
    for at in range(len(words) - len(gone) + 1):
        if words[at : at + len(gone)] == gone:
            return words[:at] + words[at + len(gone) :]
    return words


def _reindex(words: tuple[str, ...]) -> Effect:
    for scope in ("table", "index", "schema", "database", "system"):
        if scope in words:
            rest = tuple(w for w in words[words.index(scope) + 1 :] if w != "concurrently")
            return Effect("reindex", _name(rest, 0), scope=scope)
    return Effect("other")


def _name(words: tuple[str, ...], at: int) -> str:
    """Return the name that begins at a word, with the schema in front of it if it has one."""
    parts = list(words[at : at + 1])
    while words[at + 1 : at + 2] == (".",):
        parts += words[at + 1 : at + 3]
        at += 2
    return "".join(parts)


def look(conn: psycopg.Connection[Any], effect: Effect) -> Seen | None:
    """Return the object that the effect is about, None when it is not there."""
    query: LiteralString | None = {
        "build index": _INDEX,
        "drop index": _RELATION,
        "detach": _PARTITION,
    }.get(effect.kind, _SHARED.get(effect.scope) if effect.kind in {"create", "drop"} else None)
    if query is None:
        return None
    row = conn.execute(query, {"name": effect.name, "table": effect.table}).fetchone()
    return None if row is None else Seen(row[0], bool(row[1]), row[2], row[3])


def builder_of(conn: psycopg.Connection[Any], index: Seen) -> int | None:
    """Return the process that builds this index right now, if there is one."""
    row = conn.execute(_BUILDER, (index.oid,)).fetchone()
    return None if row is None else int(row[0])


def leftovers(conn: psycopg.Connection[Any], effect: Effect) -> tuple[Seen, ...]:
    """Return the invalid indexes that an interrupted REINDEX CONCURRENTLY left."""
    rows = conn.execute(_LEFTOVERS, {"name": effect.name, "scope": effect.scope}).fetchall()
    return tuple(Seen(0, False, schema, name) for schema, name in rows)


def drop_statement(conn: psycopg.Connection[Any], index: Seen) -> str:
    """Return the statement that takes an invalid index away without holding anybody up."""
    name = sql.Identifier(index.schema, index.name)
    return sql.SQL("drop index concurrently if exists {}").format(name).as_string(conn)


def finalize_statement(effect: Effect) -> str:
    """Return the statement that finishes an interrupted DETACH PARTITION CONCURRENTLY."""
    return f"alter table {effect.table} detach partition {effect.name} finalize"
