"""What a person waits for: `make up` from a fresh copy, again, and a test's own database.

`python -m bench.up`: the first run includes making the virtualenv, so it depends on the network
and on pip's cache; it is shown by phase.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench import results
from bench.clock import Command, timed
from bench.errors import BenchError
from bench.figures import Figure, readable
from bench.machine import Machine, describe
from bench.servers import scratch_folder
from bench.tables import table
from pgschema.testing.templates import Stock
from pgschema.testing.workshop import Workshop

_ROOT = Path(__file__).resolve().parent.parent
_SECOND_RUN_MS = 1500
_CLONE_MS = 12
_OTHER_SERVER = ("DATABASE_URL", "PG")  # would send `make up` to another server than its own

_SECOND, _CLONE = "second `make up`", "a clone: create and connect"


def first_runs(folder: Path, again: int) -> dict[str, Figure]:
    """Return the phases of the first `make up` and the later runs of a copy of this checkout."""
    copy = _copied_checkout(folder)
    figures: dict[str, Figure] = {}
    try:
        figures["first run: virtualenv and packages"] = Figure((_make(copy, ".venv/.runtime"),))
        figures["first run: server, migrations, data"] = Figure((_make(copy, "up"),))
        figures[_SECOND] = Figure(tuple(_make(copy, "up") for _ in range(again)))
    finally:
        with contextlib.suppress(BenchError):
            _make(copy, "clean")
    return figures


def _copied_checkout(folder: Path) -> Path:
    """Copy every file that git does not ignore, as it is on disk now."""
    copy = folder / "checkout"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=_ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        raise BenchError("`make up` is measured in a copy of a git checkout, and this is none")
    for name in filter(None, listed.stdout.split("\0")):
        if (_ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_ROOT / name, copy / name)
    return copy


def _make(copy: Path, *goals: str) -> float:
    # pip's settings are the person's own: a mirror or a proxy may be the only way out
    own = {name: value for name, value in os.environ.items() if not name.startswith(_OTHER_SERVER)}
    command = Command(("make", "--no-print-directory", *goals), own, copy)
    return timed((command,), home=copy, timeout=900)


def databases(rounds: int) -> tuple[dict[str, Figure], Machine]:
    """Return what the harness needs for its server, its templates and each test's database."""
    figures: dict[str, Figure] = {}
    with contextlib.closing(Workshop()) as workshop:
        with _phase(figures, "harness: server"):
            version = workshop.cluster.binaries.version
        for stock in Stock:
            with _phase(figures, f"harness: {stock} template"):
                workshop.template(stock)
        samples = [_one_clone(workshop) for _ in range(rounds)]
        figures[_CLONE] = Figure(tuple(samples))
        data = workshop.cluster.socket_dir
        machine = describe(postgresql=version, fsync="off in the harness", data=data)
    return figures, machine


@contextlib.contextmanager
def _phase(figures: dict[str, Figure], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    figures[name] = Figure(((time.perf_counter() - started) * 1000,))


def _one_clone(workshop: Workshop) -> float:
    started = time.perf_counter()
    clone = workshop.clone(Stock.SEEDED)
    clone.owner.execute("select 1")
    spent = (time.perf_counter() - started) * 1000
    workshop.discard(clone)
    return spent


def body(figures: Mapping[str, Figure]) -> str:
    """Return the Markdown: one row a phase, and the verdicts."""
    rows = [
        (name, readable(figure.median), readable(figure.minimum), str(len(figure.samples)))
        for name, figure in figures.items()
    ]
    lines = [
        _verdict(figures, _SECOND, _SECOND_RUN_MS, "second `make up` within 1.5 s"),
        _verdict(figures, _CLONE, _CLONE_MS, "a database of a test's own within 12 ms"),
    ]
    return table(("phase", "median, ms", "minimum", "runs"), rows) + "\n" + "\n".join(lines) + "\n"


def _verdict(figures: Mapping[str, Figure], name: str, limit: float, goal: str) -> str:
    if name not in figures:
        return f"- {goal}: not judged"
    return f"- {goal}: {'pass' if figures[name].median <= limit else 'FAIL'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and keep the table; exit 1 when a goal is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench.up", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short check; no figures")
    parser.add_argument("--without-make", action="store_true", help="only the harness's databases")
    parser.add_argument("--out", type=Path, help="the folder of the results")
    options = parser.parse_args(arguments)
    try:
        figures, machine = databases(5 if options.quick else 100)
        if not options.without_make:
            with scratch_folder() as folder:
                figures = {**first_runs(folder, 2 if options.quick else 7), **figures}
    except BenchError as error:
        print(f"bench.up: {error}", file=sys.stderr)
        return 2
    report = results.Report(
        name="up",
        title="From nothing to a database",
        machine=machine,
        facts={"figures": {name: figure.samples for name, figure in figures.items()}},
        body=body(figures),
        quick=options.quick,
    )
    results.conclude(report, options.out)
    return int("FAIL" in report.body)


if __name__ == "__main__":
    raise SystemExit(main())
