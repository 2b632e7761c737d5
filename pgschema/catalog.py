"""Reads the folders of migrations and rollbacks into frozen records; knows the disk only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pgschema.errors import PgschemaError
from pgschema.sqltext import SqlFile

_VERSIONED = re.compile(r"V(?P<number>\d+(?:[._]\d+)*)__(?P<title>.+)\.sql")
_REPEATABLE = re.compile(r"R__(?P<title>.+)\.sql")
_UNDO = re.compile(r"U\d[\d._]*__.+\.sql")
_CALLBACK = re.compile(r"(?:before|after|create)[A-Z]\w*(?:__.+)?\.sql")


@dataclass(frozen=True, order=True)
class Version:
    """A migration's number, ordered as numbers are: V2 < V10, V1 = V1.0 < V1.2."""

    parts: tuple[int, ...]
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        parts = self.parts
        while len(parts) > 1 and parts[-1] == 0:
            parts = parts[:-1]
        object.__setattr__(self, "written", self.written or ".".join(map(str, self.parts)))
        object.__setattr__(self, "parts", parts)

    def __str__(self) -> str:
        return f"V{self.written}"


def parse_version(written: str) -> Version | None:
    """Return the version that `V007`, `007`, `7` or `1.2` names, and None for other text."""
    match = re.fullmatch(r"[Vv]?(\d+(?:[._]\d+)*)(?:__.*)?", written.strip())
    if not match:
        return None
    number = match.group(1).replace("_", ".")
    return Version(tuple(int(part) for part in number.split(".")), number)


@dataclass(frozen=True)
class Rollback(SqlFile):
    """The file that undoes one migration."""

    version: Version
    stem: str


@dataclass(frozen=True)
class Migration(SqlFile):
    """One forward file. `version` is None for a repeatable `R__` file; `stem` is its identity."""

    version: Version | None
    stem: str
    title: str
    rollback: Rollback | None = None

    @property
    def transactional(self) -> bool:
        """Return whether the file asks for no exception from running in a transaction."""
        return not self.directives.no_transaction

    @property
    def repeatable(self) -> bool:
        """Return whether the file runs again whenever it changes."""
        return self.version is None

    @property
    def rollback_name(self) -> str:
        """Return the file name under which its rollback would be found."""
        verb, _, rest = self.stem.partition("__")[2].partition("_")
        verbs = {"add", "create", "change", "alter", "drop", "remove", "deduplicate"}
        name = rest if verb in verbs and rest else self.stem.partition("__")[2]
        return f"{self.version}__rollback_{name}.sql"


@dataclass(frozen=True)
class Catalog:
    """Every file of a project, versions in order, then repeatables by name.

    `notes` says what was seen and left alone.
    """

    migrations: tuple[Migration, ...]
    repeatables: tuple[Migration, ...] = ()
    folder: Path = Path()
    rollback_folder: Path | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def by_stem(self) -> dict[str, Migration]:
        """Return every file by its identity in the ledger."""
        return {migration.stem: migration for migration in (*self.migrations, *self.repeatables)}

    @cached_property
    def by_version(self) -> dict[Version, Migration]:
        """Return the versioned files by number."""
        return {m.version: m for m in self.migrations if m.version is not None}


class Folders(NamedTuple):
    """Where a project's SQL lies."""

    migrations: Path
    rollbacks: Path
    seeds: Path


def packaged_folders() -> Folders:
    """Return the folders inside the installed wheel, else those of the checkout."""
    package = Path(__file__).resolve().parent
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
    _refuse_gaps(versioned)
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
    return sorted(
        path for path in folder.rglob("*.sql") if path.is_file() and not path.name.startswith(".")
    )


def _read_folder(folder: Path, reading: _Reading) -> Iterator[Migration]:
    seen: dict[str, Path] = {}
    for path in _sql_files(folder):
        if _UNDO.fullmatch(path.name) or _CALLBACK.fullmatch(path.name):
            reading.notes.append(_foreign_note(path.name))
            continue
        if path.stem in seen:
            raise PgschemaError("PGS103", version=path.stem, first=seen[path.stem], second=path)
        seen[path.stem] = path
        yield _read_migration(path)


def _foreign_note(name: str) -> str:
    if _UNDO.fullmatch(name):
        number = name[1:].partition("__")[0]
        return (
            f"{name} is a Flyway undo file and is not read: "
            f"put it into the rollbacks folder as V{number}__rollback_*.sql"
        )
    return f"{name} is a Flyway callback and is not run"


def _read_migration(path: Path) -> Migration:
    if match := _VERSIONED.fullmatch(path.name):
        version = parse_version(match["number"])
    elif match := _REPEATABLE.fullmatch(path.name):
        version = None
    else:
        raise PgschemaError("PGS102", path=str(path), suggestion=_suggest_name(path.name))
    title = match["title"].replace("_", " ")
    return Migration(path, _read_text(path), version, path.stem, title)


def _suggest_name(name: str) -> str:
    match = re.fullmatch(r"[vV]?(\d[\d.]*)[_\-. ]+(.+)\.sql", name)
    if match:
        return f"V{match[1].rstrip('.')}__{re.sub(r'[^A-Za-z0-9]+', '_', match[2])}.sql"
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
        found[version] = Rollback(path, _read_text(path), version, path.stem)
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


def _refuse_gaps(versioned: list[Migration]) -> None:
    """Refuse a left-out number where the folder numbers its files 001, 002, 003."""
    versions = [m.version for m in versioned if m.version is not None]
    widths = {len(version.written) for version in versions}
    padded = len(widths) == 1 and any(version.written.startswith("0") for version in versions)
    if not padded or any(len(version.parts) > 1 for version in versions):
        return
    expected = min(versions[0].parts[0], 1)
    for version, migration in zip(versions, versioned, strict=True):
        if version.parts[0] != expected:
            missing = f"V{expected:0{widths.pop()}d}"
            raise PgschemaError("PGS104", missing=missing, path=str(migration.path))
        expected += 1
