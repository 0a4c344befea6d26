"""Decides when a timetable is active: local weekly rows and one-offs become windows between UTC instants.

One rule covers both daylight-saving nights. **A local time means the first instant at which the clocks of the zone
show it or a later time.** Where clocks are put forward over it (the gap), that is the jump itself; where they are put
back and show it twice (the fold), that is the first showing. So a curfew from 19:00 to 07:00 starts and ends
when the clock on the wall first says so, in any zone, and a row and the one that follows it leave no hole between them.

A one-off stands in place of every weekly row that *starts* on its date; a row of the day before that runs over
midnight still ends in the morning of that date. Windows that touch or overlap at the same place are one window, so
days of lockdown (00:00 to 24:00) in a row are one. Where windows of several places overlap, being at any is enough.

Exceptions of the timetable, and absences that a caller names, cut a window into pieces. A piece knows the ordered
window that it belongs to (`Window.ordered_ms`), so that a night with an hour's leave in it is still one night.

The interface, all of it in milliseconds of UTC, every interval [start, end):

- `windows(timetable, from_ms, to_ms, default_place="", absences=())`: what meets the time from `from_ms` to `to_ms`.
- `around(timetable, at_ms, default_place="", absences=())`: what holds `at_ms`, or else comes next; None: nothing.
  `absences` are timetables (recurring leave, with rows, dates and exceptions of their own) and spans (leave once).
- `merge(spans)`: overlapping and touching spans joined, in order. `span_of(timetable_zone, pause)`: a pause in UTC.
- `without(windows, spans)`: windows less spans; every piece keeps its places and its ordered window.
- `clip(windows, from_ms, to_ms)`: windows cut to a time, likewise.
- `of_date(timetable, day)`: what starts on one local date, also where it runs on without a break into the next.
"""

import bisect
import datetime as dt
import functools
import itertools
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from surety.rules.conditions import OneOff, Pause, Row, Timetable, Weekday
from surety.rules.facts import Millis
from surety.rules.intervals import BEGINNING, END, Span, Window, clip, merge, piece, without

__all__ = [
    "BEGINNING",
    "DAY_MS",
    "END",
    "Absence",
    "Span",
    "TimetableError",
    "Window",
    "around",
    "check",
    "clip",
    "first_showing",
    "merge",
    "of_date",
    "ordinal",
    "span_of",
    "windows",
    "without",
    "zone",
]

DAY_MS = 86_400_000
_CHUNK_DAYS = 14
_EDGE_DAYS = 4  # a row lasts up to two days and zones lie up to a day from UTC
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = dt.date(1900, 1, 1).toordinal(), dt.date(9990, 1, 1).toordinal()
# How far back an absence is looked for: one that recurs lies within a fortnight, one of a date anywhere.
_LOOKS_BACK_MS: tuple[Millis, ...] = tuple(days * DAY_MS for days in (14, 200, 3_000, 60_000, 4_000_000))
_SEARCH_MS: Millis = 400 * DAY_MS  # every change of clock that recurs, Ramadan's too, comes within a year and a month
_DATE_LENGTH = len("2026-11-23")
_WEEKDAYS = tuple(Weekday)
_UTC_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECOND = dt.timedelta(seconds=1)
_MILLISECOND = dt.timedelta(milliseconds=1)


class TimetableError(ValueError):
    """A timetable cannot be read: an unknown zone or a date that no calendar has. The message says which."""


Absence = Timetable | Span


def check(timetable: Timetable) -> None:
    """Raises TimetableError, with one sentence, where zone or dates do not exist or an end lies before its start."""
    zone(timetable.zone)
    for one in timetable.one_offs:
        _date(one.date)
    first, last = _rows_from(timetable), _rows_until(timetable)
    if first > last:
        raise TimetableError(f"the last date, {timetable.until_date}, lies before the first, {timetable.from_date}")
    for pause in timetable.exceptions:
        span = span_of(timetable.zone, pause)
        a_day = pause.start == pause.end and len(pause.start) == _DATE_LENGTH  # even one that a zone left out
        if span.start_ms >= span.end_ms and not a_day:
            raise TimetableError(f"the exception from {pause.start} to {pause.end} does not end after it begins")


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


def windows(
    timetable: Timetable,
    from_ms: Millis,
    to_ms: Millis,
    default_place: str = "",
    absences: tuple[Absence, ...] = (),
) -> tuple[Window, ...]:
    """The windows that meet [from_ms, to_ms), whole, in order; an endless one has BEGINNING or END as its bound."""
    found: list[Window] = []
    at = from_ms
    while at < to_ms and (window := around(timetable, at, default_place, absences)) and window.start_ms < to_ms:
        found.append(window)
        at = window.end_ms
    return tuple(found)


