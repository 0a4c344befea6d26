"""What the rules conclude: kinds, certainty, cause, and the evidence that lets anybody derive it again."""

import enum
import hashlib

import msgspec

from surety.rules.facts import Millis

RULES_VERSION = "2026.11.2"


class Certainty(enum.StrEnum):
    """How sure a finding is. POSSIBLE never alerts by itself."""

    POSSIBLE = "possible"
    PROBABLE = "probable"
    ESTABLISHED = "established"


class Cause(enum.StrEnum):
    """What explains a finding, as far as the facts around it tell."""

    BEHAVIOUR = "behaviour"
    EQUIPMENT = "equipment"
    CHARGING = "charging"
    NETWORK = "network"
    UNKNOWN = "unknown"


class Kind(enum.StrEnum):
    """The catalogue of findings. `begins` and `ends` of one thing share an `episode_id`."""

    ZONE_ENTERED = "zone_entered"
    ZONE_LEFT = "zone_left"
    ZONE_CROSSED = "zone_crossed"  # between two fixes, by the straight way: on record, never an alert
    ZONE_NEAR = "zone_near"  # within the warning distance of an exclusion zone: a word to the person, not to the desk
    ZONE_CLEAR = "zone_clear"
    RESTRICTION_OVERSTAYED = "restriction_overstayed"
    RESTRICTION_LEFT = "restriction_left"
    PROTECTED_APPROACHED = "protected_approached"  # within the distance at which the desk is told before
    PROTECTED_NEAR = "protected_near"  # within the distance ordered of a protected person's own device
    PROTECTED_CLEAR = "protected_clear"
    INCLUSION_LEFT = "inclusion_left"
    INCLUSION_ABSENT_AT_START = "inclusion_absent_at_start"
    INCLUSION_RETURNED = "inclusion_returned"
    CURFEW_ABSENT_AT_START = "curfew_absent_at_start"
    CURFEW_LEFT = "curfew_left"
    CURFEW_RETURNED = "curfew_returned"
    CURFEW_ABSENT_THROUGHOUT = "curfew_absent_throughout"
    ALLOWANCE_EXCEEDED = "allowance_exceeded"  # minutes away that add up to more than the order tolerates
    ATTENDANCE_MISSED = "attendance_missed"
    ATTENDANCE_LATE = "attendance_late"
    ATTENDANCE_SHORT = "attendance_short"
    ATTENDANCE_KEPT = "attendance_kept"
    ATTENDANCE_UNVERIFIED = "attendance_unverified"
    CHECK_IN_MISSED = "check_in_missed"
    CHECK_IN_UNDELIVERED = "check_in_undelivered"
    CHECK_IN_LATE = "check_in_late"
    FACE_NOT_VERIFIED = "face_not_verified"
    CANNOT_VERIFY = "cannot_verify"
    VERIFIED_AGAIN = "verified_again"
    DUTY_ENDED = "duty_ended"  # an episode ends because its window or condition did, not by what anybody did
    SILENT = "silent"
    HEARD_AGAIN = "heard_again"
    NO_LOCATION = "no_location"  # the device speaks but tells no usable place
    LOCATED_AGAIN = "located_again"
    SOS = "sos"
    PROBLEM_TOLD = "problem_told"  # the person says that they have a problem: no breach, whatever it is
    STRAP_TAMPER = "strap_tamper"
    CASE_TAMPER = "case_tamper"
    OFF_WRIST = "off_wrist"
    BATTERY_LOW = "battery_low"
    BATTERY_FLAT = "battery_flat"
    NOT_CHARGED = "not_charged"  # charged for less than the order asks in a day
    POWERED_OFF = "powered_off"
    MOCK_LOCATION = "mock_location"
    IMPLAUSIBLE_MOVEMENT = "implausible_movement"
    JAMMING_SUSPECTED = "jamming_suspected"
    MESSAGES_LOST = "messages_lost"  # the device lost what it had not sent: nobody knows what it was
    DEVICE_RESTORED = "device_restored"  # what the device had told of itself (strap, wrist, power, battery) is over
    ORDER_EXPIRED = "order_expired"
    REVIEW_OVERDUE = "review_overdue"
    REVIEW_DONE = "review_done"


ENDS = frozenset(
    {
        Kind.ZONE_LEFT,
        Kind.ZONE_CLEAR,
        Kind.RESTRICTION_LEFT,
        Kind.PROTECTED_CLEAR,
        Kind.INCLUSION_RETURNED,
        Kind.CURFEW_RETURNED,
        Kind.CURFEW_ABSENT_THROUGHOUT,
        Kind.VERIFIED_AGAIN,
        Kind.HEARD_AGAIN,
        Kind.LOCATED_AGAIN,
        Kind.DEVICE_RESTORED,
        Kind.CHECK_IN_LATE,
        Kind.REVIEW_DONE,
        Kind.DUTY_ENDED,
    }
)
"""Kinds that end the episode they belong to; every other kind begins one (a button pressed is an episode of one)."""


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a finding rests on: fact ids in order of time, and the estimator's numbers by name (units in names)."""

    fact_ids: tuple[str, ...] = ()
    numbers: dict[str, float | str | None] = {}


class Finding(msgspec.Struct, frozen=True):
    """One conclusion. Never edited; a later fact may supersede it with another.

    `at_ms` is when it happened (event time), `known_ms` when the rules could first have known it: the time of the
    fact or the wake-up that settled it. `episode_id` joins the begin and the end of one thing (a visit, an absence,
    a silence). The id is derived from the person, kind, condition version and event time, so the same facts give
    the same id.
    """

    id: str
    kind: Kind
    person_id: str
    condition_id: str
    condition_version: int
    episode_id: str
    at_ms: Millis
    known_ms: Millis
    certainty: Certainty
    cause: Cause
    evidence: Evidence
    rules_version: str = RULES_VERSION


def finding_id(person_id: str, kind: Kind, condition_id: str, version: int, at_ms: Millis) -> str:
    """32 hex digits that name one conclusion, the same whenever it is derived again."""
    text = f"{person_id}|{kind.value}|{condition_id}|{version}|{at_ms}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


_encoder = msgspec.json.Encoder(order="deterministic")


def to_json(finding: Finding) -> bytes:
    """The finding as canonical JSON: the same finding gives the same bytes."""
    return _encoder.encode(finding)
