"""Turns what a calendar says into parts of a timetable: times in which it does not apply, or dates of its own."""

import datetime as dt
from collections.abc import Sequence

from surety.ical.errors import CalendarError
from surety.ical.events import Days, Occurrence, read, span_of, told_of
from surety.rules import schedule
from surety.rules.conditions import OneOff, Pause, Timetable
from surety.rules.facts import Millis
from surety.rules.intervals import Span
from surety.rules.phrases import on_clock

_MOST = 1_000  # exceptions, and dates, of one timetable
_DAY = dt.timedelta(days=1)


def exceptions(data: bytes, time_zone: str, term: Span | None) -> tuple[Pause, ...]:
    """The events of a calendar as times in which a timetable does not apply. Raises CalendarError."""
    return tuple(_pause(one, time_zone) for one in _few(read(data, time_zone, term)))


def one_offs(data: bytes, time_zone: str, term: Span | None, place: str = "") -> tuple[OneOff, ...]:
    """The events of a calendar as windows of their own dates, at `place`. Raises CalendarError."""
    spans = [(one.name, span_of(one, time_zone)) for one in _few(read(data, time_zone, term))]
    _check_days(sum(span.end_ms - span.start_ms for _, span in spans) // schedule.DAY_MS)
    found: dict[OneOff, None] = {}
    for name, span in spans:
        with told_of(name, f"{on_clock(span.start_ms, time_zone):%Y%m%d}"):
            found |= dict.fromkeys(_dates(span, time_zone, place))
    _check_days(len(found))
    return tuple(found)


def _check_days(days: int) -> None:
    if days > _MOST:
        raise CalendarError(f"the calendar fills {days:,} days, and {_MOST:,} are taken; import a shorter time of it")


def _few(found: Sequence[Occurrence]) -> Sequence[Occurrence]:
    if not found:
        raise CalendarError("the calendar holds no event in the time of the order; choose another file")
    if len(found) > _MOST:
        raise CalendarError(
            f"the calendar holds {len(found):,} events in the time of the order, and {_MOST:,} are taken; "
            "import a shorter time of it"
        )
    return found


def _pause(one: Occurrence, time_zone: str) -> Pause:
    if isinstance(one, Days):
        return Pause(str(one.first), str(one.last), one.name)
    return Pause(moment(one.start_ms, time_zone), moment(one.end_ms, time_zone), one.name)


def moment(at_ms: Millis, time_zone: str) -> str:
    """An instant, to the minute, in local time, or in UTC where the local time would be read as another instant."""
    local = on_clock(at_ms, time_zone)
    minute = local.hour * 60 + local.minute
    if schedule.first_showing(time_zone, local.toordinal(), minute) == at_ms:
        return f"{local:%Y-%m-%dT%H:%M}"
    return f"{on_clock(at_ms, 'UTC'):%Y-%m-%dT%H:%M}Z"


def _dates(span: Span, time_zone: str, place: str) -> list[OneOff]:
    """A span as windows of dates: one, where it is not longer than its first date may have, or one a day."""
    first = on_clock(span.start_ms, time_zone).date()
    last = on_clock(span.end_ms - 1, time_zone).date()
    start, end = _clock(span.start_ms, first, time_zone), _clock(span.end_ms, last, time_zone)
    if first == last or (last - first == _DAY and end <= start):
        found = [OneOff(str(first), start, end, place)]
    else:
        between = [first + k * _DAY for k in range(1, (last - first).days)]
        found = [
            OneOff(str(first), start, "24:00", place),
            *(OneOff(str(day), "00:00", "24:00", place) for day in between),
            OneOff(str(last), "00:00", end, place),
        ]
    read_back = schedule.windows(Timetable(time_zone, (), tuple(found)), span.start_ms, span.end_ms)
    if [(window.start_ms, window.end_ms) for window in read_back] != [tuple(span)]:
        raise CalendarError("begins or ends in an hour that the clocks show twice: move it to another hour")
    return found


def _clock(at_ms: Millis, day: dt.date, time_zone: str) -> str:
    """The time of day; 24:00 where it is the end of `day`."""
    if at_ms == schedule.first_showing(time_zone, day.toordinal() + 1, 0):
        return "24:00"
    return f"{on_clock(at_ms, time_zone):%H:%M}"
