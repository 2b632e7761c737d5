"""Turns what the server said about a file into an error that points into the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from pgschema.apply.message import GUARD_SQLSTATE, Message
from pgschema.apply.wire import RefusedError
from pgschema.errors import PgschemaError
from pgschema.ledger import read_stored_text
from pgschema.plan import Step, edit_diff
from pgschema.sqltext import Place, Statement, position_of

UNDONE = "the database is as it was before this file"
_INLINE = re.compile(r"inline_code_block line (\d+)")
_LOST = {"57P01", "57P02", "57P03", "57P05", "08000", "08003", "08006"}


def place_of(path: Path, text: str, offset: int, statement: Statement | None = None) -> Place:
    """Return the place of the character at `offset` of a file."""
    return Place(path, position_of(text, offset), statement.text if statement else "")


def is_lost(error: psycopg.Error) -> bool:
    """Return whether the error means that the server or the way to it is gone."""
    return isinstance(error, psycopg.OperationalError) and (
        error.sqlstate is None or error.sqlstate in _LOST
    )


def explain(
    refused: RefusedError, step: Step, message: Message, role: str, **more: Any
) -> PgschemaError:
    """Return the catalogued error for a message that the server refused.

    The place is taken from the server's position where it gives one, else from the number of
    statements that it had completed.
    """
    error, diag = refused.error, refused.error.diag
    behind = refused.completed - len(message.before) - len(message.statements)
    details = {
        **_place(refused, step, message).details,
        "stem": step.stem,
        "direction": step.direction,
        "message": diag.message_primary or str(error).strip(),
        "sqlstate": error.sqlstate,
        "detail": diag.message_detail,
        "hint": diag.message_hint,
        "context": diag.context,
        "internal_query": diag.internal_query,
        "state": UNDONE,
        "role": role,
        **more,
    }
    return PgschemaError(_code(error, behind), **details)


@contextmanager
def translated(step: Step, role: str) -> Iterator[None]:
    """Tell as a catalogued error what the server refused outside of the file's own statements."""
    try:
        yield
    except RefusedError as refused:
        raise explain(refused, step, Message((), "", ()), role) from refused.error
    except psycopg.OperationalError as error:
        lost = RefusedError(error, 0)
        raise explain(lost, step, Message((), "", ()), role) from error


def with_diff(conn: psycopg.Connection[Any], error: PgschemaError) -> PgschemaError:
    """Return the error, with the difference to what was applied when a file was edited."""
    if error.code != "PGS201":
        return error
    stored, _ = read_stored_text(conn, error.details["stem"])
    diff = edit_diff(stored, error.details["file"]) if stored is not None else ""
    return PgschemaError(error.code, **error.details | {"diff": diff})


def _code(error: psycopg.Error, behind: int) -> str:
    if is_lost(error):
        return "PGS304"
    if error.sqlstate == GUARD_SQLSTATE and behind > 0:
        return "PGS307"
    if error.sqlstate == "42501":
        return "PGS305"
    return "PGS306" if behind >= 0 else "PGS301"


def _place(refused: RefusedError, step: Step, message: Message) -> Place:
    """Return the place of an error in the file, the whole file when it lies outside."""
    path, text, found = step.file.path, message.body, message.statements
    position = refused.error.diag.statement_position
    if position is not None:
        offset = int(position) - 1 - len(message.prefix)
        if not 0 <= offset <= len(text):
            return Place(path)
        inside = [s for s in found if s.start <= offset]
        return place_of(path, text, offset, inside[-1] if inside else None)
    number = refused.completed - len(message.before)
    if not 0 <= number < len(found) or is_lost(refused.error):
        return Place(path)
    return _place_in_statement(refused, path, text, found[number])


def _place_in_statement(
    refused: RefusedError, path: Path, text: str, statement: Statement
) -> Place:
    """Return the place inside the statement's quoted body that failed, else its start."""
    offset = _in_body(refused, statement)
    if offset is None:
        offset = _in_do_block(refused, text, statement)
    return place_of(path, text, statement.start if offset is None else offset, statement)


def _in_body(refused: RefusedError, statement: Statement) -> int | None:
    """Return the offset of an error that the server found in the body of a routine.

    It counts inside the body, because the whole message holds that body a second time: as the
    text that the ledger keeps.
    """
    diag = refused.error.diag
    if diag.internal_query is None or diag.internal_position is None:
        return None
    bodies = (t for t in statement.tokens if t.kind == "string" and diag.internal_query in t.text)
    token = next(bodies, None)
    if token is None:
        return None
    return token.start + token.text.index(diag.internal_query) + int(diag.internal_position) - 1


def _in_do_block(refused: RefusedError, text: str, statement: Statement) -> int | None:
    """Return the offset of the line of a DO block at which it failed."""
    lines = _INLINE.findall(refused.error.diag.context or "")
    body = next((t for t in statement.tokens if t.kind == "string" and t.text[0] == "$"), None)
    if statement.words[0] != "do" or not lines or body is None:
        return None
    ahead = int(lines[-1]) - 1
    if ahead == 0:
        return body.start
    start = body.start
    for _ in range(ahead):
        start = text.find("\n", start) + 1 or body.start
    return start + len(text[start:]) - len(text[start:].lstrip(" \t"))
