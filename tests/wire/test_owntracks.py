"""What the messages of the OwnTracks app mean."""

import base64

import msgspec
import pytest
from nacl.secret import SecretBox

from surety.rules.facts import DeviceEvent, DeviceReport, Fix, Source
from surety.wire import owntracks
from surety.wire.checks import Message
from surety.wire.contract import Decoded, Reason, Rejected

NOW = 1_760_000_000_000
LOCATION = {"_type": "location", "lat": 51.5, "lon": -0.1, "tst": 1_760_000_000}


def take(body: dict[str, object], key: str = "") -> Decoded | Rejected:
    return owntracks.decode(Message(limit_user=b"jo", limit_device=b"phone", body=msgspec.json.encode(body)), NOW, key)


def facts(result: Decoded | Rejected) -> tuple[Fix | DeviceReport, ...]:
    assert isinstance(result, Decoded)
    return result.facts


def test_a_location_becomes_a_fix_in_metric_units_and_a_report() -> None:
    more = {"acc": 14, "alt": 70, "vac": 3, "vel": 36, "cog": 180, "batt": 61, "bs": 2, "conn": "m", "t": "u",
            "m": 1, "SSID": "home", "BSSID": "aa:bb", "inregions": ["home"], "inrids": ["1"],
            "created_at": 1_760_000_001,
            }  # fmt: skip
    fix, report = facts(take(LOCATION | more))
    assert isinstance(fix, Fix)
    assert isinstance(report, DeviceReport)
    assert (fix.device_id, fix.at_ms, fix.accuracy_m, fix.altitude_m, fix.heading_deg) == ("jo/phone", NOW, 14, 70, 180)
    assert fix.speed_mps == pytest.approx(10)
    assert (report.battery_pct, report.charging) == (61, True)


@pytest.mark.parametrize(("state", "charging"), [(0, None), (1, False), (2, True), (3, True), (9, None), ("x", None)])
def test_the_battery_state_tells_whether_it_charges(state: object, charging: bool | None) -> None:  # noqa: FBT001 - a table
    result = facts(take(LOCATION | {"batt": 50, "bs": state}))
    assert [fact.charging for fact in result if isinstance(fact, DeviceReport)] == [charging]


@pytest.mark.parametrize(
    ("source", "expected"), [("gps", Source.GNSS), ("fused", Source.FUSED), (None, Source.UNKNOWN)]
)
def test_the_source_is_taken_where_the_app_tells_it(source: str | None, expected: Source) -> None:
    (fix,) = facts(take(LOCATION | ({"source": source} if source else {})))
    assert isinstance(fix, Fix)
    assert fix.source is expected


def test_a_transition_gives_the_place_where_it_happened_and_no_verdict() -> None:
    (fix,) = facts(
        take({**LOCATION, "_type": "transition", "event": "leave", "wtst": 1, "acc": 20, "desc": "home", "t": "c"})
    )
    assert isinstance(fix, Fix)
    assert (fix.lat_deg, fix.accuracy_m) == (51.5, 20)


def test_a_transition_without_a_place_is_a_report() -> None:
    (report,) = facts(take({"_type": "transition", "event": "enter", "tst": 1_760_000_000, "wtst": 1}))
    assert isinstance(report, DeviceReport)


def test_a_last_will_says_offline_at_the_time_of_receipt_once() -> None:
    (report,) = facts(take({"_type": "lwt", "tst": 1_759_990_000}))
    assert isinstance(report, DeviceReport)
    assert (report.events, report.at_ms) == ((DeviceEvent.OFFLINE,), NOW)
    later = owntracks.decode(
        Message(limit_user=b"jo", limit_device=b"phone", body=b'{"_type":"lwt","tst":1759990000}'), NOW + 5
    )
    assert facts(later)[0].id == report.id


@pytest.mark.parametrize("kind", ["steps", "waypoint", "waypoints", "status", "dump", "cmd", "card", "configuration"])
def test_what_supervision_does_not_need_is_read_and_left_aside(kind: str) -> None:
    assert take({"_type": kind, "tst": 1, "steps": 9000}) == Decoded("jo/phone")


