"""SQL test files as pytest items: one item a file, each with a database of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pgschema.testing.clones import Clone
from pgschema.testing.plugin import clone_for, workshop_of
from pgschema.testing.tap import TapReport, run_file
from pgschema.testing.templates import Stock


class TapFile(pytest.File):
    """One SQL file that prints TAP."""

    def collect(self) -> Iterable[TapItem]:
        """Return the file as one test."""
        return [TapItem.from_parent(self, name="tap")]


class TapItem(pytest.Item):
    """The run of one SQL file against a migrated database without data."""

    clone: Clone | None = None

    def setup(self) -> None:
        """Make the file's database."""
        self.clone = clone_for(self, Stock.MIGRATED)

    def runtest(self) -> None:
        """Run the file and fail with what its TAP says."""
        assert self.clone is not None, "pytest calls setup first"
        report = run_file(self.clone.conninfo, self.path)
        if not report.passed:
            raise TapFailedError(report)

    def teardown(self) -> None:
        """Give the database back."""
        if self.clone:
            workshop_of(self.config).discard(self.clone)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        """Show the failed assertions rather than a traceback of this runner."""
        if isinstance(excinfo.value, TapFailedError):
            return f"{self.path}\n{excinfo.value.report}"
        return super().repr_failure(excinfo, *args)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is: the file's first line."""
        return self.path, 0, self.path.name


class TapFailedError(Exception):
    """A SQL file whose TAP stream says that it failed."""

    def __init__(self, report: TapReport) -> None:
        super().__init__(str(report))
        self.report = report
