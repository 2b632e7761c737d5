"""Carries out steps; the only package that knows yoyo."""

from __future__ import annotations

from pgschema.apply.options import ApplyOptions
from pgschema.apply.preview import Preview
from pgschema.apply.run import Result, migrate, preview_migrate, preview_rollback, rollback

__all__ = [
    "ApplyOptions",
    "Preview",
    "Result",
    "migrate",
    "preview_migrate",
    "preview_rollback",
    "rollback",
]
