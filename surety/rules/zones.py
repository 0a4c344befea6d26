"""Decides what a zone's breach is called: an exclusion zone entered, an inclusion zone left or not reached, a
restriction zone stayed in for too long (when that is, restriction.py decides).

An exclusion zone is entered when the evidence says so, or at the start of a window for somebody who already is
inside; that needs no new fix. An inclusion zone is left, or its person is absent when its window starts.

A zone that the straight way between two fixes goes through, with neither of them in it, is "crossed": on record with
an interpolated time, POSSIBLE, and never an alert.
"""

import math

from surety.rules import grounds, kernel
from surety.rules.duty import Terms
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.movement import Way
from surety.rules.presence import PackedAreas, Presence
from surety.rules.scene import Scene
from surety.rules.state import Watch

EXCLUSION = Terms(
    keeps=Presence.OUTSIDE, broken_at_start=Kind.ZONE_ENTERED, broken=Kind.ZONE_ENTERED, mended=Kind.ZONE_LEFT
)
INCLUSION = Terms(
    keeps=Presence.INSIDE,
    broken_at_start=Kind.INCLUSION_ABSENT_AT_START,
    broken=Kind.INCLUSION_LEFT,
    mended=Kind.INCLUSION_RETURNED,
)
RESTRICTION = Terms(
    keeps=Presence.OUTSIDE,
    broken_at_start=Kind.RESTRICTION_OVERSTAYED,
    broken=Kind.RESTRICTION_OVERSTAYED,
    mended=Kind.RESTRICTION_LEFT,
)


def crossed(watch: Watch, way: Way, packed: PackedAreas, scene: Scene) -> list[Finding]:
    """Whether the straight way went through the zone of a running window, from outside to outside."""
    row = packed.areas[watch.rows[0]]
    entered, left = kernel.crossing_of(row, packed.blocks, packed.corners, way.start, way.end)
    if math.isnan(entered) or entered <= 0 or left >= 1:
        return []
    at_ms = way.at_ms((entered + left) / 2)
    if watch.since_ms is None or at_ms < watch.since_ms:
        return []
    numbers: grounds.Numbers = {
        "entered_ms": way.at_ms(entered),
        "left_ms": way.at_ms(left),
        "gap_s": way.lasted_s,
        "way_m": round(way.length_m, 1),
        "inside_m": round((left - entered) * way.length_m, 1),
    }
    ids = tuple(seen.fact_id for seen in grounds.used(scene.recent))
    subject = scene.about(watch.condition_id, watch.version)
    return [
        subject.begin(Kind.ZONE_CROSSED, at_ms, scene.now_ms, Certainty.POSSIBLE, Cause.UNKNOWN, Evidence(ids, numbers))
    ]
