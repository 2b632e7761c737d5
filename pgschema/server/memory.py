"""What a project's cluster folder remembers between runs: server, place, port and password."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Below the range from which Linux and macOS take ports for outgoing connections.
FIRST_PORT, PORTS = 20000, 10000

_STATE = "cluster.json"
_PASSWORD = "password"  # noqa: S105 - the name of a file


@dataclass(frozen=True)
class Remembered:
    """Where the cluster of a project lives and how to reach it.

    `request` is what the environment said about binaries when they were chosen; `folder` holds
    data and log, and is the project's own folder unless the server's user could not go there.
    """

    request: str
    bin_dir: Path
    major: int
    folder: Path
    socket_dir: Path
    port: int

    @property
    def data(self) -> Path:
        """Return the data directory: one for each major version."""
        return self.folder / f"data-{self.major}"

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self.folder / f"server-{self.major}.log"

    def url(self, password: str | None = None) -> str:
        """Return the connection URL, with the password when one is given."""
        secret = f":{password}" if password else ""
        return f"postgresql://postgres{secret}@127.0.0.1:{self.port}/postgres"


def current_request(environment: Mapping[str, str] = os.environ) -> str:
    """Return what the environment says about which binaries to run."""
    names = ("PGSCHEMA_PG_BIN", "PGSCHEMA_PG_SOURCE")
    return " ".join(f"{name}={environment[name]}" for name in names if environment.get(name))


def recall(root: Path) -> Remembered | None:
    """Return what `root` remembers, None when that is nothing or nonsense."""
    try:
        facts: dict[str, Any] = json.loads((root / _STATE).read_text(encoding="utf-8"))
        for name in ("bin_dir", "folder", "socket_dir"):
            facts[name] = Path(facts[name])
        return Remembered(**facts)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def remember(root: Path, known: Remembered) -> None:
    """Write what `recall` returns."""
    facts = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(known).items()
    }
    _replace(root / _STATE, json.dumps(facts, indent=2) + "\n", 0o644)


def recall_password(root: Path) -> str | None:
    """Return the password of the cluster's superuser, None when there is none yet."""
    try:
        return (root / _PASSWORD).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def new_password(root: Path) -> str:
    """Make a password, and keep it in a file that only this user can read."""
    password = secrets.token_urlsafe(24)
    _replace(root / _PASSWORD, password + "\n", 0o600)
    return password


def password_path(root: Path) -> Path:
    """Return the file in which the password is kept."""
    return root / _PASSWORD


def _replace(path: Path, text: str, mode: int) -> None:
    """Write a file as a whole or not at all; its mode is right from the first moment."""
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
