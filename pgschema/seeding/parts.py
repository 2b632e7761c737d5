"""Reads the seeds folder into records: the sizes, and the queries that make each table's rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pgschema.errors import PgschemaError

_FILE_NAME = re.compile(r"S(?P<version>\d+)_(?P<step>\d+)__(?P<table>[a-z_][a-z0-9_.]*)\.sql")
_NOT_A_SIZE = frozenset({"reference", "vocabulary"})


@dataclass(frozen=True)
class Part:
    """One file of a data set: a query that yields exactly the rows it puts into one table."""

    path: Path
    order: tuple[int, int, str]
    schema: str
    table: str
    query: str

    @property
    def name(self) -> str:
        """Return the table's full name, such as `public.activities`."""
        return f"{self.schema}.{self.table}"


def sizes(seeds: Path) -> tuple[str, ...]:
    """Return the names of the data sets in a seeds folder, sorted.

    Raises PGS506 when there is no such folder.
    """
    if not seeds.is_dir():
        raise PgschemaError("PGS506", folder=str(seeds))
    folders = (entry.name for entry in seeds.iterdir() if entry.is_dir())
    return tuple(sorted(name for name in folders if name not in _NOT_A_SIZE))


def read_size(seeds: Path, size: str) -> tuple[Part, ...]:
    """Return the parts of one data set in the order of loading: by migration, then by step.

    Sub-folders, such as `small/edge`, belong to the data set. Raises PGS500 for an unknown size.
    """
    known = sizes(seeds)
    if size not in known:
        raise PgschemaError("PGS500", size=size, sizes=", ".join(known) or "none")
    return _read_parts(seeds / size)


def read_reference(seeds: Path) -> tuple[Part, ...]:
    """Return the parts that hold reference data; empty when the folder has none."""
    return _read_parts(seeds / "reference")


def read_vocabulary(seeds: Path) -> dict[str, tuple[str, ...]]:
    """Return the hand-typed words: a list is a file, a word is a line."""
    return {
        path.stem: tuple(path.read_text(encoding="utf-8").splitlines())
        for path in sorted((seeds / "vocabulary").glob("*.txt"))
    }


def _read_parts(folder: Path) -> tuple[Part, ...]:
    return tuple(sorted(map(_read_part, folder.rglob("*.sql")), key=lambda part: part.order))


def _read_part(path: Path) -> Part:
    match = _FILE_NAME.fullmatch(path.name)
    if match is None:
        raise PgschemaError("PGS507", path=str(path))
    schema, _, table = match["table"].rpartition(".")
    order = (int(match["version"]), int(match["step"]), path.as_posix())
    query = path.read_text(encoding="utf-8").rstrip().removesuffix(";")
    return Part(path, order, schema or "public", table, query)
