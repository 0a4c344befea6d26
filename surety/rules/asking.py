"""Decides when a check-in duty asks: at its fixed times, or at times that nobody can foresee and an inspector can redo.

The times of a local date follow from the condition, its version, the date and a secret key, and from nothing else. The
key drives a sequence (HMAC-SHA256, RFC 2104, over condition, version, date and number); the sequence chooses one of all
the sets of times that the duty allows, each as likely as every other. Who lacks the key learns nothing of later
questions from earlier ones but that they keep their distance; who has it can work all of them out again.

- A time is allowed while the timetable is active, but not while an exemption or a pause is, nor so shortly before one
  that the answer would fall into it. Answering may run out of the timetable, which only bounds when it is asked.
- A window over midnight is of the date on which it starts, and so are its questions. Where days follow one another
  without a break, questions of odd dates keep their distance from those of the even dates beside them.
- Where `per_day` questions do not fit, as many as fit are asked.
- What was changed holds from then on: the questions that were asked stay, those of the new version follow, at their
  distance, and with them no more than its `per_day` on the date.
- Nothing is asked under a suspension, or when one begins before the time to answer is over. An authorised absence
  changes nothing, unless it names the duty. Nothing is asked either that could not be answered before the duty ends.
"""

import datetime as dt
import enum
import functools
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from surety.rules import leave, schedule
from surety.rules.conditions import Absence, CheckInDuty, Condition
from surety.rules.facts import Millis
from surety.rules.intervals import Span, Window, clip, merge, without

KEY_BYTES = 32
MOST_A_DAY = 5
_STEP_S = 10  # of the times among which is chosen; with five a day the number of choices still fits into 63 bits
_LONG_MS = 30 * 3_600_000  # more than a day of times: two windows that start on one date and run over midnight
_BEFORE_EXEMPT_S = 1_800  # so long before an exemption nothing is asked, or the whole time to answer where it is less
_CONTEXT = "surety-asking-1"
_UTC_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TURNS = ("left", "right")

_Times = npt.NDArray[np.int64]


class Question(NamedTuple):
    """One time of a date's sequence. `number` counts from 1; `turn`: which way the head is to be turned."""

    day: str
    number: int
    at_ms: Millis
    turn: str


class LeftOut(enum.StrEnum):
    """Why a time of the sequence is not asked at."""

    BEFORE = "before"  # this version was not in force yet
    AFTER = "after"  # it was changed or ended by then
    ENDS = "ends"  # the duty ends before the time to answer would
    LEAVE = "leave"
    ENOUGH = "enough"  # as many were asked that day
    CLOSE = "close"  # too soon after the last question


class Planned(NamedTuple):
    """A question of one version of a condition, and why it is not asked (None: it is)."""

    condition: Condition
    duty: CheckInDuty
    question: Question
    left_out: LeftOut | None = None

    @property
    def due_ms(self) -> Millis:
        """Until when an answer is in time."""
        return self.question.at_ms + self.duty.response_s * 1000


class Asked(NamedTuple):
    """A question that was asked: under which condition, of which local date, and when."""

    condition_id: str
    day: str
    at_ms: Millis


# --- the sequence of one date --------------------------------------------------------------------------------------


def questions_of(condition_id: str, version: int, duty: CheckInDuty, key: bytes, day: str) -> tuple[Question, ...]:
    """The times that belong to a local date, whether or not the version is in force then, in order.

    Raises TimetableError where `day` or the timetable names what no calendar has.
    """
    ordinal = schedule.ordinal(day)
    chosen = _beside_others(condition_id, version, duty, key, ordinal)
    found = []
    for number, at_ms in enumerate(chosen, 1):
        draw = _draw(key, condition_id, version, ordinal, f"turn {number}")
        found.append(Question(day, number, at_ms, TURNS[draw % len(TURNS)]))
    return tuple(found)


def allowed(duty: CheckInDuty, day: str) -> tuple[Span, ...]:
    """When may be asked on a local date."""
    return _allowed(duty, schedule.ordinal(day))


def allowed_between(duty: CheckInDuty, from_ms: Millis, to_ms: Millis) -> tuple[Span, ...]:
    """When may be asked, on every local date that meets a time; what runs on from date to date as one."""
    if not _wanted(duty):
        return ()
    dates = _dates(duty.timetable.zone, from_ms, to_ms)
    return tuple(merge(span for date in dates for span in allowed(duty, date)))


def fit(duty: CheckInDuty, day: str) -> int:
    """How many questions fit into a date by itself, at most as many as are ordered."""
    if duty.fixed:
        return len(_fixed(duty, schedule.ordinal(day)))
    return min(_wanted(duty), _fitting(_grid(allowed(duty, day), 0), duty.apart_s * 1000))


