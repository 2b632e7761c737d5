"""Runs one SQL test file in its own database and judges what it prints by the rules of TAP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.pq.abc import PGresult

_PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*(?P<skip>skip\b.*))?$", re.IGNORECASE)
_RESULT = re.compile(
    r"(?P<not>not )?ok\b(?:\s+(?P<number>\d+))?(?:\s*-)?\s*(?P<description>(?:\\.|[^\\#])*)"
    r"(?:#\s*(?P<directive>(?:todo|skip)\b.*))?",
    re.IGNORECASE,
)
_STATEMENT_TIMEOUT = "60s"


@dataclass(frozen=True)
class Assertion:
    """One `ok` or `not ok` line and the comment lines below it."""

    number: int
    passed: bool
    description: str
    directive: str = ""
    diagnostics: tuple[str, ...] = ()

    @property
    def acceptable(self) -> bool:
        """Return whether it passed or was expected not to (`# TODO`)."""
        return self.passed or self.directive.lower().startswith("todo")


@dataclass(frozen=True)
class TapReport:
    """What a TAP stream said: its assertions, and what was wrong with the stream itself."""

    assertions: tuple[Assertion, ...]
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Return the verdict: every assertion acceptable, and nothing wrong with the stream."""
        return not self.problems and all(one.acceptable for one in self.assertions)

    def __str__(self) -> str:
        lines = [f"problem: {problem}" for problem in self.problems]
        for one in self.assertions:
            if not one.acceptable:
                lines.append(f"not ok {one.number} - {one.description}")
                lines += [f"    {line}" for line in one.diagnostics]
        good = sum(one.acceptable for one in self.assertions)
        return "\n".join([*lines, f"{good} of {len(self.assertions)} assertions hold"])


def run_file(conninfo: str, path: Path) -> TapReport:
    """Run one SQL file in the database of `conninfo`, which is its own, and return the verdict.

    The whole file travels as one message, so it reads as plain SQL: psql's backslash commands,
    COPY FROM STDIN and statements that refuse a transaction block are errors here.
    """
    import psycopg

    options = f"-c search_path=public,tap -c statement_timeout={_STATEMENT_TIMEOUT}"
    with psycopg.connect(conninfo, autocommit=True, options=options) as conn:
        conn.execute(files("pgschema.testing").joinpath("tap.sql").read_bytes())
        lines, problems = _send(conn, path.read_text(encoding="utf-8-sig"))
    report = parse(lines)
    return replace(report, problems=(*problems, *report.problems))


def parse(lines: Iterable[str]) -> TapReport:
    """Return what the lines of a TAP stream say; lines that are not TAP are passed over."""
    assertions: list[Assertion] = []
    problems: list[str] = []
    plans: list[tuple[int, int, bool]] = []
    for line in lines:
        if plan := _PLAN.match(line):
            plans.append((int(plan[1]), len(assertions), plan["skip"] is not None))
        elif line.startswith("Bail out!"):
            problems.append(line)
        elif found := _RESULT.match(line):
            assertions.append(_assertion(found, len(assertions) + 1, problems))
        elif line.startswith("#") and assertions:
            last = assertions[-1]
            assertions[-1] = replace(last, diagnostics=(*last.diagnostics, line[1:].strip()))
    problems += _problems_of_plans(plans, len(assertions))
    return TapReport(tuple(assertions), tuple(problems))


def _assertion(found: re.Match[str], expected: int, problems: list[str]) -> Assertion:
    number = int(found["number"] or expected)
    if number != expected:
        problems.append(f"assertion {number} came where {expected} was due")
    description = re.sub(r"\\(.)", r"\1", found["description"]).strip()
    directive = (found["directive"] or "").strip()
    return Assertion(number, found["not"] is None, description, directive)


def _problems_of_plans(plans: list[tuple[int, int, bool]], ran: int) -> Iterator[str]:
    if len(plans) != 1:
        yield "more than one plan" if plans else "no plan"
        return
    planned, position, skipped = plans[0]
    if position not in (0, ran):
        yield "the plan is neither first nor last"
    if planned != ran:
        yield f"planned {planned} assertions and ran {ran}"
    if planned == 0 and not skipped:
        yield "no assertions"


def _send(conn: Connection[Any], text: str) -> tuple[list[str], list[str]]:
    """Return the lines that the statements printed, and why the file died, if it did."""
    from psycopg import pq

    lines: list[str] = []
    problems: list[str] = []
    conn.pgconn.send_query(text.encode())
    while (result := conn.pgconn.get_result()) is not None:
        if result.status == pq.ExecStatus.TUPLES_OK:
            lines += _printed(result)
        elif result.status in (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT):
            problems.append("COPY to or from the client is beyond this runner")
            conn.close()
            break
        elif result.status == pq.ExecStatus.FATAL_ERROR:
            problems.append(_death(result, text))
    return lines, problems


def _printed(result: PGresult) -> Iterator[str]:
    for row in range(result.ntuples):
        values = (result.get_value(row, column) or b"" for column in range(result.nfields))
        yield from b"|".join(values).decode().splitlines()


def _death(result: PGresult, text: str) -> str:
    from psycopg import pq

    def field(name: pq.DiagnosticField) -> str:
        return (result.error_field(name) or b"").decode()

    message = field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message.decode().strip()
    position = field(pq.DiagnosticField.STATEMENT_POSITION)
    where = f"line {text.count(chr(10), 0, int(position)) + 1}: " if position else ""
    context = field(pq.DiagnosticField.CONTEXT)
    below = f"\n    {context}" if context else ""
    return f"died: {where}{field(pq.DiagnosticField.SQLSTATE)}: {message}{below}"
