"""`pgschema server`: the embedded cluster of this directory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgschema.cli.options import Command, global_options
from pgschema.cli.output import Output, pass_output
from pgschema.cli.target import EMBEDDED_ROOT
from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    from pgschema.server import EmbeddedCluster
    from pgschema.server.embedded import Status

# Server programs of other versions, fetched into the same folder: not ours to remove.
DOWNLOADED = "servers"


@click.group(invoke_without_command=True, params=global_options(hidden=True))
@click.pass_context
def command(context: click.Context) -> None:
    """The embedded PostgreSQL server of this directory.

    Without a subcommand: its status.
    """
    if context.invoked_subcommand is None:
        context.invoke(status)


@command.command(cls=Command)
@pass_output
def start(output: Output, /) -> None:
    """Start the server; make it first where there is none."""
    cluster = _cluster()
    cluster.ensure_running()
    _show(output, cluster.status())


@command.command(cls=Command)
@click.option("--delete", is_flag=True, help="Remove its data as well.")
@pass_output
def stop(output: Output, /, *, delete: bool) -> None:
    """Stop the server; its data stays unless --delete."""
    cluster = _cluster()
    before = cluster.status()
    stopped = cluster.stop()
    if delete and before.data is not None:
        _remove(before.data.parent)
        _remove(cluster.root)
    output.line("stopped" if stopped else "was not running")
    output.document(stopped=stopped, deleted=delete and before.data is not None)


@command.command(cls=Command)
@pass_output
def status(output: Output, /) -> None:
    """Say whether the server runs and how to reach it."""
    _show(output, _cluster().status())


@command.command(cls=Command)
@click.option("--with-password", is_flag=True, help="Print the password too: for other programs.")
@pass_output
def url(output: Output, /, *, with_password: bool) -> None:
    """Print the server's URL, for other programs.

    Starts the server when it is stopped.
    """
    cluster = _cluster()
    if cluster.status().url is None:
        raise PgschemaError("PGS702", root=EMBEDDED_ROOT)
    secret = cluster.ensure_running()
    if with_password and not output.settings.json:
        output.reveal(secret)
        return
    shown = cluster.status().url
    output.line(str(shown))
    output.document(url=shown)


def _cluster() -> EmbeddedCluster:
    from pgschema.server import embedded_cluster

    return embedded_cluster(EMBEDDED_ROOT)


def _show(output: Output, found: Status) -> None:
    from pgschema.report.servers import status_document, status_text

    output.line(status_text(found))
    output.document(**status_document(found))


def _remove(folder: Path) -> None:
    """Remove what the cluster keeps in a folder, and the folder when nothing else is in it."""
    import shutil

    for entry in folder.iterdir() if folder.exists() else ():
        if entry.is_symlink() or not entry.is_dir():
            entry.unlink()
        elif entry.name != DOWNLOADED:
            shutil.rmtree(entry)
    with suppress(OSError):
        folder.rmdir()
