"""Where everything is printed: results on standard output, all else on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TextIO, TypeVar

import click

from pgschema.cli.settings import Settings
from pgschema.errors import PgschemaError
from pgschema.report.failures import failure_document, failure_text
from pgschema.report.masking import mask
from pgschema.report.tables import Table, plain

FORMAT = 1

P = ParamSpec("P")
R = TypeVar("R")


class Output:
    """The two streams of one run; it never lets a password through.

    Text lines vanish with `--json`, documents vanish without it, so that a command can say both.
    """

    def __init__(
        self, settings: Settings, *, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self.settings = settings
        self._out = out if out is not None else sys.stdout
        self._err = err if err is not None else sys.stderr
        self._open = ""  # the head of a line that is not ended
        self._stands = False  # whether that head is the last thing on the terminal
        self.secrets: set[str] = set()

    @property
    def is_terminal(self) -> bool:
        """Tell whether a person is watching standard output."""
        return not self.settings.json and self._out.isatty()

    @property
    def is_coloured(self) -> bool:
        """Tell whether colours are welcome: a terminal, and neither NO_COLOR nor TERM=dumb."""
        return (
            self.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )

    def line(self, text: str = "") -> None:
        """Print a line of the result (nothing with `--json`)."""
        if not self.settings.json:
            self._write(self._out, text + "\n")

    def reveal(self, secret: str) -> None:
        """Print a line as it is: the one way in which a password is shown, when asked for it."""
        self._out.write(secret + "\n")
        self._out.flush()

    def remark(self, text: str) -> None:
        """Print a line that accompanies the result: omitted with `--quiet`, and with `--json`."""
        if not self.settings.quiet:
            self.line(text)

    def begin(self, head: str) -> None:
        """Open a line that `finish` or an error ends; a person sees its head meanwhile."""
        self._open = head
        if self.is_terminal:
            self._write(self._out, head)
            self._stands = True

    def finish(self, tail: str) -> None:
        """End the open line."""
        head, self._open = self._open, ""
        stands, self._stands = self._stands, False
        self.line(tail if stands else head + tail)

    def note(self, text: str, *, colour: str = "") -> None:
        """Print a line of progress or advice on standard error; nothing with `--quiet`."""
        if not self.settings.quiet:
            self._say(text, colour)

    def table(self, drawn: Table) -> None:
        """Print a table: drawn for a terminal, aligned plain text elsewhere."""
        if self.settings.json:
            return
        if not self.is_terminal:
            self.line(plain(drawn))
            return
        from pgschema.cli.drawing import draw  # rich is slow to import: only where it is looked at

        draw(drawn, self._out, coloured=self.is_coloured)

    def document(self, **content: Any) -> None:
        """Print the run's one JSON document (nothing without `--json`)."""
        if self.settings.json:
            whole = {"format": FORMAT, "command": self.settings.command, **content}
            is_unicode = (self._out.encoding or "").lower().replace("-", "") == "utf8"
            text = json.dumps(whole, indent=2, ensure_ascii=not is_unicode, default=str)
            self._write(self._out, text + "\n")

    def ask(self, question: str) -> None:
        """Go on when a person at the terminal says yes, else end the run."""
        click.confirm(mask(question, self.secrets), abort=True, err=True)

    def error(self, error: PgschemaError) -> None:
        """Print a failure: four lines on standard error, and the document with `--json`."""
        if self._open:
            self.finish("failed")
        text = failure_text(error, source=_source(error.details.get("path")))
        head, *rest = text.split("\n")
        self._say(head, "31")
        self._say("\n".join(rest), "")
        self.document(error=failure_document(error))

    def _say(self, text: str, colour: str) -> None:
        if self._stands:
            self._write(self._out, "\n")
            self._stands = False
        if colour and self._err.isatty() and self.is_coloured:
            text = f"\x1b[{colour}m{text}\x1b[0m"
        self._write(self._err, text + "\n")

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(mask(text, self.secrets))
        stream.flush()


def _source(path: object) -> str:
    """Return the text of the file that an error points into; nothing where it cannot be read."""
    try:
        return Path(str(path)).read_text(encoding="utf-8-sig") if path else ""
    except (OSError, ValueError):
        return ""


def pass_output(command: Callable[Concatenate[Output, P], R]) -> Callable[P, R]:
    """Give a command's function the run's Output as its first argument."""

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        from pgschema.cli.logs import begin_logging  # slow to import: --help has ended before

        output: Output = click.get_current_context().find_root().meta["output"]
        begin_logging(output)
        return command(output, *args, **kwargs)

    return update_wrapper(call, command)
