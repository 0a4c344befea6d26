"""What every trace reader shares: a line becomes facts or says why not; units, times and positions are checked here."""

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from surety.rules.facts import DeviceEvent, DeviceReport, Fact, Fix, Millis, Source, fact_id

MAX_BYTES = 2_000_000_000
KNOTS_MPS = 0.514444
_EPOCH_MS_FROM = 2**31 - 1  # larger numbers are milliseconds
_FIRST_MS, _LAST_MS = 0, 4_102_444_800_000  # 1970 to 2100: anything else is a mistaken unit
_UTC_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SOURCES = {
    "gps": Source.GNSS,
    "gnss": Source.GNSS,
    "fused": Source.FUSED,
    "wifi": Source.WIFI,
    "wi-fi": Source.WIFI,
    "cell": Source.CELL,
    "network": Source.CELL,
    "lbs": Source.CELL,
}


class BadLine(msgspec.Struct, frozen=True):
    """A line that could not be read: where, and what was expected."""

    line: int
    sentence: str


class Unreadable(ValueError):  # noqa: N818 - said of a value, caught at once by its reader
    """A value is not what was expected; the message is the sentence for the person."""


Read = Iterator[Fact | BadLine]


def number(text: object, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number between low and high."""
    try:
        value = float(text)  # type: ignore[arg-type]  # whatever it is, float() says so
    except (TypeError, ValueError):
        raise Unreadable(f'{name} is "{_short(text)}"; a number was expected') from None
    if not (math.isfinite(value) and low <= value <= high):
        raise Unreadable(f"{name} is {value:g}; a number from {low:g} to {high:g} was expected")
    return value


def optional(text: object, name: str, low: float, high: float) -> float | None:
    """A number, or None where nothing (or -1, as some devices write for nothing) stands."""
    if text is None or text == "" or text in (-1, "-1", "-1.0"):
        return None
    return number(text, name, low, high)


def instant(text: object) -> Millis:
    """Epoch seconds or milliseconds, ISO 8601, or `yyyy-MM-dd HH:mm:ss`; without a zone it is UTC."""
    if isinstance(text, bool) or text is None or text == "":
        raise Unreadable("the time is missing; epoch seconds or ISO 8601 was expected")
    try:
        value = float(text)  # type: ignore[arg-type]  # whatever it is, float() says so
        at_ms = round(value if value >= _EPOCH_MS_FROM else value * 1000) if math.isfinite(value) else -1
    except (TypeError, ValueError):
        at_ms = _calendar(str(text).strip())
    if not _FIRST_MS <= at_ms <= _LAST_MS:
        raise Unreadable(f'the time "{_short(text)}" does not lie between 1970 and 2100')
    return at_ms


def _calendar(text: str) -> Millis:
    try:
        moment = dt.datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        raise Unreadable(f'the time is "{_short(text)}"; epoch seconds or ISO 8601 was expected') from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return round((moment - _UTC_EPOCH).total_seconds() * 1000)


def fix(
    device: str,
    at_ms: Millis,
    lat: object,
    lon: object,
    accuracy: object = None,
    source: Source = Source.UNKNOWN,
    *,
    speed_mps: float | None = None,
    mock: bool = False,
) -> Fix:
    """A position, checked. 0,0 is refused: it is what devices write that have none."""
    lat_deg, lon_deg = number(lat, "the latitude", -90, 90), number(lon, "the longitude", -180, 180)
    if lat_deg == 0 and lon_deg == 0:
        raise Unreadable("the position is 0,0, which devices write when they have none")
    radius = optional(accuracy, "the accuracy", 0, 1e7)
    name = fact_id(device, "fix", at_ms, lat_deg, lon_deg, radius, source.value, mock)
    return Fix(name, device, at_ms, at_ms, lat_deg, lon_deg, radius, source, speed_mps, mock=mock)


def report(
    device: str,
    at_ms: Millis,
    battery_pct: float | None = None,
    charging: bool | None = None,  # noqa: FBT001 - a fact's field, passed on
    events: tuple[DeviceEvent, ...] = (),
) -> DeviceReport:
    """What a device told of itself."""
    name = fact_id(device, "report", at_ms, battery_pct, charging, *events)
    return DeviceReport(name, device, at_ms, at_ms, battery_pct, charging, events)


def source_of(text: object, otherwise: Source = Source.UNKNOWN) -> Source:
    """How a position was found, by the words that files use."""
    return _SOURCES.get(str(text).strip().lower(), otherwise) if text else otherwise


def _short(text: object) -> str:
    shown = str(text)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def device_of(file: Path) -> str:
    """The name under which a file's facts stand."""
    return file.name
