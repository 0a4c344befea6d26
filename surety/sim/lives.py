"""What people truly do: a day from 04:00 to 04:00 as stays and ways, a pure function of the seed and the date.

Most days keep the conditions. Some break them (`Outing.why` tells the reason that the person would give), and on the
first evening a cast (people.part_of) does so within minutes: some are late for the curfew, enter an exclusion zone, or
go out during the curfew.
"""

import bisect
import itertools
import math
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from surety.sim.geo import TIME_ZONE, XY
from surety.sim.people import (
    CAST,
    NIGHT_MIN,
    NIGHT_ORDER,
    STAY_MIN,
    Ground,
    Resident,
    make_protected,
    make_residents,
    order_type_of,
    part_of,
    programme_ground,
)
from surety.sim.town import Place, Town, build_town

ZONE = ZoneInfo(TIME_ZONE)
DAY_START_MIN, DAY_END_MIN = 240, 1680  # 04:00 to 04:00, in minutes of the local day
CALLS_AT_M = 90.0  # well within the distance that the order of the demonstration sets
SPEED_MPS = {"walk": 1.35, "bus": 5.2, "car": 8.0, "train": 24.0}
_EXCUSES = (
    "missed the last bus",
    "shift ran over",
    "visited a sick relative",
    "lost track of time",
    "a queue at the chemist",
)
_ZONE_EXCUSES = (
    "took a short cut",
    "gave a friend a lift",
    "did not know the new boundary",
    "got off at the wrong stop",
)


class Outing(msgspec.Struct, frozen=True):
    """Being at a place between two minutes of the local day; `why` is empty when it keeps the conditions."""

    place: Place
    from_min: float
    to_min: float
    why: str = ""


class Piece(msgspec.Struct, frozen=True):
    """A part of a day: a stay (one point) or a way; `far_m` are the distances along it at its points."""

    start_ms: int
    end_ms: int
    mode: str  # stay, walk, bus, car, train
    points: tuple[XY, ...]
    far_m: tuple[float, ...]
    indoors: bool
    place: str

    def at(self, at_ms: int) -> XY:
        """The true position at an instant within the piece."""
        if len(self.points) == 1 or self.end_ms == self.start_ms:
            return self.points[0]
        share = min(1.0, max(0.0, (at_ms - self.start_ms) / (self.end_ms - self.start_ms)))
        far = share * self.far_m[-1]
        n = min(max(bisect.bisect_right(self.far_m, far), 1), len(self.points) - 1)
        (ax, ay), (bx, by) = self.points[n - 1], self.points[n]
        length = self.far_m[n] - self.far_m[n - 1]
        t = (far - self.far_m[n - 1]) / length if length else 0.0
        return ax + t * (bx - ax), ay + t * (by - ay)


class Day(msgspec.Struct, frozen=True):
    """Everything one person does from one 04:00 to the next, without a hole."""

    start_ms: int
    end_ms: int
    pieces: tuple[Piece, ...]
    starts: tuple[int, ...]
    broken: tuple[Outing, ...]

    def piece(self, at_ms: int) -> Piece:
        """The part of the day at an instant."""
        return self.pieces[max(0, bisect.bisect_right(self.starts, at_ms) - 1)]


