"""One SQL file as the engine reads and sends it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pgschema.sqltext.directives import Directives, read_directives
from pgschema.sqltext.lexer import semantic_checksum


@dataclass(frozen=True)
class SqlFile:
    """A file's text without byte order mark, its lines ended by newlines."""

    path: Path
    text: str = field(repr=False)

    @cached_property
    def checksum(self) -> str:
        """Return the SHA-256 of the text, the same for LF and CRLF checkouts."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def semantic_checksum(self) -> str:
        """Return the SHA-256 of the tokens: comments and spacing do not count."""
        return semantic_checksum(self.text)

    @cached_property
    def directives(self) -> Directives:
        """Return what the file's leading comments ask of the engine."""
        return read_directives(self.text)
