"""`pgschema rollback`: undo the newest migrations."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pgschema.cli.files import read_files
from pgschema.cli.options import Command, patience
from pgschema.cli.output import Output, pass_output
from pgschema.cli.target import Target, resolve
from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    from pgschema.plan import Plan


@click.command(cls=Command)
@click.option("--to", metavar="V006", help="Undo everything above this version.")
@click.option("--steps", type=click.IntRange(min=1), help="Undo this many.  [default: 1]")
@click.option("--all", is_flag=True, help="Undo every migration.")
@click.option("--dry-run", is_flag=True, help="Only show what would be undone.")
@click.option("--sql", is_flag=True, help="Only print the SQL that would be sent.")
@click.option("--yes", is_flag=True, help="Do not ask.  Needed where nobody can be asked.")
@click.option("--discard", is_flag=True, help="Drop rows that would otherwise be archived.")
@patience
@pass_output
def command(
    output: Output, /, *, dry_run: bool, sql: bool, yes: bool, discard: bool, **others: Any
) -> None:
    """Undo the newest migrations, one by default.

    Rows of tables that go are archived and come back with the next migrate, unless --discard.
    """
    which = {name: others.pop(name) for name in ("to", "steps", "all")}
    _refuse_several(which)
    catalog, target = read_files(output.settings), resolve(output)
    from pgschema.apply import read_plan, rollback
    from pgschema.cli.planning import apply_options, show_plan, show_result
    from pgschema.cli.stream import Stream
    from pgschema.plan import plan_rollback

    options = apply_options(discard=discard, **others)
    decide = partial(plan_rollback, catalog, **which)
    if dry_run or sql:
        show_plan(output, target, decide, options, sql=sql)
        return
    agreed = None if yes else _ask(output, target, read_plan(target.conninfo, decide))
    emit = Stream(output, agreed=agreed)
    result = rollback(target.conninfo, catalog, options=options, on_event=emit, **which)
    show_result(output, target, result)


def _refuse_several(which: dict[str, Any]) -> None:
    if sum(bool(given) for given in which.values()) > 1:
        raise click.UsageError("--to, --steps and --all exclude each other")


def _ask(output: Output, target: Target, plan: Plan) -> Plan:
    """Return the plan when a person says yes to it, or when there is nothing to do.

    Raises PGS703 where nobody can be asked.
    """
    from pgschema.report.durations import counted
    from pgschema.report.plans import steps_text

    if not plan.steps:
        return plan
    count = counted(len(plan.steps), "migration")
    if output.settings.json or not sys.stdin.isatty():
        raise PgschemaError("PGS703", count=count, database=target.label)
    output.ask(f"{steps_text(plan.steps)}\nRoll back {count} from {target.label}?")
    return plan
