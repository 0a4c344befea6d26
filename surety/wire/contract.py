"""What every protocol's decoder gives back, and why a message may be refused."""

import enum

import msgspec

from surety.rules.facts import DeviceReport, Fix


class Reason(enum.StrEnum):
    """Why a message was refused. Each has a counter at the door; none ever stops it."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    NO_IDENTITY = "no_identity"
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - the name of a refusal
    NO_ORDER = "no_order"
    NOT_COVERED = "not_covered"
    BAD_POSITION = "bad_position"
    BAD_TIME = "bad_time"
    FUTURE = "future"
    TOO_OLD = "too_old"
    RATE_LIMIT = "rate_limit"
    NOT_READABLE = "not_readable"
    UNSUPPORTED = "unsupported"
    BUSY = "busy"
    WRONG_SIGNATURE = "wrong_signature"
    NOT_ENROLLED = "not_enrolled"
    WRONG_CODE = "wrong_code"
    GAP = "gap"
    WRONG_PREV = "wrong_prev"
    PHOTO_MISSING = "photo_missing"
    NO_PHOTO = "no_photo"


class Rejected(msgspec.Struct, frozen=True):
    """A refusal: the reason that is counted, and one sentence for the log and the sender (no position in it)."""

    reason: Reason
    sentence: str


class Decoded(msgspec.Struct, frozen=True):
    """What one message said: who sent it, the facts in it, and what in it was refused."""

    device_id: str
    facts: tuple[Fix | DeviceReport, ...] = ()
    refused: tuple[Rejected, ...] = ()
