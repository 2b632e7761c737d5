"""The tools that are compared: ours, the peers and the floor, each behind the same few verbs."""

from __future__ import annotations

from collections.abc import Callable

from bench.errors import BenchError
from bench.tools import alembic, dbmate, node_pg_migrate, ours, psql, sqitch, yoyo
from bench.tools.base import Missing, Tool

__all__ = ["NAMES", "Missing", "Tool", "find_tools"]

_FINDERS: dict[str, Callable[[], Tool]] = {
    "psql": psql.find,
    "pgschema": ours.find,
    "yoyo": yoyo.find,
    "dbmate": dbmate.find,
    "sqitch": sqitch.find,
    "alembic": alembic.find,
    "node-pg-migrate": node_pg_migrate.find,
}

NAMES = tuple(_FINDERS)


def find_tools(wanted: tuple[str, ...] = NAMES) -> tuple[tuple[Tool, ...], tuple[Missing, ...]]:
    """Return the tools that are there, and for every other wanted one the reason why not."""
    found: list[Tool] = []
    missing: list[Missing] = []
    for name in wanted:
        try:
            found.append(_FINDERS[name]())
        except BenchError as error:
            missing.append(Missing(name, str(error)))
    return tuple(found), tuple(missing)
