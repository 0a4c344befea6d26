"""Says a finding in plain words, for the alert desk, the evidence page and the command line.

Times are local, with the abbreviation of the zone once; a date stands where it is not the finding's own. Nothing here
decides anything: every figure comes from the finding's evidence, every name from the condition.
"""

from collections.abc import Callable, Mapping
from typing import Any

from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    Body,
    CheckInDuty,
    ConditionSet,
    Curfew,
    MovingZone,
    OrderTerm,
    Trail,
    Zone,
    ZoneKind,
)
from surety.rules.findings import Certainty, Finding, Kind
from surety.rules.phrases import both, count, distance, either, local_time, percent, span
from surety.rules.teller import Teller
from surety.rules.telling import SAID, within
from surety.rules.timetable_words import pause_words, timetable

__all__ = ["describe", "explanation", "local_time", "sentence", "timetable"]


def sentence(finding: Finding, conditions: ConditionSet, time_zone: str) -> str:
    """The finding in one or two plain sentences; `time_zone` is the person's (an IANA name)."""
    teller = Teller(finding, _body_of(finding, conditions), time_zone)
    parts = (SAID[finding.kind](teller).strip(), within(teller), teller.device(), teller.cause())
    said = " ".join(part for part in parts if part)
    return said[0].upper() + said[1:]


def explanation(finding: Finding, conditions: ConditionSet, time_zone: str) -> list[str]:
    """What was ordered, what was recorded, what the rule concludes, how sure that is, what else could explain it."""
    body = _body_of(finding, conditions)
    teller = Teller(finding, body, time_zone)
    told = [
        f"Ordered: {describe(body)}" if body is not None else "The finding stands under no particular condition.",
        *_recorded(teller),
        f"Concluded: {sentence(finding, conditions, time_zone)}",
        _sureness(teller),
        *_otherwise(teller),
    ]
    return [line for line in told if line]


def describe(body: Body, labels: Mapping[str, str] | None = None) -> str:
    """What a condition asks, as one sentence. `labels` are the names of conditions by id, which an absence covers."""
    if isinstance(body, Absence):
        return _absence(body, labels or {})
    return _DESCRIBED[type(body)](body)


def _trail(body: Trail) -> str:
    charge = (
        f"charge it for {span(body.charge_min_a_day * 60)} every day" if body.charge_min_a_day else "keep it charged"
    )
    return (
        f"Carry the device and {charge}; {span(body.silent_after_s)} without a message from it, or "
        f"{span(body.no_location_after_s)} without a usable place, is looked into."
    )


def _check_ins(body: CheckInDuty) -> str:
    often = f"up to {count(body.per_day, 'time')} a day" if body.per_day else "not at present"
    asked = f"Answer with a photograph of yourself when asked, {often}, within {span(body.response_s)}."
    if not body.per_day:
        return asked
    when = f"at {both(list(body.fixed))}" if body.fixed else "at times that are not told before"
    apart = f", at least {span(body.apart_s)} after each other" if body.apart_s and body.per_day > 1 else ""
    never = [
        f"{one.name} ({timetable(one.timetable).removesuffix(f' ({body.timetable.zone})')})" for one in body.exempt
    ]
    during = f" Never during: {'; '.join(never)}." if never else ""
    return f"{asked} Photographs are asked for {when}, {timetable(body.timetable)}{apart}.{during}"


def _moving(body: MovingZone) -> str:
    before = f" The desk is told from {distance(body.warn_m)} on." if body.warn_m > body.alert_m else ""
    when = timetable(body.timetable)
    return f"Keep {distance(body.alert_m)} away from the protected person, wherever they are, {when}.{before}"


def _zone(body: Zone) -> str:
    when = timetable(body.timetable)
    if body.zone_kind is ZoneKind.RESTRICTION:
        return f'Do not stay in the zone "{body.name}" for longer than {span(body.max_stay_s)} at a time, {when}.'
    verb = "Stay out of" if body.zone_kind is ZoneKind.EXCLUSION else "Stay within"
    warned = f" Within {distance(body.warn_m)} of it the person is warned." if body.warn_m else ""
    return f'{verb} the zone "{body.name}" {when}.{warned}'


def _curfew(body: Curfew) -> str:
    return f"Be at {either([place.name for place in body.places])} {timetable(body.timetable)}.{_allowance(body)}"


def _allowance(body: Curfew) -> str:
    """What a curfew tolerates, after the sentence that says it."""
    tolerated = [
        f"{count(minutes, 'minute')} a {per}"
        for per, minutes in (("day", body.allowance_day_min), ("week (from Monday)", body.allowance_week_min))
        if minutes
    ]
    if not tolerated:
        return ""
    return f" Time away adds up; up to {' and '.join(tolerated)} {'are' if len(tolerated) > 1 else 'is'} tolerated."


def _attendance(body: Attendance) -> str:
    late = f" Coming up to {span(body.tolerance_s)} late is in time." if body.tolerance_s else ""
    return (
        f"Attend {body.purpose} at {body.place.name}, {timetable(body.timetable)}, "
        f"and stay for at least {span(body.min_stay_s)}.{late}"
    )


