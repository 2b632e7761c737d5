"""Finds the files of a project, reads them and refuses what cannot be right."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from pgschema.catalog.records import Catalog, Migration, Rollback, named
from pgschema.catalog.version import Version, parse_version
from pgschema.errors import PgschemaError

_VERSIONED = re.compile(r"V(?P<number>\d+(?:[._]\d+)*)__(?P<title>.+)\.sql")
_REPEATABLE = re.compile(r"R__(?P<title>.+)\.sql")
_UNDO = re.compile(r"U\d[\d._]*__.+\.sql")
_CALLBACK = re.compile(r"(?:before|after|create)[A-Z]\w*(?:__.+)?\.sql")


class Folders(NamedTuple):
    """Where a project's SQL lies."""

    migrations: Path
    rollbacks: Path
    seeds: Path


def packaged_folders() -> Folders:
    """Return the folders inside the installed wheel, else those of the checkout."""
    package = Path(__file__).resolve().parent.parent
    root = package / "_sql" if (package / "_sql").is_dir() else package.parent
    return Folders(root / "migrations", root / "rollbacks", root / "seeds")


def read_catalog(migrations: Path, rollbacks: Path | None = None) -> Catalog:
    """Return the files of a project, checked as far as their names and bytes go.

    Sub-folders are read too. Raises PGS101-PGS106: a folder that is not there, names that cannot
    be read, numbers taken twice or left out, bytes that are not UTF-8.
    """
    reading = _Reading()
    forward = list(_read_folder(migrations, reading))
    undo = _rollbacks_by_version(rollbacks, reading)
    versioned = _in_order(m for m in forward if m.version is not None)
    reading.notes += _judge_gaps(versioned)
    known = {m.version for m in versioned}
    reading.notes += [
        f"{rollback.path.name} has no migration {rollback.version}"
        for rollback in undo.values()
        if rollback.version not in known
    ]
    return Catalog(
        migrations=tuple(
            replace(m, rollback=undo.get(m.version)) if m.version else m for m in versioned
        ),
        repeatables=tuple(sorted((m for m in forward if m.repeatable), key=lambda m: m.stem)),
        folder=migrations,
        rollback_folder=rollbacks,
        notes=tuple(reading.notes),
    )


@dataclass
class _Reading:
    notes: list[str] = field(default_factory=list)


def _sql_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise PgschemaError("PGS101", folder=str(folder))
    found = sorted(
        path for path in folder.rglob("*.sql") if path.is_file() and not path.name.startswith(".")
    )
    for path in found:
        if not path.name.isascii():
            _refuse_undecodable(path)
    return found


def _refuse_undecodable(path: Path) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        ascii_name = path.name.encode("ascii", "replace").decode().replace("?", "_")
        suggestion = _suggest_name(ascii_name)
        raise PgschemaError("PGS102", path=shown, suggestion=suggestion) from None


def _read_folder(folder: Path, reading: _Reading) -> Iterator[Migration]:
    seen: dict[str, Path] = {}
    foreign: list[str] = []
    for path in _sql_files(folder):
        if _UNDO.fullmatch(path.name) or _CALLBACK.fullmatch(path.name):
            foreign.append(path.name)
            continue
        migration = _read_migration(path)
        twin = seen.setdefault(migration.stem, path)
        if twin is not path:
            raise PgschemaError("PGS103", version=migration.stem, first=twin, second=path)
        yield migration
    reading.notes += _foreign_notes(foreign)


def _foreign_notes(names: list[str]) -> Iterator[str]:
    undo = [name for name in names if _UNDO.fullmatch(name)]
    callbacks = [name for name in names if name not in undo]
    if undo:
        number = undo[0][1:].partition("__")[0]
        yield (
            f"{named(undo)}: a Flyway undo file, not read; "
            f"in the rollbacks folder it would be V{number}__rollback_*.sql"
        )
    if callbacks:
        yield f"{named(callbacks)}: a Flyway callback, not run"


def _read_migration(path: Path) -> Migration:
    if match := _VERSIONED.fullmatch(path.name):
        version = parse_version(match["number"])
    elif match := _REPEATABLE.fullmatch(path.name):
        version = None
    else:
        raise PgschemaError("PGS102", path=str(path), suggestion=_suggest_name(path.name))
    title = match["title"].replace("_", " ")
    return Migration(path, _read_text(path), version, _stem(path), title)


def _stem(path: Path) -> str:
    """Return the name without its ending, the same however a disk writes the letter å."""
    if path.stem.isascii():
        return path.stem
    from unicodedata import normalize

    return normalize("NFC", path.stem)


def _suggest_name(name: str) -> str:
    match = re.fullmatch(r"[vVbB]?(\d+(?:[._]\d+)*)[_\-. ]*(.*)\.sql", name)
    if match:
        title = re.sub(r"[^A-Za-z0-9]+", "_", match[2]).strip("_")
        return f"V{match[1]}__{title or 'what_it_does'}.sql"
    return "R__what_it_does.sql" if name.startswith(("R_", "r_")) else "V001__what_it_does.sql"


def _rollbacks_by_version(folder: Path | None, reading: _Reading) -> dict[Version, Rollback]:
    found: dict[Version, Rollback] = {}
    for path in _sql_files(folder) if folder is not None else ():
        match = _VERSIONED.fullmatch(path.name)
        version = parse_version(match["number"]) if match else None
        if version is None:
            raise PgschemaError("PGS102", path=str(path), suggestion="V001__rollback_name.sql")
        if version in found:
            raise PgschemaError(
                "PGS103", version=f"rollback {version}", first=found[version].path, second=path
            )
        found[version] = Rollback(path, _read_text(path), version, _stem(path))
    return found


def _read_text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PgschemaError("PGS105", path=str(path), reason=f"byte {error.start}") from error
    except OSError as error:
        raise PgschemaError("PGS106", path=str(path), reason=error.strerror or error) from error
    if "\0" in text:
        raise PgschemaError("PGS105", path=str(path), reason=f"NUL at {text.index(chr(0))}")
    return text.replace("\r\n", "\n")


def _in_order(found: Iterable[Migration]) -> list[Migration]:
    ordered: dict[Version, Migration] = {}
    for migration in found:
        assert migration.version is not None, "the caller leaves repeatables out"
        other = ordered.setdefault(migration.version, migration)
        if other is not migration:
            raise PgschemaError(
                "PGS103", version=str(other.version), first=other.path, second=migration.path
            )
    return [ordered[version] for version in sorted(ordered)]


def _judge_gaps(versioned: list[Migration]) -> Iterator[str]:
    """Refuse a left-out number where the folder numbers its files 001, 002, 003.

    The file behind the gap may allow it; that is a note.
    """
    versions = [m.version for m in versioned if m.version is not None]
    widths = {len(version.written) for version in versions}
    padded = len(widths) == 1 and any(version.written.startswith("0") for version in versions)
    if not padded or any(len(version.parts) > 1 for version in versions):
        return
    expected = min(versions[0].parts[0], 1)
    for version, migration in zip(versions, versioned, strict=True):
        number = version.parts[0]
        if number != expected:
            missing = f"V{expected:0{len(version.written)}d}"
            reason = dict(migration.directives.allowed).get("PGS104")
            if reason is None:
                raise PgschemaError("PGS104", missing=missing, path=str(migration.path))
            last = f"V{number - 1:0{len(version.written)}d}"
            gap = missing if missing == last else f"{missing} to {last}"
            yield f"{gap} left out before {migration.path.name}: {reason}"
        expected = number + 1
