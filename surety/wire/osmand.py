"""OsmAnd HTTP: Traccar Client, OsmAnd and many scripts. Query, form and JSON forms; what each field means.

Source: the protocol as Traccar documents it (https://www.traccar.org/osmand/) and as devices in the field write it.
"""

import enum
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

import msgspec

from surety.rules.facts import DeviceEvent, DeviceReport, Fix, Source
from surety.wire import checks
from surety.wire.checks import Health, Message, Position, Raw, scalar
from surety.wire.contract import Decoded, Reason, Rejected

PROTOCOL = "osmand"
METRES_PER_HDOP = 5.0  # user range error of a civil receiver: accuracy in metres is about five times the dilution
MAX_READINGS = 100  # in one JSON message; a client that keeps more sends another message
MAX_FIELDS = 200

# What `alarm` may say (Traccar's words, and the plain ones of scripts); every alarm of a message counts.
ALARMS = {
    "sos": DeviceEvent.SOS,
    "panic": DeviceEvent.SOS,
    "lowbattery": DeviceEvent.BATTERY_LOW,
    "lowpower": DeviceEvent.BATTERY_LOW,
    "tampering": DeviceEvent.STRAP_TAMPER,
    "removing": DeviceEvent.STRAP_TAMPER,
    "strap": DeviceEvent.STRAP_TAMPER,
    "caseopen": DeviceEvent.CASE_TAMPER,
    "strapclosed": DeviceEvent.STRAP_CLOSED,
    "caseclosed": DeviceEvent.CASE_CLOSED,
    "offwrist": DeviceEvent.OFF_WRIST,
    "onwrist": DeviceEvent.ON_WRIST,
    "jamming": DeviceEvent.JAMMING,
    "locationoff": DeviceEvent.LOCATION_OFF,
    "poweroff": DeviceEvent.POWER_OFF,
    "poweron": DeviceEvent.POWER_ON,
    "powercut": DeviceEvent.POWER_CUT,
    "falldown": DeviceEvent.FALL,
    "fall": DeviceEvent.FALL,
}


class SpeedUnit(enum.Enum):
    """The unit of `speed` in the query and form; its value is in metres a second."""

    KNOTS = checks.KNOT_MPS
    KMH = checks.KMH_MPS
    MPS = 1.0


def decode(message: Message, received_ms: int, speed_unit: SpeedUnit = SpeedUnit.KNOTS) -> Decoded | Rejected:
    """What the message says, or why it cannot be read. Never raises."""
    fields = _fields(message.query)
    name = _name(fields)
    if message.body:
        unnamed = name is None
        if b"json" in message.content_type.lower() or (unnamed and message.body.lstrip()[:1] == b"{"):
            return _decode_json(message.body, received_ms, name)
        if unnamed:
            fields = _fields(message.body)
            name = _name(fields)
    device_id = checks.identifier(name or "")
    if isinstance(device_id, Rejected):
        return device_id
    return _reading(device_id, received_ms, _from_fields(fields, speed_unit.value))


def _name(fields: Mapping[str, list[str]]) -> str | None:
    return _first(fields, "id") or _first(fields, "deviceid")


class _Reading(msgspec.Struct, frozen=True):
    """One reading before any judgement: raw values under the names that both forms share."""

    time: Raw
    lat: Raw
    lon: Raw
    valid: bool
    position: Mapping[str, float | None]
    source: Source
    mock: bool
    health: Health


def _reading(device_id: str, received_ms: int, raw: _Reading) -> Decoded:
    events = raw.health.events
    at_ms = received_ms if raw.time is None else checks.any_ms(raw.time)
    if isinstance(at_ms, int):
        at_ms = checks.timely(at_ms, received_ms)
    if isinstance(at_ms, Rejected):
        return checks.without_time(device_id, received_ms, raw.time, events, at_ms)
    place = None if raw.lat is None and raw.lon is None else checks.coordinates(raw.lat, raw.lon)
    refused = (place,) if isinstance(place, Rejected) and raw.valid else ()
    position = None
    if isinstance(place, tuple) and raw.valid:
        position = Position(place[0], place[1], source=raw.source, mock=raw.mock, **raw.position)
    facts = checks.make_facts(device_id, at_ms, received_ms, position, raw.health, always_report=position is None)
    return Decoded(device_id, facts, refused)


