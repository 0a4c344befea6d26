"""What devices put on the wire: OsmAnd as a query, a form or JSON, and OwnTracks over HTTP. One request a message."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import msgspec

from surety.sim.receivers import Message

KNOTS = 1.943844  # in a metre per second
_ALARMS = {"sos": "sos", "strap": "tampering"}
Encode = Callable[[Message], bytes]
_json = msgspec.json.Encoder()


class Credentials(msgspec.Struct, frozen=True):
    """What a device was given: its identifier on the wire, its secret ("" when it has none), how it speaks."""

    index: int
    person_id: str
    sender: str
    identifier: str
    secret: str


def encoder(device: Credentials, host: str) -> Encode:
    """How this device writes a message as a whole HTTP request. Raises KeyError for an unknown way of speaking."""
    make = {
        "osmand-query": _osmand_query,
        "osmand-form": _osmand_form,
        "osmand-json": _osmand_json,
        "owntracks": _owntracks,
    }
    return make[device.sender](device, host)


def _request(line: str, host: str, *headers: str) -> bytes:
    return "\r\n".join((f"{line} HTTP/1.1", f"Host: {host}", *headers, "")).encode()


def _basic(device: Credentials) -> tuple[str, ...]:
    if not device.secret:
        return ()
    user = device.identifier.partition("/")[0]
    return (f"Authorization: Basic {base64.b64encode(f'{user}:{device.secret}'.encode()).decode()}",)


def _post(head: bytes, body: bytes) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def _parameters(m: Message) -> str:
    text = f"&timestamp={m.at_ms}&batt={m.battery_pct}&charge={'true' if m.charging else 'false'}"
    if m.lat is not None:
        text += f"&lat={m.lat:.6f}&lon={m.lon:.6f}&accuracy={m.accuracy_m:g}&speed={m.speed_mps * KNOTS:.2f}"
        if m.heading_deg >= 0:
            text += f"&bearing={m.heading_deg:.0f}"
    return f"{text}&alarm={_ALARMS[m.event]}" if m.event else text


def _osmand_query(device: Credentials, host: str) -> Encode:
    start = f"GET /?id={quote(device.identifier)}".encode()
    tail = _request("", host, *_basic(device)) + b"\r\n"
    return lambda m: start + _parameters(m).encode() + tail


def _osmand_form(device: Credentials, host: str) -> Encode:
    head = _request("POST /", host, *_basic(device), "Content-Type: application/x-www-form-urlencoded")
    start = urlencode({"id": device.identifier})
    return lambda m: _post(head, (start + _parameters(m)).encode())


def _osmand_json(device: Credentials, host: str) -> Encode:
    head = _request("POST /", host, *_basic(device), "Content-Type: application/json")

    def encode(m: Message) -> bytes:
        location: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(m.at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
            "is_moving": m.speed_mps > 0,
            "battery": {"level": m.battery_pct / 100, "is_charging": m.charging},
        }
        if m.lat is not None and m.lon is not None:
            location["coords"] = {
                "latitude": round(m.lat, 6), "longitude": round(m.lon, 6), "accuracy": m.accuracy_m,
                "speed": round(m.speed_mps, 2), "heading": round(m.heading_deg), "altitude": -1,
            }  # fmt: skip
        if m.event:
            location["alarm"] = _ALARMS[m.event]
        return _post(head, _json.encode({"device_id": device.identifier, "location": location}))

    return encode


def _owntracks(device: Credentials, host: str) -> Encode:
    user, _, unit = device.identifier.partition("/")
    names = (f"X-Limit-U: {user}", *([f"X-Limit-D: {unit}"] if unit else []))
    head = _request("POST /pub", host, *_basic(device), *names, "Content-Type: application/json")

    def encode(m: Message) -> bytes:
        body: dict[str, object] = {"_type": "location", "tst": m.at_ms // 1000, "batt": m.battery_pct, "t": "u"}
        body["bs"] = 2 if m.charging else 1
        if m.lat is not None and m.lon is not None:
            body |= {"lat": round(m.lat, 6), "lon": round(m.lon, 6), "acc": round(m.accuracy_m)}
        if m.speed_mps > 0:  # the app leaves zeros out
            body |= {"vel": round(m.speed_mps * 3.6), "cog": round(m.heading_deg)}
        return _post(head, _json.encode(body))

    return encode
