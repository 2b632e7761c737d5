"""A migration's number."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Version:
    """A migration's number, ordered as numbers are: V2 < V10, V1 = V1.0 < V1.2."""

    parts: tuple[int, ...]
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        parts = self.parts
        while len(parts) > 1 and parts[-1] == 0:
            parts = parts[:-1]
        object.__setattr__(self, "written", self.written or ".".join(map(str, self.parts)))
        object.__setattr__(self, "parts", parts)

    def __str__(self) -> str:
        return f"V{self.written}"


def parse_version(written: str) -> Version | None:
    """Return the version that `V007`, `007`, `7` or `1.2` names, and None for other text."""
    match = re.fullmatch(r"[Vv]?(\d+(?:[._]\d+)*)(?:__.*)?", written.strip())
    if not match:
        return None
    number = match.group(1).replace("_", ".")
    return Version(tuple(int(part) for part in number.split(".")), number)
