"""The peer-mentor platform's PostgreSQL schema, its migration command line and its test harness."""

from __future__ import annotations

__version__ = "0.1.0.dev0"
