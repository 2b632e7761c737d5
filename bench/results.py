"""Keeps what a run found: one JSON document, one Markdown page, and the pictures beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import Machine

FOLDER = Path(__file__).resolve().parent / "results"
_FORMAT = 1


@dataclass(frozen=True)
class Report:
    """One benchmark's outcome: `facts` for programs, `body` (Markdown) and SVGs for people."""

    name: str
    title: str
    machine: Machine
    facts: Mapping[str, object]
    body: str
    pictures: Mapping[str, str] = field(default_factory=dict)
    quick: bool = False


def page(report: Report) -> str:
    """Return the Markdown page of a report."""
    warning = "**A functional check, not a measurement.**\n\n" if report.quick else ""
    pictures = "".join(
        f"![{name}]({report.name}-{name}.svg)\n\n" for name in sorted(report.pictures)
    )
    return (
        f"# {report.title}\n\n{warning}Written by `python -m bench.{report.name}`; do not edit.\n\n"
        f"{report.machine.sentence}.\n\n{pictures}{report.body}"
    )


def keep(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write a report into a folder and return the files, the page first."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "format": _FORMAT,
        "name": report.name,
        "quick": report.quick,
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": report.machine.document,
        **report.facts,
    }
    files = {
        folder / f"{report.name}.md": page(report),
        folder / f"{report.name}.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
    }
    for name, drawing in report.pictures.items():
        files[folder / f"{report.name}-{name}.svg"] = drawing
    for path, content in files.items():
        path.write_text(content)
    return tuple(files)


def conclude(report: Report, out: Path | None) -> None:
    """Print a report's page and keep it; a quick one is kept only where the caller says."""
    print(page(report))
    folder = out or (None if report.quick else FOLDER)
    if folder is not None:
        for path in keep(report, folder):
            print(f"wrote {path}")
