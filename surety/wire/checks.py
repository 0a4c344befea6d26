"""What all protocols share: is this number, this position, this time one that a device can have meant?

Every function is total: whatever bytes a device sends, the answer is a value, None or a `Rejected`, never an exception.
"""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from surety.rules.facts import DeviceEvent, DeviceReport, Fix, Source, fact_id
from surety.wire.contract import Decoded, Reason, Rejected

MAX_FUTURE_MS = 5 * 60_000  # clocks of devices are set from GNSS or the network; five minutes is a broken clock
MAX_AGE_MS = 31 * 86_400_000  # the longest time that a device keeps what it could not send
MILLIS_FROM = 2**31 - 1  # a timestamp from here up is in milliseconds, below in seconds (OsmAnd protocol)
MAX_IDENTIFIER = 64  # characters, as the register keeps them
KNOT_MPS = 1852 / 3600
KMH_MPS = 1 / 3.6

Raw = str | float | int | bool | None


class Message(msgspec.Struct, frozen=True):
    """One HTTP request of a device, as far as protocols read it. Names of headers are given by the fields."""

    query: bytes = b""
    content_type: bytes = b""
    body: bytes = b""
    limit_user: bytes = b""  # X-Limit-U
    limit_device: bytes = b""  # X-Limit-D
    login_user: str = ""  # of Basic auth


class Position(msgspec.Struct, frozen=True):
    """A position with what the device said of it; already known to be plausible."""

    lat_deg: float
    lon_deg: float
    accuracy_m: float | None = None
    source: Source = Source.UNKNOWN
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    mock: bool = False


class Health(msgspec.Struct, frozen=True):
    """What a device says of itself."""

    battery_pct: float | None = None
    charging: bool | None = None
    events: tuple[DeviceEvent, ...] = ()

    def says_something(self) -> bool:
        """Whether there is anything in it."""
        return self.battery_pct is not None or self.charging is not None or bool(self.events)


def json_object(body: bytes) -> dict[str, object] | Rejected:
    """The JSON object in a body. NaN and Infinity, which JSON has not but devices write, are read as such."""
    try:
        data = msgspec.json.decode(body)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            return Rejected(Reason.MALFORMED, "The body is not JSON.")
    return data if isinstance(data, dict) else Rejected(Reason.MALFORMED, "The body is not a JSON object.")


def scalar(value: object) -> Raw:
    """A member of a JSON object where a number, text or yes/no is expected; None for anything else."""
    return value if isinstance(value, str | float | int | bool) else None


def number(raw: Raw) -> float | None:
    """A finite number, or None when it is missing or is none. Text may have spaces around it."""
    if raw is None or isinstance(raw, bool):
        return None
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def within(raw: Raw, least: float, most: float) -> float | None:
    """A number from `least` to `most`, or None: devices write -1 and the like for "unknown"."""
    value = None if raw is None else number(raw)
    return value if value is not None and least <= value <= most else None


def accuracy(raw: Raw) -> float | None:
    """A radius in metres; None when the device claims none (0 and negative values mean unknown)."""
    value = within(raw, 0, 1e7)
    return value or None


def flag(raw: Raw) -> bool | None:
    """A yes or no as devices write it; None when it is neither."""
    if isinstance(raw, bool) or raw is None:
        return raw
    text = str(raw).strip().lower()
    if text in {"true", "1", "1.0", "yes", "on"}:
        return True
    return False if text in {"false", "0", "0.0", "no", "off"} else None


def coordinates(lat: Raw, lon: Raw) -> tuple[float, float] | Rejected:
    """Latitude and longitude in degrees, or why they are no place.

    Exactly 0, 0 is what receivers without a fix send, not a boat in the Gulf of Guinea.
    """
    lat_deg, lon_deg = within(lat, -90, 90), within(lon, -180, 180)
    if lat_deg is None or lon_deg is None:
        return Rejected(Reason.BAD_POSITION, "The latitude or longitude is no number of degrees on Earth.")
    if lat_deg == 0 and lon_deg == 0:
        return Rejected(Reason.BAD_POSITION, "The position is 0, 0, which devices send when they have none.")
    return lat_deg, lon_deg


