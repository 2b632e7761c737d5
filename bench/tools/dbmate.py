"""dbmate's own binary, without the Node launcher that npm puts before it."""

from __future__ import annotations

from pathlib import Path

from bench import setup
from bench.clock import Command, output
from bench.errors import BenchError
from bench.tools.base import Target, Tool, counted, stamped
from bench.workload import Change


def find() -> Tool:
    """Return dbmate; raises BenchError when npm did not install a binary for this machine."""
    binaries = sorted(setup.cache_folder().glob("npm/node_modules/@dbmate/*/bin/dbmate"))
    if not binaries:
        raise BenchError("dbmate is not installed: run `python -m bench setup`")
    program = str(binaries[0])

    def run(folder: Path, target: Target, verb: str, times: int = 1) -> tuple[Command, ...]:
        url = target.url("postgres", "&sslmode=disable")
        argv = (program, "--url", url, "--no-dump-schema", "--migrations-dir", str(folder), verb)
        return (Command(argv),) * times

    return Tool(
        name="dbmate",
        role="peer",
        version=output(Command((program, "--version")), home=Path("/")).split()[-1],
        write=_write,
        apply=lambda folder, target: run(folder, target, "migrate"),
        again=lambda folder, target: run(folder, target, "migrate"),
        status=lambda folder, target: run(folder, target, "status"),
        # dbmate undoes one migration a call: https://github.com/amacneil/dbmate/issues/303
        rollback=lambda folder, target: run(folder, target, "rollback", counted(folder, "*.sql")),
        start=Command((program, "--help")),
    )


def _write(changes: tuple[Change, ...], folder: Path) -> None:
    for change in changes:
        text = f"-- migrate:up\n{change.up}\n-- migrate:down\n{change.down}"
        (folder / f"{stamped(change)}.sql").write_text(text)
