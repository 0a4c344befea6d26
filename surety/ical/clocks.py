"""Which instant a calendar's local time is: by an IANA zone, by the zone that the file itself defines, or floating.

RFC 5545, 3.3.5: a local time that occurs twice is the first; one that the clocks leave out is read with the offset
that held before the jump.
"""

import bisect
import datetime as dt
import functools
from typing import Protocol
from zoneinfo import ZoneInfo

from icalendar.prop import vDDDTypes, vUTCOffset
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from surety.ical.errors import CalendarError
from surety.ical.lines import Component
from surety.ical.repeats import Budget, Rule
from surety.rules import schedule
from surety.rules.facts import Millis

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - subtracted from times that are in UTC already
_MILLISECOND = dt.timedelta(milliseconds=1)
_FARTHEST_MS = 2 * schedule.DAY_MS  # no clock lies so far from UTC
_WORK_A_DATE = 10.0  # microseconds, about
_LAST = dt.datetime(2100, 1, 1)  # noqa: DTZ001 - as far as a zone's own rules are followed


class Clock(Protocol):
    """Something that knows which instant a wall-clock time is."""

    def instant(self, wall: dt.datetime) -> Millis:
        """Milliseconds of UTC at which the clock shows `wall`, a time without zone."""


class ZoneClock:
    """A clock of an IANA zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def instant(self, wall: dt.datetime) -> Millis:
        """See Clock. Of two showings zoneinfo takes the first, and before a jump the offset before it."""
        return millis(wall.replace(tzinfo=self._zone).astimezone(dt.UTC).replace(tzinfo=None))


UTC = ZoneClock(ZoneInfo("UTC"))


class FileClock:
    """A clock of a VTIMEZONE. Raises CalendarError, with the reason alone, where it cannot be followed."""

    def __init__(self, component: Component, budget: Budget) -> None:
        changes: dict[Millis, tuple[Millis, Millis]] = {}
        for part in component.parts:
            before, after = (_offset(part, name) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
            changes |= {millis(wall) - before: (before, after) for wall in _onsets(part, budget)}
        if not changes:
            raise CalendarError("is missing: write an IANA zone, such as Europe/London")
        starts = sorted(changes)
        offsets = [changes[starts[0]][0], *(changes[at][1] for at in starts)]
        self._starts = [schedule.BEGINNING, *starts]
        self._stretches = list(zip(self._starts, [*starts, schedule.END], offsets, strict=True))

    def instant(self, wall: dt.datetime) -> Millis:
        """See Clock."""
        shown = millis(wall)
        near = max(bisect.bisect_right(self._starts, shown - _FARTHEST_MS) - 1, 0)  # where the search begins
        before: Millis = 0
        for start, end, offset in self._stretches[near:]:
            if shown - offset < end:
                return shown - (offset if start <= shown - offset else before)  # else left out by the jump at `start`
            before = offset
        raise AssertionError("the last stretch has no end")


def _onsets(part: Component, budget: Budget) -> list[dt.datetime]:
    """The wall-clock times at which this part of a zone begins, on the clock that runs until then."""
    start = value(part.text("DTSTART"))
    if not isinstance(start, dt.datetime):
        raise CalendarError("begins at no time: write an IANA zone, such as Europe/London")
    found = [start.replace(tzinfo=None)]
    for rule in part.all("RRULE"):
        read = Rule(rule.value)
        until = read.until
        last = _LAST
        if until is not None:  # in UTC by the standard; the offset before holds until then
            # A wall clock: the zone is applied afterwards.
            last = min(last, dt.datetime(until.year, until.month, until.day) + dt.timedelta(days=2))  # noqa: DTZ001
            if isinstance(until, dt.datetime) and until.tzinfo is not None:
                last = until.replace(tzinfo=None) + dt.timedelta(milliseconds=_offset(part, "TZOFFSETFROM"))
        found += read.times(found[0], last, budget)
    for dates in part.all("RDATE"):
        for text in dates.value.split(","):
            if isinstance(date := value(text), dt.datetime):
                budget.spend(_WORK_A_DATE)
                found.append(date.replace(tzinfo=None))
    return found


def _offset(part: Component, name: str) -> Millis:
    try:
        # The library has no types for its parsers.
        return int(vUTCOffset.from_ical(part.text(name)) / _MILLISECOND)  # type: ignore[no-untyped-call]
    except ValueError:
        raise CalendarError(f'has the offset "{part.text(name)[:20]}": write an IANA zone') from None


class Clocks:
    """The clocks of one calendar; `floating` is the zone of times that name none."""

    def __init__(self, calendar: Component, floating: str, budget: Budget) -> None:
        self._floating, self._budget = floating, budget
        self._own = {part.text("TZID"): part for part in calendar.parts if part.name == "VTIMEZONE"}
        self._known: dict[str, Clock] = {}

    def named(self, name: str) -> Clock:
        """The clock that TZID names ("": floating). An IANA name means what IANA says, whatever the file says of it."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Clock:
        wanted = name.strip("/") if name else self._floating
        for candidate in (wanted, None if name in self._own else WINDOWS_TO_OLSON.get(wanted)):
            try:
                return ZoneClock(schedule.zone(candidate or ""))
            except schedule.TimetableError:
                continue
        if name not in self._own:
            raise CalendarError(
                f'is in the time zone "{name[:40]}", which neither IANA nor the calendar defines: write another'
            )
        try:
            return FileClock(self._own[name], self._budget)
        except CalendarError as error:
            raise CalendarError(f'is in the time zone "{name[:40]}", of which a part {error}') from None


@functools.lru_cache(maxsize=1024)
def value(text: str) -> dt.date | dt.datetime | None:
    """A DATE or DATE-TIME as written (in UTC: with its zone); None where it is neither."""
    try:
        # The library has no types for its parsers.
        found = vDDDTypes.from_ical(text)  # type: ignore[no-untyped-call]
    except ValueError:
        return None
    return found if isinstance(found, dt.date) else None


def millis(utc: dt.datetime) -> Millis:
    """Milliseconds since the epoch of a time without zone that is in UTC."""
    return (utc - _EPOCH) // _MILLISECOND
