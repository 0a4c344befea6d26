"""Connections that say nothing, or too much, before they are a message."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from surety.gateway import connections
from surety.gateway.connections import DeviceConnection, DoorServer

pytestmark = pytest.mark.slow


async def answers_at_once(scope: dict[str, object], receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[socket.socket]:
    """Patient for a second only."""
    monkeypatch.setattr(connections, "MESSAGE_S", 1.0)
    monkeypatch.setattr(connections, "SILENT_S", 1.0)
    monkeypatch.setattr(connections, "SWEEP_EVERY_TICKS", 1)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(answers_at_once, http=DeviceConnection, lifespan="off", log_config=None, access_log=False)
    running = DoorServer(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener
    running.should_exit = True
    thread.join()
    listener.close()


def connect(server: socket.socket) -> socket.socket:
    return socket.create_connection(server.getsockname()[:2], timeout=5)


def is_ended(client: socket.socket) -> bool:
    """Whether the door ended the connection within the client's patience."""
    try:
        return client.recv(100) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("beginning", [b"", b"GE", b"GET /?id=tag HTTP/1.1\r\nHost: a\r\nX: ",
                                       b"POST / HTTP/1.1\r\nContent-Length: 5\r\n"])  # fmt: skip
def test_a_message_that_never_ends_is_ended(server: socket.socket, beginning: bytes) -> None:
    with connect(server) as client:
        client.sendall(beginning)
        assert is_ended(client)


def test_a_head_without_end_is_ended_before_it_fills_the_memory(server: socket.socket) -> None:
    with connect(server) as client:
        try:
            for _ in range(10_000):
                client.sendall(b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000)
        except OSError:
            return
        assert is_ended(client)


def test_a_connection_that_answers_well_is_kept(server: socket.socket) -> None:
    with connect(server) as client:
        for _ in range(3):
            client.sendall(b"GET /?id=tag HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
