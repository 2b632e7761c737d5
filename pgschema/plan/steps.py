"""Which steps bring a database up or down to a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgschema.catalog import Catalog, Migration, Version, parse_version
from pgschema.errors import PgschemaError
from pgschema.ledger import Applied, Ledger, Unfinished
from pgschema.plan.survey import is_edited, problems, survey, survey_notes
from pgschema.sqltext import SqlFile

Direction = Literal["apply", "rollback"]


@dataclass(frozen=True)
class Step:
    """One file to run. `again` marks a repeatable that changed, or an unfinished file."""

    direction: Direction
    migration: Migration
    file: SqlFile
    again: bool = False
    unfinished: Unfinished | None = None

    @property
    def stem(self) -> str:
        """Return the migration's identity in the ledger."""
        return self.migration.stem

    @property
    def version(self) -> Version | None:
        """Return the migration's number; None for a repeatable."""
        return self.migration.version


@dataclass(frozen=True)
class Plan:
    """The steps in the order in which they run, and what a reader should know before."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


def plan_migrate(catalog: Catalog, ledger: Ledger, *, to: str | Version | None = None) -> Plan:
    """Return the steps that bring the database up to `to`, by default up to the last file.

    Repeatables run after the versions, and only when nothing is left below the last file.
    Raises PGS201-PGS207 where files and database contradict each other, PGS209 when a rollback
    was interrupted, PGS212 when the file of an interrupted step is gone.
    """
    standings = survey(catalog, ledger)
    for problem in problems(standings, catalog):
        raise problem
    target = _target(catalog, to)
    _refuse_unfinished(catalog, ledger, "apply")
    if target is not None and ledger.version is not None and target < ledger.version:
        raise PgschemaError("PGS207", target=str(target), current=str(ledger.version))
    pending = [
        Step(
            "apply", s.migration, s.migration, again=s.applied is not None, unfinished=s.unfinished
        )
        for s in standings
        if s.migration is not None and s.state in {"pending", "running"}
    ]
    steps = [step for step in pending if _within(step, target)]
    whole = target is None or all(step.version is None or step in steps for step in pending)
    notes = [*catalog.notes, *survey_notes(standings)]
    if not whole:
        steps = [step for step in steps if step.version is not None]
        if any(step.version is None for step in pending):
            notes.append(f"repeatable files wait until everything above {target} is applied")
    return Plan(tuple(steps), tuple(notes))


def _within(step: Step, target: Version | None) -> bool:
    return target is None or step.version is None or step.version <= target


def _target(catalog: Catalog, to: str | Version | None) -> Version | None:
    if to is None:
        return None
    version = parse_version(to) if isinstance(to, str) else to
    if version is None or version not in catalog.by_version:
        import difflib

        known = [str(version) for version in catalog.by_version]
        close = difflib.get_close_matches(str(to), known, 1) or known[-1:] or ["none"]
        raise PgschemaError("PGS206", target=str(to), suggestion=close[0])
    return version


def _refuse_unfinished(catalog: Catalog, ledger: Ledger, direction: Direction) -> None:
    """Refuse to go on while a step of the other direction, or without its file, is half done."""
    for unfinished in ledger.unfinished:
        if unfinished.stem not in catalog.by_stem:
            raise PgschemaError("PGS212", stem=unfinished.stem, folder=str(catalog.folder))
        if unfinished.direction != direction:
            verb = "rollback" if unfinished.direction == "rollback" else "migrate"
            raise PgschemaError("PGS209", stem=unfinished.stem, verb=verb)


def plan_rollback(
    catalog: Catalog,
    ledger: Ledger,
    *,
    to: str | Version | None = None,
    steps: int | None = None,
    all: bool = False,
    only: str | Version | None = None,
) -> Plan:
    """Return the steps that undo applied versions from the top down: one of them by default.

    `to` stays applied and everything above it goes; `steps` counts; `all` leaves nothing;
    `only` names the one to undo and is refused unless it is the highest. Repeatables are not
    undone: they run again with the next migrate. An edited file may be rolled back.
    Raises PGS202, PGS205 or PGS208 when a file is needed that is not there, PGS206, PGS207,
    PGS209-PGS212.
    """
    _refuse_unfinished(catalog, ledger, "rollback")
    down = sorted(ledger.by_version, reverse=True)
    chosen = _chosen(down, catalog, ledger, to=to, steps=steps, all_=all, only=only)
    found = tuple(_rollback_step(catalog, ledger, ledger.by_version[v]) for v in chosen)
    notes = tuple(
        f"{step.stem} was edited after it was applied: its rollback may not fit"
        for step in found
        if is_edited(step.migration, ledger)
    )
    if found and catalog.repeatables:
        notes += ("repeatable files are not undone; the next migrate runs them again",)
    return Plan(found, notes)


def _chosen(
    down: list[Version],
    catalog: Catalog,
    ledger: Ledger,
    *,
    to: str | Version | None,
    steps: int | None,
    all_: bool,
    only: str | Version | None,
) -> list[Version]:
    if all_:
        return down
    if to is not None:
        target = parse_version(to) if isinstance(to, str) else to
        if target is None or target not in ledger.by_version:
            raise PgschemaError("PGS206", target=str(to), suggestion=str(down[0] if down else ""))
        return [version for version in down if version > target]
    if only is not None:
        target = parse_version(only) if isinstance(only, str) else only
        if not down or target != down[0]:
            raise PgschemaError("PGS210", stem=str(only), top=str(down[0] if down else "nothing"))
    if steps is not None and steps > len(down):
        raise PgschemaError("PGS211", steps=steps, applied=len(down))
    return down[: 1 if steps is None else steps]


def _rollback_step(catalog: Catalog, ledger: Ledger, entry: Applied) -> Step:
    migration = catalog.by_stem.get(entry.stem)
    if migration is None:
        facts = {"stem": entry.stem, "path": "", "folder": str(catalog.folder)}
        highest = max(catalog.by_version, default=None)
        if entry.version in catalog.by_version:
            twin = catalog.by_version[entry.version]
            raise PgschemaError("PGS203", **facts | {"path": str(twin.path)})
        if entry.version is not None and highest is not None and entry.version < highest:
            raise PgschemaError("PGS202", **facts)
        raise PgschemaError("PGS205", **facts, highest=str(highest or "nothing"))
    if migration.rollback is None:
        folder = catalog.rollback_folder or catalog.folder.parent / "rollbacks"
        expected = str(folder / migration.rollback_name)
        raise PgschemaError("PGS208", stem=entry.stem, expected=expected)
    unfinished = next((u for u in ledger.unfinished if u.stem == entry.stem), None)
    return Step("rollback", migration, migration.rollback, unfinished=unfinished)