def _absence(body: Absence, labels: Mapping[str, str]) -> str:
    once = [pause_words(span, body.timetable.zone) for span in body.spans]
    recurs = body.timetable.rows or body.timetable.one_offs
    by_timetable = [timetable(body.timetable)] if recurs or not once else []
    when = f"{'; '.join([*by_timetable, *once])}"
    known = [f'"{labels[name]}"' for name in body.applies_to if name in labels]
    named = both(known) if len(known) == len(body.applies_to) else "the conditions named"
    if body.absence_kind is AbsenceKind.SUSPENSION:
        said = f"Suspended: {named or 'every curfew, zone, attendance and photo check-in'} need not be kept {when}."
    elif named:
        said = f"Authorised absence: {named} need not be kept {when}."
    else:
        said = f"Authorised absence: no need to be where you are ordered to be {when}. Zones to stay out of still hold."
    return f"{said} Reason: {body.reason}." if body.reason else said


_DESCRIBED: dict[type, Callable[[Any], str]] = {
    Trail: _trail,
    CheckInDuty: _check_ins,
    MovingZone: _moving,
    OrderTerm: lambda _: "The order is reviewed by the date that it sets, and over at its end.",
    Attendance: _attendance,
    Curfew: _curfew,
    Zone: _zone,
}


def _recorded(t: Teller) -> list[str]:
    fixes, error = len(t.finding.evidence.fact_ids), t.number("sigma_m")
    if t.number("last_certain_ms") is None:
        return ["Recorded: nothing that shows where the person was."] if t.number("p_inside") is not None else []
    basis = f"The conclusion rests on {count(fixes, 'record')} of the device. " if fixes else ""
    width = f" Its error is about {distance(3 * error)} in 19 cases of 20." if error is not None else ""
    return [f"Recorded: {basis}{t.last_fix()}{width}"]


def _sureness(t: Teller) -> str:
    p = None if t.finding.kind is Kind.CANNOT_VERIFY else t.number("p_inside")
    chance = f" The evidence puts the probability of being inside at {percent(p)}." if p is not None else ""
    word = {
        Certainty.ESTABLISHED: "Established: the records leave little room for another reading.",
        Certainty.PROBABLE: "Probable: the records speak for it, but not beyond doubt.",
        Certainty.POSSIBLE: "Possible only: it is on record and no reason to act by itself.",
    }[t.finding.certainty]
    return f"{word}{chance}"


_PLACE_DOUBTS = "Position errors near tall buildings, in the underground or indoors can carry fixes past an edge."
_QUIET_DOUBTS = "An empty battery, a building without reception or a fault of the device look the same."
_SENSOR_DOUBTS = "Sensors of this kind report by mistake; look at the device before concluding anything."
_FACE_DOUBTS = "Light, a turned head, a changed face or a poor camera can hide who it is; ask for another photograph."
_APART_DOUBTS = (
    "The protected person may have come closer themselves; and position errors add up, as both positions err."
)
_DOUBTS = {
    Kind.PROTECTED_NEAR: _APART_DOUBTS,
    Kind.PROTECTED_APPROACHED: _APART_DOUBTS,
    Kind.NO_LOCATION: "Indoors, underground or after a fault a receiver finds no satellites.",
    Kind.IMPLAUSIBLE_MOVEMENT: "A wild fix, a wrong clock, an aircraft, or two devices under one name look the same.",
    Kind.JAMMING_SUSPECTED: "Car parks, tunnels and faults of the receiver look the same.",
    Kind.BATTERY_FLAT: _QUIET_DOUBTS,
    Kind.MESSAGES_LOST: "A browser whose storage was cleared, or a watch that was set up anew, loses it too.",
    Kind.CHECK_IN_MISSED: "A phone that was asleep, without network or out of battery shows no question.",
    Kind.FACE_NOT_VERIFIED: _FACE_DOUBTS,
    Kind.ZONE_CROSSED: "The person need not have gone straight.",
    Kind.CANNOT_VERIFY: _QUIET_DOUBTS,
    Kind.SILENT: _QUIET_DOUBTS,
    Kind.POWERED_OFF: _QUIET_DOUBTS,
    Kind.STRAP_TAMPER: _SENSOR_DOUBTS,
    Kind.CASE_TAMPER: _SENSOR_DOUBTS,
    Kind.OFF_WRIST: _SENSOR_DOUBTS,
    Kind.MOCK_LOCATION: "Some phones call a position simulated after a fault or for an accessory.",
    **dict.fromkeys(
        (
            Kind.ZONE_ENTERED,
            Kind.RESTRICTION_OVERSTAYED,
            Kind.INCLUSION_LEFT,
            Kind.INCLUSION_ABSENT_AT_START,
            Kind.CURFEW_LEFT,
        ),
        _PLACE_DOUBTS,
    ),
    **dict.fromkeys(
        (Kind.ATTENDANCE_MISSED, Kind.ATTENDANCE_SHORT, Kind.CURFEW_ABSENT_AT_START, Kind.CURFEW_ABSENT_THROUGHOUT),
        _PLACE_DOUBTS,
    ),
}


def _otherwise(t: Teller) -> list[str]:
    doubts = _DOUBTS.get(t.finding.kind)
    if doubts is None:
        return []
    excuse = " There may be a reasonable excuse, which no record shows." if doubts is _PLACE_DOUBTS else ""
    return [f"What else could explain it: {doubts}{excuse}"]


def _body_of(finding: Finding, conditions: ConditionSet) -> Body | None:
    for condition in conditions.conditions:
        if (condition.id, condition.version) == (finding.condition_id, finding.condition_version):
            return condition.body
    return None
