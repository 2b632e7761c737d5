"""The global options: shown by `pgschema --help`, understood before and after the command."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import click

from pgschema.cli.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

_PATIENCE = (
    ("--lock-timeout", "2s", "How long one try waits for a lock, and so may hold up readers."),
    ("--retry-for", "1min", "How long a file whose locks are not to be had is tried again."),
    ("--lock-wait", "1min", "How long to wait for another deploy."),
)


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Store a given value; one that was not given leaves what stands before the command's name."""
    if parameter.name and value not in (None, False, 0):
        setattr(context.ensure_object(Settings), parameter.name, value)


def _folder(name: str, what: str, *, hidden: bool) -> click.Option:
    return click.Option(
        [f"--{name}"],
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        metavar="DIR",
        help=f"The folder of {what}.  [default: the packaged one]",
        expose_value=False,
        callback=_remember,
        hidden=hidden,
    )


def _flag(*names: str, text: str, hidden: bool, **extra: Any) -> click.Option:
    extra.setdefault("is_flag", True)
    return click.Option(
        list(names), help=text, expose_value=False, callback=_remember, hidden=hidden, **extra
    )


def global_options(*, hidden: bool = False) -> list[click.Parameter]:
    """Return new options that write into the context's Settings."""
    database = click.Option(
        ["--database"],
        metavar="URL",
        help="The database: a URL or a libpq conninfo.  "
        "[default: DATABASE_URL, else libpq's PG* variables, else the embedded cluster "
        "under .pgschema/]",
        expose_value=False,
        callback=_remember,
        hidden=hidden,
    )
    return [
        database,
        _folder("migrations", "forward SQL files", hidden=hidden),
        _folder("rollbacks", "rollback SQL files", hidden=hidden),
        _folder("seeds", "data sets", hidden=hidden),
        _flag("--json", text="One JSON document on standard output.", hidden=hidden),
        _flag(
            "-v",
            "--verbose",
            text="Say more on standard error; twice for every detail.",
            hidden=hidden,
            is_flag=False,
            count=True,
        ),
        _flag("-q", "--quiet", text="Say nothing but the result and errors.", hidden=hidden),
    ]


class Seconds(click.ParamType[float]):
    """A duration, given as `2`, `2s`, `500ms` or `1min`, in seconds."""

    name = "duration"
    _units: ClassVar = {"ms": 0.001, "s": 1.0, "min": 60.0, "": 1.0}

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds that a text says."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|)", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a duration such as 2s, 500ms or 1min", param, ctx)
        return float(match[1]) * self._units[match[2]]


def patience(command: F) -> F:
    """Add the options that say how long to wait for locks; they are fields of ApplyOptions."""
    for name, default, text in reversed(_PATIENCE):
        add = click.option(
            name, type=Seconds(), default=default, help=f"{text}  [default: {default}]"
        )
        command = add(command)
    return command


class Command(click.Command):
    """A command that also takes the global options, hidden, after its own name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *global_options(hidden=True)]