def epoch_ms(raw: Raw) -> int | Rejected:
    """Milliseconds since the epoch, from a number of seconds or (from 2^31-1 up) of milliseconds."""
    return _scaled_ms(number(raw))


def _scaled_ms(value: float | None) -> int | Rejected:
    if value is None or abs(value) > 1e15:
        return Rejected(Reason.BAD_TIME, "The time is no number of seconds or milliseconds since 1970.")
    return round(value if value >= MILLIS_FROM else value * 1000)


def text_ms(text: str) -> int | Rejected:
    """Milliseconds since the epoch, from ISO 8601 with a zone or `yyyy-MM-dd HH:mm:ss` in UTC."""
    text = text.strip()
    if "T" in text:  # a "+" that was not escaped in a query arrives as a space
        text = text.replace(" ", "+")
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None and "T" not in text:
            instant = instant.replace(tzinfo=UTC)
        if instant.tzinfo is not None:
            return round(instant.timestamp() * 1000)
    except (ValueError, OverflowError):
        pass
    return Rejected(Reason.BAD_TIME, "The time is neither a number nor ISO 8601 with a zone.")


def any_ms(raw: Raw) -> int | Rejected:
    """Milliseconds since the epoch from whatever form a device writes."""
    value = number(raw)
    return text_ms(raw) if value is None and isinstance(raw, str) else _scaled_ms(value)


def timely(at_ms: int, received_ms: int) -> int | Rejected:
    """The time itself if it may be true when the message came in at `received_ms`."""
    if at_ms > received_ms + MAX_FUTURE_MS:
        return Rejected(Reason.FUTURE, "The time lies more than 5 minutes ahead of the server's.")
    if at_ms < received_ms - MAX_AGE_MS:
        return Rejected(Reason.TOO_OLD, "The time lies more than 31 days back.")
    return at_ms


def identifier(text: str) -> str | Rejected:
    """What a device calls itself, without spaces around it; 1 to 64 printable characters."""
    text = text.strip()
    if not text:
        return Rejected(Reason.NO_IDENTITY, "The message does not say which device sent it.")
    if len(text) > MAX_IDENTIFIER or not text.isprintable():
        return Rejected(Reason.NO_IDENTITY, "The device's identifier is longer than 64 characters or unprintable.")
    return text


def make_facts(
    device_id: str, at_ms: int, received_ms: int, position: Position | None, health: Health, *, always_report: bool
) -> tuple[Fix | DeviceReport, ...]:
    """The facts of one reading: a fix if there is a position, a report if the device says something of itself.

    `always_report` gives a report even when it says nothing more than that the device lives.
    """
    facts: list[Fix | DeviceReport] = []
    if position is not None:
        p = position
        key = fact_id(device_id, "fix", at_ms, p.lat_deg, p.lon_deg, p.accuracy_m, p.source.value, p.mock)
        facts.append(
            Fix(
                key, device_id, at_ms, received_ms, p.lat_deg, p.lon_deg, p.accuracy_m, p.source,
                p.speed_mps, p.heading_deg, p.altitude_m, p.mock,
            )
        )  # fmt: skip
    if health.says_something() or always_report:
        facts.append(report(device_id, at_ms, received_ms, health))
    return tuple(facts)


def report(
    device_id: str, at_ms: int, received_ms: int, health: Health, claimed: str | int | None = None
) -> DeviceReport:
    """A report; `claimed` is the time that the message states when it cannot be the time of the report."""
    events = tuple(event.value for event in health.events)
    time_key = at_ms if claimed is None else f"claimed {claimed}"
    key = fact_id(device_id, "report", time_key, health.battery_pct, health.charging, events)
    return DeviceReport(key, device_id, at_ms, received_ms, health.battery_pct, health.charging, health.events)


def without_time(
    device_id: str, received_ms: int, claimed: Raw, events: Sequence[DeviceEvent], why: Rejected
) -> Decoded:
    """What stays of a reading whose time cannot be true: what happened to the device, at the time of receipt.

    A device with a broken clock may still call for help. Its battery and position are dropped: of what time are they?
    """
    facts = (report(device_id, received_ms, received_ms, Health(events=tuple(events)), str(claimed)),) if events else ()
    return Decoded(device_id, facts, (why,))
