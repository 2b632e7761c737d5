"""node-pg-migrate with SQL files; its default puts all pending migrations in one transaction."""

from __future__ import annotations

import json
from pathlib import Path

from bench.clock import Command
from bench.tools.base import Target, Tool, cached, counted, stamped
from bench.workload import Change


def find() -> Tool:
    """Return node-pg-migrate; raises BenchError when npm did not install it."""
    program = str(cached("npm", "node_modules", ".bin", "node-pg-migrate"))
    package = cached("npm", "node_modules", "node-pg-migrate", "package.json")

    def run(folder: Path, target: Target, *verb: str) -> tuple[Command, ...]:
        env = {"DATABASE_URL": target.url("postgresql")}
        argv = (program, *verb, "--migrations-dir", str(folder), "--no-verbose")
        return (Command(argv, env, folder),)

    def down(folder: Path, target: Target) -> tuple[Command, ...]:
        return run(folder, target, "down", str(counted(folder, "*.sql")))

    return Tool(
        name="node-pg-migrate",
        role="peer",
        version=json.loads(package.read_text())["version"],
        write=_write,
        apply=lambda folder, target: run(folder, target, "up"),
        again=lambda folder, target: run(folder, target, "up"),
        status=None,
        rollback=down,
        start=Command((program, "--help")),
    )


def _write(changes: tuple[Change, ...], folder: Path) -> None:
    for change in changes:
        text = f"-- Up Migration\n{change.up}\n-- Down Migration\n{change.down}"
        (folder / f"{stamped(change)}.sql").write_text(text)
