"""What each kind of finding means for the desk: how urgent, how soon, and whether it opens an alert or ends one.

Severities and times follow what monitoring centres do: an exclusion zone or a tampered device at once; an absence or
lost contact soon, by asking the person first; equipment within the shift.
"""

from collections.abc import Iterable, Mapping

import msgspec

from surety.rules import problems
from surety.rules.findings import Cause, Certainty, Finding, Kind
from surety.rules.fleet import Symptom
from surety.server.alerts.models import Severity


class Rule(msgspec.Struct, frozen=True):
    """`opens`: a finding of this kind opens an alert (unless merely POSSIBLE); `clears`: it ends the situation."""

    severity: Severity
    due_minutes: int
    opens: bool = True
    clears: bool = False


def _ends() -> Rule:
    return Rule(Severity.NOTICE, 0, opens=False, clears=True)


POLICY: Mapping[Kind, Rule] = {
    Kind.ZONE_ENTERED: Rule(Severity.CRITICAL, 10),
    Kind.ZONE_LEFT: _ends(),
    Kind.ZONE_CROSSED: Rule(Severity.NOTICE, 0, opens=False),
    Kind.ZONE_NEAR: Rule(Severity.NOTICE, 0, opens=False),  # a word to the person, who then turns away
    Kind.ZONE_CLEAR: _ends(),
    Kind.RESTRICTION_OVERSTAYED: Rule(Severity.SERIOUS, 30),
    Kind.RESTRICTION_LEFT: _ends(),
    Kind.PROTECTED_APPROACHED: Rule(Severity.SERIOUS, 15),
    Kind.PROTECTED_NEAR: Rule(Severity.CRITICAL, 5),
    Kind.PROTECTED_CLEAR: _ends(),
    Kind.INCLUSION_LEFT: Rule(Severity.SERIOUS, 30),
    Kind.INCLUSION_ABSENT_AT_START: Rule(Severity.SERIOUS, 30),
    Kind.INCLUSION_RETURNED: _ends(),
    Kind.CURFEW_ABSENT_AT_START: Rule(Severity.SERIOUS, 30),
    Kind.CURFEW_LEFT: Rule(Severity.SERIOUS, 30),
    Kind.CURFEW_RETURNED: _ends(),
    # The night is over, the absence is not explained: it ends the episode, but clears nothing.
    Kind.CURFEW_ABSENT_THROUGHOUT: Rule(Severity.SERIOUS, 60),
    Kind.ALLOWANCE_EXCEEDED: Rule(Severity.SERIOUS, 240),
    Kind.ATTENDANCE_MISSED: Rule(Severity.SERIOUS, 240),
    Kind.ATTENDANCE_LATE: Rule(Severity.NOTICE, 0, opens=False),
    Kind.ATTENDANCE_SHORT: Rule(Severity.ROUTINE, 240),
    Kind.ATTENDANCE_KEPT: Rule(Severity.NOTICE, 0, opens=False),
    Kind.ATTENDANCE_UNVERIFIED: Rule(Severity.ROUTINE, 240),
    Kind.CHECK_IN_MISSED: Rule(Severity.ROUTINE, 60),
    Kind.CHECK_IN_UNDELIVERED: Rule(Severity.NOTICE, 240),
    Kind.CHECK_IN_LATE: _ends(),
    Kind.FACE_NOT_VERIFIED: Rule(Severity.SERIOUS, 60),
    Kind.CANNOT_VERIFY: Rule(Severity.ROUTINE, 60),
    Kind.VERIFIED_AGAIN: _ends(),
    Kind.DUTY_ENDED: _ends(),
    Kind.SILENT: Rule(Severity.ROUTINE, 60),
    Kind.HEARD_AGAIN: _ends(),
    Kind.NO_LOCATION: Rule(Severity.ROUTINE, 60),
    Kind.LOCATED_AGAIN: _ends(),
    Kind.SOS: Rule(Severity.CRITICAL, 5),
    Kind.PROBLEM_TOLD: Rule(Severity.ROUTINE, 60),
    Kind.STRAP_TAMPER: Rule(Severity.CRITICAL, 10),
    Kind.CASE_TAMPER: Rule(Severity.CRITICAL, 10),
    Kind.OFF_WRIST: Rule(Severity.SERIOUS, 30),
    Kind.BATTERY_LOW: Rule(Severity.NOTICE, 240),
    Kind.BATTERY_FLAT: Rule(Severity.ROUTINE, 60),
    Kind.NOT_CHARGED: Rule(Severity.NOTICE, 480),
    Kind.POWERED_OFF: Rule(Severity.SERIOUS, 60),
    Kind.MOCK_LOCATION: Rule(Severity.SERIOUS, 60),
    Kind.IMPLAUSIBLE_MOVEMENT: Rule(Severity.ROUTINE, 120),
    Kind.JAMMING_SUSPECTED: Rule(Severity.SERIOUS, 30),
    Kind.MESSAGES_LOST: Rule(Severity.NOTICE, 480),
    Kind.DEVICE_RESTORED: _ends(),
    Kind.ORDER_EXPIRED: Rule(Severity.ROUTINE, 480),
    Kind.REVIEW_OVERDUE: Rule(Severity.SERIOUS, 480),
    Kind.REVIEW_DONE: _ends(),
}
WITHIN_ALLOWANCE = Rule(Severity.ROUTINE, 120)
"""An absence within the order's allowance: the desk sees it, as centres do, and asks whether all is well; that the
allowance is passed is a serious finding of its own."""
AT_ONCE = Rule(Severity.SERIOUS, 15)
"""Somebody who says that they are unwell or not safe is asked after at once."""
# Where the cause makes it a lesser thing: a device that lies on its charger is not worn.
_BY_CAUSE: Mapping[tuple[Kind, Cause], Rule] = {(Kind.OFF_WRIST, Cause.CHARGING): Rule(Severity.NOTICE, 240)}
_CERTAINTY_ORDER = (Certainty.POSSIBLE, Certainty.PROBABLE, Certainty.ESTABLISHED)


