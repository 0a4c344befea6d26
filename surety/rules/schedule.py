"""Decides when a timetable is active: local weekly rows and one-offs become windows between UTC instants.

One rule covers both daylight-saving nights. **A local time means the first instant at which the clocks of the zone
show it or a later time.** Where clocks are put forward over it (the gap), that is the jump itself; where they are put
back and show it twice (the fold), that is the first showing. So a curfew from 19:00 to 07:00 starts and ends
when the clock on the wall first says so, in any zone, and a row and the one that follows it leave no hole between them.

A one-off stands in place of every weekly row that *starts* on its date; a row of the day before that runs over
midnight still ends in the morning of that date. Windows that touch or overlap at the same place are one window.
Where windows of several places overlap, being at any of those places is enough.
"""

import bisect
import datetime as dt
import functools
import itertools
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from surety.rules.conditions import OneOff, Row, Timetable, Weekday
from surety.rules.facts import Millis

BEGINNING: Millis = -(2**62)  # before every instant
END: Millis = 2**62  # after every instant
DAY_MS = 86_400_000
_CHUNK_DAYS = 14
_EDGE_DAYS = 4  # a row lasts up to two days and zones lie up to a day from UTC
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = dt.date(1900, 1, 1).toordinal(), dt.date(9990, 1, 1).toordinal()
_WEEKDAYS = tuple(Weekday)
_UTC_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECOND = dt.timedelta(seconds=1)
_MILLISECOND = dt.timedelta(milliseconds=1)


class TimetableError(ValueError):
    """A timetable cannot be read: an unknown zone or a date that no calendar has. The message says which."""


class Window(msgspec.Struct, frozen=True):
    """A time in which a condition is active: [start_ms, end_ms), at any of `places` (empty: the only one)."""

    start_ms: Millis
    end_ms: Millis
    places: tuple[str, ...] = ("",)


ALWAYS = Window(BEGINNING, END)


def check(timetable: Timetable) -> None:
    """Raises TimetableError, with one sentence, where zone or dates do not exist."""
    zone(timetable.zone)
    for one in timetable.one_offs:
        _date(one.date)


@functools.lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises TimetableError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimetableError(f'"{name}" is not a time zone; write an IANA name such as Europe/London') from None


