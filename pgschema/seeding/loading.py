"""Carries out the queries of a data set: what is missing is loaded, what differs is refused."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Error, OperationalError, errors, sql

from pgschema.errors import PgschemaError
from pgschema.seeding.session import in_the_way
from pgschema.seeding.tables import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from psycopg import Connection

    from pgschema.seeding.parts import Part
    from pgschema.seeding.tables import Column, Table

    Progress = Callable[[str, int, int], object]

_BORN_WITH = "initial_"


@dataclass(frozen=True)
class Fit:
    """A part beside its table: the columns of the query that the table has.

    `born_with` are those whose first value the query gives under `initial_<name>`; `left_out` is
    what the query gives and the table does not have, or not yet.
    """

    part: Part
    table: Table
    columns: tuple[Column, ...]
    born_with: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def query(self) -> sql.Composed:
        """Return the part's query as a row source called `r`."""
        return sql.SQL("(\n{}\n) as r").format(sql.SQL(self.part.query))


@dataclass(frozen=True)
class State:
    """How many rows a part makes, and how many of them its table has, value for value.

    `rows` is None in an empty database, where nobody has asked.
    """

    fit: Fit
    rows: int | None
    present: int


def fit_parts(
    conn: Connection[Any], parts: Iterable[Part], tables: Mapping[str, Table]
) -> tuple[Fit, ...]:
    """Return the parts whose table exists; columns that the table does not have yet are left out.

    Raises PGS508 when a query does not run.
    """
    return tuple(_fit(conn, part, tables[part.name]) for part in parts if part.name in tables)


def is_empty(conn: Connection[Any], table: Table) -> bool:
    """Return whether a table has no row."""
    query = sql.SQL("select exists (select from {})").format(table.identifier)
    return not rows(conn, query)[0][0]


def compare(conn: Connection[Any], fits: Sequence[Fit]) -> tuple[State, ...]:
    """Return how much of each part its table holds already.

    Raises PGS501 when a table has other rows, or only some of a part's.
    """
    filled = {t.name for t in _tables_of(fits) if not is_empty(conn, t)}
    if not filled:
        return tuple(State(fit, None, 0) for fit in fits)
    states = tuple(_compare(conn, fit) for fit in fits)
    findings = [
        finding
        for table in _tables_of(fits)
        if table.name in filled
        for finding in _findings(conn, table, [s for s in states if s.fit.table == table])
    ]
    if findings:
        more = f"; and {len(findings) - 3} more tables" if len(findings) > 3 else ""
        raise PgschemaError("PGS501", tables="; ".join(findings[:3]) + more, findings=findings)
    return states


def load(conn: Connection[Any], states: Sequence[State], on_progress: Progress | None) -> bool:
    """Insert the rows of every part that is not there yet; return whether there was one.

    Calls `on_progress(table, done, total)` before, between and after the parts of a table.
    """
    absent = [state.fit for state in states if not state.present]
    present = [state.fit for state in states if state.present]
    for fit in present if absent else ():
        _move(conn, fit, _BORN_WITH)
    inserted = sum(_fill(conn, table, absent, on_progress) for table in _tables_of(absent))
    for state in states if inserted else ():
        _move(conn, state.fit, "")
    return inserted > 0


def is_complete(states: Iterable[State]) -> bool:
    """Return whether every part is there, so that there is nothing to load."""
    return all(state.rows == state.present for state in states)


@contextmanager
def bulk(conn: Connection[Any]) -> Iterator[None]:
    """Leave triggers out in the body, rebuild and check what they keep at its end.

    Before V002 there is no such way, and no trigger that would take long.
    """
    found = rows(conn, "select pg_catalog.to_regprocedure('stats.begin_bulk_load()') is not null")
    if found != [(True,)]:
        yield
        return
    conn.execute("select stats.begin_bulk_load()")
    yield
    conn.execute("select stats.end_bulk_load()")


def merge(conn: Connection[Any], fit: Fit) -> int:
    """Insert or update the rows of a part by primary key; return how many were not so before."""
    given = [sql.Identifier(column.name) for column in fit.columns]
    statement = sql.SQL(
        "insert into {table} as t ({given}) select {given} from {query} "
        "on conflict ({key}) do update set ({given}) = row({excluded}) "
        "where row({own}) is distinct from row({excluded})"
    ).format(
        table=fit.table.identifier,
        given=_listed(given),
        query=fit.query,
        key=_listed(map(sql.Identifier, fit.table.primary_key)),
        own=_listed(sql.Identifier("t", column.name) for column in fit.columns),
        excluded=_listed(sql.Identifier("excluded", column.name) for column in fit.columns),
    )
    with _naming(fit.part):
        return conn.execute(statement).rowcount


