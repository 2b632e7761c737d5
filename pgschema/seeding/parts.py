"""Reads the seeds folder into records: the sizes, and the queries that make each table's rows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgschema.errors import PgschemaError

_FILE_NAME = re.compile(r"S(?P<version>\d+)_(?P<step>\d+)__(?P<table>[a-z_][a-z0-9_.]*)\.sql")


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


@dataclass(frozen=True)
class Size:
    """One data set: its parts in the order of loading, and the parameters of their queries.

    With `is_bulk` triggers are left out and what they keep is rebuilt at the end; with
    `is_scalable` there are counts to multiply.
    """

    name: str
    parts: tuple[Part, ...]
    parameters: Mapping[str, str | tuple[str, ...]]
    is_bulk: bool
    is_scalable: bool


def sizes(seeds: Path) -> tuple[str, ...]:
    """Return the names of the data sets of a seeds folder, as its sizes.json lists them.

    Raises PGS506 when there is no such file.
    """
    return tuple(_read_sizes(seeds))


def read_size(seeds: Path, name: str, scale: float = 1.0) -> Size:
    """Return one data set, its counts multiplied by `scale`, each at least 1.

    Its queries are those of its folder with sub-folders, by migration and then by step. Raises
    PGS500 for an unknown name, PGS505 for a scale that does not fit, PGS507 for a wrong file name.
    """
    known = _read_sizes(seeds)
    if name not in known:
        raise PgschemaError("PGS500", size=name, sizes=", ".join(known) or "none")
    entry = known[name]
    counts = entry.get("counts", {})
    _refuse_scale(name, scale, is_scalable=bool(counts))
    return Size(
        name=name,
        parts=_read_parts(seeds / entry["queries"]),
        parameters={
            **_read_vocabulary(seeds),
            **{key: _as_text(value) for key, value in entry.get("constants", {}).items()},
            **{key: str(max(1, round(count * scale))) for key, count in counts.items()},
        },
        is_bulk=entry.get("bulk", False),
        is_scalable=bool(counts),
    )


def read_reference(seeds: Path) -> tuple[Part, ...]:
    """Return the parts that hold reference data; empty when the folder has none."""
    return _read_parts(seeds / "reference")


def _read_sizes(seeds: Path) -> dict[str, dict[str, Any]]:
    try:
        text = (seeds / "sizes.json").read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PgschemaError("PGS506", folder=str(seeds)) from error
    known: dict[str, dict[str, Any]] = json.loads(text)
    return known


def _refuse_scale(name: str, scale: float, *, is_scalable: bool) -> None:
    if not 0 < scale < float("inf"):
        reason, remedy = f"the scale is {scale}", "give a number above 0"
    elif scale != 1 and not is_scalable:
        reason, remedy = f"`{name}` has one scale only", "leave --scale out"
    else:
        return
    raise PgschemaError("PGS505", reason=reason, remedy=remedy)


def _as_text(value: Any) -> str | tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else str(value)


def _read_vocabulary(seeds: Path) -> dict[str, tuple[str, ...]]:
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
