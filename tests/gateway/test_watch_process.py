"""The door of watches as a process: killed between a photograph and its check-in, without room, and at any moment."""

import http.client
import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from surety.blobs.contract import name_of
from surety.blobs.local import LocalBlobs
from surety.rules.facts import CheckInSubmitted, Fact, Fix, decode
from surety.stream.sql import SqliteStream
from tests.gateway.process import DoorProcess
from tests.gateway.support import make_register
from tests.gateway.watch_client import JPEG, Watch, sha256
from tests.gateway.watch_tables import ANN, CODE, TABLES, add_watch

pytestmark = pytest.mark.slow
YEARS_MS = 2**45


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    register = make_register(tmp_path)
    for table in TABLES:
        register.execute(table)
    add_watch(register, expires_ms=YEARS_MS)
    register.close()
    return tmp_path


@pytest.fixture
def door(data_dir: Path) -> Iterator[DoorProcess]:
    with DoorProcess(data_dir) as process:
        yield process


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def ask(door: DoorProcess, method: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
    """Status and body. Raises OSError or HTTPException when the door is gone."""
    connection = door.connect()
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def enrolled(door: DoorProcess) -> Watch:
    watch = Watch()
    status, body = ask(door, "POST", "/watch/v1/enrol", watch.enrolment(CODE))
    assert status == 200, body
    watch.device = json.loads(body)["device"]
    return watch


def post(door: DoorProcess, watch: Watch) -> dict[str, Any]:
    status, body = ask(door, "POST", "/watch/v1/messages", watch.request(now_ms()))
    assert status == 200, body
    answer: dict[str, Any] = json.loads(body)
    watch.taken(answer)
    return answer


def put(door: DoorProcess, watch: Watch, photo: bytes) -> int:
    name = sha256(photo)
    status, _ = ask(door, "PUT", f"/watch/v1/photos/{name}", photo, watch.photo_headers(name))
    return int(status)


def facts(data_dir: Path) -> list[Fact]:
    stream = SqliteStream(data_dir / "log.sqlite3")
    found = [decode(data) for record in stream.read(0, 1_000_000) for data in record.entry.facts]
    stream.close()
    return found


def test_a_kill_between_the_photograph_and_its_check_in_loses_nothing(data_dir: Path) -> None:
    with DoorProcess(data_dir) as door:
        watch = enrolled(door)
        assert put(door, watch, JPEG) == 201
        door.kill()
    watch.say("check_in", now_ms(), check_in_id="c1", photos=[sha256(JPEG)], turn="left")
    with DoorProcess(data_dir) as door:
        assert post(door, watch)["acknowledged"] == 1
        assert put(door, watch, JPEG) == 200
    assert [fact.photos for fact in facts(data_dir) if isinstance(fact, CheckInSubmitted)] == [(sha256(JPEG),)]
    assert LocalBlobs(data_dir / "photographs").has(name_of(ANN, sha256(JPEG)))


def test_however_often_the_door_is_killed_each_message_takes_effect_once_and_in_order(data_dir: Path) -> None:
    watch, said = None, 0
    for _ in range(5):
        with DoorProcess(data_dir) as door:
            watch = watch or enrolled(door)
            killer = threading.Timer(0.4, door.process.kill)
            killer.start()
            try:
                while door.process.poll() is None:
                    for _ in range(3):
                        said += 1
                        watch.say("fix", now_ms(), lat=51.5, lon=-0.1 - said / 1e5)
                    post(door, watch)
            except (OSError, http.client.HTTPException):
                pass  # the answer is lost: what it would have acknowledged is sent again
            finally:
                killer.cancel()
    assert watch is not None
    with DoorProcess(data_dir) as door:
        while watch.queue:
            post(door, watch)
    fixes = [fact for fact in facts(data_dir) if isinstance(fact, Fix)]
    assert said > 10
    assert [round((-0.1 - fix.lon_deg) * 1e5) for fix in fixes] == list(range(1, said + 1))


def test_without_room_for_a_photograph_the_watch_is_told_so_and_a_call_for_help_still_comes_through(
    door: DoorProcess, data_dir: Path
) -> None:
    """A limit on the size of files stands for the full disk; the log's file is still small enough to grow."""
    watch = enrolled(door)
    watch.say("report", now_ms(), battery_pct=50)
    post(door, watch)
    photo = JPEG + bytes(900_000)
    _, hard = resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE, (500_000, hard))
    assert put(door, watch, photo) == 503
    watch.say("check_in", now_ms(), check_in_id="c1", photos=[sha256(photo)])
    watch.say("sos", now_ms())
    answer = post(door, watch)
    assert (answer["acknowledged"], answer["refused"][0]["reason"]) == (1, "photo_missing")
    assert len(facts(data_dir)) == 2
    resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert put(door, watch, photo) == 201
    assert post(door, watch)["acknowledged"] == 3
    assert [path for path in (data_dir / "photographs" / ANN).iterdir() if path.name.startswith(".")] == []


def test_who_sends_a_large_photograph_that_is_not_taken_comes_to_read_why(door: DoorProcess) -> None:
    watch = enrolled(door)
    photo = JPEG + bytes(900_000)
    name = sha256(photo)
    stranger = Watch(device=watch.device).photo_headers(name)
    connection = door.connect()
    for headers, status in ((stranger, 403), (watch.photo_headers(name), 201)):  # over one connection
        connection.request("PUT", f"/watch/v1/photos/{name}", photo, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_a_photograph_that_never_comes_to_its_end_holds_nobody_up(door: DoorProcess) -> None:
    watch = enrolled(door)
    name = sha256(JPEG)
    headers = "".join(f"{key}: {value}\r\n" for key, value in watch.photo_headers(name).items())
    head = f"PUT /watch/v1/photos/{name} HTTP/1.1\r\nHost: door\r\nContent-Length: {len(JPEG)}\r\n{headers}\r\n"
    with socket.create_connection(("127.0.0.1", door.port)) as slow:
        slow.sendall(head.encode() + JPEG[:10])
        watch.say("sos", now_ms())
        assert post(door, watch)["acknowledged"] == 1
    assert door.end() == 0


def test_two_requests_of_one_watch_at_once_take_each_message_once(door: DoorProcess, data_dir: Path) -> None:
    watch = enrolled(door)
    for number in range(40):
        watch.say("fix", now_ms(), lat=51.5, lon=-0.1 - number / 1e3)
    request = watch.request(now_ms())
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(ask(door, "POST", "/watch/v1/messages", request)[0]))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert len(facts(data_dir)) == 40


def test_the_client_is_served_whole_with_the_right_types_and_is_not_sent_twice(door: DoorProcess) -> None:
    connection = door.connect()
    wanted = {
        "/watch/": "text/html; charset=utf-8",
        "/watch/manifest.webmanifest": "application/manifest+json",
        "/watch/sw.js": "text/javascript; charset=utf-8",
    }
    for path, kind in wanted.items():
        connection.request("GET", path)
        first = connection.getresponse()
        body = first.read()
        assert (first.status, first.headers["content-type"], first.headers["x-content-type-options"]) == (
            200, kind, "nosniff",
        )  # fmt: skip
        assert body
        policy = first.headers["content-security-policy"]
        assert "http" not in policy
        assert "unsafe" not in policy
        assert "camera=(self)" in first.headers["permissions-policy"]
        connection.request("GET", path, headers={"If-None-Match": first.headers["etag"]})
        again = connection.getresponse()
        assert (again.status, again.read()) == (304, b"")
        connection.request("HEAD", path)
        head = connection.getresponse()
        assert (head.status, head.read()) == (200, b"")
    connection.close()
