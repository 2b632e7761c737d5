"""The one exit point: every way in which a run can end, and its exit code."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

import click

from pgschema.cli.output import Output
from pgschema.cli.settings import Settings
from pgschema.errors import PgschemaError
from pgschema.report.masking import mask

INTERRUPTED = 130
BROKEN_PIPE = 141
BUG = 70


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    0 done, 1 the answer is no, 2 could not start, 3 failed midway; 130 after Ctrl-C, 141 when the
    reader of standard output went away, 70 with a traceback for a bug in pgschema.
    """
    settings = Settings(json="--json" in arguments)
    output = Output(settings)
    _log(output)
    try:
        return _ended(arguments, settings, output)
    except BrokenPipeError:
        # The interpreter flushes standard output once more at exit; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception:
        logging.getLogger("pgschema").exception("a bug in pgschema: please report it")
        return BUG


def _ended(arguments: Sequence[str], settings: Settings, output: Output) -> int:
    try:
        return _invoke(arguments, settings, output)
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except (KeyboardInterrupt, click.Abort):
        output.note("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        failure = _usage_failure(error)
    except PgschemaError as error:
        failure = error
    output.error(failure)
    return failure.exit_code


def _invoke(arguments: Sequence[str], settings: Settings, output: Output) -> int:
    from pgschema.cli.app import app

    if "_PGSCHEMA_COMPLETE" in os.environ:
        app.main(list(arguments), prog_name="pgschema")
    with app.make_context("pgschema", list(arguments), obj=settings) as context:
        context.meta["output"] = output
        logging.getLogger().setLevel(_level(settings))
        return int(app.invoke(context) or 0)


class _MaskedFormatter(logging.Formatter):
    """Log lines without passwords; a libpq message may repeat a whole conninfo."""

    def __init__(self, output: Output) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._output = output

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record), self._output.secrets)


def _log(output: Output) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_MaskedFormatter(output))
    logging.getLogger().handlers[:] = [handler]


def _level(settings: Settings) -> int:
    if settings.quiet:
        return logging.ERROR
    return {0: logging.WARNING, 1: logging.INFO}.get(settings.verbose, logging.DEBUG)


def _usage_failure(error: click.ClickException) -> PgschemaError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = f"{context.command_path} --help" if context else "pgschema --help"
    return PgschemaError("PGS701", message=error.format_message(), help_command=command)
