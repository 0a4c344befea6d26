"""Areas made ready for the arithmetic: each one in a plane about its own centre, its edges cut short and boxed."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from surety.rules import kernel
from surety.rules.conditions import Area, Circle, Point, Polygon
from surety.rules.kernel import WGS84_A_M, Floats

STRAIGHT_WITHIN_M = 0.25  # how far a straight edge in the plane may leave the geodesic it stands for
SHORTEST_CUT_M = 10_000.0  # areas of over 800 km are bounded less finely (by 3 m at worst) but laid flat in time


def ecef(point: Point) -> Floats:
    """Earth-centred metres of a (lon, lat) corner."""
    return np.array(kernel.earth_centred(float(point[1]), float(point[0])))


def geodetic(vector: Floats) -> Point:
    """(lon, lat) of the foot on the ellipsoid of an Earth-centred point near its surface."""
    return kernel.geodetic(*vector)


def frame(centre: Point) -> Floats:
    """A fresh row of `areas` with the plane about a (lon, lat) centre laid out."""
    return kernel.frame(float(centre[0]), float(centre[1]))


def middle(rings: Sequence[Sequence[Point]]) -> Point:
    """The point about which an area is laid flat: amid its outer corners, or the pole of a ring around the Earth."""
    return kernel.middle_of(kernel.corners_of(np.array(rings[0], dtype=np.float64)))


def _halves(a: Floats, b: Floats, longest_m: float) -> Iterator[Floats]:
    """Corners from a (included) to b (left out) along the geodesic, none further apart than `longest_m`."""
    if math.dist(a, b) <= longest_m:
        yield a
        return
    half = ecef(geodetic((a + b) / 2))
    yield from _halves(a, half, longest_m)
    yield from _halves(half, b, longest_m)


def _cut(row: Floats, corners: Floats) -> Floats:
    """The corners of a ring, each once, and more of them where an edge is too long to be straight in the plane."""
    if np.array_equal(corners[0], corners[-1]):
        corners = corners[:-1]
    reach, longest = kernel.spans(row, corners)
    longest_m = max(SHORTEST_CUT_M, math.sqrt(8 * STRAIGHT_WITHIN_M * WGS84_A_M**2 / max(reach, 1.0)))
    if longest <= longest_m:
        return corners
    ends = np.roll(corners, -1, axis=0)
    return np.array([part for a, b in zip(corners, ends, strict=True) for part in _halves(a, b, longest_m)])


def _circle(circle: Circle) -> Floats:
    row = frame((circle.lon_deg, circle.lat_deg))
    row[kernel.IS_CIRCLE], row[kernel.REACH_M] = 1.0, circle.radius_m
    bend2 = circle.radius_m**2 / (row[kernel.MERIDIAN_M] * row[kernel.PRIME_M])
    row[kernel.AREA_M2] = math.pi * circle.radius_m**2 * (1 - bend2 / 12)  # the curved cap of that radius
    return row


def grow(row: Floats, blocks: Floats, corners: Floats, by_m: float) -> None:
    """Make an area laid flat the area and everything within `by_m` metres of it, in place.

    The square metres are Steiner's (area, border times width, and the rounded corners): exact for a convex outline and
    too many for others, but never more than the circle around it all.
    """
    if not by_m:
        return
    row[kernel.REACH_M] += by_m
    around = math.pi * row[kernel.REACH_M] ** 2
    if row[kernel.IS_CIRCLE]:
        row[kernel.AREA_M2] = around
        return
    row[kernel.GROWN_M] = by_m
    own = blocks[int(row[kernel.FIRST_BLOCK]) : int(row[kernel.END_BLOCK])]
    outer = corners[int(own[0, kernel.FIRST_EDGE]) : int(own[own[:, kernel.RING] == 0][-1, kernel.END_EDGE]) + 1]
    border_m = float(np.hypot(*np.diff(outer, axis=0).T).sum())
    row[kernel.AREA_M2] = min(around, row[kernel.AREA_M2] + border_m * by_m + math.pi * by_m**2)


def _polygon(polygon: Polygon, blocks: list[Floats], corners: list[Floats]) -> Floats:
    rings = [kernel.corners_of(np.array(ring, dtype=np.float64)) for ring in (polygon.ring, *polygon.holes)]
    row = frame(kernel.middle_of(rings[0]))
    row[kernel.FIRST_BLOCK] = sum(map(len, blocks))
    for number, ring in enumerate(rings):
        laid = kernel.lay_ring(row, _cut(row, ring), number, sum(map(len, corners)))
        blocks.append(laid[0])
        corners.append(laid[1])
    row[kernel.AREA_M2] = max(row[kernel.AREA_M2], 1.0)  # a sliver still has a place for a fix to be in
    row[kernel.END_BLOCK] = row[kernel.FIRST_BLOCK] + sum(map(len, blocks[-len(rings) :]))
    return row


def lay_flat(areas: Sequence[Area]) -> tuple[Floats, Floats, Floats]:
    """Rows of areas, blocks and corners (columns named in kernel.py), without the parameters of a mode.

    The same area twice (in two modes, or once grown) is laid flat once.
    """
    blocks: list[Floats] = [np.empty((0, kernel.BLOCK_COLUMNS))]
    corners: list[Floats] = [np.empty((0, 2))]
    laid: dict[Area, Floats] = {}
    for area in areas:
        if area not in laid:
            laid[area] = _circle(area) if isinstance(area, Circle) else _polygon(area, blocks, corners)
    rows = np.array([laid[area] for area in areas]).reshape(-1, kernel.AREA_COLUMNS)
    return rows, np.concatenate(blocks), np.concatenate(corners)
