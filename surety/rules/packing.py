"""Areas made ready for the arithmetic: each one in a plane about its own centre, its edges cut short and boxed."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from surety.rules import kernel
from surety.rules.conditions import Area, Circle, Point, Polygon
from surety.rules.kernel import WGS84_A_M, WGS84_E2, Floats

EDGES_A_BLOCK = 8
STRAIGHT_WITHIN_M = 0.25  # how far a straight edge in the plane may leave the geodesic it stands for
SHORTEST_CUT_M = 10_000.0  # areas of over 800 km are bounded less finely (by 3 m at worst) but laid flat in time


def ecef(point: Point) -> Floats:
    """Earth-centred metres of a (lon, lat) corner."""
    return np.array(kernel.earth_centred(point[1], point[0]))


def geodetic(vector: Floats) -> Point:
    """(lon, lat) of the foot on the ellipsoid of an Earth-centred point near its surface (Bowring's formula)."""
    x, y, z = (float(part) for part in vector)
    flat = math.hypot(x, y)
    ratio = math.sqrt(1 - WGS84_E2)
    reduced = math.atan2(z, flat * ratio)
    top = z + WGS84_E2 / (1 - WGS84_E2) * WGS84_A_M * ratio * math.sin(reduced) ** 3
    return math.degrees(math.atan2(y, x)), math.degrees(
        math.atan2(top, flat - WGS84_E2 * WGS84_A_M * math.cos(reduced) ** 3)
    )


def frame(centre: Point) -> Floats:
    """A fresh row of `areas` with the plane about `centre` laid out."""
    row = np.zeros(kernel.AREA_COLUMNS)
    lat, lon = math.radians(centre[1]), math.radians(centre[0])
    sine = math.sin(lat)
    prime = WGS84_A_M / math.sqrt(1 - WGS84_E2 * sine * sine)
    row[kernel.CENTRE : kernel.CENTRE + 3] = ecef(centre)
    row[kernel.EAST : kernel.EAST + 3] = -math.sin(lon), math.cos(lon), 0.0
    row[kernel.NORTH : kernel.NORTH + 3] = -sine * math.cos(lon), -sine * math.sin(lon), math.cos(lat)
    row[kernel.MERIDIAN_M] = prime * (1 - WGS84_E2) / (1 - WGS84_E2 * sine * sine)
    row[kernel.PRIME_M] = prime
    return row


def middle(rings: Sequence[Sequence[Point]]) -> Point:
    """The point about which an area is laid flat: amid its outer corners, or the pole of a ring around the Earth."""
    corners = kernel.corners_of(np.array(rings[0]))
    mean = corners.mean(axis=0)
    if float(np.linalg.norm(mean)) < 0.1 * WGS84_A_M:
        mean = np.cross(corners, np.roll(corners, -1, axis=0)).sum(axis=0)
        mean *= WGS84_A_M / max(float(np.linalg.norm(mean)), 1.0)
    lon, lat = geodetic(mean)
    return lon, lat


def _halves(a: Floats, b: Floats, longest_m: float) -> Iterator[Floats]:
    """Corners from a (included) to b (left out) along the geodesic, none further apart than `longest_m`."""
    if math.dist(a, b) <= longest_m:
        yield a
        return
    half = ecef(geodetic((a + b) / 2))
    yield from _halves(a, half, longest_m)
    yield from _halves(half, b, longest_m)


def _flat_ring(row: Floats, ring: Sequence[Point]) -> Floats:
    corners = kernel.corners_of(np.array(ring))
    if np.array_equal(corners[0], corners[-1]):
        corners = corners[:-1]
    reach, longest = kernel.spans(row, corners)
    longest_m = max(SHORTEST_CUT_M, math.sqrt(8 * STRAIGHT_WITHIN_M * WGS84_A_M**2 / max(reach, 1.0)))
    if longest > longest_m:
        ends = np.roll(corners, -1, axis=0)
        corners = np.array([part for a, b in zip(corners, ends, strict=True) for part in _halves(a, b, longest_m)])
    return kernel.onto_plane_all(row, corners)


def _flat_area_m2(ring: Floats) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _edges(ring: Floats) -> Floats:
    ends = np.roll(ring, -1, axis=0)
    step = ends - ring
    length2 = (step**2).sum(axis=1)
    inverse = np.where(length2 > 0, 1 / np.where(length2 > 0, length2, 1.0), 0.0)
    return np.column_stack([ring, step, inverse, ends[:, 1]])


def _blocks(ring: Floats, number: int, offset: int) -> Iterator[list[float]]:
    closed = np.vstack([ring, ring[:1]])
    for first in range(0, len(ring), EDGES_A_BLOCK):
        x, y = closed[first : first + EDGES_A_BLOCK + 1].T
        box = [x.min(), x.max(), y.min(), y.max()]
        yield [*box, offset + first, offset + first + len(x) - 1, number, y[0], y[-1]]


def _circle(circle: Circle) -> Floats:
    row = frame((circle.lon_deg, circle.lat_deg))
    row[kernel.IS_CIRCLE], row[kernel.REACH_M] = 1.0, circle.radius_m
    bend2 = circle.radius_m**2 / (row[kernel.MERIDIAN_M] * row[kernel.PRIME_M])
    row[kernel.AREA_M2] = math.pi * circle.radius_m**2 * (1 - bend2 / 12)  # the curved cap of that radius
    return row


def grow(row: Floats, blocks: Floats, edges: Floats, by_m: float) -> None:
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
    outer = edges[int(own[0, kernel.FIRST_EDGE]) : int(own[own[:, kernel.RING] == 0][-1, kernel.END_EDGE])]
    border_m = float(np.hypot(outer[:, kernel.DX], outer[:, kernel.DY]).sum())
    row[kernel.AREA_M2] = min(around, row[kernel.AREA_M2] + border_m * by_m + math.pi * by_m**2)


def lay_flat(areas: Sequence[Area]) -> tuple[Floats, Floats, Floats]:
    """Rows of areas, blocks and edges (columns named in kernel.py), without the parameters of a mode."""
    blocks: list[list[float]] = []
    edges: list[Floats] = []
    rows = [_circle(area) if isinstance(area, Circle) else _polygon(area, blocks, edges) for area in areas]
    return (
        np.array(rows).reshape(-1, kernel.AREA_COLUMNS),
        np.array(blocks, dtype=np.float64).reshape(-1, kernel.BLOCK_COLUMNS),
        np.concatenate(edges) if edges else np.zeros((0, kernel.EDGE_COLUMNS)),
    )


def _polygon(polygon: Polygon, blocks: list[list[float]], edges: list[Floats]) -> Floats:
    rings = (polygon.ring, *polygon.holes)
    row = frame(middle(rings))
    row[kernel.FIRST_BLOCK] = len(blocks)
    for number, ring in enumerate(rings):
        flat = _flat_ring(row, ring)
        offset = sum(len(part) for part in edges)
        edges.append(_edges(flat))
        blocks.extend(_blocks(flat, number, offset))
        row[kernel.AREA_M2] += _flat_area_m2(flat) * (1 if number == 0 else -1)
        row[kernel.REACH_M] = max(row[kernel.REACH_M], float(np.hypot(flat[:, 0], flat[:, 1]).max()))
    row[kernel.AREA_M2] = max(row[kernel.AREA_M2], 1.0)  # a sliver still has a place for a fix to be in
    row[kernel.END_BLOCK] = len(blocks)
    return row