# What says that nothing, or nothing certain, comes from a device. A device that goes quiet makes several of these, for
# each duty and for itself, and one person looks into them once.
QUIET = frozenset(
    {
        Kind.SILENT,
        Kind.CANNOT_VERIFY,
        Kind.NO_LOCATION,
        Kind.BATTERY_FLAT,
        Kind.POWERED_OFF,
        Kind.ATTENDANCE_UNVERIFIED,
    }
)
_POWER = frozenset({Kind.BATTERY_LOW, Kind.BATTERY_FLAT})
_TOLD = frozenset({Kind.PROBLEM_TOLD})  # who writes three times is called once, and all three are read
FOLDING = QUIET | _POWER | _TOLD


# What a fault of many devices explains of one person's: that nothing, or nothing certain, came.
_EXPLAINED = frozenset({Kind.SILENT, Kind.CANNOT_VERIFY, Kind.NO_LOCATION, Kind.ATTENDANCE_UNVERIFIED})


def explained_by(symptom: Symptom, kind: str, cause: str) -> bool:
    """Whether a common fault explains a finding. What explains itself, or is more than quiet, stands by itself."""
    if symptom is Symptom.BATTERY:
        return kind in _EXPLAINED | _POWER
    return kind in _EXPLAINED and cause in (Cause.UNKNOWN, Cause.NETWORK)


def folds_into(kind: Kind, cause: str, others: Iterable[str]) -> bool:
    """Whether a finding belongs to an alert of the same person that is about findings of these `others` kinds.

    A battery that was low explains what its end brings, and nothing else.
    """
    held = set(others)
    if kind not in FOLDING or not held <= (_TOLD if kind in _TOLD else QUIET | _POWER):
        return False
    if Kind.BATTERY_LOW in held or kind is Kind.BATTERY_LOW:
        return kind in _POWER or cause == Cause.EQUIPMENT
    return True


def rule_for(kind: Kind) -> Rule:
    """The rule of a kind. A kind that nobody has placed yet is looked at by a person within the hour."""
    return POLICY.get(kind, Rule(Severity.ROUTINE, 60))


def rule_of(finding: Finding) -> Rule:
    """The rule of one finding: that of its kind, unless what explains it makes it a lesser thing.

    Time away that the order still tolerates is looked into, but not in haste.
    """
    if finding.kind is Kind.PROBLEM_TOLD and finding.evidence.numbers.get("topic") in problems.AT_ONCE:
        return AT_ONCE
    left_s = finding.evidence.numbers.get("allowance_left_s")
    if isinstance(left_s, int | float) and left_s > 0:
        return WITHIN_ALLOWANCE
    return _BY_CAUSE.get((finding.kind, finding.cause)) or rule_for(finding.kind)


def opens(kind: Kind, certainty: Certainty) -> bool:
    """Whether a finding opens an alert: POSSIBLE never does by itself."""
    return rule_for(kind).opens and certainty is not Certainty.POSSIBLE


def is_surer(one: str, other: str) -> bool:
    """Whether the first certainty is greater than the second."""
    return _CERTAINTY_ORDER.index(Certainty(one)) > _CERTAINTY_ORDER.index(Certainty(other))
