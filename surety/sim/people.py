"""Who lives in the town: an invented name, a home, work, habits, a device, and what a court ordered for them.

A resident's ordinary ways never touch their own exclusion zones: orders are made so that an everyday life is possible.
"""

import itertools
import math
import random
from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Area,
    Attendance,
    Body,
    Circle,
    Curfew,
    Polygon,
    Row,
    Timetable,
    Trail,
    Weekday,
    Zone,
    ZoneKind,
)
from surety.rules.conditions import Place as RulesPlace
from surety.sim import names
from surety.sim.checkins import is_asked
from surety.sim.geo import TIME_ZONE, XY, inside_ring, lon_lat, to_degrees, to_segment_m
from surety.sim.town import Place, Town

HOME_RADIUS_M = 100.0  # of the circle around an address that counts as being at home
COURSE_RADIUS_M = 80.0  # of the circle around a place to attend
ALLOWANCE = (30, 120)  # minutes away that some orders tolerate in a day and in a week
CURFEW_UNKNOWN_AFTER_S = 1_800  # longer than the longest run of fixes that fall back to Wi-Fi indoors
# On the first evening some of the first residents have a part to play, by their index modulo 40 (see lives, devices).
CAST = 80
_PARTS = {
    1: "late", 2: "sos", 3: "zone", 5: "out", 6: "strap", 7: "battery", 11: "late", 21: "late", 23: "zone", 25: "out",
    8: "stay", 9: "zone", 27: "battery", 28: "stay", 31: "late",
}  # fmt: skip
PROTECTED_LIVES_M = 700.0
_WEEKDAYS = tuple(Weekday)
_COURSES = ("Treatment centre", "Anger management course", "Work placement", "Debt advice")
# Mobile networks. The first one fails on the first evening, for people who have no part to play then.
NETWORKS = ("Crown Mobile", "Northtel", "Vale Wireless")
_ON_THE_FIRST = frozenset({0, 4, 9})
_CLEAR_M = 90.0  # an ordinary way stays this far from a zone
WARN_M = 60  # less than that: nobody is warned on an ordinary way
STAY_MIN = 15  # how long one may stay where one is to pass through
NIGHT = ("23:30", "03:00")  # when the programme-wide zone holds; nobody's habits take them out then
NIGHT_MIN = (1_410, 1_620)  # the same in minutes of the local day
NIGHT_ORDER = "bail"  # the type of orders whose people it is for
_ORDER_TYPES = ("pre_trial", "community", "post_release", NIGHT_ORDER)
_WIFI_REACH_M = 330.0
_PARK_M = 110.0
_OUTSIDE_M = 250.0
_DRIFT_M = 80.0  # how far satellite fixes of somebody who stays indoors may stray; weaker ones prove no place
_SENDERS = ("osmand-query", "owntracks", "osmand-form", "osmand-json")


def order_type_of(index: int) -> str:
    """What kind of order somebody is under."""
    return _ORDER_TYPES[index % len(_ORDER_TYPES)]


def part_of(index: int) -> str:
    """What somebody does, or what befalls their device, within minutes of the start; "" for most."""
    return _PARTS.get(index % 40, "") if index < CAST else ""


class Ground(msgspec.Struct, frozen=True):
    """An area in the plane: a circle (`ring` empty) or a ring of corners; `goal` is a place within it."""

    name: str
    goal: Place
    radius_m: float
    ring: tuple[XY, ...] = ()
    school_hours: bool = False
    at_night: bool = False

    def holds(self, x: float, y: float) -> bool:
        """Whether a point truly lies in it."""
        if self.ring:
            return inside_ring(x, y, self.ring)
        return math.hypot(x - self.goal.x, y - self.goal.y) <= self.radius_m

    def area(self) -> Area:
        """The same for an order."""
        if self.ring:
            return Polygon(tuple(lon_lat(*p) for p in self.ring))
        lat, lon = to_degrees(self.goal.x, self.goal.y)
        return Circle(round(lat, 7), round(lon, 7), self.radius_m)


class Course(msgspec.Struct, frozen=True):
    """Something to attend once a week (`weekday` 0 is Monday), in minutes of the local day."""

    purpose: str
    place: Place
    weekday: int
    start: int = 600
    end: int = 720
    stay: int = 60
    tolerance: int = 10

    @property
    def ground(self) -> Ground:
        """What counts as being there."""
        return Ground(self.place.name, self.place, COURSE_RADIUS_M)


class Leave(msgspec.Struct, frozen=True):
    """An evening out every week that the order allows, in minutes of the local day."""

    weekday: int
    reason: str
    start: int = 1_110
    end: int = 1_305


