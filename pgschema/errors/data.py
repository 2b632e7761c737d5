"""PGS5xx: what is wrong with data or data sets."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = ()