def around(
    timetable: Timetable, at_ms: Millis, default_place: str = "", absences: tuple[Absence, ...] = ()
) -> Window | None:
    """The window that holds `at_ms`, or else the next one after it; None when none ever comes.

    Where absences recur for ever, it is looked for until 400 days after the last date that anything names.
    """
    cuts = _Cuts(timetable, absences)
    if not cuts:
        return _ordered(timetable, at_ms, default_place)
    last = max(at_ms, _last_named(timetable), cuts.last_named()) + _SEARCH_MS
    while (window := _ordered(timetable, at_ms, default_place)) is not None:
        free = cuts.after(max(at_ms, window.start_ms), last)
        if free is None:
            break
        if free < window.end_ms:
            start = max(window.start_ms, cuts.last_end(free, window.start_ms))
            return piece(window, start, min(window.end_ms, cuts.next_start(free)))[0]
        at_ms = free
    return None


def ordinal(date: str) -> int:
    """A local date such as 2026-11-23 as a proleptic ordinal. Raises TimetableError for a date of no calendar."""
    return _date(date)


def of_date(timetable: Timetable, day: int) -> tuple[Span, ...]:
    """The time that starts on one local date (a proleptic ordinal), less the exceptions, in order.

    Where a window of the day before still runs, that time is the day before's: every instant is of one date.
    """
    own, before = (_starting_on(timetable, one) for one in (day, day - 1))
    left = without((Window(*span) for span in own), (*before, *_pauses(timetable)))
    return tuple(Span(window.start_ms, window.end_ms) for window in left)


def _starting_on(timetable: Timetable, day: int) -> tuple[Span, ...]:
    if timetable.rows or timetable.one_offs:
        return merge(Span(start, end) for start, end, _ in _spans(timetable, "", day, day))
    if not _rows_from(timetable) <= day <= _rows_until(timetable):
        return ()
    return (Span(first_showing(timetable.zone, day, 0), first_showing(timetable.zone, day + 1, 0)),)


class _Cuts:
    """What takes time away from a timetable: spans once, and other timetables again and again."""

    def __init__(self, timetable: Timetable, absences: tuple[Absence, ...]) -> None:
        self.tables = tuple(one for one in absences if isinstance(one, Timetable))
        self.spans = _pauses(timetable)
        if len(self.tables) < len(absences):
            self.spans = merge([*self.spans, *(one for one in absences if isinstance(one, Span))])

    def __bool__(self) -> bool:
        return bool(self.spans or self.tables)

    def last_named(self) -> Millis:
        """About when the last cut ends that does not recur."""
        return max([span.end_ms for span in self.spans[-1:]] + [_last_named(table) for table in self.tables])

    def after(self, at_ms: Millis, last_ms: Millis) -> Millis | None:
        """The first instant from `at_ms` to `last_ms` that nothing takes away; None when there is none."""
        while at_ms <= last_ms:
            end = max((cut.end_ms for cut in self._next(at_ms) if cut.start_ms <= at_ms), default=at_ms)
            if end == at_ms:
                return at_ms
            at_ms = end
        return None

    def next_start(self, at_ms: Millis) -> Millis:
        """When the next cut begins, at an instant that no cut holds."""
        return min((span.start_ms for span in self._next(at_ms)), default=END)

    def _next(self, at_ms: Millis) -> Iterator[Span | Window]:
        """Of each source the cut that holds `at_ms` or comes next."""
        place = bisect.bisect_right(self.spans, at_ms, key=lambda span: span.end_ms)
        yield from self.spans[place : place + 1]
        for table in self.tables:
            if (window := around(table, at_ms)) is not None:
                yield window

    def last_end(self, at_ms: Millis, since_ms: Millis) -> Millis:
        """When the last cut ended before an instant that no cut holds; looks back as far as `since_ms`."""
        place = bisect.bisect_right(self.spans, at_ms, key=lambda span: span.end_ms)
        return max([since_ms, *(span.end_ms for span in self.spans[:place][-1:]), *self._table_ends(at_ms, since_ms)])

    def _table_ends(self, at_ms: Millis, since_ms: Millis) -> Iterator[Millis]:
        for table in self.tables:
            found: tuple[Window, ...] = ()
            for back_ms in _LOOKS_BACK_MS:
                found = windows(table, at_ms - back_ms, at_ms)
                if found or at_ms - back_ms <= since_ms:
                    break
            yield from (window.end_ms for window in found[-1:])


@functools.lru_cache(maxsize=4096)
def _pauses(timetable: Timetable) -> tuple[Span, ...]:
    return merge(span_of(timetable.zone, pause) for pause in timetable.exceptions)


def span_of(time_zone: str, pause: Pause) -> Span:
    """A pause in UTC, by the clocks of `time_zone`. Raises TimetableError for a date of no calendar."""
    return Span(_moment(time_zone, pause.start, whole_days=0), _moment(time_zone, pause.end, whole_days=1))


def _moment(time_zone: str, text: str, *, whole_days: int) -> Millis:
    day = _date(text[:_DATE_LENGTH])
    if len(text) == _DATE_LENGTH:
        return first_showing(time_zone, day + whole_days, 0)
    minute = _minutes(text[_DATE_LENGTH + 1 : _DATE_LENGTH + 6])
    if text.endswith("Z"):
        return (day - _EPOCH_DAY) * DAY_MS + minute * 60_000
    return first_showing(time_zone, day, minute)


