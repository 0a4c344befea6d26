"""The door as a process under load: killed, ended, without room on the disk, twice on one log."""

import http.client
import resource
import socket
import time
from pathlib import Path

import pytest

from surety.rules.facts import decode
from surety.stream.sql import SqliteStream
from tests.gateway.process import Clients, DoorProcess, status_of
from tests.gateway.support import grant, make_register

pytestmark = pytest.mark.slow


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    register = make_register(tmp_path)
    grant(register, "tag")
    register.close()
    return tmp_path


def stored(data_dir: Path) -> list[int]:
    """The times of all fixes in the log."""
    stream = SqliteStream(data_dir / "log.sqlite3")
    times = [decode(data).at_ms for record in stream.read(0, 1_000_000) for data in record.entry.facts]
    stream.close()
    return times


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_no_acknowledged_fix_is_missing_however_often_the_door_is_killed(data_dir: Path) -> None:
    acknowledged: set[int] = set()
    start_ms = now_ms() - 20 * 86_400_000
    for kill in range(6):
        with DoorProcess(data_dir) as door:
            clients = Clients(door, 16, start_ms + kill * 100_000_000)
            clients.wait_for(100 + 70 * kill)  # killed at another moment each time
            door.kill()
            clients.stop()
            acknowledged |= clients.acknowledged
    assert len(acknowledged) >= 6 * 100
    assert acknowledged <= set(stored(data_dir))


def test_a_door_that_is_told_to_end_answers_what_it_took_and_ends_well(data_dir: Path) -> None:
    with DoorProcess(data_dir) as door:
        clients = Clients(door, 8, now_ms() - 86_400_000)
        clients.wait_for(100)
        assert door.end() == 0
        clients.stop()
        assert clients.statuses <= {200, 503}
        times = stored(data_dir)
        assert clients.acknowledged <= set(times)
        assert len(times) <= len(clients.acknowledged) + 8  # at most one a client went without its answer


def test_a_full_disk_is_503_loses_nothing_and_heals_by_itself(data_dir: Path) -> None:
    """A limit on the size of files stands for the full disk: the operating system then refuses each longer write."""
    with DoorProcess(data_dir) as door:
        clients = Clients(door, 4, now_ms() - 86_400_000)
        clients.wait_for(50)
        _, hard = resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
        connection = door.connect()
        assert until(connection, f"/?id=tag&lat=1&lon=1&timestamp={now_ms()}", 503) == 503
        assert get(door, "/health") == 503
        before = len(clients.acknowledged)
        resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert until(connection, f"/?id=tag&lat=1&lon=1&timestamp={now_ms()}", 200) == 200
        assert get(door, "/health") == 200
        clients.wait_for(before + 50)
        clients.stop()
        connection.close()
        assert clients.statuses == {200, 503}
        assert clients.acknowledged <= set(stored(data_dir))


def test_two_doors_share_one_log(data_dir: Path) -> None:
    start_ms = now_ms() - 20 * 86_400_000
    with DoorProcess(data_dir) as one, DoorProcess(data_dir) as two:
        clients = [Clients(one, 8, start_ms, 600), Clients(two, 8, start_ms + 100_000_000, 600)]
        for group in clients:
            group.wait_for(500)
        for group in clients:
            group.stop()
            assert group.statuses == {200}
        times = stored(data_dir)
        assert len(times) == len(set(times)) == sum(len(group.acknowledged) for group in clients)


def test_bytes_that_are_no_http_end_one_connection_and_not_the_door(data_dir: Path) -> None:
    with DoorProcess(data_dir) as door:
        for junk in (
            b"\x16\x03\x01\x02\x00\x01",
            b"[3G*1234*0002*LK]",
            b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"",
        ):
            connection = door.connect()
            connection.connect()
            connection.sock.sendall(junk)
            connection.close()
        connection = door.connect()
        assert status_of(connection, f"/?id=tag&lat=1&lon=1&timestamp={now_ms()}") == 200
        connection.close()


def test_half_a_message_is_no_message(data_dir: Path) -> None:
    """Its beginning would pass for a fix 40 m further west."""
    with DoorProcess(data_dir) as door:
        whole = f"id=tag&lat=51.5&timestamp={now_ms()}&lon=-0.12345".encode()
        head = b"POST / HTTP/1.1\r\nHost: door\r\nContent-Length: %d\r\n\r\n" % len(whole)
        with socket.create_connection(("127.0.0.1", door.port)) as client:
            client.sendall(head + whole[:-2])
        connection = door.connect()
        assert status_of(connection, f"/?id=tag&lat=1&lon=1&timestamp={now_ms()}") == 200
        connection.close()
        assert door.end() == 0
        assert len(stored(data_dir)) == 1


def until(connection: http.client.HTTPConnection, target: str, wanted: int) -> int:
    """The wanted status, or the last one when it does not come within seconds."""
    end = time.monotonic() + 15
    status = 0
    while status != wanted and time.monotonic() < end:
        status = status_of(connection, target)
    return status


def get(door: DoorProcess, path: str) -> int:
    connection = door.connect()
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status
