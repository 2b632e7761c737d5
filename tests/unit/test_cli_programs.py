from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pgschema.cli.programs import typed


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a program in it, from which this process was started."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "tool").touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(folder / "pgschema")])
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_program_on_path_is_called_by_its_name(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(bin_dir))
    assert typed("tool") == "tool"


def test_a_program_of_this_virtualenv_is_called_by_its_path_from_here(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert typed("tool") == ".venv/bin/tool"


def test_a_program_that_is_nowhere_keeps_its_name(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert typed("no-such-program") == "no-such-program"