def _from_fields(fields: Mapping[str, list[str]], speed_unit_mps: float) -> _Reading:
    lat, lon = _first(fields, "lat"), _first(fields, "lon")
    if lat is None and lon is None and (both := _first(fields, "location")) is not None:
        lat, _, lon = both.partition(",")
    hdop = checks.within(_first(fields, "hdop"), 0.01, 100)
    speed = checks.within(_first(fields, "speed"), 0, 1000)
    radius = checks.accuracy(_first(fields, "accuracy"))
    valid, mock = checks.flag(_first(fields, "valid")), checks.flag(_first(fields, "mock")) is True
    values = {
        "accuracy_m": hdop * METRES_PER_HDOP if radius is None and hdop is not None else radius,
        "speed_mps": None if speed is None else speed * speed_unit_mps,
        "heading_deg": checks.within(_first(fields, "bearing") or _first(fields, "heading"), 0, 360),
        "altitude_m": checks.within(_first(fields, "altitude"), -12_000, 100_000),
    }
    health = Health(
        checks.within(_first(fields, "batt"), 0, 100),
        checks.flag(_first(fields, "charge")),
        _events(fields.get("alarm", ()), mock=mock),
    )
    source = Source.UNKNOWN if hdop is None else Source.GNSS  # only a satellite receiver has a dilution to tell
    given = "valid" not in fields or valid is True
    return _Reading(_first(fields, "timestamp"), lat, lon, given, values, source, mock, health)


def _fields(data: bytes) -> dict[str, list[str]]:
    """The parameters of a query or form; empty values count as missing, undecodable bytes as replacement signs."""
    fields: dict[str, list[str]] = {}
    escaped = b"%" in data or b"+" in data
    for part in data.decode("utf-8", "replace").split("&", MAX_FIELDS)[:MAX_FIELDS]:
        name, _, value = part.partition("=")
        if escaped:
            name, value = unquote_plus(name), unquote_plus(value)
        if value := value.strip():
            fields.setdefault(name.strip().lower(), []).append(value)
    return fields


def _first(fields: Mapping[str, list[str]], name: str) -> str | None:
    values = fields.get(name)
    return values[0] if values else None


def _events(alarms: Sequence[str], *, mock: bool = False) -> tuple[DeviceEvent, ...]:
    """The events that the alarms name, each once, in a fixed order; unknown alarms are attributes without meaning."""
    found = {
        event
        for alarm in alarms
        for word in alarm.split(",")
        if (event := ALARMS.get(word.strip().lower().replace("_", "").replace(" ", "")))
    }
    if mock:
        found.add(DeviceEvent.MOCK_LOCATION)
    return tuple(sorted(found)) if found else ()


def _decode_json(body: bytes, received_ms: int, name: str | None = None) -> Decoded | Rejected:
    """The JSON form; `name` is the device as the query names it, for a body that does not."""
    data = checks.json_object(body)
    if isinstance(data, Rejected):
        return data
    named = scalar(data.get("device_id")) or name
    device_id = checks.identifier("" if named is None else str(named))
    if isinstance(device_id, Rejected):
        return device_id
    location = data.get("location")
    readings = location if isinstance(location, list) else [location]
    parts = [_reading(device_id, received_ms, _from_json(data, _object(one))) for one in readings[:MAX_READINGS]]
    facts: tuple[Fix | DeviceReport, ...] = tuple(fact for part in parts for fact in part.facts)
    refused = tuple(why for part in parts for why in part.refused)
    if len(readings) > MAX_READINGS:
        refused += (Rejected(Reason.TOO_LARGE, f"The message holds more than {MAX_READINGS} readings."),)
    return Decoded(device_id, facts, refused)


def _from_json(data: Mapping[str, object], location: Mapping[str, object]) -> _Reading:
    coords, battery = _object(location.get("coords")), _object(location.get("battery"))
    level = checks.within(scalar(battery.get("level")), 0, 1)
    mock = checks.flag(scalar(location.get("mock"))) is True
    places = (data, location, _object(location.get("extras")), _object(data.get("extras")))
    values = {
        "accuracy_m": checks.accuracy(scalar(coords.get("accuracy"))),
        "speed_mps": checks.within(scalar(coords.get("speed")), 0, 1000),
        "heading_deg": checks.within(scalar(coords.get("heading")), 0, 360),
        "altitude_m": _altitude(scalar(coords.get("altitude"))),
    }
    health = Health(
        None if level is None else round(level * 100, 3),
        checks.flag(scalar(battery.get("is_charging"))),
        _events([str(place["alarm"]) for place in places if place.get("alarm")], mock=mock),
    )
    lat, lon = scalar(coords.get("latitude")), scalar(coords.get("longitude"))
    time = scalar(location.get("timestamp"))
    return _Reading(time, lat, lon, valid=True, position=values, source=Source.FUSED, mock=mock, health=health)


def _altitude(raw: Raw) -> float | None:
    """Metres; -1 exactly means unknown in this form."""
    value = checks.within(raw, -12_000, 100_000)
    return None if value == -1 else value


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