class Lives:
    """All lives of one town from `start_ms` on. Reads no clock; the same arguments give the same lives."""

    def __init__(self, seed: int, people: int, start_ms: int) -> None:
        self.seed, self.people, self.start_ms = seed, people, start_ms
        self.town: Town = build_town(seed, people)
        self.residents: list[Resident] = make_residents(self.town, people)
        self.programme: Ground | None = programme_ground(self.town, self.residents)
        self.first_day = local_day(start_ms)
        first = datetime.fromtimestamp(start_ms / 1000, ZONE)
        self.first_min = first.hour * 60 + first.minute + (1440 if first.hour < 4 else 0)
        self.day = lru_cache(maxsize=2 * people + 16)(self._day)
        self.beside = next((r for r in self.residents if r.curfew and part_of(r.index) == ""), self.residents[0])
        self.protected = make_protected(self.town, self.beside, people)

    def resident(self, index: int) -> Resident:
        """Who has an index: one of the residents, or behind them the one who is protected from `beside`."""
        return self.protected if index == self.people else self.residents[index]

    def position(self, index: int, at_ms: int) -> XY:
        """Where somebody truly is."""
        return self.day(index, local_day(at_ms)).piece(at_ms).at(at_ms)

    def _day(self, index: int, day: date) -> Day:
        resident = self.resident(index)
        rng = random.Random(f"day/{self.seed}/{index}/{day.isoformat()}")
        outings = _habits(resident, self.town, rng, day)
        outings = [o for o in outings if _keeps_curfew(resident, self.town, o)]
        broken = self._breaks(resident, rng, day, first=day == self.first_day)
        attended, wrong_there = _course_of_day(resident, day, random.Random(f"course/{self.seed}/{index}/{day}"))
        ordered = [*attended, *_leave_of_day(resident, self.town, day)]
        outings = [*ordered, *(o for o in outings if all(_apart_from(o, own) for own in ordered))]
        for wrong in broken:
            outings = [o for o in outings if o.to_min + 25 < wrong.from_min or o.from_min - 25 > wrong.to_min]
        told = (*broken, *wrong_there)
        return _Timeline(resident, self.town, day).build(_apart([*outings, *broken]), told)

    def _breaks(self, resident: Resident, rng: random.Random, day: date, *, first: bool) -> list[Outing]:
        if resident.index == self.people:
            return [self._past_the_home_of_the_other()] if first else []
        if first and resident.index < CAST:
            return self._opening(resident, rng)
        found: list[Outing] = []
        if resident.curfew:
            found += _curfew_break(resident, rng)
        if resident.zones and rng.random() < 0.02:
            at = rng.uniform(17 * 60, 18.2 * 60) if resident.work == "day" else rng.uniform(11 * 60, 18 * 60)
            found.append(_into(rng.choice(resident.zones), at, rng))
        return _apart([*found, *self._more_breaks(resident, day)])

    def _more_breaks(self, resident: Resident, day: date) -> Iterator[Outing]:
        """Of what was ordered later, by dice of its own: the days of before stay as they were."""
        rng = random.Random(f"more/{self.seed}/{resident.index}/{day.isoformat()}")
        if resident.pass_through and rng.random() < 0.04:
            at = rng.uniform(17 * 60, 18 * 60) if resident.work == "day" else rng.uniform(11 * 60, 17 * 60)
            yield _too_long(resident.pass_through, at, rng)
        if self.bound_at_night(resident) and self.programme and rng.random() < 0.01:
            at = rng.uniform(NIGHT_MIN[0] + 10, NIGHT_MIN[1] - 60)
            yield Outing(self.programme.goal, at, at + rng.uniform(6, 20), rng.choice(_ZONE_EXCUSES))

    def bound_at_night(self, resident: Resident) -> bool:
        """Whether the programme-wide zone is for somebody."""
        return self.programme is not None and order_type_of(resident.index) == NIGHT_ORDER

    def _past_the_home_of_the_other(self) -> Outing:
        """On the first evening the protected person calls at a house near the one they are protected from."""
        home = self.beside.home
        goal = min(self.town.homes, key=lambda place: abs(math.dist((place.x, place.y), (home.x, home.y)) - CALLS_AT_M))
        return Outing(goal, self.first_min + 4, self.first_min + 18)

    def _opening(self, resident: Resident, rng: random.Random) -> list[Outing]:
        """The first evening's cast, in minutes from the start (which is a few minutes before the curfews)."""
        now, part = self.first_min, part_of(resident.index)
        friend = resident.friends[0]
        if part == "late" and resident.curfew:
            return [Outing(friend, now - 50, max(now, resident.curfew[0]) + rng.uniform(9, 45), rng.choice(_EXCUSES))]
        if part == "zone" and resident.zones:
            return [_into(resident.zones[0], now + rng.uniform(1, 3), rng)]
        if part == "stay" and resident.pass_through:
            return [_too_long(resident.pass_through, now + rng.uniform(1, 3), rng)]
        if part == "out" and resident.curfew:
            start = max(now, resident.curfew[0]) + rng.uniform(10, 35)
            return [Outing(friend, start, start + rng.uniform(8, 25), rng.choice(_EXCUSES))]
        return []


