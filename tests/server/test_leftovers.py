"""However a process ends, its throw-away server leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgschema.server import Binaries, EphemeralCluster
from pgschema.server.processes import alive

pytestmark = pytest.mark.slow

Eventually = Callable[[Callable[[], Any]], Any]
Start = Callable[..., Any]

OWNER = """
import json, sys
from pathlib import Path
from pgschema.server import EphemeralCluster
from pgschema.server.lockfile import LockFile
cluster = EphemeralCluster(directory=Path(sys.argv[1]) if len(sys.argv) > 1 else None)
facts = {
    "supervisor": cluster.child_process.pid,
    "postmaster": cluster.server_pid,
    "segment": LockFile(cluster.get_data_directory()).segment,
    "base": cluster.base_dir,
}
print(json.dumps(facts), flush=True)
"""
WAITS = OWNER + "sys.stdin.read()"
STOPS = OWNER + "cluster.stop()"


def remains(facts: dict[str, Any]) -> list[str]:
    """What is left of a server: processes, folder with socket, shared memory."""
    left = [f"process {name}" for name in ("supervisor", "postmaster") if alive(facts[name])]
    left += [f"folder {facts['base']}"] * Path(facts["base"]).exists()
    segments = Path("/proc/sysvipc/shm")
    if segments.exists():
        identifiers = [line.split()[1] for line in segments.read_text().splitlines()[1:]]
        left += ["shared memory"] * (str(facts["segment"]) in identifiers)
    return left


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_to_the_owner_leaves_nothing(
    name: str, child: Start, eventually: Eventually
) -> None:
    owner = child(WAITS)
    facts = json.loads(owner.line())
    assert len(remains(facts)) == (4 if Path("/proc/sysvipc/shm").exists() else 3)

    owner.process.send_signal(getattr(signal, name))

    eventually(lambda: not remains(facts))


def test_ctrl_c_for_the_whole_terminal_leaves_nothing(eventually: Eventually, child: Start) -> None:
    """The signal goes to the owner's process group, in which the server is not."""
    owner = child("import os; os.setpgid(0, 0)\n" + WAITS)
    facts = json.loads(owner.line())

    os.killpg(owner.process.pid, signal.SIGINT)

    eventually(lambda: not remains(facts))


@pytest.mark.parametrize("program", [OWNER, STOPS], ids=["without stop", "with stop"])
def test_the_end_of_the_program_leaves_nothing(
    program: str, child: Start, eventually: Eventually
) -> None:
    owner = child(program)
    facts = json.loads(owner.line())

    assert owner.ended() == 0

    eventually(lambda: not remains(facts))


def test_an_owner_killed_during_the_start_leaves_nothing(
    child: Start, eventually: Eventually, open_folder: Path
) -> None:
    directory = open_folder / "starting"
    directory.mkdir()
    directory.chmod(0o777)
    owner = child(WAITS, directory)
    eventually(lambda: list(directory.iterdir()))

    owner.process.kill()

    eventually(lambda: not list(directory.iterdir()))


def test_a_child_that_the_owner_forked_does_not_keep_the_server(
    child: Start, eventually: Eventually
) -> None:
    """It holds a copy of the pipe whose end tells the supervisor that the owner is gone."""
    owner = child(OWNER + "import os, time; pid = os.fork(); time.sleep(60)")
    facts = json.loads(owner.line())
    (forked,) = eventually(lambda: _forked(owner.process.pid, facts["supervisor"]))

    owner.process.kill()

    eventually(lambda: not remains(facts))
    os.kill(forked, signal.SIGKILL)


def _forked(owner: int, supervisor: int) -> list[int]:
    children = Path(f"/proc/{owner}/task/{owner}/children").read_text().split()
    return [int(pid) for pid in children if int(pid) != supervisor]


def test_a_thread_that_ends_does_not_end_the_server_it_started(binaries: Binaries) -> None:
    from threading import Thread

    made: list[EphemeralCluster] = []
    thread = Thread(target=lambda: made.append(EphemeralCluster(binaries)))
    thread.start()
    thread.join()
    with made[0] as cluster:
        cluster.restart()
        assert cluster.is_alive()


def test_a_killed_supervisor_takes_the_server_along(
    binaries: Binaries, eventually: Eventually
) -> None:
    cluster = EphemeralCluster(binaries)
    base, pid = cluster.base_dir, cluster.server_pid
    assert cluster.child_process is not None
    assert pid is not None

    cluster.child_process.kill()
    eventually(lambda: not alive(pid))
    cluster.stop()

    assert not Path(base).exists()


def test_what_a_killed_supervisor_and_owner_leave_is_removed_by_the_next_server(
    child: Start, binaries: Binaries, eventually: Eventually, open_folder: Path
) -> None:
    owner = child(WAITS, open_folder)
    facts = json.loads(owner.line())
    owner.process.send_signal(signal.SIGSTOP)
    os.kill(facts["supervisor"], signal.SIGKILL)
    owner.process.kill()
    eventually(lambda: not alive(facts["postmaster"]))
    assert Path(facts["base"]).exists()

    with EphemeralCluster(binaries, directory=open_folder):
        eventually(lambda: not remains(facts))


def test_no_server_removes_the_folder_of_another_one(binaries: Binaries, open_folder: Path) -> None:
    with EphemeralCluster(binaries, directory=open_folder) as first:
        first.kill()
        with EphemeralCluster(binaries, directory=open_folder):
            pass
        first.restart()
        assert first.is_server_available()


def test_a_server_that_was_killed_and_not_restarted_leaves_no_shared_memory(
    binaries: Binaries,
) -> None:
    from pgschema.server.lockfile import LockFile

    with EphemeralCluster(binaries) as cluster:
        facts = {
            "supervisor": cluster.child_process.pid if cluster.child_process else 0,
            "postmaster": cluster.server_pid,
            "segment": LockFile(cluster.get_data_directory()).segment,
            "base": cluster.base_dir,
        }
        cluster.kill()
    assert remains(facts) == []