class Resident(msgspec.Struct, frozen=True):
    """One supervised person. Curfew times are minutes of the local day; a curfew may run over midnight.

    `allowance`: the minutes away from it that the order tolerates in a day and in a week; 0: none.
    """

    index: int
    given: str
    family: str
    home: Place
    work: str  # day, late, night, train, none
    workplace: Place | None
    shops: tuple[Place, ...]
    friends: tuple[Place, ...]
    parent: bool
    drives: bool
    sender: str  # one of osmand-query, osmand-form, osmand-json, owntracks, native
    receiver: str  # android, ios, tag
    curfew: tuple[int, int] | None
    zones: tuple[Ground, ...]
    stay_in: Ground | None
    pass_through: Ground | None = None  # where they may pass, but not stay for longer than STAY_MIN
    allowance: tuple[int, int] = (0, 0)
    course: Course | None = None
    leave: Leave | None = None

    @property
    def reference(self) -> str:
        """The case reference that the order gives them."""
        return f"AL-{self.index + 1:05d}"

    @property
    def network(self) -> str:
        """The operator of the mobile network that their device is on."""
        first = self.index % 10 in _ON_THE_FIRST and not part_of(self.index)
        return NETWORKS[0] if first else NETWORKS[1 + self.index // 2 % 2]

    @property
    def home_ground(self) -> Ground:
        """What counts as being at home."""
        return Ground("Home", self.home, HOME_RADIUS_M)


def make_residents(town: Town, people: int) -> list[Resident]:
    """So many residents, the same for the same town."""
    rng = random.Random(f"homes/{town.seed}/{people}")
    homes = rng.sample(town.homes, people) if people <= len(town.homes) else rng.choices(town.homes, k=people)
    return [_resident(town, index, home) for index, home in enumerate(homes)]


def make_protected(town: Town, beside: Resident, index: int) -> Resident:
    """Somebody whom an order protects from a resident: they live well away from them, and are under no order."""
    rng = random.Random(f"protected/{town.seed}/{index}")
    away = [home for home in town.homes if _apart_m(home, beside.home) > PROTECTED_LIVES_M] or list(town.homes)
    shops = tuple(sorted(town.shops, key=lambda shop: -_apart_m(shop, beside.home))[:2])
    home = rng.choice(away)
    friends = _friends(town, rng, home)
    return Resident(
        index, rng.choice(names.GIVEN), rng.choice(names.FAMILY), home, "none", None, shops, friends,
        parent=False, drives=False, sender="owntracks", receiver="android", curfew=None, zones=(), stay_in=None,
    )  # fmt: skip


def _apart_m(one: Place, other: Place) -> float:
    return math.dist((one.x, one.y), (other.x, other.y))


def conditions_of(resident: Resident) -> list[tuple[str, Body]]:
    """What was ordered for somebody: labels and the conditions as the rules know them."""
    ordered: list[tuple[str, Body]] = []
    if resident.curfew:
        ordered.append((f"Curfew {_clock(resident.curfew[0])}-{_clock(resident.curfew[1])}", _curfew(resident)))
    ordered += [(f"Stay away: {zone.name}", _exclusion(zone)) for zone in resident.zones]
    if resident.pass_through:
        ground = resident.pass_through
        body = Zone(ZoneKind.RESTRICTION, ground.name, ground.area(), Timetable(TIME_ZONE), max_stay_s=STAY_MIN * 60)
        ordered.append((f"Do not stay: {ground.name}", body))
    if resident.stay_in:
        area = resident.stay_in.area()
        body = Zone(ZoneKind.INCLUSION, resident.stay_in.name, area, Timetable(TIME_ZONE))
        ordered.append((f"Stay within: {resident.stay_in.name}", body))
    if resident.course:
        ordered.append((f"Attend: {resident.course.purpose}", _attendance(resident.course)))
    if resident.leave:
        ordered.append((f"Leave: {resident.leave.reason}", _leave(resident.leave)))
    return [*ordered, ("Trail monitoring", Trail(charge_min_a_day=60, zone=TIME_ZONE))]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _curfew(resident: Resident) -> Curfew:
    start, end = resident.curfew or (0, 0)
    rows = tuple(Row(day, _clock(start), _clock(end)) for day in _WEEKDAYS)
    place = RulesPlace(resident.home.name[:64], resident.home_ground.area())
    return Curfew((place,), Timetable(TIME_ZONE, rows), CURFEW_UNKNOWN_AFTER_S, *resident.allowance)


def _attendance(course: Course) -> Attendance:
    row = Row(_WEEKDAYS[course.weekday], _clock(course.start), _clock(course.end))
    place = RulesPlace(course.place.name[:64], course.ground.area())
    table = Timetable(TIME_ZONE, (row,))
    return Attendance(course.purpose, place, table, course.stay * 60, course.tolerance * 60, CURFEW_UNKNOWN_AFTER_S)


def _leave(leave: Leave) -> Absence:
    row = Row(_WEEKDAYS[leave.weekday], _clock(leave.start), _clock(leave.end))
    return Absence(AbsenceKind.AUTHORISED, Timetable(TIME_ZONE, (row,)), reason=leave.reason)


def _exclusion(zone: Ground) -> Zone:
    rows = tuple(Row(day, "08:00", "17:00") for day in _WEEKDAYS[:5]) if zone.school_hours else ()
    return Zone(ZoneKind.EXCLUSION, zone.name[:64], zone.area(), Timetable(TIME_ZONE, rows), warn_m=WARN_M)


def programme_zone(ground: Ground) -> Zone:
    """What the whole programme is asked: to stay away from a place at night."""
    rows = tuple(Row(day, *NIGHT) for day in _WEEKDAYS)
    return Zone(ZoneKind.EXCLUSION, ground.name, ground.area(), Timetable(TIME_ZONE, rows), warn_m=WARN_M)


def programme_ground(town: Town, residents: Iterable[Resident]) -> Ground | None:
    """A quarry outside the town, far from where anybody of the programme is at night; None without such people."""
    stays = [place for one in residents if order_type_of(one.index) == NIGHT_ORDER for place in _nightly(one)]
    if not stays:
        return None
    quarries = [_quarry(number, corner) for number, corner in enumerate(town.corners) if math.hypot(*corner) > 100]
    far = [min(_distance(quarry, stay) for stay in stays) for quarry in quarries]
    best = max(range(len(quarries)), key=far.__getitem__)
    radius = min(120.0, far[best] - _DRIFT_M)
    return Ground("Old Quarry at night", quarries[best], radius, at_night=True) if radius >= 40 else None


def _quarry(number: int, corner: XY) -> Place:
    """Beyond a corner of the streets, further from the middle of the town."""
    x, y = (part * (1 + _OUTSIDE_M / math.hypot(*corner)) for part in corner)
    return Place("Old Quarry", "park", x, y, corner, (number, number), ())


def _nightly(resident: Resident) -> Iterator[Place]:
    yield resident.home
    if resident.work == "night" and resident.workplace is not None:
        yield resident.workplace


def _resident(town: Town, index: int, home: Place) -> Resident:
    rng = random.Random(f"resident/{town.seed}/{index}/{home.name}")
    part = part_of(index)
    work = (
        "day"
        if part in ("late", "zone", "out")
        else rng.choice(("day", "day", "day", "late", "night", "train", "none", "none"))
    )
    workplace = rng.choice((*town.works, *town.shops)) if work in ("day", "late", "night") else None
    parent = rng.random() < 0.2
    shops, friends = tuple(rng.sample(town.shops, 2)), _friends(town, rng, home)
    sender = "osmand-query" if part in ("sos", "strap") else _SENDERS[index % 4]
    receiver = "tag" if sender == "osmand-query" else rng.choice(("android", "ios"))
    if is_asked(index):  # a watch that can take photographs
        sender, receiver = "native", "android" if receiver == "tag" else receiver
    regular = [*shops, *friends, *([workplace] if workplace else []), *([town.school] if parent else [])]
    if work == "train":
        regular.append(town.station)
    course = _course(town, index, home, work)
    if course:
        regular.append(course.place)
    zones: tuple[Ground, ...] = ()
    if part == "zone" or rng.random() < 0.45:
        zones = _choose_zones(town, rng, home, regular, count=rng.choice((1, 1, 2, 3)))
    stay_in = _town_ground(town) if work != "train" and rng.random() < 0.06 else None
    curfew = None if part not in ("late", "out") and rng.random() < 0.14 else _curfew_hours(work)
    if part == "stay":
        curfew = None
    return Resident(
        index, rng.choice(names.GIVEN), rng.choice(names.FAMILY), home, work, workplace, shops, friends, parent,
        rng.random() < 0.3, sender, receiver, curfew, zones, stay_in, _pass_through(town, index, home, regular, part),
        _tolerated(town, index, curfew), course, _evening_out(town, index, curfew),
    )  # fmt: skip


def _pass_through(town: Town, index: int, home: Place, regular: list[Place], part: str) -> Ground | None:
    """A park in which some may not stay: one that is far enough from where they are every day."""
    rng = random.Random(f"pass/{town.seed}/{index}")
    if part != "stay" and rng.random() > 0.1:
        return None
    for park in sorted(town.parks, key=lambda place: math.dist((place.x, place.y), (home.x, home.y))):
        ground = Ground(park.name, park, _PARK_M)
        if all(_distance(park, stay) > _PARK_M + _DRIFT_M for stay in (home, *regular)):
            return ground
    return None


def _tolerated(town: Town, index: int, curfew: tuple[int, int] | None) -> tuple[int, int]:
    """Some orders tolerate minutes away; of the cast, those of two who are late."""
    rng = random.Random(f"allowance/{town.seed}/{index}")
    given = index in {11, 31} or (not part_of(index) and rng.random() < 0.15)
    return ALLOWANCE if curfew and given else (0, 0)


def _course(town: Town, index: int, home: Place, work: str) -> Course | None:
    """Some of those whose mornings are free attend something once a week, well away from home."""
    rng = random.Random(f"course/{town.seed}/{index}")
    if work not in {"none", "late"} or rng.random() > 0.4:
        return None
    far = [place for place in (*town.works, *town.shops) if _beyond(Ground("", place, COURSE_RADIUS_M), home)]
    return Course(rng.choice(_COURSES), rng.choice(far), rng.randrange(5)) if far else None


def _evening_out(town: Town, index: int, curfew: tuple[int, int] | None) -> Leave | None:
    """A few have leave on one evening a week, from before the curfew into it."""
    rng = random.Random(f"leave/{town.seed}/{index}")
    if curfew is None or curfew[0] != 19 * 60 or part_of(index) or rng.random() > 0.08:
        return None
    return Leave(rng.randrange(5), rng.choice(("evening class", "choir", "care for a relative")))


def _friends(town: Town, rng: random.Random, home: Place) -> tuple[Place, ...]:
    """Two homes that are not around the corner: whoever is there is truly not at home."""
    return tuple(sorted(rng.sample(town.homes, 6), key=lambda p: -math.dist((p.x, p.y), (home.x, home.y)))[:2])


def _curfew_hours(work: str) -> tuple[int, int]:
    return {"late": (23 * 60, 6 * 60), "night": (8 * 60, 16 * 60)}.get(work, (19 * 60, 7 * 60))


def _town_ground(town: Town) -> Ground:
    """The town and its fringe, as an inclusion zone of 24 corners."""
    wide, high = town.half_width_m + 500, town.half_height_m + 500
    ring = tuple((wide * math.cos(n * math.tau / 24), high * math.sin(n * math.tau / 24)) for n in range(24))
    return Ground("Alderbeck", town.shops[0], 0.0, ring)


def _choose_zones(town: Town, rng: random.Random, home: Place, regular: list[Place], count: int) -> tuple[Ground, ...]:
    ways = [town.route(home, place) for place in regular]
    ways += [town.route(regular[0], place) for place in regular[1:]]
    stays = [home, *(place for place in regular if place.kind != "home")]
    chosen: list[Ground] = []
    for zone in _candidates(town, rng):
        new = zone.name not in {z.name for z in chosen}
        if (
            len(chosen) < count
            and new
            and all(map(partial(_beyond, zone), stays))
            and all(_clear(zone, w) for w in ways)
        ):
            chosen.append(zone)
    return tuple(chosen)


def _candidates(town: Town, rng: random.Random) -> Iterator[Ground]:
    if rng.random() < 0.4:
        yield _school_ground(town)
    if rng.random() < 0.15:
        yield Ground("Alderbeck Station", town.station, 120.0)
    for place in rng.sample(town.homes, 24):
        yield Ground(f"Near {place.name}", place, float(rng.choice((100, 150, 150, 200, 250))))


def _school_ground(town: Town) -> Ground:
    x, y = town.school.x, town.school.y
    ring = tuple((x + 1.9 * (px - x), y + 1.9 * (py - y)) for px, py in town.school.ring)
    radius = max(math.dist(p, (x, y)) for p in ring)
    return Ground("Alderbeck School", town.school, radius, ring, school_hours=True)


def _distance(one: Place, other: Place) -> float:
    return math.dist((one.x, one.y), (other.x, other.y))


def _beyond(zone: Ground, stay: Place) -> bool:
    """Whether a zone lies beyond the places that Wi-Fi positions indoors tell instead of this one."""
    return math.dist((zone.goal.x, zone.goal.y), (stay.x, stay.y)) > zone.radius_m + _WIFI_REACH_M


def _clear(zone: Ground, way: tuple[XY, ...]) -> bool:
    far = min(to_segment_m(zone.goal.x, zone.goal.y, a, b) for a, b in itertools.pairwise(way))
    return far > zone.radius_m + _CLEAR_M
