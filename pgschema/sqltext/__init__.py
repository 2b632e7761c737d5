"""Reads SQL text without a server: tokens, statements, directives, positions."""

from __future__ import annotations

from pgschema.sqltext.directives import Directives, read_directives
from pgschema.sqltext.file import SqlFile
from pgschema.sqltext.inspection import inspect_file, runs_alone
from pgschema.sqltext.lexer import LexError, Script, Token, read_script, statements, tokens
from pgschema.sqltext.position import Place, Position, position_of
from pgschema.sqltext.statement import Statement

__all__ = [
    "Directives",
    "LexError",
    "Place",
    "Position",
    "Script",
    "SqlFile",
    "Statement",
    "Token",
    "inspect_file",
    "position_of",
    "read_directives",
    "read_script",
    "runs_alone",
    "statements",
    "tokens",
]