@functools.lru_cache(maxsize=8192)
def _beside_others(condition_id: str, version: int, duty: CheckInDuty, key: bytes, day: int) -> tuple[Millis, ...]:
    """The times of a date. Those of an odd one know of the even ones beside it, which know of none."""
    if duty.fixed:
        return _fixed(duty, day)
    times = _allowed(duty, day)
    if day % 2 and duty.apart_s:
        apart_ms = duty.apart_s * 1000
        for other in (day - 1, day + 1):
            if _near(times, _allowed(duty, other), apart_ms):
                others = _beside_others(condition_id, version, duty, key, other)
                times = _cut(times, (Span(at_ms - apart_ms + 1, at_ms + apart_ms) for at_ms in others))
    return _chosen(times, duty, lambda label: _draw(key, condition_id, version, day, label))


def _near(times: Sequence[Span], others: Sequence[Span], apart_ms: Millis) -> bool:
    wider = merge(Span(one.start_ms - apart_ms, one.end_ms + apart_ms) for one in others)
    return any(clip([Window(*one)], *span) for one in times for span in wider)


@functools.lru_cache(maxsize=8192)
def _allowed(duty: CheckInDuty, day: int) -> tuple[Span, ...]:
    """When may be asked: the date's part of the timetable, less exemptions and pauses and what lies shortly before."""
    times = schedule.of_date(duty.timetable, day)
    if not times:
        return ()
    lead_ms = min(duty.response_s, _BEFORE_EXEMPT_S) * 1000
    pauses = (schedule.span_of(duty.timetable.zone, pause) for pause in duty.timetable.exceptions)
    cuts = [Span(pause.start_ms - duty.response_s * 1000, pause.end_ms) for pause in pauses]
    for exemption in duty.exempt:
        found = schedule.windows(exemption.timetable, times[0].start_ms, times[-1].end_ms + lead_ms)
        cuts += [Span(window.start_ms - lead_ms, window.end_ms) for window in found]
    return _cut(times, cuts)


def _cut(times: Iterable[Span], cuts: Iterable[Span]) -> tuple[Span, ...]:
    left = without((Window(*span) for span in times), cuts)
    return tuple(Span(window.start_ms, window.end_ms) for window in left)


def _fixed(duty: CheckInDuty, day: int) -> tuple[Millis, ...]:
    """The fixed times that lie in the date's allowed time; those after midnight in a window that runs over it too."""
    times, zone = _allowed(duty, day), duty.timetable.zone
    shown = {schedule.first_showing(zone, one, _minute(text)) for one in (day, day + 1) for text in duty.fixed}
    found = sorted(at_ms for at_ms in shown if any(span.start_ms <= at_ms < span.end_ms for span in times))
    kept: list[Millis] = []
    for at_ms in found:
        if not kept or at_ms - kept[-1] >= duty.apart_s * 1000:
            kept.append(at_ms)
    return tuple(kept[: _wanted(duty)])


def _wanted(duty: CheckInDuty) -> int:
    return min(duty.per_day, MOST_A_DAY)


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _chosen(times: Sequence[Span], duty: CheckInDuty, draw: Callable[[str], int]) -> tuple[Millis, ...]:
    """One of all the sets of as many times as fit, each as likely as every other.

    `ways[k][i]` is in how many ways k times can be chosen among those from the i-th on, at their distance.
    """
    grid = _grid(times, draw("second"))
    apart_ms = duty.apart_s * 1000
    number = min(_wanted(duty), _fitting(grid, apart_ms))
    after = np.maximum(np.searchsorted(grid, grid + apart_ms), np.arange(1, len(grid) + 1))
    ways = [np.ones(len(grid) + 1, np.int64)]
    for _ in range(number):
        ways.append(np.append(np.cumsum(ways[-1][after][::-1])[::-1], 0))
    found, place = list[Millis](), 0
    for left in range(number, 0, -1):
        pick = draw(f"time {len(found) + 1}") % int(ways[left][place])
        chosen = int(np.searchsorted(-ways[left], -pick)) - 1
        found.append(int(grid[chosen]))
        place = int(after[chosen])
    return tuple(found)


