"""Loads data sets, deterministic by their seed, in one transaction and at most once."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pgschema.catalog import packaged_folders
from pgschema.errors import PgschemaError
from pgschema.seeding import loading
from pgschema.seeding.manifests import Manifest, TableManifest, manifest
from pgschema.seeding.parts import Size, read_reference, read_size, sizes
from pgschema.seeding.personas import PERSONAS, Persona, user_id
from pgschema.seeding.session import as_owner, keep_writers_out
from pgschema.seeding.tables import read_tables

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

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
    chosen = read_size(folder or packaged_folders().seeds, size, scale)
    own = {"seed": str(seed), "anchor": anchor.isoformat()}
    with as_owner(conn, {**chosen.parameters, **own}):
        changed = _load(conn, chosen, on_progress)
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
    chosen = read_size(folder or packaged_folders().seeds, size)
    names = {part.name for part in chosen.parts}
    with as_owner(conn, {}):
        found = [table for name, table in read_tables(conn).items() if name in names]
        return bool(found) and all(loading.is_empty(conn, table) for table in found)


def _load(conn: Connection[Any], size: Size, on_progress: loading.Progress | None) -> bool:
    fits = loading.fit_parts(conn, size.parts, read_tables(conn))
    if not fits:
        raise PgschemaError("PGS502", what=f"data set `{size.name}`")
    keep_writers_out(conn, fits[0].table)
    states = loading.compare(conn, fits)
    if loading.is_complete(states):
        return False
    with loading.bulk(conn) if size.is_bulk else nullcontext():
        changed = loading.load(conn, states, on_progress)
    conn.execute("set constraints all immediate")
    return changed
