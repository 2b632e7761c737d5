"""Finds PostgreSQL binaries and runs servers of our own: throw-away ones and a lasting one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgschema.server.binaries import Binaries, find_binaries
    from pgschema.server.embedded import EmbeddedCluster, embedded_cluster
    from pgschema.server.ephemeral import EphemeralCluster

__all__ = [
    "Binaries",
    "EmbeddedCluster",
    "EphemeralCluster",
    "embedded_cluster",
    "find_binaries",
]

_HOMES = {
    "Binaries": "binaries",
    "find_binaries": "binaries",
    "EmbeddedCluster": "embedded",
    "embedded_cluster": "embedded",
    "EphemeralCluster": "ephemeral",
}


def __getattr__(name: str) -> Any:
    """Return a public name, importing its module at the first use: most commands need none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
