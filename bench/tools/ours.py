"""pgschema itself, through the command that its users type."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.clock import Command, output
from bench.errors import BenchError
from bench.tools.base import Target, Tool
from bench.workload import Change


def find_program() -> Path:
    """Return the `pgschema` command of the running Python's environment."""
    program = Path(sys.executable).with_name("pgschema")
    if not program.exists():
        raise BenchError(f"there is no pgschema command beside {sys.executable}")
    return program


def find() -> Tool:
    """Return pgschema as a tool of the comparison."""
    program = str(find_program())
    version = output(Command((program, "--version")), home=Path("/"))

    def run(folder: Path, target: Target, *verb: str) -> tuple[Command, ...]:
        options = (
            *("--database", target.url()),
            *("--migrations", str(folder / "migrations")),
            *("--rollbacks", str(folder / "rollbacks")),
        )
        return (Command((program, *options, *verb)),)

    return Tool(
        name="pgschema",
        role="ours",
        version=version.split()[-1],
        write=_write,
        apply=lambda folder, target: run(folder, target, "migrate"),
        again=lambda folder, target: run(folder, target, "migrate"),
        status=lambda folder, target: run(folder, target, "status"),
        rollback=lambda folder, target: run(folder, target, "rollback", "--all", "--yes"),
        start=Command((program, "--help")),
    )


def _write(changes: tuple[Change, ...], folder: Path) -> None:
    migrations = folder / "migrations"
    rollbacks = folder / "rollbacks"
    migrations.mkdir()
    rollbacks.mkdir()
    width = max(3, len(str(len(changes))))
    for change in changes:
        number = f"V{change.number:0{width}d}"
        (migrations / f"{number}__{change.name}.sql").write_text(change.up)
        (rollbacks / f"{number}__rollback_{change.name}.sql").write_text(change.down)
