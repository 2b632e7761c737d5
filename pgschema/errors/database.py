"""PGS3xx: what a database answered."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = ()