@contextmanager
def _naming(part: Part) -> Iterator[None]:
    try:
        yield
    except errors.LockNotAvailable as error:
        raise in_the_way(part.name) from error
    except OperationalError:
        raise  # the server's or the network's matter, not the file's
    except Error as error:
        message = error.diag.message_primary or str(error)
        raise PgschemaError(
            "PGS508", path=f"{part.path.parent.name}/{part.path.name}", message=message
        ) from error


def _fit(conn: Connection[Any], part: Part, table: Table) -> Fit:
    query = sql.SQL("select * from (\n{}\n) as r limit 0").format(sql.SQL(part.query))
    with _naming(part), conn.cursor() as cursor:
        given = {column.name for column in cursor.execute(query).description or ()}
    columns = [c for c in table.columns if c.name in given and not c.is_computed]
    born_with = [c.name for c in columns if f"{_BORN_WITH}{c.name}" in given]
    used = {c.name for c in columns} | {f"{_BORN_WITH}{name}" for name in born_with}
    return Fit(part, table, tuple(columns), tuple(born_with), tuple(sorted(given - used)))


def _compare(conn: Connection[Any], fit: Fit) -> State:
    fixed = [column for column in fit.columns if column.is_fixed]
    query = sql.SQL(
        "with wanted as materialized (select {wanted} from {query}), "
        "missing as (select * from wanted except all select {own} from {table} as t) "
        "select (select count(*) from wanted), (select count(*) from missing)"
    ).format(
        wanted=_listed(
            sql.SQL("r.{}::{}").format(
                sql.Identifier(column.name),
                sql.SQL(column.type),
            )
            for column in fixed
        ),
        query=fit.query,
        own=_listed(sql.Identifier("t", column.name) for column in fixed),
        table=fit.table.identifier,
    )
    with _naming(fit.part):
        wanted, missing = rows(conn, query)[0]
    return State(fit, wanted, wanted - missing)


def _findings(conn: Connection[Any], table: Table, states: Sequence[State]) -> Iterator[str]:
    count = sql.SQL("select count(*) from {}").format(table.identifier)
    others = rows(conn, count)[0][0] - sum(state.present for state in states)
    if others > 0:
        yield f"{table.name} has {_counted(others)} not of this data set"
    elif lost := sum((state.rows or 0) - state.present for state in states if state.present):
        yield f"{table.name} lacks {_counted(lost)} of this data set"


def _tables_of(fits: Iterable[Fit]) -> tuple[Table, ...]:
    return tuple(dict.fromkeys(fit.table for fit in fits))


def _fill(
    conn: Connection[Any], table: Table, fits: Sequence[Fit], on_progress: Progress | None
) -> int:
    fits = [fit for fit in fits if fit.table == table]
    report = on_progress or (lambda *_: None)
    total = sum(_count(conn, fit) for fit in fits) if on_progress else 0
    done = 0
    report(table.name, 0, total)
    for fit in fits:
        with _naming(fit.part):
            done += conn.execute(_insertion(fit)).rowcount
        report(table.name, done, total)
    return done


def _count(conn: Connection[Any], fit: Fit) -> int:
    with _naming(fit.part):
        count: int = rows(conn, sql.SQL("select count(*) from {}").format(fit.query))[0][0]
    return count


def _insertion(fit: Fit) -> sql.Composed:
    names = [column.name for column in fit.columns]
    return sql.SQL("insert into {} ({}) select {} from {}").format(
        fit.table.identifier,
        _listed(map(sql.Identifier, names)),
        _listed(
            sql.Identifier("r", f"{_BORN_WITH}{name}" if name in fit.born_with else name)
            for name in names
        ),
        fit.query,
    )


def _move(conn: Connection[Any], fit: Fit, prefix: str) -> None:
    """Give the columns of `born_with` their first (`initial_`) or their final (``) value."""
    if not fit.born_with:
        return
    key = sql.SQL(" and ").join(
        sql.SQL("t.{0} = r.{0}").format(sql.Identifier(name)) for name in fit.table.primary_key
    )
    statement = sql.SQL(
        "update {} as t set {} from {} where {} and row({}) is distinct from row({})"
    ).format(
        fit.table.identifier,
        _listed(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("r", prefix + name))
            for name in fit.born_with
        ),
        fit.query,
        key,
        _listed(sql.Identifier("t", name) for name in fit.born_with),
        _listed(sql.Identifier("r", prefix + name) for name in fit.born_with),
    )
    with _naming(fit.part):
        conn.execute(statement)


def _listed(items: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(items)


def _counted(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"
