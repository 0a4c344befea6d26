"""The door when the log or the register fails: 503, nothing lost, nothing acknowledged that is not durable."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from surety.gateway.limits import Limits
from tests.gateway.harness import NOW, Harness
from tests.gateway.support import grant

HERE = "lat=51.5&lon=-0.1"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Harness]:
    with Harness(tmp_path) as harness:
        grant(harness.register, "tag")
        yield harness


def test_a_locked_log_is_503_with_a_time_to_retry_and_recovers_by_itself(door: Harness, tmp_path: Path) -> None:
    assert door.send(f"/?id=tag&{HERE}&timestamp={NOW}").status == 200
    other = sqlite3.connect(tmp_path / "log.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    reply = door.send(f"/?id=tag&{HERE}&timestamp={NOW + 1}")
    assert (reply.status, reply.refused) == (503, "busy")
    assert int(reply.headers["retry-after"]) > 0
    health = door.send("/health")
    assert (health.status, json.loads(health.body)["log_writable"]) == (503, False)
    other.execute("ROLLBACK")
    other.close()
    assert door.send(f"/?id=tag&{HERE}&timestamp={NOW + 1}").status == 200
    assert door.send("/health").status == 200
    assert [fact.at_ms for fact in door.facts()] == [NOW, NOW + 1]


def test_a_register_that_is_away_is_503_and_not_a_refusal(tmp_path: Path) -> None:
    with Harness(tmp_path) as door:
        door.register.execute("ALTER TABLE cases_doorgrant RENAME TO away")
        assert door.send(f"/?id=tag&{HERE}").status == 503
        door.register.execute("ALTER TABLE away RENAME TO cases_doorgrant")
        grant(door.register, "tag")
        assert door.send(f"/?id=tag&{HERE}").status == 200


def test_a_grant_that_cannot_be_understood_is_503_and_no_endless_wait(door: Harness) -> None:
    grant(door.register, "odd")
    door.register.execute("UPDATE cases_doorgrant SET data_kinds = 'null' WHERE identifier = 'odd'")
    assert door.send(f"/?id=odd&{HERE}").status == 503
    assert door.send(f"/?id=tag&{HERE}").status == 200


def test_messages_that_wait_together_are_committed_together(door: Harness) -> None:
    door.send(f"/?id=tag&{HERE}&timestamp={NOW}")
    replies = door.send_all([f"/?id=tag&{HERE}&timestamp={NOW - n}" for n in range(1, 301)])
    assert {reply.status for reply in replies} == {200}
    assert len(door.records()) == 301
    assert door.app.metrics.commits < 100


def test_a_door_with_too_much_waiting_says_so_at_once(tmp_path: Path) -> None:
    with Harness(tmp_path, limits=Limits(max_waiting=10)) as door:
        grant(door.register, "tag")
        door.send(f"/?id=tag&{HERE}")
        statuses = [
            reply.status for reply in door.send_all([f"/?id=tag&{HERE}&timestamp={NOW - n}" for n in range(50)])
        ]
        assert set(statuses) == {200, 503}
        assert len(door.records()) == 1 + statuses.count(200)


def test_a_device_that_sends_too_often_waits_and_others_do_not(tmp_path: Path) -> None:
    with Harness(tmp_path, limits=Limits(device_per_s=0.01, device_burst=3)) as door:
        grant(door.register, "tag")
        grant(door.register, "other")
        replies = [door.send(f"/?id=tag&{HERE}&timestamp={NOW - n}") for n in range(5)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
        assert int(replies[-1].headers["retry-after"]) > 10
        assert door.send(f"/?id=other&{HERE}").status == 200


def test_an_address_that_guesses_waits_and_known_devices_behind_it_do_not(tmp_path: Path) -> None:
    with Harness(tmp_path, limits=Limits(refusals_per_s=0.01, refusals_burst=5)) as door:
        grant(door.register, "tag")
        assert door.send(f"/?id=tag&{HERE}").status == 200
        statuses = [door.send(f"/?id=guess-{n}&{HERE}").status for n in range(8)]
        assert statuses == [400] * 5 + [429] * 3
        assert door.send(f"/?id=tag&{HERE}").status == 200
        assert door.send(f"/?id=guess&{HERE}", address="192.0.2.9").status == 400