def _grid(times: Sequence[Span], second: int) -> _Times:
    """The times among which is chosen: every ten seconds, from a second on that the sequence tells."""
    whole_ms = sum(span.end_ms - span.start_ms for span in times)
    step_ms = _STEP_S * 1000 * (1 + whole_ms // _LONG_MS)
    first_ms = second * 1000 % step_ms
    parts = [np.arange(span.start_ms + first_ms, span.end_ms, step_ms, dtype=np.int64) for span in times]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _fitting(grid: _Times, apart_ms: Millis) -> int:
    """How many times fit at most, up to five: each as early as it may be."""
    count, place = 0, 0
    while count < MOST_A_DAY and place < len(grid):
        count += 1
        place = max(place + 1, int(np.searchsorted(grid, grid[place] + apart_ms)))
    return count


def _draw(key: bytes, condition_id: str, version: int, day: int, label: str) -> int:
    """A number of 256 bits of the keyed sequence. Taken modulo at most 2^63, it prefers none by more than 2^-193."""
    date = dt.date.fromordinal(day).isoformat()
    text = "\x1f".join((_CONTEXT, condition_id, str(version), date, label))
    return int.from_bytes(hmac.digest(key, text.encode(), hashlib.sha256))


# --- what is asked of a person -------------------------------------------------------------------------------------


def between(
    conditions: Iterable[Condition], key: bytes, from_ms: Millis, to_ms: Millis, asked: Iterable[Asked] = ()
) -> Iterator[Planned]:
    """Every time of every check-in duty in [from_ms, to_ms), in order, each with why it is not asked, if it is not.

    `conditions`: all of one person's, as they are known now. `asked`: what was asked of them in the last two days at
    least; what of it lies in [from_ms, to_ms) is told as asked.
    """
    known, done = tuple(conditions), list(asked)
    for planned in sorted(_times(known, key, from_ms, to_ms), key=_order):
        question = planned.question
        this = Asked(planned.condition.id, question.day, question.at_ms)
        if this in done:  # it was asked, and counts once
            yield planned
            continue
        left_out = _left_out(planned, known, done)
        if left_out is None:
            done.append(this)
        yield planned._replace(left_out=left_out)


def _order(planned: Planned) -> tuple[Millis, str, int]:
    return planned.question.at_ms, planned.condition.id, planned.condition.version


def next_ms(
    conditions: Iterable[Condition], key: bytes, from_ms: Millis, days: int, asked: Iterable[Asked] = ()
) -> Millis | None:
    """When is asked next, from an instant on; None where nothing is within so many days."""
    known, before = tuple(conditions), tuple(asked)
    for start in range(from_ms, from_ms + days * schedule.DAY_MS, schedule.DAY_MS):
        for planned in between(known, key, start, start + schedule.DAY_MS, before):
            if planned.left_out is None:
                return planned.question.at_ms
    return None


def _times(known: Iterable[Condition], key: bytes, from_ms: Millis, to_ms: Millis) -> Iterator[Planned]:
    for condition in known:
        body = condition.body
        ends_ms = to_ms if condition.effective_to_ms is None else condition.effective_to_ms
        if not isinstance(body, CheckInDuty) or condition.effective_from_ms >= to_ms or ends_ms <= from_ms:
            continue
        for date in _dates(body.timetable.zone, from_ms, to_ms):
            for question in questions_of(condition.id, condition.version, body, key, date):
                if from_ms <= question.at_ms < to_ms:
                    yield Planned(condition, body, question)


def _dates(zone: str, from_ms: Millis, to_ms: Millis) -> Iterator[str]:
    """The local dates whose windows may meet a time: each starts on its date and ends by the end of the next."""
    first, last = (_UTC_EPOCH + dt.timedelta(milliseconds=at_ms) for at_ms in (from_ms, to_ms))
    day = first.astimezone(schedule.zone(zone)).date() - dt.timedelta(days=1)
    while day <= last.astimezone(schedule.zone(zone)).date():
        yield day.isoformat()
        day += dt.timedelta(days=1)


def _left_out(planned: Planned, known: Sequence[Condition], asked: Sequence[Asked]) -> LeftOut | None:
    condition, duty, question = planned.condition, planned.duty, planned.question
    if question.at_ms < condition.effective_from_ms:
        return LeftOut.BEFORE
    if condition.effective_to_ms is not None and question.at_ms >= condition.effective_to_ms:
        return LeftOut.AFTER
    if why := holds_until(condition, known, question.at_ms, planned.due_ms):
        return why
    own = [one for one in asked if one.condition_id == condition.id]
    if sum(one.day == question.day for one in own) >= _wanted(duty):
        return LeftOut.ENOUGH
    if any(abs(question.at_ms - one.at_ms) < duty.apart_s * 1000 for one in own):
        return LeftOut.CLOSE
    return None


def holds_until(condition: Condition, known: Iterable[Condition], from_ms: Millis, due_ms: Millis) -> LeftOut | None:
    """Why a question of an instant need not be answered by its due time; None where it is to be.

    Also for one that was asked: whether it is to be taken back.
    """
    others = tuple(known)
    if _end_of(condition, others) < due_ms:
        return LeftOut.ENDS
    return LeftOut.LEAVE if any(_gives_leave(one, condition, from_ms, due_ms) for one in others) else None


def _end_of(condition: Condition, known: Sequence[Condition]) -> Millis:
    """When the duty ends: versions that follow one another without a hole are one duty."""
    spans = merge(
        Span(one.effective_from_ms, schedule.END if one.effective_to_ms is None else one.effective_to_ms)
        for one in known
        if one.id == condition.id and isinstance(one.body, CheckInDuty) and one.body.per_day
    )
    return next((span.end_ms for span in spans if span.start_ms <= condition.effective_from_ms < span.end_ms), 0)


def _gives_leave(absence: Condition, condition: Condition, from_ms: Millis, to_ms: Millis) -> bool:
    """Whether an absence that covers the duty meets [from_ms, to_ms)."""
    if not isinstance(absence.body, Absence) or not leave.covering(condition, [leave.leave_of(absence.body)]):
        return False
    return any(clip([window], from_ms, to_ms) for window in leave.windows_of(absence, from_ms, to_ms))
