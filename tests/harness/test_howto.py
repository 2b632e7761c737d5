"""The examples of docs/howto/write-a-test.md do what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pgschema.testing.clones import Clone
from pgschema.testing.tap import run_file

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "write-a-test.md"


def _example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(found)


def test_the_python_example_passes(db: Clone) -> None:
    namespace: dict[str, Any] = {}
    exec(_example("python"), namespace)
    (test,) = (value for name, value in namespace.items() if name.startswith("test_"))
    test(db)


def test_the_sql_example_passes(empty_db: Clone, tmp_path: Path) -> None:
    path = tmp_path / "example.sql"
    path.write_text(_example("sql"), encoding="utf-8")
    report = run_file(empty_db.conninfo, path)
    assert report.passed, str(report)
    assert len(report.assertions) == 3
