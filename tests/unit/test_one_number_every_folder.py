"""One number, one stem, every folder: what each migration brings along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMBERED = re.compile(r"(V\d+)_")
FOLDERS = {
    "rollbacks": "rollbacks/V*__rollback_*.sql",
    "tests/schema": "tests/schema/V*_*.sql",
    "docs/reference/schema": "docs/reference/schema/V*_*.md",
}


def _numbers(root: Path, pattern: str) -> list[str]:
    names = (path.name for path in sorted(root.glob(pattern)))
    return [match[1] for name in names if (match := NUMBERED.match(name))]


def _faults(root: Path, pattern: str) -> list[str]:
    """Return what a folder lacks, has too often, or has without a migration."""
    wanted = _numbers(root, "migrations/V*__*.sql")
    found = _numbers(root, pattern)
    return [
        *(f"{number} is missing" for number in wanted if number not in found),
        *(f"{number} has no migration" for number in found if number not in wanted),
        *(f"{number} is there twice" for number in set(found) if found.count(number) > 1),
    ]


@pytest.mark.parametrize("pattern", FOLDERS.values(), ids=FOLDERS)
def test_every_migration_has_its_file_in(pattern: str) -> None:
    assert _faults(ROOT, pattern) == []


def test_migrations_are_numbered_without_a_gap_or_a_double() -> None:
    numbers = _numbers(ROOT, "migrations/*.sql")
    assert numbers == [f"V{n:03}" for n in range(1, len(numbers) + 1)] != []


def test_a_rollback_has_the_stem_of_its_migration() -> None:
    def rest(path: Path) -> str:
        return path.stem.partition("__")[2]

    for path in ROOT.glob("migrations/V*.sql"):
        (rollback,) = ROOT.glob(f"rollbacks/{path.name[:4]}__*.sql")
        assert rest(path).endswith(rest(rollback).removeprefix("rollback_"))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (None, "V001 is missing"),
        ("V002__rollback_x.sql", "V002 has no migration"),
        ("V001__rollback_y.sql", "V001 is there twice"),
    ],
)
def test_a_file_too_few_or_too_many_is_found(tmp_path: Path, name: str | None, fault: str) -> None:
    for folder in ("migrations", "rollbacks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "migrations/V001__add_x.sql").touch()
    if name is not None:
        (tmp_path / "rollbacks/V001__rollback_x.sql").touch()
        (tmp_path / "rollbacks" / name).touch()
    assert fault in _faults(tmp_path, FOLDERS["rollbacks"])