def first_showing(name: str, day: int, minute: int) -> Millis:
    """The first instant at which clocks in zone `name` show `minute` of `day` (a proleptic ordinal) or later."""
    local = dt.datetime.fromordinal(day) + dt.timedelta(minutes=minute)
    tz = zone(name)
    early, late = (local.replace(tzinfo=tz, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if early > late:  # the gap: with the offset before the jump it lies after the jump, and the other way round
        early = _jump(late, early, tz, local)
    return _millis(early)


def _jump(before: dt.datetime, after: dt.datetime, tz: ZoneInfo, local: dt.datetime) -> dt.datetime:
    """The second in (before, after] at which the clock of `tz` first shows `local` or later."""
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(tz).replace(tzinfo=None) >= local:
            after = middle
        else:
            before = middle
    return after


def windows(timetable: Timetable, from_ms: Millis, to_ms: Millis, default_place: str = "") -> tuple[Window, ...]:
    """The windows that meet [from_ms, to_ms), whole, in order; an endless one has BEGINNING or END as its bound."""
    found: list[Window] = []
    at = from_ms
    while at < to_ms and (window := around(timetable, at, default_place)) is not None and window.start_ms < to_ms:
        found.append(window)
        at = window.end_ms
    return tuple(found)


def around(timetable: Timetable, at_ms: Millis, default_place: str = "") -> Window | None:
    """The window that holds `at_ms`, or else the next one after it; None when none ever comes."""
    if not timetable.rows and not timetable.one_offs:
        return Window(BEGINNING, END, (default_place,))
    day = min(max(at_ms // DAY_MS + _EPOCH_DAY, _FIRST_DAY), _LAST_DAY)
    chunk = day // _CHUNK_DAYS
    last = _last_chunk(timetable, chunk)
    while chunk <= last:
        for window in _chunk(timetable, default_place, chunk):
            if window.end_ms > at_ms:
                return window
        chunk = _next_chunk(timetable, chunk)
    return None


def _next_chunk(timetable: Timetable, chunk: int) -> int:
    if timetable.rows:
        return chunk + 1
    later = [c for c in (_date(one.date) // _CHUNK_DAYS for one in timetable.one_offs) if c > chunk]
    return min(later, default=chunk + 1)


def _last_chunk(timetable: Timetable, chunk: int) -> int:
    """Where the search may end: weekly rows come again within two chunks after the one-offs are over."""
    ends = [_date(one.date) // _CHUNK_DAYS + 1 for one in timetable.one_offs]
    return max([*ends, chunk + 2]) if timetable.rows else max(ends)


@functools.lru_cache(maxsize=16_384)
def _chunk(timetable: Timetable, default_place: str, chunk: int) -> tuple[Window, ...]:
    """The windows that meet a fortnight (UTC), whole: one that may go on beyond the days looked at is followed."""
    from_ms, to_ms = ((c * _CHUNK_DAYS - _EPOCH_DAY) * DAY_MS for c in (chunk, chunk + 1))
    first, last = chunk * _CHUNK_DAYS - 7, (chunk + 1) * _CHUNK_DAYS + 7
    low, high = _limits(timetable, first, last)
    while True:
        found = [w for w in _merged(timetable, default_place, first, last) if w.end_ms > from_ms and w.start_ms < to_ms]
        head = bool(found) and found[0].start_ms < (first + _EDGE_DAYS - _EPOCH_DAY) * DAY_MS
        tail = bool(found) and found[-1].end_ms > (last - _EDGE_DAYS - _EPOCH_DAY) * DAY_MS
        if (not head or first <= low) and (not tail or last >= high):
            return _endless(found, head=head, tail=tail)
        first, last = first - _CHUNK_DAYS * head, last + _CHUNK_DAYS * tail


def _limits(timetable: Timetable, first: int, last: int) -> tuple[int, int]:
    """Days beyond which a window that still goes on goes on for ever: a week's rows past every one-off."""
    dates = [_date(one.date) for one in timetable.one_offs]
    return min([first, *dates]) - 2 * _CHUNK_DAYS, max([last, *dates]) + 2 * _CHUNK_DAYS


def _endless(found: list[Window], *, head: bool, tail: bool) -> tuple[Window, ...]:
    if head:
        found[0] = Window(BEGINNING, found[0].end_ms, found[0].places)
    if tail:
        found[-1] = Window(found[-1].start_ms, END, found[-1].places)
    return tuple(found)


def _merged(timetable: Timetable, default_place: str, first: int, last: int) -> list[Window]:
    """The windows of the rows that start on days first..last; each instant with all the places that then count."""
    spans = [span for span in _spans(timetable, default_place, first, last) if span[0] < span[1]]
    edges = sorted({edge for start, end, _ in spans for edge in (start, end)})
    spans.sort()
    found: list[Window] = []
    for start, end in itertools.pairwise(edges):
        places = tuple(sorted({place for s, e, place in _near(spans, start) if s <= start < e}))
        if places and found and found[-1].end_ms == start and found[-1].places == places:
            found[-1] = Window(found[-1].start_ms, end, places)
        elif places:
            found.append(Window(start, end, places))
    return found


def _near(spans: list[tuple[Millis, Millis, str]], start: Millis) -> list[tuple[Millis, Millis, str]]:
    """Those of the sorted spans that can hold `start`: none is longer than four days."""
    low = bisect.bisect_left(spans, start - 4 * DAY_MS, key=lambda span: span[0])
    return spans[low : bisect.bisect_right(spans, start, key=lambda span: span[0])]


def _spans(timetable: Timetable, default_place: str, first: int, last: int) -> Iterator[tuple[Millis, Millis, str]]:
    """Start, end and place of every row and one-off that starts on days first..last (proleptic ordinals)."""
    special: dict[int, list[OneOff]] = {}
    for one in timetable.one_offs:
        special.setdefault(_date(one.date), []).append(one)
    for day in range(max(first, _FIRST_DAY), min(last, _LAST_DAY) + 1):
        weekday = _WEEKDAYS[(day - 1) % 7]  # ordinal 1 was a Monday
        rows: Iterable[Row | OneOff] = special.get(day) or [row for row in timetable.rows if row.day is weekday]
        for row in rows:
            start, end = _minutes(row.start), _minutes(row.end)
            end += 1440 if end <= start else 0
            yield (
                first_showing(timetable.zone, day, start),
                first_showing(timetable.zone, day, end),
                row.place or default_place,
            )


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


@functools.lru_cache(maxsize=4096)
def _date(text: str) -> int:
    try:
        return dt.date.fromisoformat(text).toordinal()
    except ValueError:
        raise TimetableError(f'"{text}" is not a date of the calendar; write it as 2026-11-23') from None


def _millis(instant: dt.datetime) -> Millis:
    return (instant - _UTC_EPOCH) // _MILLISECOND
