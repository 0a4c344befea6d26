"""What OsmAnd messages of real devices mean, in each of the three forms."""

import msgspec
import pytest

from surety.rules.facts import DeviceEvent, DeviceReport, Fix, Source
from surety.wire import osmand
from surety.wire.checks import Message
from surety.wire.contract import Decoded, Reason, Rejected

NOW = 1_760_000_000_000  # 2025-10-09T08:53:20Z
DAY = 86_400_000


def query(text: str) -> Decoded | Rejected:
    return osmand.decode(Message(query=text.encode()), NOW)


def fixes(result: Decoded | Rejected) -> list[Fix]:
    assert isinstance(result, Decoded)
    return [fact for fact in result.facts if isinstance(fact, Fix)]


def reports(result: Decoded | Rejected) -> list[DeviceReport]:
    assert isinstance(result, Decoded)
    return [fact for fact in result.facts if isinstance(fact, DeviceReport)]


def reasons(result: Decoded | Rejected) -> list[Reason]:
    assert isinstance(result, Decoded)
    return [why.reason for why in result.refused]


def as_json(body: object) -> Decoded | Rejected:
    return osmand.decode(Message(content_type=b"application/json", body=msgspec.json.encode(body)), NOW)


def test_a_full_query_gives_a_fix_in_metric_units_and_a_report() -> None:
    result = query(
        "id=tag-1&lat=51.5&lon=-0.12&timestamp=1760000000&speed=10&bearing=270&altitude=35.5&accuracy=8"
        "&batt=87.5&charge=true"
    )
    (fix,), (report,) = fixes(result), reports(result)
    assert (fix.device_id, fix.at_ms, fix.received_ms) == ("tag-1", NOW, NOW)
    assert (fix.lat_deg, fix.lon_deg, fix.accuracy_m, fix.heading_deg, fix.altitude_m) == (51.5, -0.12, 8, 270, 35.5)
    assert fix.speed_mps == pytest.approx(5.14444, abs=1e-4)
    assert (report.battery_pct, report.charging, report.events) == (87.5, True, ())


def test_the_form_body_means_the_same_as_the_query() -> None:
    text = b"deviceid=tag-1&location=51.5,-0.12&timestamp=1760000000"
    form = osmand.decode(Message(content_type=b"application/x-www-form-urlencoded", body=text), NOW)
    assert form == osmand.decode(Message(query=text), NOW)
    assert fixes(form)[0].lat_deg == 51.5


def test_parameters_are_looked_for_in_the_body_when_the_query_names_no_device() -> None:
    assert fixes(osmand.decode(Message(query=b"token=x", body=b"id=a&lat=1&lon=2"), NOW))
    assert fixes(osmand.decode(Message(query=b"id=a&lat=1&lon=2", body=b"id=b"), NOW))[0].device_id == "a"


def test_json_is_known_by_its_brace_when_the_client_names_no_type_or_a_wrong_one() -> None:
    body = b' {"device_id":"a","location":{"coords":{"latitude":1,"longitude":2}}}'
    for content_type in (b"", b"application/x-www-form-urlencoded"):
        assert fixes(osmand.decode(Message(content_type=content_type, body=body), NOW))


@pytest.mark.parametrize(
    "when",
    ["1760000000", "1760000000.0", "1760000000000", "2025-10-09T08:53:20Z", "2025-10-09T10:53:20%2B02:00",
     "2025-10-09T10:53:20+02:00", "2025-10-09T08:53:20.000Z", "2025-10-09%2008:53:20", "2025-10-09+08:53:20",
     " 1760000000 "],
)  # fmt: skip
def test_every_form_of_time_is_the_same_instant(when: str) -> None:
    assert fixes(query(f"id=a&lat=1&lon=2&timestamp={when}"))[0].at_ms == NOW


def test_a_message_without_a_time_happened_now() -> None:
    assert fixes(query("id=a&lat=1&lon=2"))[0].at_ms == NOW


@pytest.mark.parametrize(
    ("offset_ms", "refused"),
    [(5 * 60_000, []), (5 * 60_000 + 1, [Reason.FUTURE]), (-31 * DAY, []), (-31 * DAY - 1, [Reason.TOO_OLD])],
)
def test_times_are_taken_from_31_days_back_to_5_minutes_ahead(offset_ms: int, refused: list[Reason]) -> None:
    result = query(f"id=a&lat=1&lon=2&batt=50&timestamp={NOW + offset_ms}")
    assert reasons(result) == refused
    assert isinstance(result, Decoded)
    assert bool(result.facts) != bool(refused)


