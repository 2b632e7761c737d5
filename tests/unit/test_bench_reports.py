"""What the benchmarks read and write: pgbench's report, CPU times, pages and verdicts."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench import counts, pgbench, results, up
from bench.clock import Command, output, timed
from bench.cpu import cpu_seconds
from bench.errors import BenchError
from bench.figures import Figure
from bench.machine import Machine, storage

MACHINE = Machine(
    cpu="a processor",
    cores=2,
    memory_gib=4.0,
    kernel="Linux",
    python="3.11",
    postgresql="15.18",
    fsync="on",
    storage="ext4",
    load=0.5,
)
REPORT = results.Report(
    "counts", "A title", MACHINE, {"rows": [1]}, "the body\n", {"x": "<svg></svg>"}
)


def cost(variant: str, *, deadlocks: int = 0, exact: bool = True) -> counts.Cost:
    return counts.Cost(variant, 100.0, 1000.0, 300.0, deadlocks, 2.0, exact)


def test_pgbenchs_throughput_and_deadlocks_are_read() -> None:
    said = (
        "number of transactions actually processed: 9\n"
        "number of failed transactions: 3 (25.000%)\n"
        "number of serialization failures: 0 (0.000%)\n"
        "number of deadlock failures: 3 (25.000%)\n"
        "tps = 812.345678 (without initial connection time)\n"
    )

    assert pgbench.read(said) == pgbench.Throughput(812.345678, 3)


def test_another_report_than_pgbenchs_is_refused() -> None:
    with pytest.raises(BenchError, match="something else"):
        pgbench.read("pgbench: error: connection failed")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")
def test_work_uses_cpu_time() -> None:
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) - before < 0.02:
        sum(range(10_000))

    assert cpu_seconds(os.getpid()) > before


def test_cpu_time_of_no_process_is_refused() -> None:
    with pytest.raises(BenchError, match="/proc"):
        cpu_seconds(-1)


def test_the_file_system_of_a_folder_is_named(tmp_path: Path) -> None:
    known = storage(tmp_path)

    assert known == storage(tmp_path.parent)
    mounts = Path("/proc/self/mounts")
    if mounts.exists() and any(line.split()[1] == "/" for line in mounts.read_text().splitlines()):
        assert known != "unknown", "in a chroot there may be no root mount to name"


def test_the_ledger_must_be_exact_and_free_of_deadlocks() -> None:
    ours = counts.VARIANTS[-1].name
    others = [cost("none", exact=False), cost("row trigger", deadlocks=27)]

    assert counts.verdict([*others, cost(ours)]).endswith("pass")
    assert counts.verdict([*others, cost(ours, deadlocks=1)]).endswith("FAIL")
    assert counts.verdict([*others, cost(ours, exact=False)]).endswith("FAIL")
    assert counts.verdict([*others, cost("row trigger", exact=False)]).endswith("FAIL")
    assert counts.verdict(others).endswith("FAIL")


def test_a_second_make_up_has_a_limit() -> None:
    quick = {"second `make up`": Figure((1500.0,))}
    slow = {"second `make up`": Figure((1501.0,))}

    assert "within 1.5 s: pass" in up.body(quick)
    assert "within 1.5 s: FAIL" in up.body(slow)
    assert "of a test's own within 12 ms: not judged" in up.body(quick)


def test_a_report_is_kept_with_the_machine_and_its_pictures(tmp_path: Path) -> None:
    page, *others = results.keep(REPORT, tmp_path)

    document = json.loads((tmp_path / "counts.json").read_text())
    assert document["format"] == 1
    assert document["machine"]["cpu"] == "a processor"
    assert document["rows"] == [1]
    assert "PostgreSQL 15.18 (fsync on, data on ext4)" in page.read_text()
    assert "![x](counts-x.svg)" in page.read_text()
    assert tmp_path / "counts-x.svg" in others


def test_a_quick_check_says_that_it_is_no_measurement_and_is_not_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)

    results.conclude(replace(REPORT, quick=True), None)

    assert "not a measurement" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_failing_tool_is_an_error_with_its_own_words(tmp_path: Path) -> None:
    failing = Command((sys.executable, "-c", "raise SystemExit('no such thing')"))

    with pytest.raises(BenchError, match="exited 1: no such thing"):
        timed((failing,), home=tmp_path)


def test_an_exit_code_that_means_nothing_to_do_is_fine(tmp_path: Path) -> None:
    done = Command((sys.executable, "-c", "raise SystemExit(1)"), fine=(0, 1))

    assert timed((done,), home=tmp_path) > 0


def test_a_tool_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    # the child holds stdout: without its end, reading the tool's output would wait for ever
    hang = "import os; os.read(os.pipe()[0], 1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hang!r}])"

    with pytest.raises(BenchError, match="longer than"):
        output(Command((sys.executable, "-c", parent)), home=tmp_path, timeout=0.5)


def test_a_tool_does_not_see_the_persons_own_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody-elses")
    monkeypatch.setenv("PGSERVICE", "production")
    code = "import os; print([n for n in os.environ if n == 'DATABASE_URL' or n.startswith('PG')])"

    assert output(Command((sys.executable, "-c", code)), home=tmp_path) == "[]\n"
