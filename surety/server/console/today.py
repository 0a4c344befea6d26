"""What is asked of a person between now and midnight, in a few words each: the list on their page.

Leave is told in its own line, and the times it cuts out of a duty are not told as asked.
"""

from surety.rules import asked, phrases
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    Body,
    CheckInDuty,
    Condition,
    ConditionSet,
    Curfew,
    Trail,
    Zone,
    ZoneKind,
)
from surety.rules.schedule import Window
from surety.server.console.case_access import local

DAY_MS = 86_400_000
_ZONES = {ZoneKind.EXCLUSION: "Stay out of", ZoneKind.INCLUSION: "Stay within", ZoneKind.RESTRICTION: "Do not stay in"}


def duties_today(conditions: ConditionSet, now: int, time_zone: str) -> list[dict[str, str]]:
    """Each condition that holds now: what it asks between now and midnight, or until the window's end."""
    midnight = local(now, time_zone).replace(hour=0, minute=0, second=0, microsecond=0)
    start = int(midnight.timestamp() * 1000)
    told = []
    for condition in conditions.conditions:
        if not _holds(condition, now):
            continue
        if isinstance(condition.body, Trail):
            told.append({"what": _carry(condition.body), "when": "all day", "state": "now"})
        elif (what := _what(condition.body)) and (windows := _windows(condition, conditions, start)) is not None:
            told.append({"what": what, **_when(windows, start, now, time_zone)})
    return told


def _holds(condition: Condition, now: int) -> bool:
    return condition.effective_from_ms <= now and (condition.effective_to_ms is None or now < condition.effective_to_ms)


def _carry(body: Trail) -> str:
    minutes = body.charge_min_a_day
    return f"Carry the device and {f'charge it for {minutes} minutes' if minutes else 'keep it charged'}"


def _what(body: Body) -> str:
    if isinstance(body, Curfew):
        return f"Be at {' or '.join(place.name for place in body.places)}"
    if isinstance(body, Zone):
        return f'{_ZONES[body.zone_kind]} "{body.name}"'
    if isinstance(body, Attendance):
        return f"Attend {body.purpose} at {body.place.name} for {phrases.span(body.min_stay_s)} at least"
    if isinstance(body, CheckInDuty):
        return (
            f"Answer with a photograph when asked, up to {phrases.count(body.per_day, 'time')}" if body.per_day else ""
        )
    if isinstance(body, Absence):
        kind = "Suspended" if body.absence_kind is AbsenceKind.SUSPENSION else "Authorised absence"
        return f"{kind}: {body.reason}" if body.reason else kind
    return ""


def _windows(condition: Condition, conditions: ConditionSet, start: int) -> tuple[Window, ...] | None:
    """The times of today; None for leave that has none today, which is not worth a line."""
    found = asked.times(condition, conditions.conditions, start, start + DAY_MS)
    return None if isinstance(condition.body, Absence) and not found else found


def _when(windows: tuple[Window, ...], from_ms: int, now: int, time_zone: str) -> dict[str, str]:
    if any(w.start_ms <= from_ms and from_ms + DAY_MS <= w.end_ms for w in windows):
        return {"when": "all day", "state": "now"}
    if not windows:
        return {"when": "not today", "state": "none"}
    state = "now" if any(w.start_ms <= now < w.end_ms for w in windows) else "later"
    return {"when": "; ".join(_hours(window, from_ms, time_zone) for window in windows), "state": state}


def _hours(window: Window, day_start: int, time_zone: str) -> str:
    """One window as it meets a day. What began or ends more than a day away, or never, has no hour to tell."""
    if window.start_ms < day_start - DAY_MS:
        return f"until {_end(window.end_ms, day_start, time_zone)}"
    begins = _end(window.start_ms, day_start, time_zone)
    if window.end_ms > day_start + 2 * DAY_MS:
        return f"from {begins}"
    return f"{begins} to {_end(window.end_ms, day_start, time_zone)}"


def _end(at_ms: int, day_start: int, time_zone: str) -> str:
    there = local(at_ms, time_zone)
    today = local(day_start, time_zone).date()
    return f"{there:%H:%M}" if there.date() == today else f"{there:%H:%M} ({there:%a})"
