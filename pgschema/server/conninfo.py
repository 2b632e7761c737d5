"""Writes libpq's keyword = value connection strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def keyword_string(keywords: Mapping[str, Any]) -> str:
    """Return the keywords as one string that libpq understands; None values are left out."""
    return " ".join(
        f"{name}={_escaped(str(value))}" for name, value in keywords.items() if value is not None
    )


def _escaped(value: str) -> str:
    if value and not any(letter in value for letter in " '\\\t\n"):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
