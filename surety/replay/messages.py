"""Traces as JSON messages: OwnTracks (.rec, JSON, JSON lines), Traccar positions, and check-ins."""

from typing import BinaryIO

import msgspec

from surety.replay import own_messages
from surety.replay.reading import KNOTS_MPS, BadLine, Read, Unreadable, fix, instant, optional, report, source_of
from surety.rules.facts import DeviceEvent, Source

_decode = msgspec.json.Decoder().decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError)  # names that are not UTF-8 raise the second
_LISTS = ("data", "positions", "locations")  # where recorders put the messages of one answer
_ALARMS = {
    "sos": DeviceEvent.SOS,
    "tampering": DeviceEvent.STRAP_TAMPER,
    "removing": DeviceEvent.STRAP_TAMPER,
    "lowBattery": DeviceEvent.BATTERY_LOW,
    "powerOff": DeviceEvent.POWER_OFF,
    "powerOn": DeviceEvent.POWER_ON,
    "powerCut": DeviceEvent.POWER_CUT,
    "fallDown": DeviceEvent.FALL,
}


def read_rec(stream: BinaryIO, device: str) -> Read:
    """The OwnTracks Recorder's file: time, kind and JSON, separated by tabs, one message a line."""
    for line, raw in enumerate(stream, start=1):
        parts = raw.split(b"\t", 2)
        if len(parts) == 3 and parts[2].lstrip().startswith(b"{"):
            yield from _message(parts[2], line, device)
        elif raw.strip() and len(parts) < 3:
            yield BadLine(line, "time, kind and JSON separated by tabs were expected")


def read_json(stream: BinaryIO, device: str) -> Read:
    """One JSON value (a message, a list of them, or an object with a list), or one message a line."""
    content = stream.read()
    try:
        parts = _parts(content)
    except _NOT_JSON as error:
        parts = [raw for raw in content.splitlines() if raw.strip()]
        if len(parts) < 2:
            yield BadLine(1, f"this is not JSON ({error})")
            return
    at, line = 0, 1
    for part in parts:
        start = content.index(part, at)
        line += content.count(b"\n", at, start)
        yield from _message(part, line, device)
        line, at = line + part.count(b"\n"), start + len(part)


def _parts(content: bytes) -> list[bytes]:
    """The messages in one JSON value, as the bytes that they are there."""
    first = content.lstrip()[:1]
    if first == b"[":
        return [bytes(raw) for raw in _list(content)]
    members = _object(content)
    for name in _LISTS:
        if bytes(members.get(name, b"")).startswith(b"["):
            return [bytes(raw) for raw in _list(members[name])]
    return [content.strip()]


def _message(raw: bytes, line: int, device: str) -> Read:
    try:
        yield from _told(_decode(raw), device)
    except _NOT_JSON as error:
        yield BadLine(line, f"this is not JSON ({error})")
    except Unreadable as error:
        yield BadLine(line, str(error))


def _told(value: object, device: str) -> Read:
    if isinstance(value, dict) and value.get("type") in own_messages.TYPES:
        yield own_messages.fact_of(value)
    elif isinstance(value, dict) and "_type" in value:
        yield from _owntracks(value, device)
    elif isinstance(value, dict) and "latitude" in value:
        yield from _traccar(value, device)
    elif isinstance(value, dict) and "lat" in value:
        yield from _owntracks({"_type": "location", **value}, device)
    else:
        raise Unreadable(
            "an OwnTracks message (_type), a Traccar position (latitude) or a message of a known type was expected"
        )


def _owntracks(value: dict[str, object], device: str) -> Read:
    kind = value["_type"]
    if kind == "lwt":
        yield report(device, instant(value.get("tst")), events=(DeviceEvent.OFFLINE,))
    if kind != "location":
        return
    at_ms = instant(value.get("tst"))
    yield fix(device, at_ms, value.get("lat"), value.get("lon"), value.get("acc"), source_of(value.get("source")))
    battery, state = optional(value.get("batt"), "the battery", 0, 100), value.get("bs")
    if battery is not None:
        charging = state in (2, 3) if state in (1, 2, 3) else None
        yield report(device, at_ms, battery, charging)


def _traccar(value: dict[str, object], device: str) -> Read:
    at_ms = instant(value.get("fixTime") or value.get("deviceTime") or value.get("serverTime"))
    more = value.get("attributes")
    attributes: dict[str, object] = more if isinstance(more, dict) else {}
    battery = optional(attributes.get("batteryLevel"), "the battery", 0, 100)
    charge = attributes.get("charge")
    events = tuple(_ALARMS[name] for name in str(attributes.get("alarm", "")).split(",") if name in _ALARMS)
    if battery is not None or isinstance(charge, bool) or events:
        told_ms = instant(value.get("deviceTime") or at_ms)
        yield report(device, told_ms, battery, charge if isinstance(charge, bool) else None, events)
    if value.get("valid") is False or value.get("outdated") is True:
        return
    accuracy = value.get("accuracy") or None  # Traccar writes 0 for an accuracy that it does not know
    speed = optional(value.get("speed"), "the speed", 0, 100_000)
    speed_mps = None if speed is None else speed * KNOTS_MPS
    source = Source.CELL if value.get("network") and attributes.get("approximate") else Source.UNKNOWN
    yield fix(device, at_ms, value.get("latitude"), value.get("longitude"), accuracy, source, speed_mps=speed_mps)
