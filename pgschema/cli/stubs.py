"""The files that a new migration begins with: pure text, nothing is written here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pgschema.catalog import Migration, parse_version
from pgschema.errors import PgschemaError

LONGEST_NAME = 60

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_TIMESTAMP_DIGITS = 8

_MIGRATION = """\
-- {version}: one sentence that says what this file does.
--
-- Why: what could not be done before.
-- Locks: which tables, how strongly, for how long.
-- Rollback: {rollback} undoes it; say what happens to rows written since.

set local lock_timeout = '2s';
set local statement_timeout = '60s';
set local search_path = pg_catalog, pg_temp;
"""

_ROLLBACK = """\
-- {version}: the exact undo of {migration}.
--
-- In reverse order, only what that file made, never `cascade`, and no row is lost.

set local lock_timeout = '2s';
set local statement_timeout = '60s';
set local search_path = pg_catalog, pg_temp;
"""

_TEST = """\
-- {version}: what must hold once {migration} is applied.

select plan(1);

select fail('{version} {name}: write its first test');

select * from finish();
"""

_PAGE = """\
# {version}: {name}

Not generated yet: `make generate` writes this page from the comments in the database.
"""


@dataclass(frozen=True)
class Stub:
    """One file to be written."""

    path: Path
    text: str


@dataclass(frozen=True)
class Layout:
    """Where a project keeps its files; None where it keeps none of that kind."""

    migrations: Path
    rollbacks: Path | None
    tests: Path | None = None
    pages: Path | None = None


def stubs(version: str, name: str, layout: Layout) -> tuple[Stub, ...]:
    """Return the files of a new migration: as many as the layout has folders for.

    Raises PGS704 for a name that cannot be a file's name, PGS705 where one of the files exists.
    """
    _check_name(name)
    stem, migration = f"{version}__{name}", f"{version}__{name}.sql"
    rollback = Migration(Path(migration), "", parse_version(version), stem, name).rollback_name
    wanted = (
        (layout.migrations, migration, _MIGRATION),
        (layout.rollbacks, rollback, _ROLLBACK),
        (layout.tests, f"{version}_{name}.sql", _TEST),
        (layout.pages, f"{version}_{name}.md", _PAGE),
    )
    facts = {"version": version, "name": name, "migration": migration, "rollback": rollback}
    made = tuple(
        Stub(folder / file, text.format_map(facts)) for folder, file, text in wanted if folder
    )
    for stub in made:
        if stub.path.exists():
            raise PgschemaError("PGS705", path=str(stub.path))
    return made


def next_version(newest: str | None, now: datetime) -> str:
    """Return the version after `newest`, written as that one is: padded, dotted or a timestamp."""
    if newest is None:
        return "V001"
    digits = re.split(r"[._]", newest.lstrip("Vv"))[0]
    if len(digits) >= _TIMESTAMP_DIGITS:
        return f"V{now:%Y%m%d%H%M%S}"[: max(len(digits), _TIMESTAMP_DIGITS) + 1]
    return f"V{int(digits) + 1:0{len(digits)}d}"


def _check_name(name: str) -> None:
    proposal = _proposal(name)
    if name.startswith("rollback"):
        reason = "that is how the undo of a migration is named"
    elif len(name) > LONGEST_NAME:
        reason = f"it is longer than {LONGEST_NAME} characters"
    elif not _NAME.fullmatch(name):
        reason = "it is not lower-case words joined by single underscores"
    else:
        return
    raise PgschemaError("PGS704", name=name, reason=reason, proposal=proposal)


def _proposal(name: str) -> str:
    plain = re.sub(r"^(v[\d._]*_+)?(rollback_+)?", "", re.sub(r"\W+", "_", name.lower()))
    words = re.sub(r"[^a-z0-9_]", "", plain).strip("_")
    cut = re.sub(r"_+", "_", words)[:LONGEST_NAME].strip("_")
    return cut if _NAME.fullmatch(cut) else "add_stats_refresh_trigger"
