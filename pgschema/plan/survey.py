"""Where every file and every ledger row stands, and which of that is a contradiction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgschema.catalog import Catalog, Migration, Version, named
from pgschema.errors import PgschemaError
from pgschema.ledger import Applied, Ledger, Unfinished
from pgschema.sqltext import SqlFile

State = Literal[
    "applied", "pending", "edited", "missing", "renamed", "newer", "out-of-order", "running"
]


@dataclass(frozen=True)
class Standing:
    """Where one file stands: in the folder, in the database, or in both.

    `note` tells what is harmless: a comment-only edit, a rollback file that is missing.
    """

    stem: str
    version: Version | None
    state: State
    migration: Migration | None = None
    applied: Applied | None = None
    unfinished: Unfinished | None = None
    note: str = ""


def survey(catalog: Catalog, ledger: Ledger) -> tuple[Standing, ...]:
    """Return where every file and every ledger row stands: by number, repeatables last."""
    found = [_standing_of_file(m, catalog, ledger) for m in catalog.by_stem.values()]
    found += [
        _standing_of_row(entry, catalog)
        for entry in ledger.applied
        if entry.stem not in catalog.by_stem
    ]
    return tuple(sorted(found, key=_survey_order))


def _survey_order(standing: Standing) -> tuple[bool, Version, str]:
    return (standing.version is None, standing.version or Version((0,)), standing.stem)


def _standing_of_file(migration: Migration, catalog: Catalog, ledger: Ledger) -> Standing:
    applied = ledger.by_stem.get(migration.stem)
    unfinished = next((u for u in ledger.unfinished if u.stem == migration.stem), None)
    state, note = _judge(migration, applied, ledger)
    if unfinished is not None:
        state, note = "running", f"{unfinished.direction} was started and not seen to finish"
    elif migration.rollback is None and not migration.repeatable and not note:
        note = "no rollback file"
    return Standing(migration.stem, migration.version, state, migration, applied, unfinished, note)


def _judge(migration: Migration, applied: Applied | None, ledger: Ledger) -> tuple[State, str]:
    if applied is None:
        top = ledger.version
        late = migration.version is not None and top is not None and migration.version < top
        twin = migration.version in ledger.by_version
        return ("out-of-order" if late and not twin else "pending"), ""
    if applied.checksum is None:
        return "applied", "recorded by yoyo, without a checksum"
    if applied.is_stale:
        return "pending", "a rollback ran after it"
    if applied.checksum == migration.checksum:
        return "applied", ""
    if applied.semantic_checksum == migration.semantic_checksum:
        return "applied", "only comments or spacing changed since it was applied"
    return ("pending", "changed") if migration.repeatable else ("edited", "")


def _standing_of_row(entry: Applied, catalog: Catalog) -> Standing:
    if entry.version is None:
        note = "its file is gone; what it made stays"
        return Standing(entry.stem, None, "missing", applied=entry, note=note)
    twin = catalog.by_version.get(entry.version)
    highest = max(catalog.by_version, default=None)
    if twin is not None:
        return Standing(entry.stem, entry.version, "renamed", twin, entry)
    newer = highest is None or entry.version > highest
    return Standing(entry.stem, entry.version, "newer" if newer else "missing", applied=entry)


def is_edited(migration: Migration, ledger: Ledger) -> bool:
    """Return whether the file's SQL is not what the database ran."""
    return _judge(migration, ledger.by_stem.get(migration.stem), ledger)[0] == "edited"


def survey_notes(standings: tuple[Standing, ...]) -> list[str]:
    """Return what is harmless, one line for all the files that share a note."""
    sharing: dict[str, list[str]] = {}
    for standing in standings:
        if standing.note:
            sharing.setdefault(standing.note, []).append(standing.stem)
    return [f"{named(stems)}: {note}" for note, stems in sharing.items()]


def problems(standings: tuple[Standing, ...], catalog: Catalog) -> tuple[PgschemaError, ...]:
    """Return every way in which files and database contradict each other, lowest number first."""
    found: list[PgschemaError] = []
    highest = str(max(catalog.by_version, default="nothing"))
    top = str(max((s.version for s in standings if s.applied and s.version), default=""))
    for standing in standings:
        path = standing.migration.path if standing.migration else ""
        facts = {"stem": standing.stem, "path": str(path), "folder": str(catalog.folder)}
        if standing.state == "edited":
            found.append(PgschemaError("PGS201", **facts, file=standing.migration, diff=""))
        elif standing.state == "missing" and standing.version is not None:
            found.append(PgschemaError("PGS202", **facts))
        elif standing.state == "renamed":
            found.append(PgschemaError("PGS203", **facts))
        elif standing.state == "out-of-order":
            found.append(PgschemaError("PGS204", **facts, top=top))
        elif standing.state == "newer":
            found.append(PgschemaError("PGS205", **facts, highest=highest))
    return tuple(found)


def edit_diff(stored: str, migration: SqlFile) -> str:
    """Return the unified diff from the text that was applied to the file as it is now."""
    import difflib

    name = migration.path.name
    lines = difflib.unified_diff(
        stored.splitlines(),
        migration.text.splitlines(),
        f"{name} (applied)",
        name,
        lineterm="",
        n=2,
    )
    return "\n".join(lines)
