"""What really happened: when somebody was not where the order says, and what their device did.

Written to `truth.jsonl`, one line a person and day, from the true path alone: no receiver, no rule.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec

from surety.sim.devices import LOW_PCT, DeviceDay, Devices, Span
from surety.sim.geo import XY, to_segment_m
from surety.sim.lives import Day, Lives, Piece, curfew_windows, minute_ms
from surety.sim.people import NIGHT_MIN, STAY_MIN, Ground, Resident

STEP_MS = 2_000  # how finely a way is looked at


class Attended(msgspec.Struct, frozen=True):
    """One appointment: its window, how long somebody truly was there, and how long was ordered."""

    window: Span
    stayed_ms: int
    needed_ms: int


class DayTruth(msgspec.Struct, frozen=True):
    """One person's day. Spans are (from_ms, to_ms)."""

    reference: str
    day: str
    absent: tuple[Span, ...]  # away from home while the curfew runs
    zones: dict[str, tuple[Span, ...]]  # in an exclusion zone while it is active
    why: tuple[str, ...]
    sos: tuple[int, ...]
    strap: tuple[int, ...]
    dead: tuple[Span, ...]
    unlinked: tuple[Span, ...]
    blind: tuple[Span, ...]
    low: tuple[Span, ...]  # battery below 15 %, until it is charged
    overstays: tuple[Span, ...] = ()  # in a restriction zone, from when the limit was passed
    attendance: tuple[Attended, ...] = ()


def truth_of_day(lives: Lives, devices: Devices, index: int, day: date) -> DayTruth:
    """The truth of one person's day."""
    resident, life, device = lives.residents[index], lives.day(index, day), devices.day(index, day)
    events = device.events
    return DayTruth(
        resident.reference,
        day.isoformat(),
        tuple(_absences(resident, life, day)),
        {zone.name: tuple(_visits(zone, life, day)) for zone in _zones(lives, resident)},
        tuple(outing.why for outing in life.broken),
        tuple(t for t, e in events if e == "sos"),
        tuple(t for t, e in events if e == "strap"),
        device.dead,
        device.unlinked,
        device.blind,
        _low(device),
        tuple(_overstays(resident, life)),
        tuple(_attended(resident, life, day)),
    )


class TruthFile:
    """Appends to `truth.jsonl`; a day written twice is the same line twice."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, truths: Iterable[DayTruth]) -> None:
        """Add lines."""
        with self.path.open("ab") as file:
            for truth in truths:
                file.write(msgspec.json.encode(truth) + b"\n")

    def read(self) -> list[DayTruth]:
        """Every person's days, each once; a line cut off by a crash is left out."""
        if not self.path.exists():
            return []
        found: dict[tuple[str, str], DayTruth] = {}
        for line in self.path.read_bytes().splitlines():
            try:
                truth = msgspec.json.decode(line, type=DayTruth)
            except msgspec.DecodeError:
                continue
            found[truth.reference, truth.day] = truth
        return list(found.values())


def _absences(resident: Resident, life: Day, day: date) -> Iterator[Span]:
    if resident.curfew is None:
        return
    home = resident.home_ground
    for start, end in _asked(resident, day):
        yield from _spans(life, (minute_ms(day, start), minute_ms(day, end)), home, lambda p: not home.holds(*p))


def _zones(lives: Lives, resident: Resident) -> Iterator[Ground]:
    yield from resident.zones
    if lives.programme is not None and lives.bound_at_night(resident):
        yield lives.programme


def _overstays(resident: Resident, life: Day) -> Iterator[Span]:
    ground = resident.pass_through
    if ground is None:
        return
    for start, end in _spans(life, (life.start_ms, life.end_ms), ground, lambda p: ground.holds(*p)):
        if end - start > STAY_MIN * 60_000:
            yield start + STAY_MIN * 60_000, end


def _asked(resident: Resident, day: date) -> Iterator[tuple[int, int]]:
    """The curfew of a day of the town, less the leave of that day."""
    leave = resident.leave
    for start, end in curfew_windows(resident.curfew or (0, 0)):
        if leave is None or day.weekday() != leave.weekday or leave.end <= start or leave.start >= end:
            yield start, end
        else:
            yield from (part for part in ((start, leave.start), (leave.end, end)) if part[0] < part[1])


def _attended(resident: Resident, life: Day, day: date) -> Iterator[Attended]:
    course = resident.course
    if course is None or day.weekday() != course.weekday:
        return
    window = minute_ms(day, course.start), minute_ms(day, course.end)
    ground = course.ground
    there = _spans(life, window, ground, lambda p: ground.holds(*p))
    yield Attended(window, sum(end - start for start, end in there), course.stay * 60_000)


def _visits(zone: Ground, life: Day, day: date) -> Iterator[Span]:
    window = (life.start_ms, life.end_ms)
    if zone.school_hours:
        if day.weekday() >= 5:
            return
        window = (minute_ms(day, 8 * 60), minute_ms(day, 17 * 60))
    if zone.at_night:
        window = (minute_ms(day, NIGHT_MIN[0]), minute_ms(day, NIGHT_MIN[1]))
    yield from _spans(life, window, zone, lambda p: zone.holds(*p))


def _spans(life: Day, window: Span, ground: Ground, true_at: Callable[[XY], bool]) -> list[Span]:
    """The spans within a window at which something holds of the true position, adjacent ones joined."""
    found: list[Span] = []
    for piece in life.pieces:
        start, end = max(piece.start_ms, window[0]), min(piece.end_ms, window[1])
        if start < end:
            for span in _of_piece(piece, start, end, ground, true_at):
                if found and found[-1][1] == span[0]:
                    found[-1] = (found[-1][0], span[1])
                else:
                    found.append(span)
    return found


def _of_piece(piece: Piece, start: int, end: int, ground: Ground, true_at: Callable[[XY], bool]) -> Iterator[Span]:
    if len(piece.points) == 1 or _far_from(piece, ground):
        if true_at(piece.at(start)):
            yield start, end
        return
    for at in range(start, end, STEP_MS):
        if true_at(piece.at(at)):
            yield at, min(at + STEP_MS, end)


def _far_from(piece: Piece, ground: Ground) -> bool:
    goal = ground.goal
    ways = itertools.pairwise(piece.points)
    return all(to_segment_m(goal.x, goal.y, a, b) > ground.radius_m for a, b in ways)


def _low(device: DeviceDay) -> tuple[Span, ...]:
    for (a_ms, a), (b_ms, b) in itertools.pairwise(device.battery):
        if a >= LOW_PCT > b:
            return ((a_ms + int((a - LOW_PCT) / (a - b) * (b_ms - a_ms)), device.charging[1]),)
    return ()
