"""One transaction that acts as the tables' owner with every setting that matters pinned."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg import errors, pq, sql

from pgschema.errors import PgschemaError
from pgschema.seeding.manifests import PRINTING, not_allowed, pin
from pgschema.seeding.tables import OWNER, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

    from pgschema.seeding.tables import Table

_LOCK_SECONDS = 10

_SET = "select pg_catalog.set_config('pgschema.' || %s::text, %s, true)"
_SET_ARRAY = "select pg_catalog.set_config('pgschema.' || %s::text, %s::text[]::text, true)"


@contextmanager
def as_owner(
    conn: Connection[Any], parameters: Mapping[str, str | tuple[str, ...]]
) -> Iterator[None]:
    """Run the body in a transaction as pgschema_owner, with the data set's parameters at hand.

    A query reads one as `current_setting('pgschema.<name>')`; a tuple is text for `text[]`. Raises
    PGS502 when there is no such role, PGS503 when the connection's role may not act as it, and
    ValueError when the connection is in a transaction already.
    """
    if conn.info.transaction_status is not pq.TransactionStatus.IDLE:
        raise ValueError("data sets are loaded in a transaction of their own: commit first")
    with conn.transaction():
        try:
            pin(conn, {**PRINTING, "lock_timeout": f"{_LOCK_SECONDS}s", "statement_timeout": "0"})
            for name, value in parameters.items():
                given = list(value) if isinstance(value, tuple) else value
                conn.execute(_SET_ARRAY if given is not value else _SET, (name, given))
            conn.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
        except (errors.UndefinedObject, errors.InvalidParameterValue) as error:
            raise PgschemaError("PGS502", what="data set") from error
        except errors.InsufficientPrivilege as error:
            raise not_allowed(conn, OWNER, error.diag.message_primary) from error
        yield


def keep_writers_out(conn: Connection[Any], table: Table) -> None:
    """Lock a table against other writers, and so against another load; readers go on.

    Raises PGS503 in a read-only session, PGS504 when it takes too long.
    """
    if rows(conn, "select pg_catalog.current_setting('transaction_read_only')") == [("on",)]:
        raise not_allowed(conn, OWNER, "the session is read-only")
    lock = sql.SQL("lock table {} in share row exclusive mode")
    try:
        conn.execute(lock.format(table.identifier))
    except errors.LockNotAvailable as error:
        raise in_the_way(table.name) from error


def in_the_way(table: str) -> PgschemaError:
    """Return the error for a lock on a table that was not granted in time."""
    return PgschemaError("PGS504", table=table, seconds=_LOCK_SECONDS)
