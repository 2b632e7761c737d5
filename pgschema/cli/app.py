"""The command group; a command's module is imported when the command is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from pgschema import __version__
from pgschema.cli.options import global_options
from pgschema.cli.settings import Settings

# In the order in which somebody meets them; each is an attribute of pgschema.cli.commands.<name>.
COMMANDS = (
    "up",
    "status",
    "migrate",
    "rollback",
    "verify",
    "new",
    "seed",
    "reconcile",
    "server",
    "rule",
)

_EPILOG = """\b
Exit codes: 0 done or nothing to do, 1 the answer is no, 2 could not start,
3 a migration failed or the lock is held and the database is as before that step.

The global options may also stand after the command's name."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and loads one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"pgschema.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command


@click.group(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=global_options(),
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="pgschema", message="%(prog)s %(version)s")
@click.pass_context
def app(context: click.Context) -> None:
    """Migrate, seed and look after the peer-mentor platform's PostgreSQL schema.

    Begin with `pgschema up`: from nothing to a migrated, seeded database.
    """
    context.ensure_object(Settings).command = context.invoked_subcommand or ""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
