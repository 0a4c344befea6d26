"""What conditions ask, in plain words and in the person's language: sentences, today's times, the week ahead.

Names of places and zones stand as they were recorded. What is told of a protected person is the distance, as the
person was told it, and nothing else.
"""

from collections.abc import Iterator
from typing import NamedTuple

from surety.rules import asked
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    Body,
    CheckInDuty,
    Condition,
    ConditionSet,
    Curfew,
    MovingZone,
    Trail,
    Zone,
    ZoneKind,
)
from surety.rules.intervals import Window
from surety.server.portal import times
from surety.server.portal.languages import say

DAY_MS = times.DAY_MS
WEEK = 7


class Duty(NamedTuple):
    """What one condition asks on one day."""

    condition: Condition
    words: str
    when: str
    now: bool


def words_of(body: Body) -> str:
    """One plain sentence; nothing for what asks nothing of the person."""
    if isinstance(body, Curfew):
        return say("Be at {place}.", place=" / ".join(place.name for place in body.places))
    if isinstance(body, Zone):
        return _zone(body)
    if isinstance(body, Attendance):
        stay = times.span(body.min_stay_s)
        return say("Go to {place} ({purpose}) and stay {time}.", place=body.place.name, purpose=body.purpose, time=stay)
    if isinstance(body, CheckInDuty):
        return _check_in(body)
    return _other(body)


def _zone(body: Zone) -> str:
    if body.zone_kind is ZoneKind.EXCLUSION:
        return say("Stay out of the zone {zone}.", zone=body.name)
    if body.zone_kind is ZoneKind.INCLUSION:
        return say("Stay inside the zone {zone}.", zone=body.name)
    return say("Do not stay in the zone {zone} for more than {time}.", zone=body.name, time=times.span(body.max_stay_s))


def _check_in(body: CheckInDuty) -> str:
    if not body.per_day:
        return say("No photos are asked of you at present.")
    within = times.span(body.response_s)
    return say("Send a photo of yourself when asked: up to {number} a day, each within {time}.",
               number=body.per_day, time=within)  # fmt: skip


def _other(body: Body) -> str:
    if isinstance(body, Trail):
        if body.charge_min_a_day:
            return say("Carry your device. Charge it {time} every day.", time=times.span(body.charge_min_a_day * 60))
        return say("Carry your device and keep it charged.")
    if isinstance(body, MovingZone):
        return say("Keep {number} m away from the protected person, wherever they are.", number=body.alert_m)
    if isinstance(body, Absence):
        is_leave = body.absence_kind is not AbsenceKind.SUSPENSION
        return say("You have leave.") if is_leave else say("Your conditions are paused.")
    return ""  # the order's own dates stand with the order


def of_day(known: ConditionSet, day_ms: int, now_ms: int, zone: str, *, beginning: bool = False) -> list[Duty]:
    """What is asked on the day from `day_ms` on, what holds now first. `beginning`: only what begins that day."""
    end_ms = times.midnight(day_ms, zone, 1)
    found = [
        duty for one in known.conditions for duty in _duties(one, known, (day_ms, end_ms), now_ms, zone, beginning)
    ]
    return sorted(found, key=lambda duty: not duty.now)


def _duties(
    condition: Condition,
    known: ConditionSet,
    day: tuple[int, int],
    now_ms: int,
    zone: str,
    beginning: bool,  # noqa: FBT001 - handed on
) -> Iterator[Duty]:
    words = words_of(condition.body)
    windows = asked.times(condition, known.conditions, *day) if words else ()
    if beginning:
        windows = tuple(one for one in windows if day[0] <= one.start_ms < day[1])
    if windows:
        is_now = any(one.start_ms <= now_ms < one.end_ms for one in windows)
        yield Duty(condition, words, ", ".join(_hours(one, day, zone) for one in windows), is_now)


def _hours(window: Window, day: tuple[int, int], zone: str) -> str:
    begins, ends = window.start_ms > day[0] - DAY_MS, window.end_ms < day[1] + DAY_MS
    if window.start_ms <= day[0] and window.end_ms >= day[1]:
        return say("all day")
    if not begins:
        return say("until {time}", time=_at(window.end_ms, day, zone))
    if not ends:
        return say("from {time}", time=_at(window.start_ms, day, zone))
    return say("from {start} to {end}", start=_at(window.start_ms, day, zone), end=_at(window.end_ms, day, zone))


def _at(at_ms: int, day: tuple[int, int], zone: str) -> str:
    clock = times.clock(at_ms, zone)
    return clock if day[0] <= at_ms < day[1] else f"{clock} ({times.weekday(at_ms, zone)})"


class WeekDay(NamedTuple):
    """One row of the week's table: its name, and what is asked when."""

    name: str
    duties: list[Duty]


def week(known: ConditionSet, now_ms: int, zone: str) -> list[WeekDay]:
    """Seven days from today on, each with what has hours; what holds at all times is told once, above."""
    rows = []
    for number in range(WEEK):
        day_ms = times.midnight(now_ms, zone, number)
        duties = of_day(known, day_ms, now_ms, zone, beginning=True)
        duties = [one for one in duties if one.when != say("all day")]
        rows.append(WeekDay(times.day(day_ms, zone), duties))
    return rows


def always(known: ConditionSet, now_ms: int, zone: str) -> list[str]:
    """What holds all of today."""
    day_ms = times.midnight(now_ms, zone)
    return list(dict.fromkeys(one.words for one in of_day(known, day_ms, now_ms, zone) if one.when == say("all day")))
