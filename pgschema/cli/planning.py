"""What migrate and rollback have in common: show what would be done, show what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgschema.apply import ApplyOptions, previews, read_plan
from pgschema.cli.output import Output
from pgschema.cli.target import Target
from pgschema.report.plans import plan_document, plan_text, result_document, result_text

if TYPE_CHECKING:
    from pgschema.apply import Result
    from pgschema.ledger import Ledger
    from pgschema.plan import Plan

Decide = Callable[["Ledger"], "Plan"]


def apply_options(*, lock_timeout: float, **others: Any) -> ApplyOptions:
    """Return the options of a run, looking who is in the way while a try still waits."""
    watch_after = min(ApplyOptions.watch_after, lock_timeout / 2)
    return ApplyOptions(lock_timeout=lock_timeout, watch_after=watch_after, **others)


def show_plan(
    output: Output, target: Target, decide: Decide, options: ApplyOptions, *, sql: bool
) -> None:
    """Print what would be done, or with `sql` what would be sent; nothing is changed."""
    installed = True

    def look(ledger: Ledger) -> Plan:
        nonlocal installed
        installed = ledger.installed
        return decide(ledger)

    plan = read_plan(target.conninfo, look)
    for note in plan.notes:
        output.note(f"note: {note}")
    texts = previews(plan, options, installed=installed) if sql else None
    output.line(plan_text(plan, target.label) if texts is None else _script(texts))
    output.document(database=target.label, dry_run=True, **plan_document(plan, texts))


def show_result(output: Output, target: Target, result: Result) -> None:
    """Print what was done."""
    output.remark(result_text(result, target.label))
    output.document(database=target.label, dry_run=False, **result_document(result))


def _script(texts: tuple[str, ...]) -> str:
    return "\n".join(text.rstrip("\n") for text in texts) if texts else "-- nothing to do"
