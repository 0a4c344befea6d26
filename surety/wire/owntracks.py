"""OwnTracks over HTTP (the JSON is the same over MQTT): what the app's messages mean, and the reply: `[]`, or words
to the person.

Source: https://owntracks.org/booklet/tech/json/. Steps, waypoints, Wi-Fi names and regions are dropped here: what
supervision does not need is not taken.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qs

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from surety.rules.facts import DeviceEvent, Source
from surety.wire import checks
from surety.wire.checks import Health, Message, Position, scalar
from surety.wire.contract import Decoded, Reason, Rejected

PROTOCOL = "owntracks"
_SOURCES = {"gps": Source.GNSS, "gnss": Source.GNSS, "fused": Source.FUSED, "wifi": Source.WIFI,
            "network": Source.UNKNOWN, "cell": Source.CELL}  # fmt: skip
# Read and left aside: they say nothing that supervision needs, or carry more than it may keep.
_IGNORED = frozenset(
    {"steps", "step", "waypoint", "waypoints", "cmd", "status", "dump", "configuration", "card", "beacon", "request",
     "msg", "message", "info"}
)  # fmt: skip


def identify(message: Message) -> str | Rejected:
    """Which device sent it: `user/device` from X-Limit-U and X-Limit-D, `?u=&d=` or the log-in; or `user` alone."""
    user, device = _text(message.limit_user), _text(message.limit_device)
    if not user and message.query:
        user, device = _from_query(message.query)
    user = user or message.login_user.strip()
    return checks.identifier(f"{user}/{device}" if user and device else user)


def decode(message: Message, received_ms: int, payload_key: str = "") -> Decoded | Rejected:
    """What the message says, or why it cannot be read. Never raises.

    `payload_key` is the passphrase of the device's encrypted payloads; with "" an encrypted message is not readable.
    """
    device_id = identify(message)
    if isinstance(device_id, Rejected):
        return device_id
    if not message.body.strip():
        return Rejected(Reason.EMPTY, "The body is empty.")
    data = checks.json_object(message.body)
    if isinstance(data, dict) and data.get("_type") == "encrypted":
        data = _decrypt(data, payload_key)
    return data if isinstance(data, Rejected) else _read(device_id, data, received_ms)


def reply(told: Sequence[tuple[str, int]], payload_key: str = "", nonces: Iterable[bytes] = ()) -> bytes:
    """What the app is answered: each (sentence, at_ms) is shown to the person by the app itself.

    The iOS app shows the `notification` of an `action` and keeps its `content`; the Android app knows no such action
    and shows a `transition` of somebody else as a notification, with `desc` as the place. Each gets both. With a
    `payload_key` every part is sealed like what the app sends, each under the next of `nonces` (24 bytes, never twice).
    """
    if not told:
        return b"[]"
    parts: list[dict[str, object]] = []
    for sentence, at_ms in told:
        parts.append({"_type": "cmd", "action": "action", "notification": sentence, "content": sentence})
        parts.append({"_type": "transition", "event": "enter", "tid": "!!", "desc": sentence, "acc": 0,
                      "tst": at_ms // 1000, "wtst": at_ms // 1000, "t": "c"})  # fmt: skip
    if payload_key:
        parts = [_seal(part, payload_key, nonce) for part, nonce in zip(parts, nonces, strict=False)]
    return json.dumps(parts, ensure_ascii=False).encode()


def _seal(part: dict[str, object], payload_key: str, nonce: bytes) -> dict[str, object]:
    sealed = _box(payload_key).encrypt(json.dumps(part).encode(), nonce)
    return {"_type": "encrypted", "data": base64.b64encode(sealed).decode()}


def _box(payload_key: str) -> SecretBox:
    """Under the passphrase padded with zero bytes to 32."""
    key = payload_key.encode("utf-8", "replace")[: SecretBox.KEY_SIZE]
    return SecretBox(key.ljust(SecretBox.KEY_SIZE, b"\0"))


def _read(device_id: str, data: Mapping[str, object], received_ms: int) -> Decoded | Rejected:
    kind = data.get("_type")
    if not isinstance(kind, str):
        return Rejected(Reason.UNSUPPORTED, "The message has no _type.")
    if kind in {"location", "transition"}:
        return _location(device_id, data, received_ms)
    if kind == "lwt":
        return _last_will(device_id, data, received_ms)
    if kind in _IGNORED:
        return Decoded(device_id)
    return Rejected(Reason.UNSUPPORTED, "The message's _type is none that OwnTracks sends.")


def _location(device_id: str, data: Mapping[str, object], received_ms: int) -> Decoded:
    """A location, or the place where the app saw a region's border crossed: that it was crossed is for the rules."""
    claimed = scalar(data.get("tst"))
    at_ms = checks.epoch_ms(claimed)
    if isinstance(at_ms, int):
        at_ms = checks.timely(at_ms, received_ms)
    if isinstance(at_ms, Rejected):
        return Decoded(device_id, (), (at_ms,))
    lat, lon = scalar(data.get("lat")), scalar(data.get("lon"))
    place = None if lat is None and lon is None else checks.coordinates(lat, lon)
    position = _position(data, place) if isinstance(place, tuple) else None
    state = checks.within(scalar(data.get("bs")), 0, 3)
    health = Health(
        checks.within(scalar(data.get("batt")), 0, 100), {1.0: False, 2.0: True, 3.0: True}.get(state or 0.0)
    )
    facts = checks.make_facts(device_id, at_ms, received_ms, position, health, always_report=position is None)
    return Decoded(device_id, facts, (place,) if isinstance(place, Rejected) else ())


def _position(data: Mapping[str, object], place: tuple[float, float]) -> Position:
    speed = checks.within(scalar(data.get("vel")), 0, 3600)
    source = data.get("source")
    return Position(
        place[0],
        place[1],
        checks.accuracy(scalar(data.get("acc"))),
        _SOURCES.get(source.lower(), Source.UNKNOWN) if isinstance(source, str) else Source.UNKNOWN,
        None if speed is None else speed * checks.KMH_MPS,
        checks.within(scalar(data.get("cog")), 0, 360),
        checks.within(scalar(data.get("alt")), -12_000, 100_000),
    )


def _last_will(device_id: str, data: Mapping[str, object], received_ms: int) -> Decoded:
    """The app is gone without a word. Its `tst` is when it connected, so the time is that of receipt."""
    health = Health(events=(DeviceEvent.OFFLINE,))
    claimed = scalar(data.get("tst"))
    made = checks.report(device_id, received_ms, received_ms, health, None if claimed is None else str(claimed))
    return Decoded(device_id, (made,))


def _decrypt(data: Mapping[str, object], payload_key: str) -> dict[str, object] | Rejected:
    """The message within: nonce (24 bytes) and secretbox."""
    unreadable = Rejected(Reason.NOT_READABLE, "The payload is encrypted and does not open with this device's key.")
    sealed = data.get("data")
    if not isinstance(sealed, str) or not payload_key:
        return unreadable
    try:
        opened = _box(payload_key).decrypt(base64.b64decode(sealed, validate=False))
    except (CryptoError, binascii.Error, ValueError):
        return unreadable
    return checks.json_object(opened)


def _from_query(query: bytes) -> tuple[str, str]:
    try:
        fields = parse_qs(query.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError:
        return "", ""
    return fields.get("u", [""])[0].strip(), fields.get("d", [""])[0].strip()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()
