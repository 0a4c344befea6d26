"""Writes duties as an iCalendar file: each window an event, in local time, with the time zone's own rules beside it.

Windows are written one by one and not as rules of repetition: exceptions, dates and nights of a changed clock would be
read differently by different programs, and these are the ones that matter. Nothing tells where a place is.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

from surety import __version__
from surety.ical.timetables import moment
from surety.rules import asked, schedule, words
from surety.rules.conditions import Attendance, Condition, Curfew, Zone, ZoneKind
from surety.rules.facts import Millis
from surety.rules.intervals import Span, Window
from surety.rules.phrases import abbreviation, either, on_clock

LONGEST_MS: Millis = 731 * schedule.DAY_MS  # two years, as far as a calendar is read
_UIDS = uuid.UUID("8b7f0d5e-6a0f-5d0a-9a53-0f6a6c1d3c11")  # drawn once; the same for ever, or calendars would double
_STEP_MS: Millis = 6 * 3_600_000  # no zone changes its clocks twice in so short a time
_ASKS = {
    ZoneKind.EXCLUSION: "Stay out of",
    ZoneKind.INCLUSION: "Stay within",
    ZoneKind.RESTRICTION: "Do not stay in",
}
_MINUTE_MS, _SECOND_MS = 60_000, 1_000


def calendar_of(conditions: Iterable[Condition], person: str, title: str, term: Span, stamp_ms: Millis) -> bytes:
    """What curfews, zones and attendance ask in `term` (cut to two years), less leave, as the text of an .ics file.

    `person` makes the events' identities those of one person; it is not written. `stamp_ms`: when the file is made.
    """
    term = Span(term.start_ms, min(term.end_ms, term.start_ms + LONGEST_MS))
    calendar = Calendar()
    calendar.add("PRODID", f"-//Surety//{__version__}//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", title)
    among = tuple(conditions)
    found = [one for condition in among for one in _asked(condition, among, term)]
    for zone in sorted({one.zone for one in found}):
        known = [one.window for one in found if one.zone == zone]
        calendar.add_component(time_zone(zone, min(w.start_ms for w in known), max(w.end_ms for w in known)))
    for one in sorted(found, key=lambda one: (one.window.start_ms, one.condition.id)):
        calendar.add_component(_event(one, person, stamp_ms))
    return bytes(calendar.to_ical())


class _Asked(NamedTuple):
    """One window of one condition."""

    condition: Condition
    body: Curfew | Zone | Attendance
    window: Window

    @property
    def zone(self) -> str:
        return self.body.timetable.zone


def _asked(condition: Condition, among: tuple[Condition, ...], term: Span) -> list[_Asked]:
    """The windows that meet the term. They are not cut at its start: the same night is the same event every day."""
    body = condition.body
    if not isinstance(body, Curfew | Zone | Attendance):
        return []
    found = asked.windows(condition, among, *term)
    begun = term.start_ms if condition.effective_from_ms == schedule.BEGINNING else condition.effective_from_ms
    return [_Asked(condition, body, window) for window in schedule.clip(found, begun, term.end_ms)]


def _event(one: _Asked, person: str, stamp_ms: Millis) -> Event:
    event = Event()
    made = f"{on_clock(stamp_ms, one.zone):%Y-%m-%d}"
    event.add("UID", f"{uuid.uuid5(_UIDS, f'{person}/{one.condition.id}/{one.window.start_ms}')}")
    event.add("DTSTAMP", on_clock(stamp_ms, "UTC"))
    event.add("SEQUENCE", one.condition.version)
    event.add("DTSTART", _local(one.window.start_ms // _MINUTE_MS * _MINUTE_MS, one.zone))
    event.add("DTEND", _local(-(-one.window.end_ms // _MINUTE_MS) * _MINUTE_MS, one.zone))
    event.add("SUMMARY", _summary(one.body, one.window))
    event.add("DESCRIPTION", f"{words.describe(one.body)}\nA copy made on {made}. What counts is the order.")
    event.add("CLASS", "PRIVATE")
    event.add("TRANSP", "TRANSPARENT")
    return event


def _summary(body: Curfew | Zone | Attendance, window: Window) -> str:
    if isinstance(body, Attendance):
        return f"{body.purpose} at {body.place.name}"
    if isinstance(body, Zone):
        return f'{_ASKS[body.zone_kind]} "{body.name}"'
    return f"Be at {either([place or body.places[0].name for place in window.places])}"


def _local(at_ms: Millis, zone: str) -> dt.datetime:
    """In local time; in UTC where that would be read as another instant."""
    return on_clock(at_ms, "UTC" if moment(at_ms, zone).endswith("Z") else zone)


def time_zone(name: str, from_ms: Millis, to_ms: Millis) -> Timezone:
    """The rules of a zone as they are from a day before to a day after, a part for each change (RFC 5545, 3.6.5)."""
    zone = Timezone()
    zone.add("TZID", name)
    first = from_ms // _MINUTE_MS * _MINUTE_MS - schedule.DAY_MS
    for before, after in [(first, first), *_changes(name, first, to_ms + schedule.DAY_MS)]:
        zone.add_component(_part(on_clock(before, name), on_clock(after, name)))
    return zone


def _changes(name: str, from_ms: Millis, to_ms: Millis) -> Iterator[tuple[Millis, Millis]]:
    """The last second before each change of the clocks, and the change."""
    for start in range(from_ms, to_ms, _STEP_MS):
        low, high = start, start + _STEP_MS
        if _offset(name, low) == _offset(name, high):
            continue
        while high - low > _SECOND_MS:
            middle = low + (high - low) // 2 // _SECOND_MS * _SECOND_MS
            low, high = (middle, high) if _offset(name, middle) == _offset(name, start) else (low, middle)
        yield low, high


def _offset(name: str, at_ms: Millis) -> dt.timedelta:
    return on_clock(at_ms, name).utcoffset() or dt.timedelta()


def _part(before: dt.datetime, after: dt.datetime) -> TimezoneStandard | TimezoneDaylight:
    part = TimezoneDaylight() if after.dst() else TimezoneStandard()
    was, now = before.utcoffset() or dt.timedelta(), after.utcoffset() or dt.timedelta()
    part.add("DTSTART", after.replace(tzinfo=None) - now + was)  # on the clock that runs until then
    part.add("TZOFFSETFROM", was)
    part.add("TZOFFSETTO", now)
    part.add("TZNAME", abbreviation(after))
    return part
