"""Finds in a file what would break the rule "one file, one transaction", before it is sent."""

from __future__ import annotations

from typing import Any

from pgschema.errors import PgschemaError
from pgschema.sqltext.directives import KNOWN
from pgschema.sqltext.file import SqlFile
from pgschema.sqltext.lexer import LexError
from pgschema.sqltext.position import Place, position_of
from pgschema.sqltext.statement import Statement


def inspect_file(file: SqlFile) -> tuple[Statement, ...]:
    """Return the statements of a file that may be sent.

    Raises PGS110-PGS119 with the place of what may not.
    """
    _refuse_directives(file)
    for statement in file.statements:
        _refuse_statement(file, statement)
    if file.script.error is not None:
        raise _lexical(file, file.script.error) from file.script.error
    _refuse_together(file, file.statements)
    return file.statements


def runs_alone(file: SqlFile) -> bool:
    """Return whether the file runs without a transaction, asked to or because it has to."""
    found = file.statements
    return bool(found) and (
        file.directives.no_transaction or (len(found) == 1 and found[0].refuses_transaction)
    )


def _error(code: str, file: SqlFile, offset: int, **details: Any) -> PgschemaError:
    place = Place(file.path, position_of(file.text, offset))
    return PgschemaError(code, **place.details | details)


def _refuse_directives(file: SqlFile) -> None:
    for offset, directive in file.directives.problems:
        raise _error("PGS110", file, offset, directive=directive, known="; ".join(KNOWN))
    for offset, directive in file.directives.unreasoned:
        raise _error("PGS111", file, offset, directive=directive)


def _refuse_statement(file: SqlFile, statement: Statement) -> None:
    if statement.ends_transaction and not statement.refuses_transaction:
        raise _error("PGS112", file, statement.start, statement=_shown(statement))
    if statement.copies_over_the_wire:
        raise _error("PGS114", file, statement.start, statement=_shown(statement))
    if statement.builds_unnamed_index:
        raise _error("PGS117", file, statement.start, statement=_shown(statement))


def _shown(statement: Statement) -> str:
    return " ".join(statement.text.split())[:100]


def _lexical(file: SqlFile, error: LexError) -> PgschemaError:
    if error.problem == "meta-command":
        return _error("PGS113", file, error.offset, command=error.what)
    if error.problem == "placeholder":
        return _error("PGS119", file, error.offset, placeholder=error.what)
    return _error("PGS118", file, error.offset, what=error.what)


def _refuse_together(file: SqlFile, found: tuple[Statement, ...]) -> None:
    if len(found) < 2:
        return
    if file.directives.no_transaction:
        raise _error("PGS115", file, found[1].start, count=len(found))
    for statement in found:
        if statement.refuses_transaction:
            raise _error("PGS116", file, statement.start, statement=_shown(statement))
