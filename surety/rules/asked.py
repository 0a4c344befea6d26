"""What a condition asks over a time: its windows, cut to the version's own term, less the leave that covers it.

For whoever shows or writes down what is asked. The engine asks the same of each instant (`ordered.Duty.around`).
"""

from collections.abc import Iterable, Iterator

from surety.rules import asking, leave, schedule
from surety.rules.conditions import Absence, Attendance, CheckInDuty, Condition, Curfew, MovingZone, Trail, Zone
from surety.rules.facts import Millis
from surety.rules.intervals import END, Span, Window

_BACK_MS: Millis = 400 * schedule.DAY_MS  # how far back leave is looked for that bounds a window still running


def windows(condition: Condition, among: Iterable[Condition], from_ms: Millis, to_ms: Millis) -> tuple[Window, ...]:
    """The windows of one condition that meet [from_ms, to_ms), whole but for its term; none for one without times.

    `among`: all conditions of the person, those that give leave among them. Of a window that never ends, leave after
    `to_ms` is not looked for.
    """
    body = condition.body
    begin, end = max(from_ms, condition.effective_from_ms), min(to_ms, _end(condition))
    if begin >= end or not isinstance(body, Curfew | Zone | MovingZone | Attendance):
        return ()
    found = schedule.windows(body.timetable, begin, end)
    free = _free(condition, among, begin, max([end, *(w.end_ms for w in found if w.end_ms < END)]))
    left = schedule.clip(schedule.without(found, free), condition.effective_from_ms, _end(condition))
    return tuple(window for window in left if window.start_ms < end and window.end_ms > begin)


def times(condition: Condition, among: Iterable[Condition], from_ms: Millis, to_ms: Millis) -> tuple[Window, ...]:
    """When a condition of any kind asks something, or gives leave, as far as that meets [from_ms, to_ms).

    Of a check-in duty: when photographs may be asked for; when they are is told to nobody.
    """
    if isinstance(condition.body, Absence):
        return leave.windows_of(condition, from_ms, to_ms)
    if isinstance(condition.body, Trail):
        return _in_force(condition, (Window(schedule.BEGINNING, END),), from_ms, to_ms)
    if isinstance(condition.body, CheckInDuty):
        spans = asking.allowed_between(condition.body, from_ms, to_ms)
        return _in_force(condition, (Window(*span) for span in spans), from_ms, to_ms)
    return windows(condition, among, from_ms, to_ms)


def _in_force(condition: Condition, found: Iterable[Window], from_ms: Millis, to_ms: Millis) -> tuple[Window, ...]:
    """What of these meets a time while the version is in force."""
    held = schedule.clip(found, condition.effective_from_ms, _end(condition))
    return tuple(window for window in held if window.start_ms < to_ms and window.end_ms > from_ms)


def _free(condition: Condition, among: Iterable[Condition], from_ms: Millis, to_ms: Millis) -> Iterator[Span]:
    """When leave covers the condition, about a time; each leave only while it is itself in force."""
    for other in among:
        if not isinstance(other.body, Absence) or not leave.covering(condition, [leave.leave_of(other.body)]):
            continue
        begin, end = max(from_ms - _BACK_MS, other.effective_from_ms), min(to_ms, _end(other))
        for time in leave.leave_of(other.body).times:
            spans = [time] if isinstance(time, Span) else schedule.windows(time, begin, end)
            yield from (Span(max(one.start_ms, begin), min(one.end_ms, end)) for one in spans)


def _end(condition: Condition) -> Millis:
    return END if condition.effective_to_ms is None else condition.effective_to_ms
