"""The latency proxy: late, in order, and gone with whoever started it."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.proxy import far_away


@pytest.fixture
def folder() -> Iterator[Path]:
    # pytest's own temporary folder has a longer path than a unix socket's address may have
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@contextlib.contextmanager
def echo_server(address: Path) -> Iterator[None]:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(address))
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while chunk := connection.recv(4096):
                connection.sendall(chunk)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=10)
        listener.close()


def test_bytes_come_back_in_order_and_a_round_trip_late(folder: Path) -> None:
    (folder / "near").mkdir()
    (folder / "far").mkdir()
    with (
        echo_server(folder / "near" / "s"),
        far_away(folder / "far", folder / "near" / "s", 20) as far,
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.connect(str(far / "s"))
        started = time.monotonic()
        sent = [b"%03d" % number for number in range(200)]
        for piece in sent:
            client.sendall(piece)
        client.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: client.recv(4096), b""))
        spent = time.monotonic() - started

    assert received == b"".join(sent)
    assert spent >= 0.020
    assert not (folder / "far" / "s").exists()
