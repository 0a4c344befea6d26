"""How much of a person's recorded everyday life a proposed condition would cut off. No finding comes of it.

A zone must still allow an everyday life (Council of Europe, CM/Rec(2014)4). So before one is ordered: of the recorded
time at each place that the person told of, and on the way, how much lies where the condition forbids being, at its
hours.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from surety.rules import kernel, packing, schedule
from surety.rules.conditions import Area, Attendance, Body, Circle, Curfew, Point, Zone, ZoneKind
from surety.rules.facts import Fix, Millis
from surety.rules.kernel import Floats
from surety.rules.schedule import Window

LONGEST_MS = 5 * 60_000  # a gap over five minutes is missing data, not time at a place
SHORTEST_MS = 20_000  # positions closer in time than this add nothing to a share, and cost
MOVING_MPS = 0.7  # between two positions: slower than anybody walks is standing still with errors
CLEAR_OF_ERROR = 2.0  # somebody within so many error scales of a place is taken to be there
METRES_A_DEGREE = 111_320.0
_RINGS, _RAYS = 6, 12  # of the points by which it is told how much of a place a zone covers


class Told(msgspec.Struct, frozen=True):
    """A place of everyday life, as the person told it."""

    label: str
    kind: str
    area: Area


class Share(msgspec.Struct, frozen=True):
    """Recorded time of one sort, and how much of it would have been cut off. `covered`: of the place's own area."""

    label: str
    kind: str
    recorded_s: float = 0.0
    cut_s: float = 0.0
    covered: float | None = None

    @property
    def cut(self) -> float:
        """The share of the recorded time that is cut off; 0 where none was recorded."""
        return self.cut_s / self.recorded_s if self.recorded_s else 0.0


class Ground:
    """Where and when a condition forbids being: inside an exclusion zone, to stay in a restriction zone, outside an
    inclusion zone, outside the curfew's address of the hour, elsewhere than where one must attend."""

    def __init__(self, body: Curfew | Zone | Attendance, from_ms: Millis, to_ms: Millis) -> None:
        named = _areas_of(body)
        self._names = [name for name, _ in named]
        self._areas = packing.lay_flat([area for _, area in named])
        self.windows = schedule.windows(body.timetable, from_ms, to_ms, self._names[0])
        self._starts = [window.start_ms for window in self.windows]
        kind = body.zone_kind if isinstance(body, Zone) else None
        self._within_is_forbidden = kind in (ZoneKind.EXCLUSION, ZoneKind.RESTRICTION)
        self._only_staying = kind is ZoneKind.RESTRICTION
        self._by_name = isinstance(body, Curfew)

    def forbids(self, at_ms: Millis, place: Point, *, staying: bool) -> bool:
        """Whether being (`staying`) there at that time would go against the condition."""
        window = self._window(at_ms)
        return window is not None and (staying or not self._only_staying) and self._lies(place, window)

    def covers(self, place: Point) -> bool:
        """Whether a place is cut off at the condition's hours."""
        return self._lies(place, None)

    def _window(self, at_ms: Millis) -> Window | None:
        i = bisect_right(self._starts, at_ms) - 1
        return self.windows[i] if i >= 0 and at_ms < self.windows[i].end_ms else None

    def _lies(self, place: Point, window: Window | None) -> bool:
        spot = kernel.earth_centred(place[1], place[0])
        rows, blocks, corners = self._areas
        within = any(
            kernel.clearance(row, blocks, corners, *spot) >= 0
            for name, row in zip(self._names, rows, strict=True)
            if window is None or not self._by_name or not any(window.places) or name in window.places
        )
        return within == self._within_is_forbidden


def _areas_of(body: Curfew | Zone | Attendance) -> list[tuple[str, Area]]:
    if isinstance(body, Zone):
        return [(body.name, body.area)]
    return [(place.name, place.area) for place in (body.places if isinstance(body, Curfew) else (body.place,))]


def ground_of(body: Body, from_ms: Millis, to_ms: Millis) -> Ground | None:
    """The ground of a condition that is about a place; None for others."""
    return Ground(body, from_ms, to_ms) if isinstance(body, Curfew | Zone | Attendance) else None


