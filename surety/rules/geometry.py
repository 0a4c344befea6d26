"""Decides where a point lies against an area: metres of clearance, square metres, and crossings between two fixes.

Areas lie on the WGS 84 ellipsoid; the edges of a polygon are geodesics. Each area is laid flat about its own centre
(packing.py), so the antimeridian and the poles are places like any other.
"""

import math

import msgspec

from surety.rules import kernel
from surety.rules.conditions import Area
from surety.rules.packing import lay_flat
from surety.rules.presence import PackedAreas


class Crossing(msgspec.Struct, frozen=True):
    """The part of the straight way between two fixes that lies inside an area, as shares of it (0 to 1).

    Nobody knows that the person took the straight way: what rests on this is POSSIBLE, never more.
    """

    entered: float
    left: float


def clearance_m(packed: PackedAreas, i: int, lat_deg: float, lon_deg: float) -> float:
    """Metres from a point to the edge of area `i`: positive inside, negative outside.

    Exact to 0.1 m, or one part in a thousand where that is more, for areas up to 200 km across the middle.
    """
    x, y, z = _place(lat_deg, lon_deg)
    return float(kernel.clearance(packed.areas[i], packed.blocks, packed.corners, x, y, z))


def area_m2(area: Area) -> float:
    """Square metres of an area, its holes left out."""
    rows, _, _ = lay_flat([area])
    return float(rows[0, kernel.AREA_M2])


def crosses(packed: PackedAreas, i: int, start: tuple[float, float], end: tuple[float, float]) -> Crossing | None:
    """Whether the straight way between two (lat, lon) fixes goes through area `i`, and where along it; else None.

    A visit of less than a metre, or of a five-thousandth of the way, may be missed.
    """
    way = kernel.crossing_of(packed.areas[i], packed.blocks, packed.corners, _place(*start), _place(*end))
    entered, left = way[:2]
    return None if math.isnan(entered) else Crossing(entered, left)


def _place(lat_deg: float, lon_deg: float) -> tuple[float, float, float]:
    return kernel.earth_centred(float(lat_deg), float(lon_deg))
