"""JSON documents with what differs from run to run taken out, and the golden files of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "golden" / "cli"

_VOLATILE: dict[str, Any] = {
    "database": "<database>",
    "applied_at": "<time>",
    "duration_ms": 0,
    "url": "<url>",
    "checksum": "<checksum>",
    "pid": 0,
    "major": 0,
    "sql": "<sql>",
    "rows": 0,
    "version": "<version>",
    "user_id": "<uuid>",
    "org_id": "<uuid>",
    "peer_mentor_id": "<uuid>",
}
_FOLDERS = re.compile(r"/[\w./ -]*/(?=[\w.-]+)")


# What grows with every migration and data set: one item shows the keys.
_GROWING = {"tables", "steps", "mentors", "codes"}


def masked(value: Any, key: str = "") -> Any:
    """Return a document whose times, addresses and folders are the same in every run."""
    if key in _VOLATILE and value is not None:
        return _VOLATILE[key]
    if isinstance(value, dict):
        return {name: masked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        kept = value[:1] if key in _GROWING else value
        return [masked(item, key) for item in kept]
    return _FOLDERS.sub("", value) if isinstance(value, str) else value


def assert_golden(name: str, document: Any) -> None:
    """Compare a document with its golden file; the keys are an API, so a change is a decision."""
    path = FOLDER / f"{name}.json"
    found = json.dumps(masked(document), indent=2, ensure_ascii=False) + "\n"
    wanted = path.read_text(encoding="utf-8") if path.exists() else ""
    assert found == wanted, f"if the change is meant, {path} is to hold:\n{found}"