@pytest.mark.parametrize("body", [{"_type": "spell"}, {}, {"_type": 5}, {"_type": None}, {"_type": ["location"]}])
def test_an_unknown_type_is_refused(body: dict[str, object]) -> None:
    result = take(body)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tst": None}, Reason.BAD_TIME),
        ({"tst": "soon"}, Reason.BAD_TIME),
        ({"tst": 1_760_000_301}, Reason.FUTURE),
        ({"tst": 1_750_000_000}, Reason.TOO_OLD),
        ({"lat": 0, "lon": 0}, Reason.BAD_POSITION),
        ({"lat": 95}, Reason.BAD_POSITION),
        ({"lat": None}, Reason.BAD_POSITION),
        ({"lat": "north"}, Reason.BAD_POSITION),
    ],
)
def test_what_cannot_be_true_is_refused_with_its_reason(change: dict[str, object], reason: Reason) -> None:
    result = take(LOCATION | change)
    assert isinstance(result, Decoded)
    assert [why.reason for why in result.refused] == [reason]
    assert not any(isinstance(fact, Fix) for fact in result.facts)


def test_the_battery_beside_an_implausible_position_counts() -> None:
    (report,) = facts(take(LOCATION | {"lat": 0, "lon": 0, "batt": 3}))
    assert isinstance(report, DeviceReport)
    assert report.battery_pct == 3


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (Message(limit_user=b"jo", limit_device=b"phone"), "jo/phone"),
        (Message(limit_user=b"jo"), "jo"),
        (Message(query=b"u=jo&d=phone"), "jo/phone"),
        (Message(query=b"u=jo"), "jo"),
        (Message(login_user="jo"), "jo"),
        (Message(limit_user=b"jo", query=b"u=other&d=x", login_user="third"), "jo"),
        (Message(limit_device=b"phone", login_user="jo"), "jo/phone"),
    ],
)
def test_the_device_is_named_by_headers_or_query_or_log_in(message: Message, name: str) -> None:
    assert owntracks.identify(message) == name


@pytest.mark.parametrize(
    "message", [Message(), Message(query=b"d=phone"), Message(limit_user=b"\x00"), Message(limit_user=b"x" * 99)]
)
def test_a_message_that_names_no_device_is_refused(message: Message) -> None:
    result = owntracks.decode(message, NOW)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.NO_IDENTITY


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_an_empty_body_is_told_apart(body: bytes) -> None:
    result = owntracks.decode(Message(limit_user=b"jo", body=body), NOW)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.EMPTY


def sealed(body: bytes, key: str) -> dict[str, object]:
    box = SecretBox(key.encode().ljust(32, b"\0"))
    return {"_type": "encrypted", "data": base64.b64encode(box.encrypt(body, b"n" * 24)).decode()}


def test_an_encrypted_location_is_the_location_within() -> None:
    assert take(sealed(msgspec.json.encode(LOCATION), "pass phrase"), "pass phrase") == take(LOCATION)


@pytest.mark.parametrize("key", ["", "other"])
def test_an_encrypted_message_without_the_right_key_is_not_readable(key: str) -> None:
    result = take(sealed(msgspec.json.encode(LOCATION), "pass phrase"), key)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.NOT_READABLE


@pytest.mark.parametrize("data", [None, "", "AAAA", "!!!", 7, "é", "A" * 41])
def test_a_damaged_envelope_is_not_readable(data: object) -> None:
    result = take({"_type": "encrypted", "data": data}, "key")
    assert isinstance(result, Rejected)
    assert result.reason is Reason.NOT_READABLE


def test_an_envelope_within_an_envelope_is_not_opened_again() -> None:
    inner = msgspec.json.encode(sealed(msgspec.json.encode(LOCATION), "key"))
    result = take(sealed(inner, "key"), "key")
    assert isinstance(result, Rejected)
    assert result.reason is Reason.UNSUPPORTED
