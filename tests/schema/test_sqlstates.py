"""docs/reference/sqlstates.md lists exactly the codes of our own that the migrations raise."""

from __future__ import annotations

import re
from pathlib import Path

from pgschema.catalog import packaged_folders

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "sqlstates.md"
RAISED = re.compile(r"errcode = '((?:PM|PT)[0-9]{3})'")
LISTED = re.compile(r"^\| `((?:PM|PT)[0-9]{3})`", re.MULTILINE)


def test_the_page_lists_what_is_raised_and_nothing_else() -> None:
    folders = packaged_folders()
    files = [*folders.migrations.glob("*.sql"), *(folders.rollbacks or Path()).glob("*.sql")]
    raised = {code for file in files for code in RAISED.findall(file.read_text("utf-8"))}
    assert set(LISTED.findall(PAGE.read_text("utf-8"))) == raised
