"""What one catalogued failure is, and the exception that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """One kind of failure.

    `cause` and `fix` are `str.format` templates over the details that the raiser gives;
    `explanation` and `example` are Markdown for the error's page.
    """

    code: str
    title: str
    cause: str
    fix: str
    exit_code: int
    explanation: str
    example: str


class PgschemaError(Exception):
    """A failure that the user can act on: a code of the catalogue and the facts of this case.

    `failure`'s templates are filled from `details`; extra details travel into the JSON report.
    """

    def __init__(self, code: str, **details: Any) -> None:
        from pgschema.errors import CATALOGUE  # the catalogue imports this module

        self.failure = CATALOGUE[code]
        self.code = code
        self.details = details
        super().__init__(f"{code}: {self.failure.title}: {self.cause}")

    @property
    def cause(self) -> str:
        """Return what happened, with the facts of this case filled in."""
        return self.failure.cause.format(**self.details)

    @property
    def fix(self) -> str:
        """Return what to do about it, with the facts of this case filled in."""
        return self.failure.fix.format(**self.details)

    @property
    def exit_code(self) -> int:
        """Return the process exit code: 1 the answer is no, 2 could not start, 3 failed midway."""
        return self.failure.exit_code