@pytest.mark.parametrize("when", ["yesterday", "2025-10-09T08:53:20", "1e400", "nan", "2025-13-01 00:00:00", "9" * 400])
def test_an_unreadable_time_is_refused(when: str) -> None:
    assert reasons(query(f"id=a&lat=1&lon=2&timestamp={when}")) == [Reason.BAD_TIME]


def test_a_call_for_help_counts_even_from_a_device_whose_clock_is_wrong() -> None:
    result = query(f"id=a&lat=1&lon=2&alarm=sos&batt=5&timestamp={NOW + DAY}")
    assert reasons(result) == [Reason.FUTURE]
    assert fixes(result) == []
    (report,) = reports(result)
    assert (report.at_ms, report.events, report.battery_pct) == (NOW, (DeviceEvent.SOS,), None)


@pytest.mark.parametrize(
    "place",
    ["lat=0&lon=0", "lat=nan&lon=1", "lat=inf&lon=1", "lat=91&lon=1", "lat=1&lon=-180.5", "lat=abc&lon=1", "lat=1",
     "lon=1", "location=5", "location=a,b", "lat=-0.0&lon=0"],
)  # fmt: skip
def test_an_implausible_position_is_refused_but_the_sos_and_battery_beside_it_count(place: str) -> None:
    result = query(f"id=a&{place}&alarm=sos&batt=12")
    assert fixes(result) == []
    assert reasons(result) == [Reason.BAD_POSITION]
    assert [(r.battery_pct, r.events) for r in reports(result)] == [(12, (DeviceEvent.SOS,))]


@pytest.mark.parametrize("valid", ["false", "0", "FALSE", "V"])
def test_a_report_that_says_its_fix_is_invalid_has_no_position(valid: str) -> None:
    result = query(f"id=a&lat=51&lon=1&valid={valid}&alarm=sos")
    assert fixes(result) == []
    assert reasons(result) == []
    assert reports(result)[0].events == (DeviceEvent.SOS,)


@pytest.mark.parametrize("valid", ["true", "1", "TRUE", ""])
def test_a_fix_is_valid_unless_the_device_says_otherwise(valid: str) -> None:
    assert fixes(query(f"id=a&lat=51&lon=1&valid={valid}"))


def test_cell_towers_or_wifi_alone_make_a_report_without_a_position() -> None:
    result = query("id=a&cell=234,15,1234,5678,-70&cell=234,15,1234,5679&wifi=aa-bb-cc-dd-ee-ff,-60&batt=40")
    assert fixes(result) == []
    assert reports(result)[0].battery_pct == 40


def test_a_device_that_only_says_it_lives_is_a_report() -> None:
    assert reports(query("id=a")) == reports(query("deviceid=a"))
    assert len(reports(query("id=a"))) == 1


@pytest.mark.parametrize(("field", "value"), [("batt", "-1"), ("batt", "101"), ("batt", "x"), ("charge", "maybe")])
def test_an_unknown_state_is_not_a_state(field: str, value: str) -> None:
    (report,) = reports(query(f"id=a&{field}={value}"))
    assert (report.battery_pct, report.charging) == (None, None)


@pytest.mark.parametrize("radius", ["0", "-1", "nan", "", "x"])
def test_no_claimed_accuracy_is_none_and_not_perfection(radius: str) -> None:
    assert fixes(query(f"id=a&lat=1&lon=2&accuracy={radius}"))[0].accuracy_m is None


def test_a_dilution_of_precision_stands_in_for_an_accuracy_and_shows_a_satellite_fix() -> None:
    fix = fixes(query("id=a&lat=1&lon=2&hdop=1.5"))[0]
    assert (fix.accuracy_m, fix.source) == (7.5, Source.GNSS)
    assert fixes(query("id=a&lat=1&lon=2&hdop=1.5&accuracy=4"))[0].accuracy_m == 4


@pytest.mark.parametrize(
    ("alarm", "events"),
    [
        ("sos", [DeviceEvent.SOS]),
        ("SOS", [DeviceEvent.SOS]),
        ("lowBattery,sos", [DeviceEvent.BATTERY_LOW, DeviceEvent.SOS]),
        ("sos&alarm=tampering", [DeviceEvent.SOS, DeviceEvent.STRAP_TAMPER]),
        ("removing", [DeviceEvent.STRAP_TAMPER]),
        ("powerOff", [DeviceEvent.POWER_OFF]),
        ("overspeed", []),
    ],
)
def test_every_alarm_of_a_message_counts(alarm: str, events: list[DeviceEvent]) -> None:
    assert [event for report in reports(query(f"id=a&lat=1&lon=2&alarm={alarm}")) for event in report.events] == events


