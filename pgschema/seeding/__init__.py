"""Loads data sets, deterministic by their seed, in one transaction and at most once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pgschema.catalog import packaged_folders
from pgschema.errors import PgschemaError
from pgschema.seeding import loading
from pgschema.seeding.manifests import Manifest, TableManifest, manifest
from pgschema.seeding.parts import read_reference, read_size, read_vocabulary, sizes
from pgschema.seeding.personas import PERSONAS, Persona, user_id
from pgschema.seeding.session import as_owner, keep_writers_out
from pgschema.seeding.tables import read_tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from psycopg import Connection

    from pgschema.seeding.parts import Part

__all__ = [
    "PERSONAS",
    "Manifest",
    "Persona",
    "SeedReport",
    "TableManifest",
    "is_empty",
    "load_reference",
    "manifest",
    "seed",
    "sizes",
    "user_id",
]

ANCHOR = date(2026, 1, 1)


@dataclass(frozen=True)
class SeedReport:
    """What a load came to: what is in the tables now, and whether anything was written."""

    manifest: Manifest
    changed: bool


def seed(
    conn: Connection[Any],
    *,
    size: str = "small",
    seed: int = 42,
    scale: float = 1.0,
    anchor: date = ANCHOR,
    folder: Path | None = None,
    on_progress: loading.Progress | None = None,
) -> SeedReport:
    """Load a data set in one transaction, and return what the tables hold afterwards.

    The same size, seed, scale and anchor make the same rows on every supported PostgreSQL. Where
    they are there already nothing is written; tables that came with a later migration are filled.
    `anchor` is the day before which most of it happened. `conn` must be outside a transaction.

    Raises PGS500 for an unknown size, PGS501 when there are other rows, PGS502 when no table is
    there, PGS503 without membership in pgschema_owner, PGS504 when somebody else is writing, PGS505
    for options that do not fit, PGS508 when a row is refused.
    """
    seeds = folder or packaged_folders().seeds
    parts = read_size(seeds, size)
    _refuse_scale(parts, size, scale)
    parameters = {"seed": str(seed), "scale": str(scale), "anchor": anchor.isoformat()}
    with as_owner(conn, {**read_vocabulary(seeds), **parameters}):
        changed = _load(conn, parts, f"data set `{size}`", on_progress)
        return SeedReport(manifest(conn), changed)


def load_reference(conn: Connection[Any], *, folder: Path | None = None) -> int:
    """Put reference data right, row by row, and return how many rows were not.

    Rows with other keys are left alone. `conn` must be outside a transaction. Raises PGS503 without
    membership in pgschema_owner.
    """
    seeds = folder or packaged_folders().seeds
    with as_owner(conn, {}):
        fits = loading.fit_parts(conn, read_reference(seeds), read_tables(conn))
        return sum(loading.merge(conn, fit) for fit in fits)


def is_empty(conn: Connection[Any], *, size: str = "small", folder: Path | None = None) -> bool:
    """Return whether the tables that a data set fills exist and have no row: `seed` would load.

    Takes no lock that matters and writes nothing. Raises PGS502 and PGS503 as `seed` does.
    """
    parts = read_size(folder or packaged_folders().seeds, size)
    names = {part.name for part in parts}
    with as_owner(conn, {}):
        found = [table for name, table in read_tables(conn).items() if name in names]
        return bool(found) and all(loading.is_empty(conn, table) for table in found)


def _load(
    conn: Connection[Any],
    parts: Iterable[Part],
    what: str,
    on_progress: loading.Progress | None,
) -> bool:
    fits = loading.fit_parts(conn, parts, read_tables(conn))
    if not fits:
        raise PgschemaError("PGS502", what=what)
    keep_writers_out(conn, fits[0].table)
    changed = loading.load(conn, loading.compare(conn, fits), on_progress)
    conn.execute("set constraints all immediate")
    return changed


def _refuse_scale(parts: Iterable[Part], size: str, scale: float) -> None:
    if not 0 < scale < float("inf"):
        reason, remedy = f"the scale is {scale}", "give a number above 0"
    elif scale != 1 and not any("pgschema.scale" in part.query for part in parts):
        reason, remedy = f"`{size}` has one size only", "leave --scale out"
    else:
        return
    raise PgschemaError("PGS505", reason=reason, remedy=remedy)
