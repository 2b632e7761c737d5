"""What the tables hold, as a table and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgschema.report.tables import Table, table

if TYPE_CHECKING:
    from pgschema.seeding import Manifest


def manifest_table(manifest: Manifest) -> Table:
    """Return a table of row counts and checksums; empty tables are left out."""
    rows = [(t.name, t.rows, t.checksum) for t in manifest.tables if t.rows]
    return table(("table", "rows#", "checksum"), rows)


def manifest_documents(manifest: Manifest) -> list[dict[str, Any]]:
    """Return every table as a JSON object, empty ones too."""
    return [{"name": t.name, "rows": t.rows, "checksum": t.checksum} for t in manifest.tables]
