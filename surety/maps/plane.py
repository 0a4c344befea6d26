"""From places on the Earth to a picture's units: north up, in the plane that the rules use, one scale both ways."""

import math
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from surety.rules import kernel, packing
from surety.rules.conditions import Circle, Point, Polygon
from surety.rules.kernel import Floats

SMALLEST_M = 60.0  # a picture of one place shows at least this much around it
_ROUND = (1, 2, 5)


class Box(msgspec.Struct, frozen=True):
    """Metres east and north of the plane's centre that a picture must hold."""

    west: float
    south: float
    east: float
    north: float


class Plane:
    """A plane about the middle of what is drawn, and its place in a picture of `width` by `height` with margins."""

    def __init__(self, shapes: Sequence[Circle | Polygon], spots: Sequence[tuple[Point, float]], size: "Size") -> None:
        self._row = packing.frame(_middle(shapes, spots))
        self.size = size
        box = _grown(_hull([*(self._box(shape) for shape in shapes), *(self._around(p, r) for p, r in spots)]))
        inner_w, inner_h = size.width - 2 * size.margin, size.height - 2 * size.margin
        self.units_a_metre = min(inner_w / (box.east - box.west), inner_h / (box.north - box.south))
        self._east, self._north = (box.east + box.west) / 2, (box.north + box.south) / 2

    def metres(self, place: Point) -> tuple[float, float]:
        """Metres east and north of the plane's centre."""
        east, north, _ = kernel.onto_plane(self._row, *kernel.earth_centred(float(place[1]), float(place[0])))
        return float(east), float(north)

    def units(self, place: Point) -> tuple[float, float]:
        """The picture's units of a (lon, lat) place."""
        east, north = self.metres(place)
        x = self.size.width / 2 + (east - self._east) * self.units_a_metre
        y = self.size.height / 2 - (north - self._north) * self.units_a_metre
        return round(x, 1), round(y, 1)

    def length(self, metres: float) -> float:
        """The picture's units of a length."""
        return round(metres * self.units_a_metre, 1)

    def scale_bar_m(self) -> float:
        """A round length that takes between an eighth and a third of the picture's width."""
        most = self.size.width / 3 / self.units_a_metre
        power = 10 ** math.floor(math.log10(most))
        return float(max(part * power for part in _ROUND if part * power <= most))

    def _box(self, shape: Circle | Polygon) -> Box:
        if isinstance(shape, Circle):
            return self._around((shape.lon_deg, shape.lat_deg), shape.radius_m)
        return _hull([self._around(corner, 0.0) for corner in shape.ring])

    def _around(self, place: Point, radius_m: float) -> Box:
        east, north = self.metres(place)
        return Box(east - radius_m, north - radius_m, east + radius_m, north + radius_m)


class Size(msgspec.Struct, frozen=True):
    """A picture's size and the room that is kept free at its edges, in its own units."""

    width: float = 760
    height: float = 520
    margin: float = 46


def _middle(shapes: Sequence[Circle | Polygon], spots: Sequence[tuple[Point, float]]) -> Point:
    """The point amid everything, on the sphere, so that neither the antimeridian nor a pole matters."""
    corners: list[Floats] = []
    for shape in shapes:
        ring = [(shape.lon_deg, shape.lat_deg)] if isinstance(shape, Circle) else list(shape.ring)
        corners += [packing.ecef(corner) for corner in ring]
    corners += [packing.ecef(place) for place, _ in spots]
    if not corners:
        return 0.0, 0.0
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    middle = (low + high) / 2
    return packing.geodetic(middle) if float(np.linalg.norm(middle)) > 1e5 else packing.geodetic(corners[0])


def _hull(boxes: Iterable[Box]) -> Box:
    listed = list(boxes) or [Box(0, 0, 0, 0)]
    return Box(
        min(b.west for b in listed),
        min(b.south for b in listed),
        max(b.east for b in listed),
        max(b.north for b in listed),
    )


def _grown(box: Box) -> Box:
    wide = max(0.0, SMALLEST_M - (box.east - box.west)) / 2
    high = max(0.0, SMALLEST_M - (box.north - box.south)) / 2
    return Box(box.west - wide, box.south - high, box.east + wide, box.north + high)
