"""The floor: all migrations in one psql process, each in a transaction with its history row."""

from __future__ import annotations

from pathlib import Path

from bench.clock import Command, output
from bench.programs import find_program
from bench.tools.base import Target, Tool
from bench.workload import Change

_HISTORY = """create table if not exists public.history (
    id text primary key, applied_at timestamptz not null default now()
);
"""


def find() -> Tool:
    """Return the floor; raises BenchError without psql."""
    program = str(find_program("psql"))
    version = output(Command((program, "--version")), home=Path("/"))

    def run(target: Target, *arguments: str) -> tuple[Command, ...]:
        argv = (program, "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments)
        return (Command(argv, target.env),)

    def count(folder: Path, target: Target) -> tuple[Command, ...]:
        return run(target, "-A", "-t", "-c", "select id, applied_at from public.history")

    return Tool(
        name="psql",
        role="floor",
        version=version.split()[2],
        write=_write,
        apply=lambda folder, target: run(target, "-f", str(folder / "apply.sql")),
        again=count,
        status=count,
        rollback=lambda folder, target: run(target, "-f", str(folder / "rollback.sql")),
        start=Command((program, "--help")),
    )


def _write(changes: tuple[Change, ...], folder: Path) -> None:
    apply = [_HISTORY]
    rollback = []
    for change in changes:
        record = f"insert into public.history (id) values ('{change.name}');\n"
        forget = f"delete from public.history where id = '{change.name}';\n"
        apply.append(f"begin;\n{change.up}{record}commit;\n")
        rollback.append(f"begin;\n{change.down}{forget}commit;\n")
    (folder / "apply.sql").write_text("".join(apply))
    (folder / "rollback.sql").write_text("".join(reversed(rollback)))
