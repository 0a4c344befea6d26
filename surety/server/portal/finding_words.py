"""A finding in one plain sentence of the person's language: a template a kind, filled with what is certain.

What concerns a protected person is left out: where the person came near them tells where they were.
"""

from collections.abc import Mapping

from surety.rules.conditions import Attendance, Body, ConditionSet, Curfew, Zone
from surety.rules.findings import Certainty, Finding, Kind
from surety.server.portal.languages import noop, say

UNTOLD = frozenset({Kind.PROTECTED_APPROACHED, Kind.PROTECTED_NEAR, Kind.PROTECTED_CLEAR})

_LEFT = noop("You left {place} while you had to be there.")
_ABSENT = noop("You were not at {place} when you had to be.")
_BACK = noop("You were back at {place}.")
_OUT = noop("You left the zone {place}.")
_TAMPER = noop("Your device reported that it was opened or taken off. Such reports can be wrong.")
_POSITIONS = noop("The positions of your device looked wrong. This can be a fault.")
_PLACED = noop("Your device could tell its place again.")
_HELP = noop("You told us that you have a problem.")
SAID: Mapping[Kind, str] = {
    Kind.ZONE_ENTERED: noop("You were in the zone {place}."),
    Kind.ZONE_LEFT: _OUT,
    Kind.ZONE_CROSSED: noop("You may have passed through the zone {place}."),
    Kind.ZONE_NEAR: noop("You were near the zone {place}."),
    Kind.ZONE_CLEAR: noop("You were away from the zone {place} again."),
    Kind.RESTRICTION_OVERSTAYED: noop("You stayed too long in the zone {place}."),
    Kind.RESTRICTION_LEFT: _OUT,
    Kind.INCLUSION_LEFT: _LEFT,
    Kind.INCLUSION_ABSENT_AT_START: _ABSENT,
    Kind.INCLUSION_RETURNED: _BACK,
    Kind.CURFEW_ABSENT_AT_START: _ABSENT,
    Kind.CURFEW_LEFT: _LEFT,
    Kind.CURFEW_RETURNED: _BACK,
    Kind.CURFEW_ABSENT_THROUGHOUT: noop("You were not at {place} the whole time."),
    Kind.ALLOWANCE_EXCEEDED: noop("You were away for longer than your order allows."),
    Kind.ATTENDANCE_MISSED: noop("You did not come to {place}."),
    Kind.ATTENDANCE_LATE: noop("You came late to {place}."),
    Kind.ATTENDANCE_SHORT: noop("You did not stay long enough at {place}."),
    Kind.ATTENDANCE_KEPT: noop("You were at {place} as ordered."),
    Kind.ATTENDANCE_UNVERIFIED: noop("We could not check whether you were at {place}. That is no breach."),
    Kind.CHECK_IN_MISSED: noop("No photo came when you were asked."),
    Kind.CHECK_IN_UNDELIVERED: noop("Our question for a photo did not reach you. That is no breach."),
    Kind.CHECK_IN_LATE: noop("Your photo came late."),
    Kind.FACE_NOT_VERIFIED: noop("People found that a photo did not show you."),
    Kind.CANNOT_VERIFY: noop("We could not check where you were. That is no breach."),
    Kind.VERIFIED_AGAIN: noop("We could check again where you were."),
    Kind.DUTY_ENDED: noop("The time of this duty was over."),
    Kind.SILENT: noop("Nothing was heard from your device."),
    Kind.HEARD_AGAIN: noop("Your device was heard again."),
    Kind.NO_LOCATION: noop("Your device could not tell its place."),
    Kind.LOCATED_AGAIN: _PLACED,
    Kind.SOS: _HELP,
    Kind.PROBLEM_TOLD: _HELP,
    Kind.STRAP_TAMPER: _TAMPER,
    Kind.CASE_TAMPER: _TAMPER,
    Kind.OFF_WRIST: _TAMPER,
    Kind.BATTERY_LOW: noop("The battery of your device was low."),
    Kind.BATTERY_FLAT: noop("The battery of your device was empty."),
    Kind.NOT_CHARGED: noop("Your device was not charged long enough."),
    Kind.POWERED_OFF: noop("Your device was switched off."),
    Kind.MOCK_LOCATION: _POSITIONS,
    Kind.IMPLAUSIBLE_MOVEMENT: _POSITIONS,
    Kind.JAMMING_SUSPECTED: _POSITIONS,
    Kind.MESSAGES_LOST: noop("Your device lost messages. This can be a fault."),
    Kind.DEVICE_RESTORED: noop("Your device was in order again."),
    Kind.ORDER_EXPIRED: noop("The time of your order was over."),
    Kind.REVIEW_OVERDUE: noop("The review of your order was late."),
    Kind.REVIEW_DONE: noop("Your order was reviewed."),
}
SURE: Mapping[Certainty, str] = {
    Certainty.ESTABLISHED: noop("Sure"),
    Certainty.PROBABLE: noop("Probable"),
    Certainty.POSSIBLE: noop("Possible only"),
}


def sentence(finding: Finding, known: ConditionSet) -> str:
    """The finding in words."""
    return say(SAID[finding.kind], place=_place(finding, known) or say("the place ordered"))


def of_kind(kind: str) -> str:
    """What an alert of a kind is about, where its finding is not kept any more."""
    return say(SAID[Kind(kind)], place=say("the place ordered")) if kind in list(Kind) else ""


def _place(finding: Finding, known: ConditionSet) -> str:
    for condition in known.conditions:
        if (condition.id, condition.version) == (finding.condition_id, finding.condition_version):
            return _name(condition.body)
    return ""


def _name(body: Body) -> str:
    if isinstance(body, Curfew):
        return " / ".join(place.name for place in body.places)
    if isinstance(body, Zone):
        return body.name
    return body.place.name if isinstance(body, Attendance) else ""
