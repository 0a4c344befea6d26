"""The town's plane: metres east (x) and north (y) of its centre, and degrees.

The town stands on empty upland moor north of Hadrian's Wall (55.118 N, 2.655 W): no settlement is there, no sea is
near, and nothing of it is copied from a map. The plane is equirectangular, off by under 0.1 % within 10 km.
"""

import math

LAT_DEG, LON_DEG = 55.118, -2.655
TIME_ZONE = "Europe/London"
_M_PER_LAT_DEG = 111_340.0  # of the WGS 84 ellipsoid at this latitude
_M_PER_LON_DEG = 111_415.0 * math.cos(math.radians(LAT_DEG)) * 1.0011  # the same, along the parallel

XY = tuple[float, float]


def to_degrees(x_m: float, y_m: float) -> tuple[float, float]:
    """(lat, lon) of a point of the plane."""
    return LAT_DEG + y_m / _M_PER_LAT_DEG, LON_DEG + x_m / _M_PER_LON_DEG


def to_plane(lat_deg: float, lon_deg: float) -> XY:
    """(x, y) in metres of a point in degrees."""
    return (lon_deg - LON_DEG) * _M_PER_LON_DEG, (lat_deg - LAT_DEG) * _M_PER_LAT_DEG


def lon_lat(x_m: float, y_m: float) -> tuple[float, float]:
    """(lon, lat) as GeoJSON writes points, to 7 decimals (a centimetre)."""
    lat, lon = to_degrees(x_m, y_m)
    return round(lon, 7), round(lat, 7)


def inside_ring(x: float, y: float, ring: tuple[XY, ...]) -> bool:
    """Whether a point lies in a simple ring (ray casting)."""
    inside = False
    ax, ay = ring[-1]
    for bx, by in ring:
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        ax, ay = bx, by
    return inside


def to_segment_m(x: float, y: float, a: XY, b: XY) -> float:
    """Distance from a point to the segment a-b."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    t = 0.0 if square == 0 else max(0.0, min(1.0, ((x - a[0]) * dx + (y - a[1]) * dy) / square))
    return math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)
