"""One event of a calendar, and each time that it takes place."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import NamedTuple

from surety.ical.clocks import UTC, Clock, Clocks, millis, value
from surety.ical.errors import CalendarError
from surety.ical.lines import Component, Property
from surety.ical.repeats import Budget, Rule
from surety.rules.facts import Millis
from surety.rules.intervals import Span

_MILLISECOND = dt.timedelta(milliseconds=1)
_MARGIN = dt.timedelta(days=2)  # between a clock on the wall and UTC, and to spare
_MINUTE_MS, _SECOND_MS = 60_000, 1_000
_LONGEST_NAME = 120
_LONGEST_DAYS = 3_660
_LENGTH = re.compile(r"\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?")
_FIRST_YEAR, _LAST_YEAR = 1601, 2399  # the first is where some programs begin their time zones


class Days(NamedTuple):
    """An event of whole days, wherever one is: from `first` to `last`, both included."""

    name: str
    first: dt.date
    last: dt.date


class Hours(NamedTuple):
    """An event between two instants, to the minute."""

    name: str
    start_ms: Millis
    end_ms: Millis


Occurrence = Days | Hours


class Start(NamedTuple):
    """When an event begins: on its own clock, and as an instant; one of whole days has no clock, and an ordinal."""

    wall: dt.datetime
    key: int
    clock: Clock | None

    def plus(self, days: int, length: dt.timedelta) -> int:
        """The key so much later. Days are days of the clock, however long they are."""
        if self.clock is None:
            return self.key + days
        return self.clock.instant(self.wall + dt.timedelta(days=days)) + length // _MILLISECOND


def starts(dates: Property, clocks: Clocks) -> list[Start]:
    """Every time that a property names. Raises CalendarError, with the reason alone, for what is no time."""
    return [_start(text, dates, clocks) for text in dates.value.split(",")]


def _start(text: str, dates: Property, clocks: Clocks) -> Start:
    found = value(text.strip())
    if found is None:
        raise CalendarError(f'has the {dates.name} "{text[:40]}", which is no time: write it as 20261123T190000')
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise CalendarError(f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}: correct its {dates.name}")
    if not isinstance(found, dt.datetime):
        # A wall clock: the zone is applied afterwards.
        return Start(dt.datetime(found.year, found.month, found.day), found.toordinal(), None)  # noqa: DTZ001
    wall = found.replace(tzinfo=None)
    clock = UTC if found.tzinfo is not None else clocks.named(dates.parameters.get("TZID", ""))
    return Start(wall, clock.instant(wall), clock)


def name_of(event: Component) -> str:
    """What an event is called, on one line."""
    return " ".join(event.text("SUMMARY").split())[:_LONGEST_NAME]


class Event:
    """One event, single or repeating. What cannot be read raises CalendarError, with the reason alone."""

    def __init__(self, event: Component, clocks: Clocks, term: Span | None, budget: Budget) -> None:
        self._event, self._clocks, self._term, self._budget = event, clocks, term, budget
        found = [start for dates in event.all("DTSTART")[:1] for start in starts(dates, clocks)]
        if not found:
            raise CalendarError("has no start: give it one")
        self._first = found[0]

    def occurrences(self, gone: set[int]) -> Iterator[Occurrence]:
        """Each time that it takes place in the term, less those that another event moves; days also around it."""
        left_out = gone | {start.key for dates in self._event.all("EXDATE") for start in self._like(dates)}
        for start in self._starts():
            if start.key not in left_out and (found := self._occurrence(start)) is not None:
                yield found

    def _starts(self) -> list[Start]:
        rules, dates = self._event.all("RRULE"), self._event.all("RDATE")
        if self._event.all("EXRULE") or len(rules) > 1:
            raise CalendarError("has more than one rule of repetition: save it as several events")
        if not rules and not dates:
            return [self._first]
        if self._term is None:
            raise CalendarError("repeats, and nothing says from when on to read it: give the order a start (`from`)")
        found = self._repeated(rules[0].value, self._term) if rules else [self._first]
        return found + [start for more in dates for start in self._like(more)]

    def _repeated(self, text: str, term: Span) -> list[Start]:
        rule, first = Rule(text), self._first
        if not rule.begins_with(first.wall):
            raise CalendarError("starts at a time that its own rule does not name: let both say the same")
        last = dt.datetime(1970, 1, 1) + term.end_ms * _MILLISECOND + _MARGIN  # noqa: DTZ001 - a wall clock, about
        until = rule.until
        if until is not None:
            last = min(last, dt.datetime(until.year, until.month, until.day) + _MARGIN)  # noqa: DTZ001 - the same
        found = [self._at(wall) for wall in rule.times(first.wall, last, self._budget)]
        return [start for start in found if until is None or _not_after(start, until)]

    def _at(self, wall: dt.datetime) -> Start:
        clock = self._first.clock
        return Start(wall, wall.toordinal() if clock is None else clock.instant(wall), clock)

    def _like(self, dates: Property) -> list[Start]:
        """The times of a property, which must be days or instants as the event's own start is."""
        found = starts(dates, self._clocks)
        if any((start.clock is None) != (self._first.clock is None) for start in found):
            raise CalendarError(f"mixes days and times in {dates.name}: write all as its start is written")
        return found

    def _occurrence(self, start: Start) -> Occurrence | None:
        """What takes place from this start on; None where all of it lies outside the term."""
        end = self._end(start)
        if end <= start.key:
            raise CalendarError("has no end after its start: give it one")
        if start.clock is None:
            return Days(name_of(self._event), start.wall.date(), dt.date.fromordinal(end - 1))
        if self._term is not None and (end <= self._term.start_ms or self._term.end_ms <= start.key):
            return None
        if end // _SECOND_MS % 60 == 59:  # how some calendars write the end of a day
            end += _SECOND_MS
        if start.key % _MINUTE_MS or end % _MINUTE_MS:
            raise CalendarError("begins or ends between two minutes: write its times to the minute")
        return Hours(name_of(self._event), start.key, end)

    def _end(self, start: Start) -> int:
        """When it is over: as long after each start as after the first (DTEND), or by the clock (DURATION)."""
        ends = [end for dates in self._event.all("DTEND")[:1] for end in self._like(dates)]
        if ends:
            return start.key + ends[0].key - self._first.key
        length = self._event.text("DURATION")
        if not length:
            return start.key + (1 if start.clock is None else 0)
        match = _LENGTH.fullmatch(length)
        if match is None:
            raise CalendarError(f'has the length "{length[:20]}", which is none: write it as PT8H')
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if (days := days + 7 * weeks) > _LONGEST_DAYS:
            raise CalendarError(f"is longer than {_LONGEST_DAYS:,} days: end it earlier")
        return start.plus(days, dt.timedelta(hours=hours, minutes=minutes, seconds=seconds))


def _not_after(start: Start, until: dt.date | dt.datetime) -> bool:
    if not isinstance(until, dt.datetime):
        return start.wall.date() <= until
    if until.tzinfo is None or start.clock is None:
        return start.wall <= until.replace(tzinfo=None)
    return start.key <= millis(until.replace(tzinfo=None))
