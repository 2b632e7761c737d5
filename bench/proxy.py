"""A proxy between unix sockets that makes a local server as far away as a remote one.

Each direction is a delay line: bytes arrive half a round trip after they were sent, in order and
however many are under way, as on a network. Opening a connection costs no extra round trip, which
favours tools that open many.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_CHUNK = 65536
_READY = "ready"


async def _delay_line(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
) -> None:
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def take_in() -> None:
        while True:
            chunk = await reader.read(_CHUNK)
            under_way.put_nowait((loop.time() + delay, chunk))
            if not chunk:
                return

    intake = asyncio.create_task(take_in())
    try:
        while True:
            due, chunk = await under_way.get()
            await asyncio.sleep(due - loop.time())
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        pass  # one side has gone away: the other learns it when its line is closed
    finally:
        intake.cancel()


async def serve(listen: Path, target: Path, delay: float) -> None:
    """Listen on one unix socket and pass everything to another, each way `delay` seconds late."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(target)
        try:
            await asyncio.gather(
                _delay_line(reader, far_writer, delay),
                _delay_line(far_reader, writer, delay),
            )
        finally:
            for end in (writer, far_writer):
                end.close()

    server = await asyncio.start_unix_server(connection, listen)
    listen.chmod(0o777)
    print(_READY, flush=True)
    async with server:
        await server.serve_forever()


@contextlib.contextmanager
def far_away(folder: Path, target: Path, round_trip_ms: float) -> Iterator[Path]:
    """Run the proxy in its own process; yield the folder to connect to instead of the server's.

    The socket keeps the name of the target, so that the same port leads to it.
    """
    listen = folder / target.name
    argv = (sys.executable, "-m", "bench.proxy", str(listen), str(target), str(round_trip_ms))
    root = Path(__file__).resolve().parent.parent
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=root, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline().strip() != _READY:
                raise RuntimeError("the latency proxy did not start")
            yield folder
        finally:
            process.terminate()
            process.wait()
            listen.unlink(missing_ok=True)


def _end_with_the_parent() -> None:
    sys.stdin.read()  # returns when the parent is gone, however it went
    os._exit(0)


def main() -> None:
    """Serve until the process, or the one that started it, is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("listen", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("round_trip_ms", type=float)
    given = parser.parse_args()
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.listen, given.target, given.round_trip_ms / 2000))


if __name__ == "__main__":
    main()
