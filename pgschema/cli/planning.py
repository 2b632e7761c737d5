"""The steps that migrate and rollback have in common: look ahead, show, report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pgschema.apply import ApplyOptions
from pgschema.apply.inspection import inspect_file
from pgschema.cli.output import Output
from pgschema.cli.target import Target
from pgschema.database import connect
from pgschema.ledger import Ledger, read_ledger
from pgschema.plan import Plan
from pgschema.report.plans import plan_document, plan_text, result_document, result_text

if TYPE_CHECKING:
    from pgschema.apply import Result

Decide = Callable[[Ledger], Plan]


def read_plan(target: Target, decide: Decide) -> Plan:
    """Return what would be done, from a read-only session without the migration lock.

    Raises PGS110-PGS118 when a file may not be sent as it is.
    """
    with connect(target.conninfo, read_only=True) as connection:
        plan = decide(read_ledger(connection))
    for step in plan.steps:
        inspect_file(step.file)
    return plan


def show_plan(
    output: Output, target: Target, decide: Decide, options: ApplyOptions, *, sql: bool
) -> None:
    """Print what would be done, or the SQL that would be sent; nothing is changed."""
    plan = read_plan(target, decide)
    for note in plan.notes:
        output.note(f"note: {note}")
    document = plan_document(plan)
    if sql:
        texts = previews(plan, options)  # type: ignore[name-defined]  # noqa: F821  until ENGINE has it
        output.line("\n".join(texts))
        for step, text in zip(document["steps"], texts, strict=True):
            step["sql"] = text
    else:
        output.line(plan_text(plan, target.label))
    output.document(database=target.label, dry_run=True, **document)


def show_result(output: Output, target: Target, result: Result) -> None:
    """Print what was done."""
    output.remark(result_text(result, target.label))
    output.document(database=target.label, dry_run=False, **result_document(result))
