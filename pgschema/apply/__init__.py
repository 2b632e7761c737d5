"""Carries out steps; the only package that knows yoyo."""

from __future__ import annotations

from pgschema.apply.options import ApplyOptions
from pgschema.apply.run import Result, migrate, rollback

__all__ = ["ApplyOptions", "Result", "migrate", "rollback"]
