"""Which folders a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pgschema.cli.settings import Settings

if TYPE_CHECKING:
    from pgschema.catalog import Catalog


def migration_folders(settings: Settings) -> tuple[Path, Path | None]:
    """Return the folders of migrations and rollbacks.

    Beside a folder given with --migrations the rollbacks are in --rollbacks, else in a folder
    `rollbacks` beside it, else nowhere.
    """
    from pgschema.catalog import packaged_folders

    packaged = packaged_folders()
    if settings.migrations is None:
        return shown(packaged.migrations), settings.rollbacks or shown(packaged.rollbacks)
    beside = settings.migrations.parent / "rollbacks"
    return settings.migrations, settings.rollbacks or (beside if beside.is_dir() else None)


def read_files(settings: Settings) -> Catalog:
    """Return the catalog of the chosen folders."""
    from pgschema.catalog import read_catalog

    return read_catalog(*migration_folders(settings))


def seeds_folder(settings: Settings) -> Path:
    """Return the folder of data sets."""
    from pgschema.catalog import packaged_folders

    return settings.seeds or packaged_folders().seeds


def shown(folder: Path) -> Path:
    """Return a folder below the current directory as a relative path: shorter to read."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
