"""The embedded server's status, as lines and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgschema.server.embedded import Status


def status_text(status: Status) -> str:
    """Return what is known about the server, a line each, without a password."""
    if status.url is None:
        return f"no server in {status.root}"
    lines = [
        ("state", f"running (process {status.pid})" if status.running else "stopped"),
        ("PostgreSQL", str(status.major)),
        ("URL", status.url),
        ("data", str(status.data)),
        ("log", str(status.log)),
    ]
    return "\n".join(f"{name:<10}  {value}" for name, value in lines)


def status_document(status: Status) -> dict[str, Any]:
    """Return what is known about the server as a JSON object."""
    return {
        "running": status.running,
        "major": status.major,
        "url": status.url,
        "pid": status.pid,
        "data": str(status.data) if status.data else None,
        "log": str(status.log) if status.log else None,
    }
