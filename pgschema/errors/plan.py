"""PGS2xx: why files and database do not fit together."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = ()
