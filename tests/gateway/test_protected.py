"""A protected person's own device at the door: positions alone, for each link in force, under no name of theirs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from surety.gateway.notices import SqliteNotices
from surety.rules.facts import Fact, Fix, ProtectedFix, Source, decode
from tests.gateway.harness import NOW, Harness
from tests.gateway.support import grant, withdraw
from tests.gateway.test_notices import TABLE, look

HERE = f"lat=51.5&lon=-0.1&accuracy=8&timestamp={NOW // 1000 - 5}"
THEIRS = ("protected",)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Harness]:
    with Harness(tmp_path, queue=SqliteNotices(tmp_path / "surety.sqlite3")) as harness:
        harness.register.execute(TABLE)
        grant(harness.register, "pia", person="ann", link="link-1", kinds=THEIRS, from_ms=NOW - 10_000_000)
        yield harness


def stored(door: Harness) -> list[tuple[str, str, str, Fact]]:
    return [
        (record.entry.person_id, record.entry.device_id, record.entry.protocol, decode(body))
        for record in door.records()
        for body in record.entry.facts
    ]


def test_a_position_is_kept_as_a_protected_one_for_the_linked_person(door: Harness) -> None:
    assert door.send(f"/?id=pia&{HERE}").status == 200
    ((person, device, protocol, fact),) = stored(door)
    assert (person, device, protocol) == ("ann", "link-1", "protected")
    assert isinstance(fact, ProtectedFix)
    assert (fact.link_id, fact.lat_deg, fact.lon_deg, fact.accuracy_m) == ("link-1", 51.5, -0.1, 8.0)
    assert fact.source is Source.UNKNOWN


def test_nothing_of_the_device_itself_is_kept(door: Harness) -> None:
    answer = door.send(f"/?id=pia&{HERE}&batt=50&alarm=sos&speed=3")
    assert (answer.status, answer.refused) == (200, "not_covered")
    ((_, _, _, fact),) = stored(door)
    assert isinstance(fact, ProtectedFix)
    assert b"pia" not in door.records()[0].entry.facts[0]


def test_each_link_gets_its_own_and_the_persons_are_not_mixed(door: Harness) -> None:
    grant(door.register, "pia", person="ben", link="link-2", kinds=THEIRS, from_ms=NOW - 10_000_000)
    door.send(f"/?id=pia&{HERE}")
    facts = {(person, fact.link_id, fact.id) for person, _, _, fact in stored(door) if isinstance(fact, ProtectedFix)}
    assert {(person, link) for person, link, _ in facts} == {("ann", "link-1"), ("ben", "link-2")}
    assert len({identity for _, _, identity in facts}) == 2


def test_the_same_message_twice_is_the_same_fact(door: Harness) -> None:
    for _ in range(2):
        door.send(f"/?id=pia&{HERE}")
    assert len({fact.id for *_, fact in stored(door)}) == 1


def test_a_link_that_ended_takes_nothing_more_at_once(door: Harness) -> None:
    door.send(f"/?id=pia&{HERE}")
    withdraw(door.register, "pia")
    door.until(lambda: door.send(f"/?id=pia&{HERE}").status == 400)
    kept = len(stored(door))
    door.send(f"/?id=pia&{HERE}")
    assert len(stored(door)) == kept


def test_what_lies_before_the_link_or_days_back_is_not_kept(door: Harness) -> None:
    before = HERE.replace(str(NOW // 1000 - 5), str(NOW // 1000 - 20_000))
    assert door.send(f"/?id=pia&{before}").refused == "not_covered"
    grant(door.register, "eva", person="ann", link="link-2", kinds=THEIRS)
    days = HERE.replace(str(NOW // 1000 - 5), str(NOW // 1000 - 73 * 3_600))
    assert door.send(f"/?id=eva&{days}").refused == "not_covered"
    assert stored(door) == []


def test_a_device_of_a_supervised_person_goes_on_as_ever(door: Harness) -> None:
    grant(door.register, "tag", person="ann")
    door.send(f"/?id=tag&{HERE}")
    ((person, _, protocol, fact),) = stored(door)
    assert (person, protocol, type(fact)) == ("ann", "osmand", Fix)


def test_words_for_the_supervised_person_never_reach_the_protected_ones_device(door: Harness) -> None:
    columns = "person_id, at_ms, sentence, expires_ms"
    door.register.execute(
        f"INSERT INTO notices_notice ({columns}) VALUES ('ann', ?, 'Turn away.', ?)",  # noqa: S608 - constants
        (NOW, NOW + 900_000),
    )
    look(door)
    here = json.dumps({"_type": "location", "lat": 51.5, "lon": -0.1, "tst": NOW // 1000, "acc": 8}).encode()
    answer = door.send("/pub?u=pia", here)
    assert (answer.status, answer.body) == (200, b"[]")