def _ordered(timetable: Timetable, at_ms: Millis, default_place: str) -> Window | None:
    """The window of rows and one-offs that holds `at_ms` or comes next, before anything is taken away from it."""
    if not timetable.rows and not timetable.one_offs:
        window = _unbroken(timetable, default_place)
        return window if at_ms < window.end_ms else None
    day = min(max(at_ms // DAY_MS + _EPOCH_DAY, _FIRST_DAY), _LAST_DAY)
    chunk = day // _CHUNK_DAYS
    last = max([day, *_named_days(timetable)]) // _CHUNK_DAYS + 2  # weekly rows come again within two chunks
    while chunk <= last:
        for window in _chunk(timetable, default_place, chunk):
            if window.end_ms > at_ms:
                return window
        chunk = _next_chunk(timetable, chunk)
    return None


def _unbroken(timetable: Timetable, default_place: str) -> Window:
    """The one window of a timetable without rows: always, or from the first date to the end of the last."""
    first, last = timetable.from_date, timetable.until_date
    start = BEGINNING if first is None else first_showing(timetable.zone, _date(first), 0)
    end = END if last is None else first_showing(timetable.zone, _date(last) + 1, 0)
    return Window(start, end, (default_place,))


def _next_chunk(timetable: Timetable, chunk: int) -> int:
    """The next fortnight in which a window may start. A date begins up to a day before or after UTC's."""
    first, last = _rows_from(timetable) - 1, _rows_until(timetable) + 1
    if timetable.rows and first // _CHUNK_DAYS <= chunk + 1 <= last // _CHUNK_DAYS:
        return chunk + 1
    near = {(day + k) // _CHUNK_DAYS for day in _named_days(timetable) for k in (-1, 0, 1)}
    return min((c for c in near if c > chunk), default=chunk + 1)


@functools.lru_cache(maxsize=4096)
def _named_days(timetable: Timetable) -> tuple[int, ...]:
    """The dates that rows and one-offs name, as proleptic ordinals."""
    bounds = [date for date in (timetable.from_date, timetable.until_date) if date is not None]
    return tuple(_date(date) for date in (*bounds, *(one.date for one in timetable.one_offs)))


def _last_named(timetable: Timetable) -> Millis:
    return (max(_named_days(timetable), default=_FIRST_DAY) - _EPOCH_DAY) * DAY_MS


def _rows_from(timetable: Timetable) -> int:
    return _FIRST_DAY if timetable.from_date is None else _date(timetable.from_date)


def _rows_until(timetable: Timetable) -> int:
    return _LAST_DAY if timetable.until_date is None else _date(timetable.until_date)


@functools.lru_cache(maxsize=16_384)
def _chunk(timetable: Timetable, default_place: str, chunk: int) -> tuple[Window, ...]:
    """The windows that meet a fortnight (UTC), whole: one that may go on beyond the days looked at is followed."""
    from_ms, to_ms = ((c * _CHUNK_DAYS - _EPOCH_DAY) * DAY_MS for c in (chunk, chunk + 1))
    first, last = chunk * _CHUNK_DAYS - 7, (chunk + 1) * _CHUNK_DAYS + 7
    low, high = _limits(timetable, first, last)
    step = _CHUNK_DAYS
    while True:
        found = [w for w in _merged(timetable, default_place, first, last) if w.end_ms > from_ms and w.start_ms < to_ms]
        head = bool(found) and found[0].start_ms < (first + _EDGE_DAYS - _EPOCH_DAY) * DAY_MS
        tail = bool(found) and found[-1].end_ms > (last - _EDGE_DAYS - _EPOCH_DAY) * DAY_MS
        if (not head or first <= low) and (not tail or last >= high):
            return _endless(found, head=head, tail=tail)
        first, last = max(low, first - step) if head else first, min(high, last + step) if tail else last
        step *= 2


def _limits(timetable: Timetable, first: int, last: int) -> tuple[int, int]:
    """Days beyond which a window that still goes on goes on for ever: a week's rows past every date named."""
    dates = _named_days(timetable)
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
    rows_from, rows_until = _rows_from(timetable), _rows_until(timetable)
    for day in range(max(first, _FIRST_DAY), min(last, _LAST_DAY) + 1):
        weekday = _WEEKDAYS[(day - 1) % 7]  # ordinal 1 was a Monday
        weekly = timetable.rows if rows_from <= day <= rows_until else ()
        rows: Iterable[Row | OneOff] = special.get(day) or [row for row in weekly if row.day is weekday]
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
        day = dt.date.fromisoformat(text).toordinal()
    except ValueError:
        raise TimetableError(f'"{text}" is not a date of the calendar; write it as 2026-11-23') from None
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise TimetableError(f'"{text}" lies outside the years 1900 to 9989')
    return day


def _millis(instant: dt.datetime) -> Millis:
    return (instant - _UTC_EPOCH) // _MILLISECOND
