"""A watch asks for a link to its wearer's own page (docs/watch.md)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from surety.gateway.notices import SqliteNotices
from tests.gateway.harness import NOW, Harness, Reply
from tests.gateway.support import withdraw
from tests.gateway.test_watch import enrolled
from tests.gateway.watch_client import DeviceKey, Watch, sha256
from tests.gateway.watch_tables import ANN, TABLES, add_watch, watch_parts


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Harness]:
    queue = SqliteNotices(tmp_path / "surety.sqlite3")
    with Harness(tmp_path, queue=queue, watches=watch_parts(tmp_path)) as harness:
        for table in TABLES:
            harness.register.execute(table)
        add_watch(harness.register)
        yield harness


def ask(door: Harness, watch: Watch, sent_ms: int = NOW, key: DeviceKey | None = None) -> Reply:
    signature = (key or watch.key).sign(f"surety-page-v1\n{watch.device}\n{sent_ms}")
    body = {"device": watch.device, "sent_ms": sent_ms, "signature": signature}
    return door.send("/watch/v1/page", json.dumps(body).encode())


def links(door: Harness) -> list[tuple[object, ...]]:
    return list(door.register.execute("SELECT token_sha256, person_id, expires_ms - made_ms FROM portal_watchlink"))


def test_a_watch_gets_a_link_of_five_minutes_of_which_the_hash_alone_is_kept(door: Harness) -> None:
    reply = ask(door, enrolled(door))
    assert reply.status == 200, reply
    address = json.loads(reply.body)["address"]
    base, _, token = address.rpartition("/")
    assert base == "https://pages.example/my/watch"
    assert links(door) == [(sha256(token.encode()), ANN, 300_000)]


def test_a_request_that_somebody_copied_or_kept_gives_no_link(door: Harness) -> None:
    watch = enrolled(door, "Ed25519")
    assert ask(door, watch).status == 200
    assert ask(door, watch).status == 400
    assert ask(door, watch, NOW - 601_000).status == 400
    assert len(links(door)) == 1


def test_another_key_gets_none(door: Harness) -> None:
    assert ask(door, enrolled(door), key=DeviceKey()).refused == "wrong_signature"
    assert links(door) == []


def test_without_an_order_there_is_no_link(door: Harness) -> None:
    watch = enrolled(door)
    withdraw(door.register, "watch")
    assert ask(door, watch).status in {400, 403}
    assert links(door) == []
