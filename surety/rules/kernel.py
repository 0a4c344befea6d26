"""The arithmetic of place and evidence, once, for live and batch. Decides nothing by itself; presence.py calls it.

All compiled functions stand in this one file: numba keeps machine code by the file of the caller alone, and would
not notice a change in another file. Lengths are metres, angles degrees at the border and radians inside.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from surety.rules.compiled import compiled, part_of_callers

Floats = npt.NDArray[np.float64]

WGS84_A_M = 6_378_137.0
WGS84_F = 1 / 298.257223563
WGS84_E2 = WGS84_F * (2 - WGS84_F)

# Columns of PackedAreas.areas: one row an area.
CENTRE, EAST, NORTH = 0, 3, 6  # Earth-centred position and the two tangent directions, three columns each
MERIDIAN_M, PRIME_M = 9, 10  # radii of curvature at the centre, north-south and east-west
IS_CIRCLE, REACH_M, AREA_M2, FIRST_BLOCK, END_BLOCK = 11, 12, 13, 14, 15
REST, GAIN, ENTER_AT, LEAVE_AT = 16, 17, 18, 19  # log-odds at rest, m, and the log-odds at which presence changes
CALM_S_PER_M, SOFT_M = 20, 21  # seconds that an error lasts a metre of its scale; the scale at which a fix counts half
HALF_RADIUS_M, RING_M2 = 22, 23  # half the radius of a circle of that area; "just outside" in square metres
LASTS_S, SETTLED_S = 24, 25  # how long any error lasts at least, and the longest time that one fix may speak for
GROWN_M, PASSABLE = 26, 27  # metres added around the outline; whether a way past it between two fixes is looked at
ENTER_SIGMAS, LEAVE_SIGMAS = 28, 29  # error scales past the edge at which the fix must lie that changes presence
AREA_COLUMNS = 30

# Columns of PackedAreas.blocks: a run of consecutive edges of one ring with its box. Edge n goes from corner n to the
# next one.
XMIN, XMAX, YMIN, YMAX, FIRST_EDGE, END_EDGE, RING = range(7)
BLOCK_COLUMNS = 7
EDGES_A_BLOCK = 12  # tried from 6 to 18: as fast as any, and fewer blocks take less memory

# Columns of PackedAreas.corners: a place in the plane of its area. A ring's first corner stands again after its last.
X, Y = 0, 1

# Columns of the evidence: one row an area.
LOG_ODDS, LAST_MS, PRESENCE, INFORMATIVE_MS, CLEARANCE_M, SIGMA_M, CHANGED, RESTS_AT, SPENT_MS, SINCE_MS = range(10)
EVIDENCE_COLUMNS = 12

# Columns of the last good fix: its Earth-centred place, its time and its error scale.
BEFORE_X, BEFORE_MS, BEFORE_SIGMA_M = 0, 3, 4
BEFORE_COLUMNS = 5
# What may be odd about the way from it to the next fix, as bits; the rules then look closer.
LEAPT, PASSED = 1, 2  # further than anybody travels; past an exclusion zone between two fixes that lie far apart

UNKNOWN, OUTSIDE, INSIDE = 0, 1, 2
GNSS, FUSED, WIFI, CELL, UNTOLD = range(5)
AT_A_TIME = 32  # fixes taken together in a run; tried from 16 to 64

DEFAULT_ACCURACY_M = 50.0  # for a device that claims none: as vague as an indoor fix, still of some use
NEARBY_M = 500.0  # further from an area than this and 100 sigma, a fix is as good as anywhere
WILD = 0.01  # fixes that are wrong without telling, and the share of doubt that no run of fixes takes away
CERTAIN = math.log((1 - WILD) / WILD)
WORLD_M2 = math.pi * 5_000.0**2
NOWHERE_NEAR = math.log(WILD / (0.5 * (1 - WILD) + WILD))  # the log-likelihood ratio of a fix that is far away
WEAK_SHARE = 0.1
QUIET_S, FORGETS_S = 30.0, 3_600.0
FASTEST_MPS = 100.0  # 360 km/h: above the fastest trains; aircraft are told apart later, by their going on
LEAP_SIGMAS = 6.0  # of both fixes together: what a wild fix alone explains is no leap
STAY_GAP_MS = 330_000.0  # five minutes without a fix is missing data (docs/adr/0014); half a minute for a slow clock
SPARSE_S = 20.0  # fixes closer than this leave no room to pass a zone unseen
GOOD_SIGMA_M = 100.0  # a vaguer fix says too little about where a way began


@compiled
def earth_centred(lat_deg: float, lon_deg: float) -> tuple[float, float, float]:
    """Earth-centred, Earth-fixed metres of a point on the WGS 84 ellipsoid."""
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    sine, cosine = math.sin(lat), math.cos(lat)
    prime = WGS84_A_M / math.sqrt(1 - WGS84_E2 * sine * sine)
    return prime * cosine * math.cos(lon), prime * cosine * math.sin(lon), prime * (1 - WGS84_E2) * sine


@part_of_callers
def onto_plane(area: Floats, x: float, y: float, z: float) -> tuple[float, float, float]:
    """East, north and distance from the area's centre in an azimuthal equidistant plane about it.

    The distance is the arc over the straight chord with the curvature of the ellipsoid in that direction (Euler):
    within 0.1 m of the geodesic at 200 km, anywhere, with no special case at the antimeridian or the poles.
    """
    dx, dy, dz = x - area[CENTRE], y - area[CENTRE + 1], z - area[CENTRE + 2]
    east = dx * area[EAST] + dy * area[EAST + 1] + dz * area[EAST + 2]
    north = dx * area[NORTH] + dy * area[NORTH + 1] + dz * area[NORTH + 2]
    across2 = east * east + north * north
    if across2 == 0.0:
        return 0.0, 0.0, (0.0 if dx * dx + dy * dy + dz * dz < WGS84_A_M else math.pi * WGS84_A_M)
    chord = math.sqrt(dx * dx + dy * dy + dz * dz)
    bend = chord * (north * north / area[MERIDIAN_M] + east * east / area[PRIME_M]) / across2
    square = bend * bend
    if square < 0.01:
        distance = chord * (1 + square * (1 / 24 + square * (3 / 640)))
    else:
        distance = chord / bend * 2 * math.asin(min(1.0, bend / 2))
    scale = distance / math.sqrt(across2)
    return east * scale, north * scale, distance


@compiled
def corners_of(ring: Floats) -> Floats:
    """Earth-centred metres, one row a corner, of (lon, lat) degrees."""
    corners = np.empty((len(ring), 3))
    for i in range(len(ring)):
        corners[i, 0], corners[i, 1], corners[i, 2] = earth_centred(ring[i, 1], ring[i, 0])
    return corners


@compiled
def spans(area: Floats, corners: Floats) -> tuple[float, float]:
    """How far the farthest corner lies from an area's centre, and the longest edge of the closed ring, in metres."""
    reach = longest = 0.0
    for i in range(len(corners)):
        to_centre = to_next = 0.0
        after = (i + 1) % len(corners)
        for axis in range(3):
            to_centre += (corners[i, axis] - area[CENTRE + axis]) ** 2
            to_next += (corners[i, axis] - corners[after, axis]) ** 2
        reach, longest = max(reach, to_centre), max(longest, to_next)
    return math.sqrt(reach), math.sqrt(longest)


