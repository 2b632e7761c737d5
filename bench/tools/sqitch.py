"""sqitch, which runs each change through psql and keeps its registry through DBD::Pg."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.clock import Command, output
from bench.errors import BenchError
from bench.programs import find_program
from bench.tools.base import Target, Tool
from bench.workload import Change

_PERSON = {"SQITCH_FULLNAME": "Bench", "SQITCH_EMAIL": "bench@example.org"}
_NOTHING_TO_DO = (0, 1)


def find() -> Tool:
    """Return sqitch; raises BenchError when it is not installed."""
    program = shutil.which("sqitch")
    if program is None:
        raise BenchError("sqitch is not installed: run `python -m bench setup`")

    def run(
        folder: Path, target: Target, *verb: str, fine: tuple[int, ...] = (0,)
    ) -> tuple[Command, ...]:
        env = {**target.env, **_PERSON}
        argv = (program, *verb, f"db:pg:{target.dbname}")
        return (Command(argv, env, folder, fine),)

    return Tool(
        name="sqitch",
        role="peer",
        version=output(Command((program, "--version")), home=Path("/")).split()[-1],
        write=_write,
        apply=lambda folder, target: run(folder, target, "deploy"),
        again=lambda folder, target: run(folder, target, "deploy", fine=_NOTHING_TO_DO),
        status=lambda folder, target: run(folder, target, "status"),
        rollback=lambda folder, target: run(folder, target, "revert", "-y"),
        start=Command((program, "help")),
    )


def _write(changes: tuple[Change, ...], folder: Path) -> None:
    (folder / "sqitch.conf").write_text(
        f'[core]\n\tengine = pg\n[engine "pg"]\n\tclient = {find_program("psql")}\n'
    )
    plan = ["%syntax-version=1.0.0", "%project=bench", ""]
    for part in ("deploy", "revert"):
        (folder / part).mkdir()
    for change in changes:
        name = f"{change.number:04d}_{change.name}"
        plan.append(f"{name} 2026-01-01T00:00:00Z Bench <bench@example.org> # {change.name}")
        (folder / "deploy" / f"{name}.sql").write_text(f"begin;\n{change.up}commit;\n")
        (folder / "revert" / f"{name}.sql").write_text(f"begin;\n{change.down}commit;\n")
    (folder / "sqitch.plan").write_text("\n".join(plan) + "\n")
