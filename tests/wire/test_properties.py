"""Whatever bytes come, the decoders answer; the same bytes are the same facts; what was written is what is read."""

import json
from urllib.parse import urlencode

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from surety.rules.facts import DeviceReport, Fix, decode, encode
from surety.wire import checks, osmand, owntracks
from surety.wire.checks import Message
from surety.wire.contract import Decoded, Rejected

NOW = 1_760_000_000_000
KEYS = st.sampled_from(
    ["id", "deviceid", "lat", "lon", "location", "timestamp", "speed", "bearing", "heading", "altitude", "accuracy",
     "hdop", "batt", "charge", "valid", "cell", "wifi", "alarm", "mock", "anything"]
)  # fmt: skip
NUMBERS = st.one_of(
    st.floats(), st.integers(), st.sampled_from([0, -0.0, -1, 1e308, "nan", "-inf", "1e999", "0x10", "١٢", "1_0"])
)
VALUES = st.one_of(
    NUMBERS.map(str), st.text(max_size=40), st.sampled_from(["true", "V", "sos", "2025-10-09T08:53:20Z"])
)
ANY_CHARACTER = st.characters(exclude_categories=())  # lone surrogates too
NAMES = st.sampled_from(
    ["_type", "device_id", "location", "coords", "latitude", "longitude", "battery", "level", "timestamp", "tst", "lat",
     "lon", "acc", "batt", "bs", "mock", "alarm", "extras", "data", "source", "x"]
)  # fmt: skip
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(ANY_CHARACTER, max_size=20),
              st.sampled_from(["location", "transition", "lwt", "encrypted", "steps", "dev"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=8)),
    max_leaves=25,
)  # fmt: skip


def answered(result: Decoded | Rejected) -> None:
    """A refusal, or facts that can be kept and read again, each with a time and a place that may be true."""
    assert isinstance(result, Decoded | Rejected)
    for fact in result.facts if isinstance(result, Decoded) else ():
        assert decode(encode(fact)) == fact
        assert NOW - checks.MAX_AGE_MS <= fact.at_ms <= NOW + checks.MAX_FUTURE_MS
        if isinstance(fact, Fix):
            assert -90 <= fact.lat_deg <= 90
            assert -180 <= fact.lon_deg <= 180
            assert (fact.lat_deg, fact.lon_deg) != (0, 0)
            assert fact.accuracy_m is None or fact.accuracy_m > 0


@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from([b"", b"application/json", b"\xff"]))
def test_no_bytes_make_osmand_raise(query: bytes, body: bytes, content_type: bytes) -> None:
    answered(osmand.decode(Message(query=query, content_type=content_type, body=body), NOW))


@given(st.lists(st.tuples(KEYS, VALUES), max_size=15))
def test_no_parameters_make_osmand_raise_and_a_repetition_is_the_same_facts(fields: list[tuple[str, str]]) -> None:
    message = Message(query=urlencode([("id", "tag"), *fields, ("timestamp", str(NOW))]).encode())
    first, again = osmand.decode(message, NOW), osmand.decode(message, NOW + 1000)
    answered(first)
    if isinstance(first, Decoded) and isinstance(again, Decoded):
        assert [fact.id for fact in first.facts] == [fact.id for fact in again.facts]


@given(JSON)
def test_no_json_makes_osmand_raise(body: object) -> None:
    text = json.dumps(body).encode()  # writes NaN, Infinity and lone surrogates, as bad clients do
    answered(osmand.decode(Message(content_type=b"application/json", body=text, query=b"id=x"), NOW))


@given(JSON, st.binary(max_size=30), st.binary(max_size=30), st.text(max_size=40))
def test_nothing_makes_owntracks_raise(body: object, user: bytes, query: bytes, key: str) -> None:
    text = json.dumps(body).encode()
    answered(owntracks.decode(Message(query=query, limit_user=user, body=text), NOW, key))
    answered(owntracks.decode(Message(limit_user=b"jo", body=text), NOW, key))


@given(st.binary(max_size=200))
def test_no_bytes_make_owntracks_raise(body: bytes) -> None:
    answered(owntracks.decode(Message(limit_user=b"jo", body=body), NOW, "key"))


LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
TIMES = st.integers(NOW - checks.MAX_AGE_MS, NOW + checks.MAX_FUTURE_MS)


@given(LATITUDES, LONGITUDES.filter(bool), TIMES, st.floats(0.1, 5000), st.integers(0, 100))
def test_what_a_device_wrote_is_what_is_read_in_every_form(
    lat: float, lon: float, at_ms: int, accuracy: float, battery: int
) -> None:
    fields = {"id": "tag", "lat": lat, "lon": lon, "timestamp": at_ms, "accuracy": accuracy, "batt": battery}
    coords = {"latitude": lat, "longitude": lon, "accuracy": accuracy}
    location = {"timestamp": at_ms, "coords": coords, "battery": {"level": battery / 100}}
    tracks = {"_type": "location", "lat": lat, "lon": lon, "tst": at_ms / 1000, "acc": accuracy, "batt": battery}
    for result in (
        osmand.decode(Message(query=urlencode(fields).encode()), NOW),
        osmand.decode(Message(body=urlencode(fields).encode()), NOW),
        osmand.decode(
            Message(
                content_type=b"application/json", body=msgspec.json.encode({"device_id": "tag", "location": location})
            ),
            NOW,
        ),
        owntracks.decode(Message(limit_user=b"tag", body=msgspec.json.encode(tracks)), NOW),
    ):
        assert isinstance(result, Decoded)
        fix, report = result.facts
        assert isinstance(fix, Fix)
        assert isinstance(report, DeviceReport)
        assert (fix.device_id, fix.at_ms, fix.lat_deg, fix.lon_deg, fix.accuracy_m) == (
            "tag",
            at_ms,
            lat,
            lon,
            accuracy,
        )
        assert report.battery_pct == battery


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), TIMES, TIMES)
def test_different_readings_are_different_facts(
    lat: float, lon: float, other: float, at_ms: int, later_ms: int
) -> None:
    def ids(lat_deg: float, when: int) -> set[str]:
        result = osmand.decode(
            Message(query=urlencode({"id": "t", "lat": lat_deg, "lon": lon, "timestamp": when}).encode()), NOW
        )
        assert isinstance(result, Decoded)
        return {fact.id for fact in result.facts if isinstance(fact, Fix)}

    if lat != other:
        assert not ids(lat, at_ms) & ids(other, at_ms)
    if at_ms != later_ms:
        assert not ids(lat, at_ms) & ids(lat, later_ms)
