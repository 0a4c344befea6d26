"""Decides which conditions ask nothing for a while: authorised absences and suspensions.

Without names, leave covers every duty to be somewhere (a curfew, an inclusion zone, attendance) and never an exclusion
zone: who is allowed to a wedding is not thereby allowed to the person whom the zone protects. A suspension without
names covers every curfew, zone, attendance and check-in duty: who may be reached at work or abroad can still send a
photograph, but where the conditions themselves are stayed, nothing is asked. Either, with names, covers exactly those
conditions. Neither ever covers a distance from a protected person: what keeps them safe is changed or withdrawn as
such, not in passing.

While it holds, the windows of what it covers are cut: nothing that happens in it is a breach, and what was going on
when it began ends with it, blaming nobody. What happened before stays on record.
"""

import itertools
from collections.abc import Iterable

import msgspec

from surety.rules import schedule
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    CheckInDuty,
    Condition,
    Curfew,
    Timetable,
    Zone,
    ZoneKind,
)
from surety.rules.facts import Millis
from surety.rules.schedule import BEGINNING, END, Span, Window

ENDED_BY = {AbsenceKind.AUTHORISED: "absence", AbsenceKind.SUSPENSION: "suspension"}
"""How the evidence of a finding names what ended it."""


class Leave(msgspec.Struct, frozen=True):
    """One absence in force: what it covers, and when, as `schedule.around` takes it."""

    kind: AbsenceKind
    applies_to: frozenset[str]
    times: tuple[schedule.Absence, ...]

    def holds(self, at_ms: Millis) -> bool:
        """Whether it holds at an instant."""
        return any(_holds(time, at_ms) for time in self.times)


def leave_of(body: Absence) -> Leave:
    """An absence, ready to cut windows. Raises TimetableError for a date of no calendar."""
    spans = tuple(schedule.span_of(body.timetable.zone, pause) for pause in body.spans)
    by_rows = bool(body.timetable.rows or body.timetable.one_offs or not spans)
    return Leave(
        body.absence_kind, frozenset(body.applies_to), (*((body.timetable,) if by_rows else ()), *schedule.merge(spans))
    )


def covering(condition: Condition, leaves: Iterable[Leave]) -> tuple[Leave, ...]:
    """Those that a condition need not be kept in."""
    return tuple(leave for leave in leaves if _covers(leave, condition))


def times_of(leaves: Iterable[Leave]) -> tuple[schedule.Absence, ...]:
    """When any of them holds."""
    return tuple(itertools.chain.from_iterable(leave.times for leave in leaves))


def held_at(leaves: Iterable[Leave], at_ms: Millis) -> str:
    """What holds at an instant, as evidence names it; nothing when none does. Where several do: the suspension."""
    held = [ENDED_BY[leave.kind] for leave in leaves if leave.holds(at_ms)]
    return max(held, default="")


def windows_of(condition: Condition, from_ms: Millis, to_ms: Millis) -> tuple[Window, ...]:
    """The windows of an absence that meet [from_ms, to_ms), cut to the time in which its version is in force."""
    if not isinstance(condition.body, Absence):
        return ()
    found: list[Window] = []
    for time in leave_of(condition.body).times:
        found += schedule.windows(time, from_ms, to_ms) if isinstance(time, Timetable) else [Window(*time)]
    whole = schedule.clip(found, *_in_force(condition, BEGINNING, END))
    met = (window for window in whole if window.start_ms < to_ms and window.end_ms > from_ms)
    return tuple(sorted(met, key=lambda window: window.start_ms))


def _in_force(condition: Condition, from_ms: Millis, to_ms: Millis) -> tuple[Millis, Millis]:
    """The part of a time in which a version is in force; no time where its end does not lie after its start."""
    end_ms = to_ms if condition.effective_to_ms is None else min(to_ms, condition.effective_to_ms)
    return max(from_ms, condition.effective_from_ms), end_ms


def _covers(leave: Leave, condition: Condition) -> bool:
    body = condition.body
    if leave.applies_to:
        return condition.id in leave.applies_to
    if isinstance(body, Zone) and body.zone_kind is not ZoneKind.INCLUSION:
        return leave.kind is AbsenceKind.SUSPENSION
    if isinstance(body, CheckInDuty):
        return leave.kind is AbsenceKind.SUSPENSION
    return isinstance(body, Curfew | Zone | Attendance)


def _holds(time: schedule.Absence, at_ms: Millis) -> bool:
    if isinstance(time, Timetable):
        window = schedule.around(time, at_ms)
        time = Span(at_ms, at_ms) if window is None else Span(window.start_ms, window.end_ms)
    return time.start_ms <= at_ms < time.end_ms
