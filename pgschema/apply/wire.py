"""Sends one message of many statements and looks around while the server works on it."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

_GOOD = {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY}


class RefusedError(Exception):
    """The server ended a message with an error after `completed` of its statements."""

    def __init__(self, error: psycopg.Error, completed: int) -> None:
        self.error, self.completed = error, completed
        super().__init__(str(error))

    @property
    def sqlstate(self) -> str:
        """Return the server's code, empty when it said none."""
        return self.error.sqlstate or ""


def is_lost(conn: psycopg.Connection[Any]) -> bool:
    """Return whether the connection is of no use any more."""
    return conn.closed or conn.pgconn.status != ConnStatus.OK


def send(
    conn: psycopg.Connection[Any],
    message: str,
    *,
    every: float = 0.3,
    meanwhile: Callable[[], None] | None = None,
) -> None:
    """Send `message` by the simple protocol and read every answer.

    `meanwhile` is called every so many seconds while the server is silent. Raises RefusedError when
    the server reports an error or goes away; a transaction that failed is rolled back before.
    """
    completed = 0
    try:
        conn.pgconn.send_query(message.encode())
        for result in _results(conn.pgconn, every, meanwhile):
            if result.status not in _GOOD:
                raise RefusedError(error_from_result(result, "utf-8"), completed)
            completed += 1
    except psycopg.OperationalError as error:
        raise RefusedError(error, completed) from error
    except RefusedError:
        _settle(conn)
        raise
    except BaseException:
        conn.cancel_safe(timeout=2.0)
        conn.close()
        raise


def _results(
    pgconn: PGconn, every: float, meanwhile: Callable[[], None] | None
) -> Iterator[PGresult]:
    with selectors.DefaultSelector() as selector:
        selector.register(pgconn.socket, selectors.EVENT_READ)
        while True:
            _await_answer(pgconn, selector, every, meanwhile)
            result = pgconn.get_result()
            if result is None:
                return
            yield result


def _await_answer(
    pgconn: PGconn,
    selector: selectors.BaseSelector,
    every: float,
    meanwhile: Callable[[], None] | None,
) -> None:
    while True:
        unsent = pgconn.flush()
        if not unsent and not pgconn.is_busy():
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0)
        selector.modify(pgconn.socket, wanted)
        if selector.select(every):
            pgconn.consume_input()
        elif meanwhile is not None:
            meanwhile()


def _settle(conn: psycopg.Connection[Any]) -> None:
    """Read what is left of the answers and end a failed transaction."""
    try:
        while not is_lost(conn) and conn.pgconn.get_result() is not None:
            continue
        if not is_lost(conn) and conn.pgconn.transaction_status != TransactionStatus.IDLE:
            conn.execute("rollback")
    except psycopg.OperationalError:
        conn.close()
