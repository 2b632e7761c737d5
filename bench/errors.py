"""The one failure that a benchmark shows to the person who runs it."""

from __future__ import annotations


class BenchError(Exception):
    """A benchmark that could not be taken, with the reason in one sentence."""
