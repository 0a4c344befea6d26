"""Decides whether somebody may have crossed an exclusion zone between two fixes of which neither lies in it.

The straight way between the fixes goes through the zone: then the person may have gone through it, or around it. How
probable that is comes from a Brownian bridge (Horne, Garton, Krone & Lewis 2007, Ecology 88:2354): somebody who is at
one place and later at another is, in between, about the straight way at even pace, give or take a variance that is
nothing at the two ends but their own errors, and greatest half-way. `probability` tells the rest.

A crossing is on record with interpolated times, POSSIBLE, and never an alert. A fix that arrives later and lies
between the two takes it back, as the way then is another.
"""

import math
from collections.abc import Iterator

from surety.rules import grounds, kernel
from surety.rules.facts import Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.intervals import clip
from surety.rules.movement import Way
from surety.rules.ordered import Duty
from surety.rules.plan import Epoch
from surety.rules.presence import Mode
from surety.rules.scene import Scene

DETOUR_M = 20.0  # how far somebody goes before a turn, as calibrated in docs/adr/0014
ON_FOOT_MPS = 1.4  # the pace that is presumed of whoever went slower over all: time to spare is time for detours
LEAST_P = 0.1  # what is less probable is not put on anybody's record


def probability(way: Way, at_share: float, depth_m: float) -> float:
    """A lower bound of the probability that the way went through the zone, from how deep the straight one is in it.

    At the deepest point (`at_share` of the way, `depth_m` from the edge) all within `depth_m` of it is zone, so whoever
    is no further to the side of it is inside. The variance to the side, in square metres, is
    T a (1-a) m + 2 ((1-a)^2 s0^2 + a^2 s1^2): T the time between the fixes, a the share, s0 and s1 their error scales
    (a Student t with four degrees of freedom has twice the square of its scale as variance), and m = DETOUR_M times the
    pace over all, or that of a walker where it was slower. It falls with the time and the errors, and rises with the
    depth.
    """
    pace_mps = max(way.length_m / max(way.lasted_s, 1.0), ON_FOOT_MPS)
    between_m2 = way.lasted_s * at_share * (1 - at_share) * DETOUR_M * pace_mps
    ends_m2 = 2 * ((1 - at_share) ** 2 * way.from_sigma_m**2 + at_share**2 * way.to_sigma_m**2)
    return math.erf(depth_m / math.sqrt(2 * (between_m2 + ends_m2)))


def of_epoch(way: Way, epoch: Epoch, scene: Scene) -> Iterator[Finding]:
    """The crossings of exclusion zones that were to be kept while they may have been crossed, in one epoch.

    After a zone's own limit without a fix the record says "cannot verify", and a straight line would say no more.
    """
    for held in epoch.duties:
        if held.mode is Mode.EXCLUSION and way.to_ms - way.from_ms <= held.unknown_after_ms:
            yield from _of_zone(way, held, epoch, scene)


def _of_zone(way: Way, held: Duty, epoch: Epoch, scene: Scene) -> Iterator[Finding]:
    row = epoch.packed.areas[held.areas[0][1]]
    entered, left, deepest, depth_m = kernel.crossing_of(
        row, epoch.packed.blocks, epoch.packed.corners, way.start, way.end
    )
    if math.isnan(entered) or entered <= 0 or left >= 1:
        return
    p = probability(way, deepest, depth_m)
    if p < LEAST_P:
        return
    from_ms, to_ms = way.at_ms(entered), way.at_ms(left) + 1
    kept = clip(held.windows(from_ms, to_ms), max(from_ms, epoch.start_ms), min(to_ms, epoch.end_ms))
    for window in kept:
        numbers: grounds.Numbers = {
            "p_crossed": round(p, 4),
            "entered_ms": from_ms,
            "left_ms": to_ms - 1,
            "depth_m": round(depth_m, 1),
            "gap_s": way.lasted_s,
            "way_m": round(way.length_m, 1),
            "inside_m": round((left - entered) * way.length_m, 1),
        }
        yield _found((window.start_ms + window.end_ms) // 2, held, way, numbers, scene)


def _found(at_ms: Millis, held: Duty, way: Way, numbers: grounds.Numbers, scene: Scene) -> Finding:
    ends = tuple(seen.fact_id for seen in scene.recent if seen.at_ms in (way.from_ms, way.to_ms))
    subject = scene.about(held.condition_id, held.version)
    evidence = Evidence(ends, numbers)
    return subject.begin(Kind.ZONE_CROSSED, at_ms, scene.now_ms, Certainty.POSSIBLE, Cause.UNKNOWN, evidence)
