"""One transaction that acts as the tables' owner with every setting that matters pinned."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg import errors, pq, sql

from pgschema.errors import PgschemaError
from pgschema.seeding.manifest import PRINTING, pin
from pgschema.seeding.tables import OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection

    from pgschema.seeding.parts import Word
    from pgschema.seeding.tables import Table

_LOCK_SECONDS = 10

_WORDS = """
    create temporary table pgschema_words (
        list_name text, n integer, word text, primary key (list_name, n)
    ) on commit drop
"""


@contextmanager
def as_owner(
    conn: Connection[Any], words: Sequence[Word], settings: dict[str, str]
) -> Iterator[None]:
    """Run the body in a transaction as pgschema_owner, with the vocabulary at hand.

    The words are in `pg_temp.pgschema_words` until the transaction ends. Raises PGS502 when there
    is no such role, PGS503 when the connection's role may not act as it, and ValueError when the
    connection is in a transaction already.
    """
    if conn.info.transaction_status is not pq.TransactionStatus.IDLE:
        raise ValueError("data sets are loaded in a transaction of their own: commit first")
    with conn.transaction():
        try:
            pin(conn, {**PRINTING, **settings, "lock_timeout": f"{_LOCK_SECONDS}s"})
            if words:
                _copy_words(conn, words)
            conn.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
        except errors.UndefinedObject as error:
            raise PgschemaError("PGS502", what="data set") from error
        except (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction) as error:
            reason = error.diag.message_primary
            raise PgschemaError("PGS503", role=conn.info.user, reason=reason) from error
        yield


def keep_writers_out(conn: Connection[Any], table: Table) -> None:
    """Lock a table against other writers, and so against another load; readers go on.

    Raises PGS504 when that takes too long.
    """
    lock = sql.SQL("lock table {} in share row exclusive mode")
    try:
        conn.execute(lock.format(table.identifier))
    except errors.LockNotAvailable as error:
        raise PgschemaError("PGS504", table=table.name, seconds=_LOCK_SECONDS) from error


def _copy_words(conn: Connection[Any], words: Sequence[Word]) -> None:
    conn.execute(_WORDS)
    with conn.cursor().copy("copy pg_temp.pgschema_words from stdin") as copy:
        for word in words:
            copy.write_row((word.list_name, word.n, word.word))
    conn.execute(
        sql.SQL("grant select on pg_temp.pgschema_words to {}").format(sql.Identifier(OWNER))
    )
