"""Fifty open desks on one server process: all are told, pages stay quick, and the process stops at once."""

import contextlib
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.browser.server import RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser-streams")]
STREAMS = 50
DEADLINE_S = 30.0


@contextlib.contextmanager
def stream(server: RunningServer, cookie: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S) as connection:
        head = (
            f"GET /live/alerts?since=0 HTTP/1.1\r\nHost: localhost:{server.port}\r\nCookie: sessionid={cookie}\r\n\r\n"
        )
        connection.sendall(head.encode())
        yield connection


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    got, until = b"", time.monotonic() + DEADLINE_S
    while wanted not in got:
        assert time.monotonic() < until, f"{wanted!r} did not come: {got[-300:]!r}"
        piece = connection.recv(65536)
        assert piece, f"the stream ended before {wanted!r}: {got[-300:]!r}"
        got += piece
    return got


def test_fifty_streams_are_all_told_while_pages_stay_quick_and_end_when_the_process_stops() -> None:
    with RunningServer() as server, contextlib.ExitStack() as open_streams:
        server.add_user("olga", "operator")
        cookie = server.cookie_of("olga")
        server.python("from tests.browser.cast import person\nperson()")
        streams = [open_streams.enter_context(stream(server, cookie)) for _ in range(STREAMS)]
        for one in streams:
            assert b"200 OK" in read_until(one, b"event: beat")
        asked = time.monotonic()
        pages = HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
        pages.request("GET", "/", headers={"Host": f"localhost:{server.port}", "Cookie": f"sessionid={cookie}"})
        assert pages.getresponse().status == 200
        pages.close()
        assert time.monotonic() - asked < 5, "open streams starve the pages"
        server.python("from tests.browser.cast import *\nfind(Person.objects.get(), Kind.SOS, now_ms())")
        for one in streams:
            read_until(one, b"NB-2041")
        assert server.stop(within_s=5) < 5
        for one in streams:
            read_until(one, b"event: end")
