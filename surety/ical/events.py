"""Reads the events of a calendar: when each takes place within a bounded time, repetitions expanded.

What is not read is refused with the event's name, the reason, and what to do, and never passed over: a holiday that was
overlooked would be a breach that was none.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator

from surety.ical import lines
from surety.ical.clocks import Clocks
from surety.ical.errors import CalendarError
from surety.ical.instances import Days, Event, Hours, Occurrence, name_of, starts
from surety.ical.lines import Component
from surety.ical.repeats import Budget
from surety.rules import schedule
from surety.rules.facts import Millis
from surety.rules.intervals import Span

MAX_EVENTS = 5_000
LONGEST_MS: Millis = 731 * schedule.DAY_MS  # two years: no order is planned further ahead
_DAY = dt.timedelta(days=1)


def read(data: bytes, time_zone: str, term: Span | None) -> list[Occurrence]:
    """What takes place in `term` (cut to two years), in order; None: everything, but nothing that repeats.

    Times without a zone are in `time_zone`, an IANA name. Raises CalendarError with one sentence.
    """
    if term is not None:
        term = Span(term.start_ms, min(term.end_ms, term.start_ms + LONGEST_MS))
    calendars = lines.parse(data)
    count = sum(len(_events(calendar)) for calendar in calendars)
    if count > MAX_EVENTS:
        raise CalendarError(f"the calendar holds more than {MAX_EVENTS:,} events; export a shorter time of it")
    if not count:
        raise CalendarError("the calendar holds no event; choose another file")
    budget = Budget()
    found: dict[Occurrence, Span] = {}
    for calendar in calendars:
        for one in _occurrences(calendar, time_zone, term, budget):
            span = span_of(one, time_zone)
            if term is None or (span.start_ms < term.end_ms and term.start_ms < span.end_ms):
                found[one] = span
    return sorted(found, key=lambda one: (found[one], one.name))


def span_of(one: Occurrence, time_zone: str) -> Span:
    """When an occurrence takes place for somebody in `time_zone`."""
    if isinstance(one, Hours):
        return Span(one.start_ms, one.end_ms)
    return Span(*(schedule.first_showing(time_zone, day.toordinal(), 0) for day in (one.first, one.last + _DAY)))


@contextlib.contextmanager
def told_of(name: str, day: str) -> Iterator[None]:
    """Make the reason of a refusal a sentence that names the event."""
    try:
        yield
    except CalendarError as error:
        raise CalendarError(f'the event "{name or "without a name"}" ({day or "no date"}) {error}') from None


def _events(calendar: Component) -> list[Component]:
    return [part for part in calendar.parts if part.name == "VEVENT"]


def _occurrences(calendar: Component, time_zone: str, term: Span | None, budget: Budget) -> Iterator[Occurrence]:
    """Those of one calendar. What one event moves or cancels is taken out of the event that repeats."""
    clocks = Clocks(calendar, time_zone, budget)
    moved: dict[str, set[int]] = {}
    for event in _events(calendar):
        with _told(event):
            moved.setdefault(event.text("UID"), set()).update(_moves(event, clocks))
    for event in _events(calendar):
        if event.text("STATUS").upper() == "CANCELLED":
            continue
        gone = set() if event.all("RECURRENCE-ID") else moved[event.text("UID")]
        with _told(event):
            yield from Event(event, clocks, term, budget).occurrences(gone)


def _told(event: Component) -> contextlib.AbstractContextManager[None]:
    return told_of(name_of(event), event.text("DTSTART")[:8])


def _moves(event: Component, clocks: Clocks) -> set[int]:
    """The times of a repeating event that this event stands in the place of."""
    found = event.all("RECURRENCE-ID")
    if any("RANGE" in moves.parameters for moves in found):
        raise CalendarError("changes itself and all that follow, which is not read: save it as two events")
    return {start.key for moves in found for start in starts(moves, clocks)}


__all__ = ["LONGEST_MS", "MAX_EVENTS", "Days", "Hours", "Occurrence", "read", "span_of", "told_of"]
