"""One SQL statement as tokens, and what can be told of it without a server."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgschema.sqltext.lexer import Token


@dataclass(frozen=True)
class Statement:
    """One statement of `source`: its tokens, without the semicolon."""

    source: str
    tokens: tuple[Token, ...]

    @property
    def start(self) -> int:
        """Return the offset of its first token."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """Return the offset behind its last token."""
        return self.tokens[-1].start + len(self.tokens[-1].text)

    @property
    def text(self) -> str:
        """Return the statement as written, without the semicolon."""
        return self.source[self.start : self.end]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Return its tokens, unquoted words in lower case and everything else as written."""
        return tuple(token.word or token.text for token in self.tokens)

    def starts(self, *words: str) -> bool:
        """Return whether its first words are these."""
        return self.words[: len(words)] == words

    def has(self, *words: str) -> bool:
        """Return whether these words follow each other anywhere in it."""
        width = len(words)
        return any(
            self.words[at : at + width] == words for at in range(len(self.words) - width + 1)
        )

    @cached_property
    def ends_transaction(self) -> bool:
        """Return whether it begins, ends or prepares a transaction; savepoints do not count."""
        words = tuple(word for word in self.words[:4] if word not in {"work", "transaction"})
        if self.words[0] == "rollback":
            return words[1:2] != ("to",)
        return (
            self.words[0] in {"begin", "commit", "end", "abort"}
            or self.starts("start", "transaction")
            or self.starts("prepare", "transaction")
        )

    @cached_property
    def copies_over_the_wire(self) -> bool:
        """Return whether it is COPY FROM STDIN or COPY TO STDOUT, which need a client's data."""
        return self.words[0] == "copy" and (self.has("from", "stdin") or self.has("to", "stdout"))

    @cached_property
    def isolation(self) -> str | None:
        """Return the isolation level that it sets for its transaction, if it does."""
        if not self.starts("set", "transaction", "isolation", "level"):
            return None
        return next(
            (
                level
                for level in ("serializable", "repeatable read", "read committed")
                if self.words[4 : 4 + len(level.split())] == tuple(level.split())
            ),
            None,
        )

    @cached_property
    def refuses_transaction(self) -> bool:
        """Return whether PostgreSQL never runs it inside a transaction block."""
        first, second = self.words[0], (*self.words, "", "")[1]
        if first in {"vacuum", "reindex"}:
            return first == "vacuum" or self._reindexes_alone
        if self._is_concurrent:
            return True
        if first == "alter":
            return second == "system" or (
                second == "database" and self.words[3:5] == ("set", "tablespace")
            )
        return (
            (first in {"create", "drop"} and second in {"database", "tablespace", "subscription"})
            or (first == "cluster" and len(self.words) <= 1 + (second == "verbose"))
            or self.starts("discard", "all")
            or (first in {"commit", "rollback"} and second == "prepared")
        )

    @property
    def builds_unnamed_index(self) -> bool:
        """Return whether it is CREATE INDEX CONCURRENTLY without a name for the index."""
        return self.words[:1] == ("create",) and self.has("index", "concurrently", "on")

    @property
    def _is_concurrent(self) -> bool:
        return (
            self.words[:3]
            in {("create", "index", "concurrently"), ("drop", "index", "concurrently")}
            or self.words[:4] == ("create", "unique", "index", "concurrently")
            or (
                self.starts("alter", "table")
                and "detach" in self.words
                and self.words[-1] == "concurrently"
            )
        )

    @property
    def _reindexes_alone(self) -> bool:
        return "concurrently" in self.words or bool(
            {"schema", "database", "system"} & set(self.words[1:2] + self._after_options)
        )

    @property
    def _after_options(self) -> tuple[str, ...]:
        if self.words[1:2] != ("(",) or ")" not in self.words:
            return ()
        closing = self.words.index(")")
        return self.words[closing + 1 : closing + 2]
