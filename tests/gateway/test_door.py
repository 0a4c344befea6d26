"""What the door takes, for whom, and what it refuses."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.secret import SecretBox

from surety.rules.facts import DeviceEvent, DeviceReport, Fix
from tests.gateway.harness import NOW, Harness, basic
from tests.gateway.support import grant, withdraw

HERE = "lat=51.5&lon=-0.1&accuracy=8&timestamp=1760000000"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Harness]:
    with Harness(tmp_path) as harness:
        grant(harness.register, "tag-of-ann", person="ann")
        yield harness


def test_a_fix_is_answered_200_with_an_empty_body_once_it_is_in_the_log(door: Harness) -> None:
    reply = door.send(f"/?id=tag-of-ann&{HERE}")
    assert (reply.status, reply.body) == (200, b"")
    (record,) = door.records()
    entry = record.entry
    assert (entry.person_id, entry.device_id, entry.protocol) == ("ann", "dev-tag-of-ann", "osmand")
    assert entry.received_ms == NOW
    (fix,) = door.facts()
    assert isinstance(fix, Fix)
    assert (fix.device_id, fix.lat_deg) == ("dev-tag-of-ann", 51.5)


@pytest.mark.parametrize("path", ["/", "/any/path", "/health/x", "/api"])
def test_osmand_may_use_any_path_and_method(door: Harness, path: str) -> None:
    assert door.send(f"{path}?id=tag-of-ann&{HERE}").status == 200
    assert door.send(f"{path}?id=tag-of-ann&{HERE}", b"").status == 200
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert door.send(path, f"id=tag-of-ann&{HERE}".encode(), **form).status == 200
    body = {"device_id": "tag-of-ann", "location": {"coords": {"latitude": 51.5, "longitude": 1}}}
    assert door.send(path, json.dumps(body).encode(), content_type="application/json").status == 200
    assert len(door.records()) == 4


def test_a_fix_and_a_report_of_one_message_are_one_entry(door: Harness) -> None:
    door.send(f"/?id=tag-of-ann&{HERE}&batt=50&alarm=sos")
    assert len(door.records()) == 1
    assert [type(fact) for fact in door.facts()] == [Fix, DeviceReport]


def test_a_duplicate_has_the_same_fact_ids(door: Harness) -> None:
    door.send(f"/?id=tag-of-ann&{HERE}&batt=50")
    door.clock.at_ms += 60_000
    door.send(f"/?id=tag-of-ann&{HERE}&batt=50")
    ids = [fact.id for fact in door.facts()]
    assert ids[:2] == ids[2:]


def test_a_missing_or_unknown_identity_is_400_and_nothing_is_stored(door: Harness) -> None:
    assert (door.send(f"/?{HERE}").status, door.send(f"/?{HERE}").refused) == (400, "no_identity")
    reply = door.send(f"/?id=somebody-else&{HERE}")
    assert (reply.status, reply.refused) == (400, "unknown_device")
    assert b"51.5" not in reply.body
    assert door.records() == []


def test_a_device_that_is_registered_just_now_is_taken_at_once(door: Harness) -> None:
    assert door.send(f"/?id=new-tag&{HERE}").status == 400
    grant(door.register, "new-tag")
    assert door.send(f"/?id=new-tag&{HERE}").status == 200


def test_a_withdrawn_grant_ends_within_seconds(door: Harness) -> None:
    assert door.send(f"/?id=tag-of-ann&{HERE}").status == 200
    withdraw(door.register, "tag-of-ann")
    door.until(lambda: door.send(f"/?id=tag-of-ann&{HERE}").status == 400, deadline_s=10)


def test_unknown_devices_are_remembered_by_count_and_never_by_place(door: Harness) -> None:
    for _ in range(3):
        door.send(f"/?id=stray&{HERE}")
    door.until(lambda: bool(door.stream.refusals()))
    (note,) = door.stream.refusals()
    assert (note.identifier, note.protocol, note.count, note.first_seen_ms) == ("stray", "osmand", 3, NOW)


def test_without_an_order_in_force_now_nothing_is_taken(door: Harness) -> None:
    grant(door.register, "ended", from_ms=NOW - 1000, to_ms=NOW)
    grant(door.register, "later", from_ms=NOW + 1, to_ms=NOW + 1000)
    for name in ("ended", "later"):
        reply = door.send(f"/?id={name}&{HERE}&alarm=sos")
        assert (reply.status, reply.refused) == (403, "no_order")
    assert door.records() == []


def test_a_fact_from_before_the_order_is_not_stored_and_does_not_block_the_device(door: Harness) -> None:
    grant(door.register, "fresh", from_ms=NOW - 10_000)
    reply = door.send(f"/?id=fresh&lat=51&lon=1&timestamp={NOW - 20_000}")
    assert (reply.status, reply.refused) == (200, "not_covered")
    assert door.records() == []
    assert door.send(f"/?id=fresh&lat=51&lon=1&timestamp={NOW - 10_000}").refused == ""
    assert len(door.records()) == 1


def test_what_was_recorded_under_an_order_that_ended_is_not_taken_under_the_next(door: Harness) -> None:
    grant(door.register, "again", person="ann", from_ms=0, to_ms=NOW - 60_000)
    grant(door.register, "again", person="ann", from_ms=NOW - 30_000)
    assert door.send(f"/?id=again&lat=51&lon=1&timestamp={NOW - 90_000}").refused == "not_covered"
    assert door.send(f"/?id=again&lat=51&lon=1&timestamp={NOW - 45_000}").refused == "not_covered"
    assert door.send(f"/?id=again&lat=51&lon=1&timestamp={NOW - 15_000}").refused == ""
    assert len(door.records()) == 1


def test_only_the_kinds_of_data_that_the_order_names_are_stored(door: Harness) -> None:
    grant(door.register, "health-only", kinds=("device",))
    grant(door.register, "place-only", kinds=("position",))
    assert door.send(f"/?id=health-only&{HERE}&batt=9").refused == "not_covered"
    assert door.send(f"/?id=place-only&{HERE}&batt=9").refused == "not_covered"
    assert [(type(fact), fact.device_id) for fact in door.facts()] == [
        (DeviceReport, "dev-health-only"),
        (Fix, "dev-place-only"),
    ]


def test_a_fact_from_the_time_of_an_earlier_wearer_is_not_given_to_the_present_one(door: Harness) -> None:
    grant(door.register, "shared", person="ann", from_ms=0, to_ms=NOW - 60_000)
    grant(door.register, "shared", person="bob", from_ms=NOW - 60_000)
    assert door.send(f"/?id=shared&lat=51&lon=1&timestamp={NOW - 90_000}").refused == "not_covered"
    assert door.send(f"/?id=shared&lat=51&lon=1&timestamp={NOW - 30_000}").refused == ""
    assert [record.entry.person_id for record in door.records()] == ["bob"]


def test_a_device_with_a_secret_must_tell_it(door: Harness) -> None:
    grant(door.register, "guarded", secret="open sesame")
    for headers in (
        {},
        basic("guarded", "wrong"),
        {"authorization": "Basic !"},
        {"authorization": "Bearer open sesame"},
    ):
        reply = door.send(f"/?id=guarded&{HERE}", **headers)
        assert (reply.status, reply.refused) == (401, "wrong_secret")
        assert reply.headers["www-authenticate"].startswith("Basic")
    assert door.send(f"/?id=guarded&{HERE}", **basic("guarded", "open sesame")).status == 200
    assert len(door.records()) == 1


def test_owntracks_is_answered_with_an_empty_array(door: Harness) -> None:
    grant(door.register, "jo", secret="s")
    body = json.dumps({"_type": "location", "lat": 51.5, "lon": 1, "tst": NOW // 1000, "batt": 70}).encode()
    for target, headers in (
        ("/pub", {"x_limit_u": "jo", "x_limit_d": "phone"}),
        ("/pub?u=jo&d=phone", {}),
        ("/owntracks", {}),
        ("/", {"x_limit_u": "jo"}),
        ("/", {}),
    ):
        reply = door.send(target, body, **headers, **basic("jo", "s"))
        assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"[]", "application/json")
    assert {record.entry.protocol for record in door.records()} == {"owntracks"}
    assert len(door.records()) == 5
    assert door.send("/pub", body, x_limit_u="jo").status == 401


def test_a_device_may_be_registered_with_both_of_its_owntracks_names(door: Harness) -> None:
    grant(door.register, "jo/phone", person="jo")
    body = json.dumps({"_type": "location", "lat": 51.5, "lon": 1, "tst": NOW // 1000}).encode()
    assert door.send("/pub", body, x_limit_u="jo", x_limit_d="phone").status == 200
    assert door.send("/pub", body, x_limit_u="jo", x_limit_d="tablet").status == 400


def test_empty_owntracks_bodies_and_what_is_left_aside_are_answered_and_not_stored(door: Harness) -> None:
    for body in (b"", b'{"_type":"steps","steps":7,"tst":1}', b'{"_type":"waypoints"}'):
        reply = door.send("/pub", body, x_limit_u="tag-of-ann")
        assert (reply.status, reply.body) == (200, b"[]")
    assert door.records() == []


def test_encrypted_owntracks_is_opened_with_the_devices_own_key(door: Harness) -> None:
    grant(door.register, "sealed", payload_key="pass")
    box = SecretBox(b"pass".ljust(32, b"\0"))
    inner = json.dumps({"_type": "location", "lat": 51.5, "lon": 1, "tst": NOW // 1000}).encode()
    for data, status in ((bytes(box.encrypt(inner)), 200), (b"x" * 60, 400)):
        body = json.dumps({"_type": "encrypted", "data": base64.b64encode(data).decode()}).encode()
        assert door.send("/pub", body, x_limit_u="sealed").status == status
    assert len(door.records()) == 1


def test_a_message_over_64_kib_is_413_whatever_it_says_of_its_length(door: Harness) -> None:
    body = b"id=tag-of-ann&" + b"x" * 65_536
    assert door.send("/", body).status == 413
    assert door.send("/", body, transfer_encoding="chunked").status == 413
    assert door.send("/", b"", content_length="99999999999999999999").status == 413
    assert door.send("/", b"", content_length="minus one").status == 413


def test_an_sos_beside_a_refused_position_is_stored(door: Harness) -> None:
    reply = door.send("/?id=tag-of-ann&lat=0&lon=0&alarm=sos")
    assert (reply.status, reply.refused) == (200, "bad_position")
    (report,) = door.facts()
    assert isinstance(report, DeviceReport)
    assert report.events == (DeviceEvent.SOS,)


def test_each_refusal_has_a_counter_and_no_counter_names_anybody(door: Harness) -> None:
    door.send(f"/?id=tag-of-ann&{HERE}")
    door.send(f"/?id=stray&{HERE}")
    door.send("/?id=tag-of-ann&lat=0&lon=0")
    reply = door.send("/metrics")
    text = reply.body.decode()
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'surety_door_refused_total{protocol="osmand",reason="unknown_device"} 1' in text
    assert 'surety_door_refused_total{protocol="osmand",reason="bad_position"} 1' in text
    assert 'surety_door_accepted_total{protocol="osmand"} 2' in text
    assert "surety_door_records_total 2" in text
    assert "stray" not in text
    assert "tag-of-ann" not in text


def test_health_tells_that_the_log_can_be_written(door: Harness) -> None:
    reply = door.send("/health")
    assert reply.status == 200
    assert json.loads(reply.body)["log_writable"] is True


HEADERS = st.dictionaries(
    st.sampled_from(["content_type", "x_limit_u", "x_limit_d", "authorization", "x_forwarded_for"]),
    st.one_of(st.text(max_size=30), st.sampled_from(["application/json", "Basic Og==", "Basic é", "tag-of-ann"])),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["/", "/pub", "/health", "/metrics", "/x"]),
    st.text(max_size=80),
    st.one_of(st.none(), st.binary(max_size=200)),
    HEADERS,
)
def test_the_door_answers_whatever_comes(
    door: Harness, path: str, query: str, body: bytes | None, headers: dict[str, str]
) -> None:
    query = query.encode("utf-8", "replace").decode()
    reply = door.send(f"{path}?id=tag-of-ann&{query}", body, **headers)
    assert reply.status in {200, 400, 401, 413, 429}