@compiled
def geodetic(x: float, y: float, z: float) -> tuple[float, float]:
    """(lon, lat) of the foot on the ellipsoid of an Earth-centred point near its surface (Bowring's formula)."""
    flat = math.sqrt(x * x + y * y)
    ratio = math.sqrt(1 - WGS84_E2)
    reduced = math.atan2(z, flat * ratio)
    top = z + WGS84_E2 / (1 - WGS84_E2) * WGS84_A_M * ratio * math.sin(reduced) ** 3
    beside = flat - WGS84_E2 * WGS84_A_M * math.cos(reduced) ** 3
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(top, beside))


@compiled
def middle_of(corners: Floats) -> tuple[float, float]:
    """(lon, lat) amid the corners of a ring, or the pole of a ring around the Earth."""
    x = y = z = around_x = around_y = around_z = 0.0
    for i in range(len(corners)):
        a, b = corners[i], corners[(i + 1) % len(corners)]
        x, y, z = x + a[0], y + a[1], z + a[2]
        around_x += a[1] * b[2] - a[2] * b[1]
        around_y += a[2] * b[0] - a[0] * b[2]
        around_z += a[0] * b[1] - a[1] * b[0]
    if math.sqrt(x * x + y * y + z * z) >= 0.1 * WGS84_A_M * len(corners):
        return geodetic(x / len(corners), y / len(corners), z / len(corners))
    scale = WGS84_A_M / max(1.0, math.sqrt(around_x * around_x + around_y * around_y + around_z * around_z))
    return geodetic(scale * around_x, scale * around_y, scale * around_z)