def shares(fixes: Sequence[Fix], told: Sequence[Told], ground: Ground) -> list[Share]:
    """The share of each told place, then of the way between them ("transit") and of everywhere else ("elsewhere")."""
    names = [(place.label, place.kind) for place in told] + [("On the way", "transit"), ("Elsewhere", "elsewhere")]
    recorded, cut = [0.0] * len(names), [0.0] * len(names)
    for where, at, until in _stretches(fixes, told):
        seconds = (until.at_ms - at.at_ms) / 1000
        recorded[where] += seconds
        if ground.forbids(at.at_ms, (at.lon_deg, at.lat_deg), staying=where != len(told)):
            cut[where] += seconds
    covered = [*(_covered(place.area, ground) for place in told), None, None]
    return [Share(label, kind, recorded[i], cut[i], covered[i]) for i, (label, kind) in enumerate(names)]


def _stretches(fixes: Sequence[Fix], told: Sequence[Told]) -> Iterator[tuple[int, Fix, Fix]]:
    """Each stretch between two positions that follow each other closely, and to which sort of time it belongs."""
    areas = packing.lay_flat([place.area for place in told])
    for before, after in pairwise(_thinned(fixes)):
        if after.at_ms - before.at_ms <= LONGEST_MS:
            at = _place_of(before, areas)
            elsewhere = len(told) if _moves(before, after) else len(told) + 1
            yield (at if at is not None else elsewhere), before, after


def _thinned(fixes: Sequence[Fix]) -> Iterator[Fix]:
    last_ms: Millis | None = None
    for fix in fixes:
        if not fix.mock and (last_ms is None or fix.at_ms - last_ms >= SHORTEST_MS):
            last_ms = fix.at_ms
            yield fix


def _place_of(fix: Fix, areas: tuple[Floats, Floats, Floats]) -> int | None:
    """The place in which a position lies deepest, or within its error; None when it lies in none."""
    rows, blocks, corners = areas
    spot = kernel.earth_centred(fix.lat_deg, fix.lon_deg)
    reach = CLEAR_OF_ERROR * kernel.scale_of(math.nan if fix.accuracy_m is None else float(fix.accuracy_m))
    deep = [(float(kernel.clearance(row, blocks, corners, *spot)), -i) for i, row in enumerate(rows)]
    best = max(deep, default=(-math.inf, 0))
    return -best[1] if best[0] >= -reach else None


def _moves(before: Fix, after: Fix) -> bool:
    a, b = (kernel.earth_centred(fix.lat_deg, fix.lon_deg) for fix in (before, after))
    return math.dist(a, b) >= MOVING_MPS * (after.at_ms - before.at_ms) / 1000


def _covered(area: Area, ground: Ground) -> float:
    spots = list(_spots(area))
    return sum(ground.covers(spot) for spot in spots) / len(spots)


def _spots(area: Area) -> Iterator[Point]:
    """Points spread evenly over an area."""
    rows, blocks, corners = packing.lay_flat([area])
    lon, lat = (area.lon_deg, area.lat_deg) if isinstance(area, Circle) else packing.middle([area.ring, *area.holes])
    yield lon, lat
    reach = float(rows[0][kernel.REACH_M])
    for ring in range(1, _RINGS + 1):
        away = reach * math.sqrt((ring - 0.5) / _RINGS)  # rings of equal area
        for ray in range(_RAYS):
            turn = 2 * math.pi * (ray + ring / 2) / _RAYS
            spot_lat = min(90.0, max(-90.0, lat + away * math.cos(turn) / METRES_A_DEGREE))
            stretch = METRES_A_DEGREE * max(math.cos(math.radians(lat)), 1e-6)
            spot_lon = (lon + away * math.sin(turn) / stretch + 180) % 360 - 180
            if kernel.clearance(rows[0], blocks, corners, *kernel.earth_centred(spot_lat, spot_lon)) >= 0:
                yield spot_lon, spot_lat
