"""Log lines on standard error, without passwords."""

from __future__ import annotations

import logging
import sys

from pgschema.cli.output import Output
from pgschema.report.masking import mask


class _MaskedFormatter(logging.Formatter):
    """A libpq message in a log line or a traceback may repeat a whole conninfo."""

    def __init__(self, output: Output) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._output = output

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record), self._output.secrets)


def begin_logging(output: Output) -> None:
    """Send log lines to standard error from now on: as many as -v and -q ask for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_MaskedFormatter(output))
    root = logging.getLogger()
    for earlier in [h for h in root.handlers if isinstance(h.formatter, _MaskedFormatter)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(_level(output))


def report_bug(output: Output) -> None:
    """Print the traceback of the exception that is being handled."""
    begin_logging(output)
    logging.getLogger("pgschema").exception("a bug in pgschema: please report it")


def _level(output: Output) -> int:
    if output.settings.quiet:
        return logging.ERROR
    levels = {0: logging.WARNING, 1: logging.INFO}
    return levels.get(output.settings.verbose, logging.DEBUG)