@compiled
def frame(lon_deg: float, lat_deg: float) -> Floats:
    """A fresh row of `areas` with the plane about a centre laid out."""
    row = np.zeros(AREA_COLUMNS)
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    sine = math.sin(lat)
    prime = WGS84_A_M / math.sqrt(1 - WGS84_E2 * sine * sine)
    row[CENTRE], row[CENTRE + 1], row[CENTRE + 2] = earth_centred(lat_deg, lon_deg)
    row[EAST], row[EAST + 1] = -math.sin(lon), math.cos(lon)
    row[NORTH], row[NORTH + 1], row[NORTH + 2] = -sine * math.cos(lon), -sine * math.sin(lon), math.cos(lat)
    row[MERIDIAN_M] = prime * (1 - WGS84_E2) / (1 - WGS84_E2 * sine * sine)
    row[PRIME_M] = prime
    return row


@compiled
def lay_ring(area: Floats, ring: Floats, number: int, first: int) -> tuple[Floats, Floats]:
    """The blocks and the corners of a ring (`number` 0 is the outer one) whose corners begin at `first`.

    Adds to the area's square metres, or takes a hole away from them, and to its reach.
    """
    count = len(ring)
    corners = np.empty((count + 1, 2))
    blocks = np.empty(((count + EDGES_A_BLOCK - 1) // EDGES_A_BLOCK, BLOCK_COLUMNS))
    double = 0.0
    for i in range(count + 1):
        if i < count:
            corners[i, X], corners[i, Y], away = onto_plane(area, ring[i, 0], ring[i, 1], ring[i, 2])
            area[REACH_M] = max(area[REACH_M], away)
        else:
            corners[i, X], corners[i, Y] = corners[0, X], corners[0, Y]
        if i > 0:
            double += corners[i - 1, X] * corners[i, Y] - corners[i - 1, Y] * corners[i, X]
    area[AREA_M2] += abs(double) / 2 if number == 0 else -abs(double) / 2
    for b in range(len(blocks)):
        start, end = b * EDGES_A_BLOCK, min(count, (b + 1) * EDGES_A_BLOCK)
        blocks[b, FIRST_EDGE], blocks[b, END_EDGE], blocks[b, RING] = first + start, first + end, number
        part = corners[start : end + 1]
        blocks[b, XMIN], blocks[b, XMAX] = part[:, X].min(), part[:, X].max()
        blocks[b, YMIN], blocks[b, YMAX] = part[:, Y].min(), part[:, Y].max()
    return blocks, corners


@part_of_callers
def _clearance_of_rings(
    area: Floats, blocks: Floats, corners: Floats, east: float, north: float, distance: float
) -> float:
    best, near_x, near_y = math.inf, 0.0, 0.0
    inside, ring, odd = False, 0, False
    for b in range(int(area[FIRST_BLOCK]), int(area[END_BLOCK])):
        if int(blocks[b, RING]) != ring:
            inside = odd if ring == 0 else inside and not odd
            ring, odd = int(blocks[b, RING]), False
        first, end = int(blocks[b, FIRST_EDGE]), int(blocks[b, END_EDGE])
        gap_x = max(blocks[b, XMIN] - east, 0.0, east - blocks[b, XMAX])
        gap_y = max(blocks[b, YMIN] - north, 0.0, north - blocks[b, YMAX])
        near = gap_x * gap_x + gap_y * gap_y < best
        within = gap_y == 0.0 and east <= blocks[b, XMAX]
        if within and east < blocks[b, XMIN]:
            odd ^= (corners[first, Y] > north) != (corners[end, Y] > north)
            within = False
        if not (near or within):
            continue
        x1, y1 = corners[first, X], corners[first, Y]
        for e in range(first, end):
            x0, y0, x1, y1 = x1, y1, corners[e + 1, X], corners[e + 1, Y]
            dx, dy, ox, oy = x1 - x0, y1 - y0, east - x0, north - y0
            if within and (y0 > north) != (y1 > north):
                odd ^= ox * abs(dy) < dx * oy * math.copysign(1.0, dy)
            along, length2 = ox * dx + oy * dy, dx * dx + dy * dy
            if along > 0.0:
                part = along / length2 if along < length2 else 1.0
                ox, oy = ox - part * dx, oy - part * dy
            gap = ox * ox + oy * oy
            if gap < best:
                best, near_x, near_y = gap, ox, oy
    inside = odd if ring == 0 else inside and not odd
    away = math.sqrt(best)
    if distance > 50_000.0 and away > 0.0:
        away = _unstretched(east, north, distance, near_x, near_y)
    return away if inside else -away


@compiled
def _unstretched(east: float, north: float, distance: float, ox: float, oy: float) -> float:
    """The true length of a short plane vector: the plane stretches across the direction to its centre."""
    angle = min(distance / WGS84_A_M, 3.0)
    along = (ox * east + oy * north) / distance
    across = (ox * north - oy * east) / distance * math.sin(angle) / angle
    return math.sqrt(along * along + across * across)


@part_of_callers
def clearance(area: Floats, blocks: Floats, corners: Floats, x: float, y: float, z: float) -> float:
    """Metres from an Earth-centred point to the area's edge, positive inside, negative outside."""
    east, north, distance = onto_plane(area, x, y, z)
    if area[IS_CIRCLE] != 0.0:
        return float(area[REACH_M]) - distance
    return _clearance_of_rings(area, blocks, corners, east, north, distance) + float(area[GROWN_M])


@compiled
def student4(x: float) -> float:
    """Cumulative distribution of Student's t with four degrees of freedom (closed form)."""
    root2 = 1 + x * x / 4
    return 0.5 + 0.375 * x / math.sqrt(root2) * (1 - x * x / root2 / 12)


@compiled
def scale_of(accuracy_m: float) -> float:
    """Error scale per axis, in metres, from the radius a device claims (calibration in docs/adr/0005)."""
    claimed = DEFAULT_ACCURACY_M if not accuracy_m >= 0 else accuracy_m
    return 4 + 0.25 * claimed if claimed <= 150 else 0.5 * claimed


@compiled
def log_likelihood_ratio(area: Floats, inside_m: float, sigma_m: float) -> float:
    """How much more probable this fix is for a person inside than outside, as a bounded logarithm.

    Outside is half "somewhere in the 5 km around", half "in the ring just outside the edge"; the second keeps a person
    at the fence from being called inside. Never below what a fix from far away says. It rises with the clearance, and
    inside the area with the precision: the share on the inner side of the edge and the sharpness both do, and the
    ring is kept above a hundredth of the area, for which the logarithm rises with either.
    """
    near = area[HALF_RADIUS_M] / sigma_m
    near = 1 + near * near
    sharp = (1 - WILD) * (1 - 1 / (near * near))  # Student t4 errors, in two dimensions, that stay within the radius
    share = student4(inside_m / sigma_m)
    if_in = sharp * share / area[AREA_M2] + WILD / WORLD_M2
    if_out = 0.5 * sharp * (1 - share) / area[RING_M2] + (0.5 * (1 - WILD) + WILD) / WORLD_M2
    return max(NOWHERE_NEAR, math.log(if_in / if_out))


@part_of_callers
def faded(log_odds: float, rest: float, wait_s: float) -> float:
    """Log-odds after a silence: from 30 s on they go back to rest, within about an hour."""
    return log_odds if wait_s <= QUIET_S else rest + (log_odds - rest) * math.exp((QUIET_S - wait_s) / FORGETS_S)


@part_of_callers
def _moved(log_odds: float, target: float, share: float) -> float:
    """Log-odds drawn towards what a fix says: a leak, not a sum, as the errors of a run of fixes are one error."""
    return min(CERTAIN, max(-CERTAIN, log_odds + share * (target - log_odds)))


@part_of_callers
def _less_certain(log_odds: float, moved: float, rest: float) -> float:
    """What a fix that is too weak to create certainty makes of it: it may take some away, down to what is presumed."""
    return max(log_odds, min(moved, rest)) if moved > log_odds else min(log_odds, max(moved, rest))


class Held(NamedTuple):
    """The evidence of one area as single numbers, which stay in registers over a run of fixes."""

    log_odds: float
    last_ms: float
    presence: float
    informative_ms: float
    clearance_m: float
    sigma_m: float
    spent_ms: float
    since_ms: float


class Terms(NamedTuple):
    """What one area asks of a fix, as single numbers."""

    rest: float
    gain: float
    enter_at: float
    leave_at: float
    enter_sigmas: float
    leave_sigmas: float
    calm_s_per_m: float
    lasts_s: float
    settled_s: float
    soft_m: float
    reach_m: float
    x: float  # of its centre, Earth-centred
    y: float
    z: float


@part_of_callers
def _held(evidence: Floats) -> Held:
    return Held(
        evidence[LOG_ODDS],
        evidence[LAST_MS],
        evidence[PRESENCE],
        evidence[INFORMATIVE_MS],
        evidence[CLEARANCE_M],
        evidence[SIGMA_M],
        evidence[SPENT_MS],
        evidence[SINCE_MS],
    )


@part_of_callers
def _keep(evidence: Floats, held: Held, changed: float) -> None:
    evidence[LOG_ODDS], evidence[LAST_MS], evidence[PRESENCE] = held.log_odds, held.last_ms, held.presence
    evidence[INFORMATIVE_MS], evidence[CLEARANCE_M] = held.informative_ms, held.clearance_m
    evidence[SIGMA_M], evidence[SPENT_MS], evidence[SINCE_MS] = held.sigma_m, held.spent_ms, held.since_ms
    evidence[CHANGED] = changed


@part_of_callers
def _terms(area: Floats) -> Terms:
    return Terms(
        area[REST],
        area[GAIN],
        area[ENTER_AT],
        area[LEAVE_AT],
        area[ENTER_SIGMAS],
        area[LEAVE_SIGMAS],
        area[CALM_S_PER_M],
        area[LASTS_S],
        area[SETTLED_S],
        area[SOFT_M],
        area[REACH_M],
        area[CENTRE],
        area[CENTRE + 1],
        area[CENTRE + 2],
    )


@part_of_callers
def _taken(held: Held, terms: Terms, at_ms: float, ratio: float, inside_m: float, sigma_m: float, source: int) -> Held:
    """One area's evidence after a fix."""
    weak = source in (WIFI, CELL)
    vague = sigma_m / terms.soft_m
    weight = 1 / (1 + vague * vague)
    worth = weight * (WEAK_SHARE if weak else 1.0)
    first = math.isnan(held.last_ms)
    # A fix spends the time since the last one as far as it is worth something: a cell fix just before a good one must
    # not make the good one look like a repetition.
    unspent_s = terms.settled_s if first else min(terms.settled_s, max(0.0, (at_ms - held.spent_ms) / 1000))
    lasts_s = max(terms.lasts_s, terms.calm_s_per_m * sigma_m)
    share = worth * (1 - math.exp(-unspent_s / lasts_s))
    spent_ms = at_ms - 1000 * unspent_s * (1 - worth)
    odds = held.log_odds if first else faded(held.log_odds, terms.rest, (at_ms - held.last_ms) / 1000)
    moved = _moved(odds, terms.rest + terms.gain * ratio, share)
    moved = _less_certain(odds, moved, terms.rest) if weak or weight < 0.5 else moved
    odds = max(odds, moved) if inside_m >= 0 else moved  # a fix that lies inside never speaks against it
    presence, informative_ms, since_ms = held.presence, held.informative_ms, held.since_ms
    clearance_m, told_m = held.clearance_m, held.sigma_m
    if not weak and not weight < 0.5:
        broken_off = not at_ms - informative_ms <= STAY_GAP_MS
        informative_ms, clearance_m, told_m = at_ms, inside_m, sigma_m
        if odds >= terms.enter_at and inside_m >= terms.enter_sigmas * sigma_m:
            presence = float(INSIDE)
        elif odds <= terms.leave_at and -inside_m >= terms.leave_sigmas * sigma_m:
            presence = float(OUTSIDE)
        if presence != held.presence or broken_off:
            since_ms = at_ms
    return Held(odds, at_ms, presence, informative_ms, clearance_m, told_m, spent_ms, since_ms)


@part_of_callers
def _chord2(terms: Terms, x: float, y: float, z: float) -> float:
    """The square of the straight distance from an area's centre."""
    dx, dy, dz = x - terms.x, y - terms.y, z - terms.z
    return dx * dx + dy * dy + dz * dz


@part_of_callers
def _is_nearby(terms: Terms, chord2: float, sigma_m: float) -> bool:
    """Whether it matters how far from the area's edge a fix lies."""
    beyond = terms.reach_m + NEARBY_M + 100 * sigma_m
    return not chord2 > beyond * beyond


@part_of_callers
def _leaps(before: Floats, chord2: float, wait_s: float, sigma_m: float) -> bool:
    """Whether nobody goes as fast as the way from the last good fix to this one would take."""
    reach = FASTEST_MPS * max(wait_s, 1.0) + LEAP_SIGMAS * (sigma_m + before[BEFORE_SIGMA_M])
    return bool(chord2 > reach * reach)


@compiled
def _passes_any(
    before: Floats, areas: Floats, blocks: Floats, corners: Floats, place: tuple[float, float, float], chord2: float
) -> bool:
    """Whether the straight way from the last good fix to this one goes through an area from outside to outside."""
    start = bx, by, bz = before[BEFORE_X], before[BEFORE_X + 1], before[BEFORE_X + 2]
    dx, dy, dz = place[0] - bx, place[1] - by, place[2] - bz
    for i in range(areas.shape[0]):
        area = areas[i]
        if area[PASSABLE] == 0.0:  # a place to be at is not passed by
            continue
        cx, cy, cz = area[CENTRE] - bx, area[CENTRE + 1] - by, area[CENTRE + 2] - bz
        part = min(1.0, max(0.0, (cx * dx + cy * dy + cz * dz) / chord2))
        ox, oy, oz = cx - part * dx, cy - part * dy, cz - part * dz
        near = ox * ox + oy * oy + oz * oz < area[REACH_M] * area[REACH_M]
        if near and _passes(areas, i, blocks, corners, start, place, math.sqrt(chord2)):
            return True
    return False


@part_of_callers
def _odd(
    before: Floats,
    areas: Floats,
    blocks: Floats,
    corners: Floats,
    place: tuple[float, float, float],
    at_ms: float,
    sigma_m: float,
) -> int:
    """What is odd about the straight way from the last good fix to this one, as bits."""
    wait_s = (at_ms - before[BEFORE_MS]) / 1000  # NaN before any, and then nothing is odd
    dx, dy, dz = place[0] - before[BEFORE_X], place[1] - before[BEFORE_X + 1], place[2] - before[BEFORE_X + 2]
    chord2 = dx * dx + dy * dy + dz * dz
    odd = LEAPT if _leaps(before, chord2, wait_s, sigma_m) else 0
    if wait_s >= SPARSE_S and chord2 > 0.0 and _passes_any(before, areas, blocks, corners, place, chord2):
        odd |= PASSED
    return odd


@part_of_callers
def _is_good(source: int, sigma_m: float) -> bool:
    """Whether a fix says enough about where a way began or ended."""
    return source not in (WIFI, CELL) and sigma_m <= GOOD_SIGMA_M


@part_of_callers
def _go_on_from(before: Floats, x: float, y: float, z: float, at_ms: float, sigma_m: float) -> None:
    before[BEFORE_X], before[BEFORE_X + 1], before[BEFORE_X + 2] = x, y, z
    before[BEFORE_MS], before[BEFORE_SIGMA_M] = at_ms, sigma_m


@compiled
def observe_fix(  # noqa: PLR0913, PLR0917 - compiled code takes arrays and numbers
    evidence: Floats,
    areas: Floats,
    blocks: Floats,
    corners: Floats,
    before: Floats,
    at_ms: float,
    lat_deg: float,
    lon_deg: float,
    accuracy_m: float,
    source: int,
) -> tuple[int, int]:
    """Take one fix for every area of one person: how many changed presence (column CHANGED), and what is odd (bits)."""
    x, y, z = earth_centred(lat_deg, lon_deg)
    sigma_m = scale_of(accuracy_m)
    changed = odd = 0
    if _is_good(source, sigma_m):
        odd = _odd(before, areas, blocks, corners, (x, y, z), at_ms, sigma_m)
        _go_on_from(before, x, y, z, at_ms, sigma_m)
    for i in range(areas.shape[0]):
        held, terms = _held(evidence[i]), _terms(areas[i])
        # As in `_take_run`: a function of its own, which would be handed arrays, costs a fifth more.
        chord2 = _chord2(terms, x, y, z)
        if _is_nearby(terms, chord2, sigma_m):
            inside_m = clearance(areas[i], blocks, corners, x, y, z)
            ratio = log_likelihood_ratio(areas[i], inside_m, sigma_m)
        else:
            inside_m, ratio = terms.reach_m - math.sqrt(chord2), NOWHERE_NEAR
        after = _taken(held, terms, at_ms, ratio, inside_m, sigma_m, source)
        flips = after.presence != held.presence
        _keep(evidence[i], after, 1.0 if flips else 0.0)
        changed += flips
    return changed, odd


@compiled
def observe_apart(
    evidence: Floats,
    area: Floats,
    blocks: Floats,
    corners: Floats,
    place: tuple[float, float, float],
    at_ms: float,
    sigma_m: float,
    source: int,
) -> bool:
    """Take one position into the evidence of one area that is itself uncertain: `sigma_m` is the error of both.

    `place` is in Earth-centred metres. Whether presence changed.
    """
    inside_m = clearance(area, blocks, corners, place[0], place[1], place[2])
    ratio = log_likelihood_ratio(area, inside_m, sigma_m)
    held = _held(evidence)
    after = _taken(held, _terms(area), at_ms, ratio, inside_m, sigma_m, source)
    _keep(evidence, after, evidence[CHANGED])
    return bool(after.presence != held.presence)


@compiled
def _take_run(  # noqa: PLR0913, PLR0917 - compiled code takes arrays and numbers
    evidence: Floats,
    area: Floats,
    blocks: Floats,
    corners: Floats,
    at_ms: npt.NDArray[np.int64],
    source: npt.NDArray[np.int64],
    places: Floats,
    span: tuple[int, int],
    unseen_ms: float,
) -> int:
    """Take a span of fixes for one area, up to the one that changes its presence, or before the one that comes
    `unseen_ms` after the last informative one; which one that is, or the span's end.

    `places`: a row a fix, Earth-centred metres and the error scale. All fixes for one area and then the next: what the
    area asks, and what is known about it, need not be fetched for each fix.
    """
    first, end = span
    held, terms, reached = _held(evidence), _terms(area), end
    for n in range(first, end):
        now_ms = float(at_ms[n])
        if now_ms - held.informative_ms >= unseen_ms:  # never, before there is any
            reached = n
            break
        x, y, z, sigma_m = places[n - first, 0], places[n - first, 1], places[n - first, 2], places[n - first, 3]
        was = held.presence
        chord2 = _chord2(terms, x, y, z)
        if _is_nearby(terms, chord2, sigma_m):
            inside_m = clearance(area, blocks, corners, x, y, z)
            ratio = log_likelihood_ratio(area, inside_m, sigma_m)
        else:
            inside_m, ratio = terms.reach_m - math.sqrt(chord2), NOWHERE_NEAR
        held = _taken(held, terms, now_ms, ratio, inside_m, sigma_m, source[n])
        if held.presence != was:
            reached = n
            break
    _keep(evidence, held, evidence[CHANGED] if reached == first else 0.0)
    return reached


@compiled
def run_quiet(  # noqa: PLR0913, PLR0917 - compiled code takes arrays and numbers
    evidence: Floats,
    areas: Floats,
    blocks: Floats,
    corners: Floats,
    before: Floats,
    at_ms: npt.NDArray[np.int64],
    lat_deg: Floats,
    lon_deg: Floats,
    accuracy_m: Floats,
    source: npt.NDArray[np.int64],
    first: int,
    end: int,
    wake_ms: float,
    unseen_ms: Floats,
    silent_ms: float,
) -> int:
    """Take fixes [first, end) up to before the one that changes a presence, has an odd way or at which something is
    due; which one that is, or `end`.

    Due: at `wake_ms`; `unseen_ms` (one an area, inf for never) after an area's last informative fix; `silent_ms` after
    the fix before, where that is of the span too. Some fixes at a time: where one of them is not quiet, those before it
    are taken once more from what was kept.
    """
    places, kept, kept_before = np.empty((AT_A_TIME, 4)), evidence.copy(), before.copy()
    since = first
    while since < end:
        stop = full = min(end, since + AT_A_TIME)
        for n in range(since, stop):
            now_ms = float(at_ms[n])
            if now_ms >= wake_ms or (n > first and now_ms - at_ms[n - 1] >= silent_ms):
                stop = n
                break
            x, y, z = earth_centred(lat_deg[n], lon_deg[n])
            m, sigma_m = n - since, scale_of(accuracy_m[n])  # a row on its own costs as much as the arithmetic
            places[m, 0], places[m, 1], places[m, 2], places[m, 3] = x, y, z, sigma_m
            if _is_good(source[n], sigma_m):
                if _odd(before, areas, blocks, corners, (x, y, z), now_ms, sigma_m) != 0:
                    stop = n
                    break
                _go_on_from(before, x, y, z, now_ms, sigma_m)
        for i in range(areas.shape[0]):
            span = (since, stop)
            stop = _take_run(evidence[i], areas[i], blocks, corners, at_ms, source, places, span, unseen_ms[i])
        if stop < full:
            evidence[:], before[:] = kept, kept_before
            for n in range(since, stop):
                at, lat, lon = float(at_ms[n]), lat_deg[n], lon_deg[n]
                observe_fix(evidence, areas, blocks, corners, before, at, lat, lon, accuracy_m[n], source[n])
            return stop
        since, kept[:], kept_before[:] = stop, evidence, before
    return end


@compiled
def _passes(
    areas: Floats,
    i: int,
    blocks: Floats,
    corners: Floats,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    chord_m: float,
) -> bool:
    """Whether the straight way goes through an area from outside to outside."""
    area = areas[i]  # here and not in the caller: a row that is handed on costs as much as the arithmetic
    left_m = clearance(area, blocks, corners, start[0], start[1], start[2])
    right_m = clearance(area, blocks, corners, end[0], end[1], end[2])
    if left_m >= 0 or right_m >= 0 or -0.9 * (left_m + right_m) > chord_m:  # inside, or no edge near enough
        return False
    entered, left, _, _ = crossing_of(area, blocks, corners, start, end)
    return entered > 0.0 and left < 1.0  # NaN is neither


@compiled
def crossing_of(
    area: Floats, blocks: Floats, corners: Floats, start: tuple[float, float, float], end: tuple[float, float, float]
) -> tuple[float, float, float, float]:
    """Where the straight way between two Earth-centred points is first inside, last inside and deepest inside, as
    shares of it, and how deep that is in metres; or NaN.

    Walks along it in steps that the clearance allows, as no edge is nearer than that. Visits under a metre deep, or
    under a five-thousandth of the way, may be missed.
    """
    dx, dy, dz = end[0] - start[0], end[1] - start[1], end[2] - start[2]
    chord = math.sqrt(dx * dx + dy * dy + dz * dz)
    speed = chord / math.sqrt(max(0.01, 1 - (chord / WGS84_A_M / 2) ** 2))  # of the foot point, at most
    part, entered, left, deepest, depth_m = 0.0, math.nan, math.nan, math.nan, math.nan
    while True:
        x, y, z = start[0] + part * dx, start[1] + part * dy, start[2] + part * dz
        up = math.sqrt((x * x + y * y) / WGS84_A_M**2 + z * z / (WGS84_A_M**2 * (1 - WGS84_E2)))
        inside_m = clearance(area, blocks, corners, x / up, y / up, z / up)
        if inside_m >= 0:
            entered = part if math.isnan(entered) else entered
            left = part
            if not depth_m >= inside_m:
                deepest, depth_m = part, inside_m
        if part >= 1:
            return entered, left, deepest, depth_m
        free_m = 0.3 * inside_m if inside_m >= 0 else -0.9 * inside_m  # inside, the deepest point is looked for
        part = min(1.0, part + max(free_m, 1.0, speed / 5_000) / max(speed, 1.0))
