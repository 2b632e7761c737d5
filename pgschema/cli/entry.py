"""The one exit point: every way in which a run can end, and its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from pgschema.cli.output import Output
from pgschema.cli.settings import Settings
from pgschema.errors import PgschemaError

INTERRUPTED = 130
TERMINATED = 143
BROKEN_PIPE = 141
BUG = 70


class Terminated(KeyboardInterrupt):
    """SIGTERM: ends a run as Ctrl-C does, so that statements are cancelled at once."""


def terminate(*_: object) -> NoReturn:
    """End the run: the handler of SIGTERM."""
    raise Terminated


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    0 done, 1 the answer is no, 2 could not start, 3 failed midway; 130 after Ctrl-C, 143 after
    SIGTERM, 141 when the reader of standard output went away, 70 with a traceback for a bug.
    """
    output = Output(Settings(json="--json" in arguments))
    try:
        return _ended(arguments, output)
    except BrokenPipeError:
        # The interpreter flushes standard output once more at exit; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  the last resort, and the only one
        lost = _connection_failure(error)
        if lost is not None:
            output.error(lost)
            return lost.exit_code
        from pgschema.cli.logs import report_bug

        report_bug(output)
        return BUG


def _ended(arguments: Sequence[str], output: Output) -> int:
    try:
        return _invoke(arguments, output)
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except (KeyboardInterrupt, click.Abort) as ending:
        output.note("interrupted")
        return TERMINATED if isinstance(ending, Terminated) else INTERRUPTED
    except click.ClickException as error:
        failure = _usage_failure(error)
    except PgschemaError as error:
        failure = error
    output.error(failure)
    return failure.exit_code


def _invoke(arguments: Sequence[str], output: Output) -> int:
    from pgschema.cli.app import app

    if "_PGSCHEMA_COMPLETE" in os.environ:
        app.main(list(arguments), prog_name="pgschema")
    with app.make_context("pgschema", list(arguments), obj=output.settings) as context:
        context.meta["output"] = output
        return int(app.invoke(context) or 0)


def _usage_failure(error: click.ClickException) -> PgschemaError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = f"{context.command_path} --help" if context else "pgschema --help"
    return PgschemaError("PGS701", message=error.format_message(), help_command=command)


def _connection_failure(error: Exception) -> PgschemaError | None:
    """Return the catalogued failure where a server went away under a command, else None."""
    psycopg = sys.modules.get("psycopg")  # where nothing has imported it, nothing was lost
    if psycopg is None or not isinstance(error, psycopg.OperationalError):
        return None
    return PgschemaError("PGS304", where="between two statements", message=str(error).strip())
