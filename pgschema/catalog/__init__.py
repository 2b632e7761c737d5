"""Reads the folders of migrations and rollbacks into frozen records; knows the disk only."""

from __future__ import annotations

from pgschema.catalog.reading import Folders, packaged_folders, read_catalog
from pgschema.catalog.records import Catalog, Migration, Rollback, named
from pgschema.catalog.version import Version, parse_version

__all__ = [
    "Catalog",
    "Folders",
    "Migration",
    "Rollback",
    "Version",
    "named",
    "packaged_folders",
    "parse_version",
    "read_catalog",
]