@lru_cache(maxsize=4096)
def minute_ms(day: date, minute: float) -> int:
    """The instant of a minute of a local day; 1440 and more lie on the next day. Wall-clock time, so DST is right."""
    whole = int(minute)
    at = datetime.combine(day + timedelta(days=whole // 1440), time(whole % 1440 // 60, whole % 60), ZONE)
    return round((at.timestamp() + (minute - whole) * 60) * 1000)


def local_day(at_ms: int) -> date:
    """The day (from 04:00 to 04:00 local time) in which an instant lies."""
    at = datetime.fromtimestamp(at_ms / 1000, ZONE)
    return at.date() if at.hour >= 4 else at.date() - timedelta(days=1)


def curfew_windows(curfew: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """A curfew's windows within a day of the town, in minutes from local midnight."""
    start, end = curfew
    if end > start:
        return ((start, end),)
    return ((DAY_START_MIN, end), (start, DAY_END_MIN))


def _habits(resident: Resident, town: Town, rng: random.Random, day: date) -> list[Outing]:
    working = day.weekday() < 5 and rng.random() < 0.94
    out: list[Outing] = []
    if resident.parent and day.weekday() < 5 and resident.work in ("late", "night", "none", "train"):
        out += [Outing(town.school, 520 + rng.uniform(0, 8), 535), Outing(town.school, 908 + rng.uniform(0, 8), 928)]
    if working and (shift := _shift(resident, town, rng)):
        out.append(shift)
    for at in (rng.uniform(570, 640), rng.uniform(1025, 1060)):
        if rng.random() < 0.5:
            out.append(Outing(rng.choice(resident.shops), at, at + rng.uniform(6, 22)))
    at = rng.uniform(660, 900)
    if rng.random() < 0.6:
        goal = rng.choice((*resident.friends, resident.shops[1]))
        out.append(Outing(goal, at, at + rng.uniform(25, 110)))
    return _apart(sorted(out, key=lambda o: o is not shift if working else 0))


def _course_of_day(resident: Resident, day: date, rng: random.Random) -> tuple[list[Outing], list[Outing]]:
    """Being at the weekly course, and what of it breaks the order: some do not go, come too late or leave too soon."""
    course = resident.course
    if course is None or day.weekday() != course.weekday:
        return [], []
    chance, come, go = rng.random(), course.start - rng.uniform(0, 8), course.end - rng.uniform(0, 15)
    if chance < 0.04:
        return [], [Outing(resident.home, course.start, course.end, "overslept")]
    if chance < 0.08:
        gone = Outing(course.place, come, course.start + rng.uniform(15, 40), "felt unwell and left")
        return [gone], [gone]
    if chance < 0.12:
        come = course.start + course.tolerance + rng.uniform(8, 30)
    return [Outing(course.place, come, go)], []


def _leave_of_day(resident: Resident, town: Town, day: date) -> list[Outing]:
    """The evening out, back some time before it ends."""
    leave = resident.leave
    if leave is None or day.weekday() != leave.weekday:
        return []
    place = resident.friends[0]
    travel = _travel_min(resident, town, resident.home, place)
    come, go = leave.start + travel + 6, leave.end - travel - 20
    return [Outing(place, come, go)] if come + 10 < go else []


def _apart_from(outing: Outing, own: Outing) -> bool:
    return outing.to_min + 40 < own.from_min or outing.from_min - 40 > own.to_min


def _shift(resident: Resident, town: Town, rng: random.Random) -> Outing | None:
    late = rng.uniform(-6, 6)
    if resident.work == "train":
        return Outing(city(town), 8.9 * 60 + late, 17 * 60 + late)
    hours = {"day": (8 * 60, 16.5 * 60), "late": (14 * 60, 21.75 * 60), "night": (20.5 * 60, 27.2 * 60)}
    if resident.work not in hours or resident.workplace is None:
        return None
    start, end = hours[resident.work]
    return Outing(resident.workplace, start + late, end + late)


def city(town: Town) -> Place:
    """Where those work who take the train: at the far end of the line."""
    x, y = town.rail[-1]
    return Place("the next town", "city", x - 220, y - 90, (x, y), (-1, -1), ())


def _apart(outings: list[Outing]) -> list[Outing]:
    """Those that can be done one after the other, the first named first; in order of time."""
    kept: list[Outing] = []
    for outing in outings:
        if all(outing.to_min + 12 < o.from_min or outing.from_min > o.to_min + 12 for o in kept):
            kept.append(outing)
    return sorted(kept, key=lambda o: o.from_min)


def _keeps_curfew(resident: Resident, town: Town, outing: Outing) -> bool:
    """Whether somebody can leave home after a curfew and be back 15 minutes before the next."""
    if not resident.curfew:
        return True
    travel = _travel_min(resident, town, resident.home, outing.place)
    leaves, returns = outing.from_min - travel - 4, outing.to_min + travel + 15
    return all(returns < start or leaves > end for start, end in curfew_windows(resident.curfew))


def _curfew_break(resident: Resident, rng: random.Random) -> list[Outing]:
    start, _ = resident.curfew or (0, 0)
    chance, friend = rng.random(), resident.friends[1]
    if chance < 0.03:
        return [Outing(friend, start - 60, start + rng.uniform(8, 100), rng.choice(_EXCUSES))]
    if chance < 0.04:
        at = start + rng.uniform(60, 150)
        return [Outing(friend, at, at + rng.uniform(10, 40), rng.choice(_EXCUSES))]
    if chance < 0.044 and start >= 18 * 60:
        return [Outing(friend, start - 45, 1650, rng.choice(_EXCUSES))]
    return []


def _into(zone: Ground, at_min: float, rng: random.Random) -> Outing:
    if zone.school_hours:
        at_min = min(at_min, 16.6 * 60)
    return Outing(zone.goal, at_min, at_min + rng.uniform(4, 18), rng.choice(_ZONE_EXCUSES))


def _too_long(ground: Ground, at_min: float, rng: random.Random) -> Outing:
    return Outing(ground.goal, at_min, at_min + STAY_MIN + rng.uniform(10, 30), rng.choice(_EXCUSES))


def _ways(resident: Resident, town: Town, start: Place, end: Place) -> list[tuple[str, tuple[XY, ...]]]:
    """How somebody goes: a list of (mode, points)."""
    if end.kind == "city":
        return [
            *_ways(resident, town, start, town.station),
            ("train", _train(town)),
            ("walk", (end.door, (end.x, end.y))),
        ]
    if start.kind == "city":
        back = [(mode, way[::-1]) for mode, way in reversed(_ways(resident, town, end, start))]
        return back  # noqa: RET504 - the name says that it is the way there, backwards
    way = town.route(start, end)
    if _length(way) < 900:
        return [("walk", way)]
    return [("car" if resident.drives else "bus", way)]


@lru_cache(maxsize=4)
def _train_of(rail: tuple[XY, ...], station: XY) -> tuple[XY, ...]:
    return (station, *(p for p in rail if p[1] > station[1]))


def _train(town: Town) -> tuple[XY, ...]:
    return _train_of(town.rail, (town.station.x, town.station.y))


def _length(way: tuple[XY, ...]) -> float:
    return sum(math.dist(a, b) for a, b in itertools.pairwise(way))


def _travel_min(resident: Resident, town: Town, start: Place, end: Place) -> float:
    return sum(_length(way) / SPEED_MPS[mode] for mode, way in _ways(resident, town, start, end)) / 60


class _Timeline:
    """Lays outings end to end, with the ways between them, from 04:00 at home to 04:00 at home."""

    def __init__(self, resident: Resident, town: Town, day: date) -> None:
        self.resident, self.town, self.day = resident, town, day
        self.here, self.now = resident.home, float(DAY_START_MIN)
        self.pieces: list[Piece] = []

    def build(self, outings: list[Outing], broken: tuple[Outing, ...]) -> Day:
        home = self.resident.home
        for outing in outings:
            if self.here is not home and self._can_go_home_before(outing):
                self._go(home, self.now)
            self._go(outing.place, outing.from_min - _travel_min(self.resident, self.town, self.here, outing.place))
            self._stay(max(outing.to_min, self.now + 1))
        if self.here is not home:
            self._go(home, self.now)
        self._stay(DAY_END_MIN)
        starts = tuple(p.start_ms for p in self.pieces)
        return Day(self._ms(DAY_START_MIN), self._ms(DAY_END_MIN), tuple(self.pieces), starts, broken)

    def _can_go_home_before(self, outing: Outing) -> bool:
        home = self.resident.home
        back = _travel_min(self.resident, self.town, self.here, home)
        out = _travel_min(self.resident, self.town, home, outing.place)
        return outing.from_min - self.now > back + out + 15

    def _ms(self, minute: float) -> int:
        return minute_ms(self.day, min(minute, DAY_END_MIN))

    def _go(self, goal: Place, leave_min: float) -> None:
        self._stay(leave_min)
        for mode, way in _ways(self.resident, self.town, self.here, goal):
            far = [0.0]
            for a, b in itertools.pairwise(way):
                far.append(far[-1] + math.dist(a, b))
            end = self.now + far[-1] / SPEED_MPS[mode] / 60
            self._add(end, mode, way, tuple(far), indoors=False, place="")
        self.here = goal

    def _stay(self, until_min: float) -> None:
        if until_min > self.now:
            point = (self.here.x, self.here.y)
            self._add(until_min, "stay", (point,), (0.0,), indoors=self.here.kind != "park", place=self.here.name)

    def _add(
        self, end_min: float, mode: str, points: tuple[XY, ...], far: tuple[float, ...], *, indoors: bool, place: str
    ) -> None:
        self.pieces.append(Piece(self._ms(self.now), self._ms(end_min), mode, points, far, indoors, place))
        self.now = end_min
