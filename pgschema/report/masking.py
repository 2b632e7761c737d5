"""Text without the passwords that were in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"

_PATTERNS = (
    # postgresql://user:password@host: up to the last @ before the path, so that a password with
    # an unescaped @ in it does not leak its end.
    re.compile(r"(?P<keep>[a-z][a-z0-9+.-]*://[^\s/@:]*:)(?P<secret>[^\s]*)(?=@)", re.IGNORECASE),
    re.compile(r"(?P<keep>[?&](?:ssl)?password=)(?P<secret>[^\s&#]+)", re.IGNORECASE),
    re.compile(
        r"(?P<keep>\b(?:ssl)?password\s*=\s*)(?P<secret>'(?:[^'\\]|\\.)*'?|[^\s'&][^\s&]*)",
        re.IGNORECASE,
    ),
)


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with every password in a URL or conninfo replaced by `***`.

    `secrets` are further strings to remove wherever they stand.
    """
    for secret in sorted((s for s in secrets if s), key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: match["keep"] + MASK, text)
    return text
