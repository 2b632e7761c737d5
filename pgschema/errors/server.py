"""PGS6xx: what is wrong with server binaries and clusters."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = ()
