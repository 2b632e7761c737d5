"""Carries out steps; the only package that knows yoyo."""

from __future__ import annotations

from pgschema.apply.options import ApplyOptions
from pgschema.apply.preview import previews
from pgschema.apply.run import Result, migrate, read_plan, rollback

__all__ = ["ApplyOptions", "Result", "migrate", "previews", "read_plan", "rollback"]
