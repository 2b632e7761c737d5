"""Runs pgbench and reads its report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bench.clock import Command, output
from bench.errors import BenchError
from bench.tools.base import Target


@dataclass(frozen=True)
class Throughput:
    """What pgbench found: transactions per second and how many ended in a deadlock."""

    tps: float
    deadlocks: int


def run(program: Path, script: Path, target: Target, *, clients: int, seconds: int) -> Throughput:
    """Run a script from so many clients for so many seconds; raises BenchError when it fails."""
    argv = (
        *(str(program), "--no-vacuum", "--protocol=prepared", "--failures-detailed"),
        *("--client", str(clients), "--jobs", "2", "--time", str(seconds)),
        *("--file", str(script)),
    )
    return read(output(Command(argv, target.env), home=script.parent, timeout=seconds + 60))


def read(report: str) -> Throughput:
    """Return the figures of pgbench's report, versions 15 to 18."""
    tps = re.search(r"^tps = ([\d.]+)", report, re.MULTILINE)
    deadlocks = re.search(r"^number of deadlock failures: (\d+)", report, re.MULTILINE)
    if tps is None or deadlocks is None:
        raise BenchError(f"pgbench said something else than expected: {report[-500:]}")
    return Throughput(float(tps.group(1)), int(deadlocks.group(1)))
