"""One SQL file as the engine reads and sends it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pgschema.sqltext.directives import Directives, read_directives
from pgschema.sqltext.lexer import Script, read_script, semantic_checksum
from pgschema.sqltext.statement import Statement


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
    def script(self) -> Script:
        """Return the file's statements, as far as it can be read."""
        return read_script(self.text)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Return the file's statements, as far as it can be read."""
        return self.script.statements

    @cached_property
    def semantic_checksum(self) -> str:
        """Return the SHA-256 of what the server would read: no comments, spacing, letter case.

        The inside of quotes and of function bodies counts letter by letter. A file that cannot be
        read to its end has the checksum of its letters.
        """
        return semantic_checksum(self.script) or self.checksum

    @cached_property
    def directives(self) -> Directives:
        """Return what the file's leading comments ask of the engine."""
        return read_directives(self.text)
