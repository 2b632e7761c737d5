"""PGS1xx: what is wrong with the files of a project."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = ()
