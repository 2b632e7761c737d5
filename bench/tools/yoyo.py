"""The stock yoyo command with psycopg 3."""

from __future__ import annotations

from pathlib import Path

from bench.clock import Command, output
from bench.tools.base import Target, Tool, cached
from bench.workload import Change

_VERSION = "import importlib.metadata as m; print(m.version('yoyo-migrations'))"


def find() -> Tool:
    """Return yoyo; raises BenchError when the bench's virtualenv lacks it."""
    program = str(cached("pypi", "bin", "yoyo"))
    python = str(cached("pypi", "bin", "python"))

    def run(folder: Path, target: Target, *verb: str) -> tuple[Command, ...]:
        url = target.url("postgresql+psycopg")
        return (
            Command(
                (program, verb[0], "--batch", "--no-config-file", *verb[1:], "-d", url, str(folder))
            ),
        )

    return Tool(
        name="yoyo",
        role="peer",
        version=output(Command((python, "-c", _VERSION)), home=Path("/")).strip(),
        write=_write,
        apply=lambda folder, target: run(folder, target, "apply"),
        again=lambda folder, target: run(folder, target, "apply"),
        status=lambda folder, target: run(folder, target, "list"),
        rollback=lambda folder, target: run(folder, target, "rollback", "--all"),
        start=Command((program, "--help")),
    )


def _write(changes: tuple[Change, ...], folder: Path) -> None:
    for change in changes:
        stem = f"{change.number:04d}_{change.name}"
        (folder / f"{stem}.sql").write_text(change.up)
        (folder / f"{stem}.rollback.sql").write_text(change.down)
