"""What a device or a person did, with its own time. Nothing here is a conclusion.

Instants are integer milliseconds since 1970-01-01T00:00Z (POSIX time); positions are WGS 84 degrees.
A fact's id is derived from its content (`fact_id`), so the same message delivered twice is the same fact.
"""

import enum
import hashlib
from typing import Annotated

import msgspec

Millis = int
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Source(enum.StrEnum):
    """How a position was found. A cell or Wi-Fi fix alone never establishes anything."""

    GNSS = "gnss"
    FUSED = "fused"
    WIFI = "wifi"
    CELL = "cell"
    UNKNOWN = "unknown"


class DeviceEvent(enum.StrEnum):
    """What a device says happened to it; several may be true at once and each counts."""

    SOS = "sos"
    STRAP_TAMPER = "strap_tamper"
    STRAP_CLOSED = "strap_closed"
    CASE_TAMPER = "case_tamper"
    CASE_CLOSED = "case_closed"
    OFF_WRIST = "off_wrist"
    ON_WRIST = "on_wrist"
    BATTERY_LOW = "battery_low"
    POWER_OFF = "power_off"
    POWER_ON = "power_on"
    POWER_CUT = "power_cut"
    CHARGING_STARTED = "charging_started"
    CHARGING_ENDED = "charging_ended"
    FALL = "fall"
    OFFLINE = "offline"
    MOCK_LOCATION = "mock_location"
    JAMMING = "jamming"  # the receiver says that something drowns the satellites' signal
    LOCATION_OFF = "location_off"  # the platform's permission or switch for positions is off
    MESSAGES_LOST = "messages_lost"  # the device lost what it had not sent yet


class Fix(msgspec.Struct, frozen=True, tag="fix", tag_field="type", omit_defaults=True):
    """A position that a device reported.

    `accuracy_m` is the radius the device claims (about 68 % on Android, 63-68 % on Apple, see GPS figures in
    docs/adr); None when it claims none. `mock` marks a position that the device itself calls simulated: it is a
    device-health fact, never evidence of a place.
    """

    id: str
    device_id: str
    at_ms: Millis
    received_ms: Millis
    lat_deg: Latitude
    lon_deg: Longitude
    accuracy_m: float | None = None
    source: Source = Source.UNKNOWN
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    mock: bool = False


class DeviceReport(msgspec.Struct, frozen=True, tag="report", tag_field="type", omit_defaults=True):
    """What a device told of itself, with or without a position (which then is a `Fix` of its own)."""

    id: str
    device_id: str
    at_ms: Millis
    received_ms: Millis
    battery_pct: float | None = None
    charging: bool | None = None
    events: tuple[DeviceEvent, ...] = ()


class CheckInAsked(msgspec.Struct, frozen=True, tag="check_in_asked", tag_field="type", omit_defaults=True):
    """A photograph was asked for. `due_ms`: until when it is in time; `delivered`: whether the prompt got through.

    A later one with the same `check_in_id` says the same check-in anew, such as that the prompt got through after all,
    or that it need not be answered any more (`taken_back`).
    """

    id: str
    check_in_id: str
    at_ms: Millis
    received_ms: Millis
    due_ms: Millis
    delivered: bool | None = None
    taken_back: bool = False


class CheckInSubmitted(msgspec.Struct, frozen=True, tag="check_in_submitted", tag_field="type", omit_defaults=True):
    """The person sent photographs for a check-in. What they show is for the face room and then for a person to say.

    `photos`: the SHA-256 of each frame, in order; none where an officer saw the person themselves. `turn`: which way
    the head was to be turned ("left", "right", "": not at all). `tries`: how often it was tried; `forced`: sent all the
    same.
    `clock_ms`: what the device's own clock said; `at_ms` is by the server's, as well as it can be told.
    """

    id: str
    check_in_id: str
    device_id: str
    at_ms: Millis
    received_ms: Millis
    photos: tuple[str, ...] = ()
    turn: str = ""
    tries: int = 1
    forced: bool = False
    clock_ms: Millis | None = None


class Topic(enum.StrEnum):
    """What somebody says that they have a problem with."""

    UNWELL = "unwell"
    UNSAFE = "unsafe"
    DEVICE = "device"  # the watch, its strap, its battery
    CAMERA = "camera"
    PLACE = "place"  # cannot be where they are to be
    TIME = "time"  # cannot keep a time
    OTHER = "other"


class ProblemTold(msgspec.Struct, frozen=True, tag="problem_told", tag_field="type", omit_defaults=True):
    """The person says that they have a problem, in their own words where they wrote any."""

    id: str
    device_id: str
    at_ms: Millis
    received_ms: Millis
    topic: Topic
    words: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Verdict(enum.StrEnum):
    """What became of a check-in. Only people say NOT_SAME; a machine's clear match or a person may say SAME."""

    SAME = "same"
    NOT_SAME = "not_same"
    CANNOT_TELL = "cannot_tell"


class CheckInDecided(msgspec.Struct, frozen=True, tag="check_in_decided", tag_field="type", omit_defaults=True):
    """The comparison of a check-in was concluded. `deciders`: the people who said so (none: the machine)."""

    id: str
    check_in_id: str
    at_ms: Millis
    received_ms: Millis
    verdict: Verdict
    deciders: tuple[str, ...] = ()


class ProtectedFix(msgspec.Struct, frozen=True, tag="protected_fix", tag_field="type", omit_defaults=True):
    """Where a protected person's own device was, for a zone that moves with them (`link_id` names the consented link).

    It is evidence only of the distance between two people and is never shown with a supervised person's case.
    """

    id: str
    link_id: str
    at_ms: Millis
    received_ms: Millis
    lat_deg: Latitude
    lon_deg: Longitude
    accuracy_m: float | None = None
    source: Source = Source.UNKNOWN


class ConditionsChanged(msgspec.Struct, frozen=True, tag="conditions_changed", tag_field="type"):
    """A person's order or conditions were changed, with effect from `at_ms` (which may lie in the past)."""

    id: str
    at_ms: Millis
    received_ms: Millis


class Tick(msgspec.Struct, frozen=True, tag="tick", tag_field="type"):
    """Time passed: everything that was known up to `at_ms` has been given to the rules."""

    at_ms: Millis


Fact = (
    Fix
    | DeviceReport
    | ConditionsChanged
    | CheckInAsked
    | CheckInSubmitted
    | CheckInDecided
    | ProtectedFix
    | ProblemTold
)
_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder: msgspec.msgpack.Decoder[Fact] = msgspec.msgpack.Decoder(Fact)


def fact_id(device_id: str, *content: object) -> str:
    """The id of a fact: 32 hex digits from the device and the content as it was understood (SHA-256, cut)."""
    text = "\x1f".join((device_id, *(repr(part) for part in content)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def encode(fact: Fact) -> bytes:
    """The fact as MessagePack bytes, the form in which the log keeps it."""
    return _encoder.encode(fact)


def decode(data: bytes) -> Fact:
    """The fact that `encode` wrote. Raises msgspec.DecodeError or ValidationError on anything else."""
    return _decoder.decode(data)
