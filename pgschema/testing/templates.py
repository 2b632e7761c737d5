"""The databases that clones are copied from, and the digest of what they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import pgschema
from pgschema.catalog import packaged_folders, read_catalog


class Stock(StrEnum):
    """What a database holds: nothing, the schema, or the schema and the small data set."""

    BARE = "bare"
    MIGRATED = "migrated"
    SEEDED = "seeded"


@dataclass(frozen=True)
class Template:
    """One template database. `digest` changes with whatever could change its content."""

    stock: Stock
    name: str
    digest: str


def template_digest(stock: Stock, server_version: str) -> str:
    """Return 64 hexadecimal digits over the server's version and every file that goes in."""
    total = sha256(f"{stock} {server_version}".encode())
    for root in _ingredients(stock):
        for path in sorted(p for p in root.rglob("*") if p.is_file() and p.suffix != ".pyc"):
            total.update(f"\n{path.relative_to(root)}\n".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def _ingredients(stock: Stock) -> Iterator[Path]:
    if stock is Stock.BARE:
        return
    package = Path(pgschema.__file__).parent
    folders = packaged_folders()
    yield from (folders.migrations, folders.rollbacks, package / "apply")
    if stock is Stock.SEEDED:
        yield from (folders.seeds, package / "seeding")


def build_template(conninfo: str, stock: Stock) -> None:
    """Fill a new database: a seeded one is expected to be a copy of the migrated one."""
    if stock is Stock.MIGRATED:
        from pgschema.apply import migrate

        folders = packaged_folders()
        migrate(conninfo, read_catalog(folders.migrations, folders.rollbacks))
    elif stock is Stock.SEEDED:
        import psycopg

        from pgschema.seeding import seed

        with psycopg.connect(conninfo, autocommit=True) as conn:
            seed(conn)
            conn.execute("analyze")