@pytest.mark.parametrize("text", ["", "lat=1&lon=2", "id=&lat=1", "id=%20", "id=" + "x" * 65, "id=a%00b", "id=a%0Ab"])
def test_a_message_that_names_no_device_is_refused(text: str) -> None:
    result = query(text)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.NO_IDENTITY


def test_the_same_message_again_is_the_same_facts_whenever_it_comes() -> None:
    text = Message(query=b"id=a&lat=1&lon=2&timestamp=1760000000&batt=40&alarm=sos")
    first, again = osmand.decode(text, NOW), osmand.decode(text, NOW + 90_000)
    assert isinstance(first, Decoded)
    assert isinstance(again, Decoded)
    assert [fact.id for fact in first.facts] == [fact.id for fact in again.facts]


def test_the_json_form_is_metric_and_its_battery_is_a_fraction() -> None:
    result = as_json(
        {
            "device_id": "phone",
            "location": {
                "timestamp": "2025-10-09T08:53:20.000Z",
                "coords": {"latitude": 51.5, "longitude": -0.1, "accuracy": 12, "speed": 1.5, "heading": 90},
                "is_moving": True, "odometer": 5, "event": "motionchange", "activity": {"type": "walking"},
                "battery": {"level": 0.57, "is_charging": False},
            },
        }
    )  # fmt: skip
    (fix,), (report,) = fixes(result), reports(result)
    assert (fix.at_ms, fix.lat_deg, fix.accuracy_m, fix.speed_mps, fix.heading_deg) == (NOW, 51.5, 12, 1.5, 90)
    assert (report.battery_pct, report.charging) == (57, False)


def test_minus_one_in_the_json_form_means_unknown() -> None:
    coords = {"latitude": 1, "longitude": 2, "accuracy": -1, "speed": -1, "heading": -1, "altitude": -1}
    result = as_json({"device_id": "p", "location": {"coords": coords, "battery": {"level": -1, "is_charging": None}}})
    (fix,) = fixes(result)
    assert (fix.accuracy_m, fix.speed_mps, fix.heading_deg, fix.altitude_m) == (None, None, None, None)
    assert reports(result) == []


@pytest.mark.parametrize(
    "body", [{"device_id": "p"}, {"device_id": "p", "location": {}}, {"device_id": 7, "location": 3}]
)
def test_missing_members_of_the_json_form_make_a_plain_report(body: object) -> None:
    assert len(reports(as_json(body))) == 1


def test_a_mock_location_is_marked_and_told_as_a_device_event() -> None:
    result = as_json({"device_id": "p", "location": {"mock": True, "coords": {"latitude": 1, "longitude": 2}}})
    assert fixes(result)[0].mock
    assert reports(result)[0].events == (DeviceEvent.MOCK_LOCATION,)


@pytest.mark.parametrize(
    "body",
    [
        {"device_id": "p", "location": {"alarm": "sos"}},
        {"device_id": "p", "alarm": "sos"},
        {"device_id": "p", "location": {"extras": {"alarm": "sos"}}},
        {"device_id": "p", "location": {"coords": {"latitude": 0, "longitude": 0}, "alarm": "sos"}},
        {"device_id": "p", "location": {"timestamp": "never", "alarm": "sos"}},
    ],
)
def test_an_alarm_counts_wherever_the_json_form_carries_it(body: object) -> None:
    assert reports(as_json(body))[0].events == (DeviceEvent.SOS,)


def test_a_batch_of_readings_is_read_one_by_one() -> None:
    good = {"coords": {"latitude": 1, "longitude": 2}, "timestamp": "2025-10-09T08:53:20Z"}
    bad = {"coords": {"latitude": 0, "longitude": 0}, "timestamp": "2025-10-09T08:53:21Z"}
    result = as_json({"device_id": "p", "location": [good, bad, good | {"timestamp": "2025-10-09T08:53:22Z"}]})
    assert [fix.at_ms for fix in fixes(result)] == [NOW, NOW + 2000]
    assert reasons(result) == [Reason.BAD_POSITION]


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b"\xff", b"[" * 50_000])
def test_a_body_that_is_no_json_object_is_malformed(body: bytes) -> None:
    result = osmand.decode(Message(content_type=b"application/json; charset=utf-8", body=body), NOW)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.MALFORMED


def test_a_nan_in_json_takes_the_position_with_it_but_not_the_call_for_help() -> None:
    body = b'{"device_id":"p","location":{"alarm":"sos","coords":{"latitude":NaN,"longitude":Infinity}}}'
    result = osmand.decode(Message(content_type=b"application/json", body=body), NOW)
    assert reasons(result) == [Reason.BAD_POSITION]
    assert reports(result)[0].events == (DeviceEvent.SOS,)
