"""Versions of an allowance, of attendance, of check-ins and of an absence compared, in words."""

from collections.abc import Mapping

from surety.rules import phrases, timetable_words
from surety.rules.conditions import Absence, AbsenceKind, Attendance, CheckInDuty, Curfew, Exemption, Pause

_ABSENCES = {AbsenceKind.AUTHORISED: "an authorised absence", AbsenceKind.SUSPENSION: "a suspension"}


def allowance_changes(before: Curfew, after: Curfew) -> list[str]:
    """What of the minutes away that are tolerated differs."""
    pairs = (
        ("day", before.allowance_day_min, after.allowance_day_min),
        ("week", before.allowance_week_min, after.allowance_week_min),
    )
    return [f"Tolerated away a {per}: {_minutes(new)}, was {_minutes(old)}." for per, old, new in pairs if old != new]


def _minutes(minutes: int) -> str:
    return phrases.count(minutes, "minute") if minutes else "nothing"


def attendance_changes(before: Attendance, after: Attendance) -> list[str]:
    """What of an attendance differs, but for its area and times."""
    changes = []
    if before.purpose != after.purpose:
        changes.append(f"Attends {after.purpose}, was {before.purpose}.")
    if before.place.name != after.place.name:
        changes.append(f"At {after.place.name}, was at {before.place.name}.")
    for what, old, new in (
        ("Stay of at least", before.min_stay_s, after.min_stay_s),
        ("Tolerated late", before.tolerance_s, after.tolerance_s),
    ):
        if old != new:
            changes.append(f"{what} {phrases.span(new)}, was {phrases.span(old)}.")
    return changes


def check_in_changes(before: CheckInDuty, after: CheckInDuty) -> list[str]:
    """What of a check-in duty differs, but for its times."""
    changes = []
    if before.per_day != after.per_day:
        changes.append(f"Photographs a day: up to {after.per_day}, was {before.per_day}.")
    for what, old, new in (
        ("Time to answer", before.response_s, after.response_s),
        ("Taken late for", before.late_until_s, after.late_until_s),
        ("At least between two", before.apart_s, after.apart_s),
    ):
        if old != new:
            changes.append(f"{what}: {phrases.span(new)}, was {phrases.span(old)}.")
    if before.fixed != after.fixed:
        changes.append(f"Asked for {_asked_at(after)}, was {_asked_at(before)}.")
    changes += [f"Never during: {_exempt(one)}." for one in after.exempt if one not in before.exempt]
    changes += [f"No longer left out: {_exempt(one)}." for one in before.exempt if one not in after.exempt]
    return changes


def _asked_at(body: CheckInDuty) -> str:
    return f"at {phrases.both(list(body.fixed))}" if body.fixed else "at times that are not told before"


def _exempt(one: Exemption) -> str:
    return f"{one.name}, {timetable_words.timetable(one.timetable)}"


def absence_changes(before: Absence, after: Absence, labels: Mapping[str, str]) -> list[str]:
    """What of an absence differs, but for what recurs."""
    changes = []
    if before.absence_kind is not after.absence_kind:
        changes.append(f"Is {_ABSENCES[after.absence_kind]}, was {_ABSENCES[before.absence_kind]}.")
    if before.applies_to != after.applies_to:
        changes.append(f"Covers {_covered(after, labels)}, covered {_covered(before, labels)}.")
    if before.reason != after.reason:
        changes.append(f"Reason: {after.reason}, was {before.reason}.")
    zone = after.timetable.zone
    changes += [f"Added: {_pause(one, zone)}." for one in after.spans if one not in before.spans]
    changes += [f"Removed: {_pause(one, zone)}." for one in before.spans if one not in after.spans]
    return changes


def _covered(body: Absence, labels: Mapping[str, str]) -> str:
    if not body.applies_to:
        return "what it covers without names"
    return phrases.both([f'"{labels.get(name, "a condition")}"' for name in body.applies_to])


def _pause(one: Pause, zone: str) -> str:
    return timetable_words.pause_words(one, zone)
