"""The built wheel alone brings a database up: migrations, rollbacks and seeds travel in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pgschema.catalog import packaged_folders
from pgschema.testing.clones import Clone

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("pgschema-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_every_sql_file_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    folders = packaged_folders()
    for folder in folders:
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        for path in files:
            name = path.relative_to(folder.parent).as_posix()
            assert f"pgschema/_sql/{name}" in inside
    assert "pgschema/py.typed" in inside
    assert not [name for name in inside if name.startswith(("tests/", "bench/"))]


def test_up_works_from_the_installed_wheel(installed: Path, bare_db: Clone, tmp_path: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "DATABASE_URL"}
    environment = {**kept, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from pgschema.__main__ import main; main()", *arguments],
            cwd=tmp_path, env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    where = [sys.executable, "-c", "import pgschema; print(pgschema.__file__)"]
    place = subprocess.run(
        where, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert Path(place.stdout.strip()).parent == installed / "pgschema"
    assert "V001__create_tenancy_foundation" in run("--database", bare_db.conninfo, "up")
    (mentors,) = bare_db.owner.execute("select count(*) from public.peer_mentors").fetchone() or (
        0,
    )
    assert mentors > 12
    assert "applied" in run("--database", bare_db.conninfo, "status")
