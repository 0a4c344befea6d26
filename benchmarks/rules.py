"""How fast the rules take fixes, beside a plain per-fix point-in-polygon rule in Python measured in the same run.

Times are those of the one thread that works (CPU time): fixes a second and core, whatever else the machine does.
"""

import math
import time

import numpy as np

from surety.rules import presence
from surety.rules.conditions import Polygon
from surety.rules.presence import Mode

LAT, LON = 51.5, -0.1
METRES_A_DEGREE = 111_200.0
CORNERS, ZONES = 36, 5
FIXES, LIVE_FIXES, PLAIN_FIXES = 400_000, 50_000, 4_000


def _zones():
    """Five zones of 36 corners in a town of about 6 km, as one person may have."""
    rng = np.random.default_rng(7)
    zones = []
    for _ in range(ZONES):
        north, east = rng.uniform(-3_000, 3_000, 2)
        radii = rng.uniform(60, 300) * rng.uniform(0.7, 1.0, CORNERS)
        angles = np.linspace(0, 2 * math.pi, CORNERS, endpoint=False)
        zones.append(
            [_place(east + r * math.cos(a), north + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
        )
    return zones


def _place(east_m, north_m):
    return LON + east_m / METRES_A_DEGREE / math.cos(math.radians(LAT)), LAT + north_m / METRES_A_DEGREE


def _walk(fixes):
    """A person about town: 10 s between fixes, claimed radii as phones claim them."""
    rng = np.random.default_rng(8)
    steps = rng.normal(0, 25, (fixes, 2)).cumsum(axis=0)
    places = np.abs((steps + 3_500) % 14_000 - 7_000) - 3_500  # folded back at the edge of the town
    lon, lat = _place(places[:, 0], places[:, 1])
    at_ms = 1_700_000_000_000 + 10_000 * np.arange(fixes)
    return at_ms, lat, lon, rng.choice([5.0, 10.0, 16.0, 30.0, 65.0], fixes), np.zeros(fixes, dtype=np.int64)


def inside(lon, lat, ring):
    """Whether a point lies in a ring, by the rule that everybody writes first."""
    odd, (x0, y0) = False, ring[-1]
    for x1, y1 in ring:
        if (y0 > lat) != (y1 > lat) and lon < (x1 - x0) * (lat - y0) / (y1 - y0) + x0:
            odd = not odd
        x0, y0 = x1, y1
    return odd


def _plain(zones, track):
    zones = [
        [(float(lon), float(lat)) for lon, lat in zone] for zone in zones
    ]  # numpy's own numbers are ten times slower
    begun = time.thread_time()
    for lat, lon in zip(track[1][:PLAIN_FIXES].tolist(), track[2][:PLAIN_FIXES].tolist(), strict=True):
        for zone in zones:
            inside(lon, lat, zone)
    return PLAIN_FIXES / (time.thread_time() - begun)


def _batch(packed, track):
    begun = time.thread_time()
    presence.run(presence.fresh(packed), packed, *track)
    return len(track[0]) / (time.thread_time() - begun)


def _live(packed, track):
    rows = list(zip(*(column[:LIVE_FIXES].tolist() for column in track), strict=True))
    evidence = presence.fresh(packed)
    begun = time.thread_time()
    for row in rows:
        presence.observe(evidence, packed, *row)
    return (time.thread_time() - begun) / len(rows) * 1e6


def measure():
    """Rows of name, value, unit, and the ratio to the plain rule in Python (None where that says nothing)."""
    presence.warm_up()
    zones, track = _zones(), _walk(FIXES)
    packed = presence.pack([(Polygon(tuple(zone)), Mode.EXCLUSION) for zone in zones])
    plain = sorted(_plain(zones, track) for _ in range(3))[1]
    batch = sorted(_batch(packed, track) for _ in range(5))[2]
    live = sorted(_live(packed, track) for _ in range(3))[1]
    return [
        {
            "name": f"rules: fixes in a batch, {ZONES} zones of {CORNERS} corners",
            "value": round(batch),
            "unit": "fixes/s/core",
            "target": 2_000_000,
            "ratio": round(batch / plain, 1),
            "baseline": "point in polygon per fix, pure Python",
        },
        {"name": "rules: one live fix, all zones of a person", "value": live, "unit": "us", "target": 10},
        {"name": "baseline: point in polygon per fix, pure Python", "value": round(plain), "unit": "fixes/s/core"},
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)
