"""The catalogue: every failure that a user can meet, as data."""

from __future__ import annotations

from collections.abc import Mapping

from pgschema.errors import checks, commands, data, database, files, plan, server
from pgschema.errors.record import Failure, PgschemaError

__all__ = ["CATALOGUE", "Failure", "PgschemaError", "failure"]

CATALOGUE: Mapping[str, Failure] = {
    failure.code: failure
    for family in (files, plan, database, checks, data, server, commands)
    for failure in family.FAILURES
}


def failure(code: str) -> Failure:
    """Return the record of one error code, such as `PGS301`.

    Raises KeyError when there is no such code.
    """
    return CATALOGUE[code.upper()]
