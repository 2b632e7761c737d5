"""Reads SQL text without a server: tokens, statements, directives, positions."""

from __future__ import annotations

from pgschema.sqltext.directives import Directives, read_directives
from pgschema.sqltext.lexer import LexError, Token, semantic_checksum, statements, tokens
from pgschema.sqltext.position import Position, position_of
from pgschema.sqltext.statement import Statement

__all__ = [
    "Directives",
    "LexError",
    "Position",
    "Statement",
    "Token",
    "position_of",
    "read_directives",
    "semantic_checksum",
    "statements",
    "tokens",
]
