"""How probable a crossing between two sparse fixes is said to be, against what the fixes left out between them show.

Real traces are thinned to one fix in one, two, five and ten minutes; each straight way of which neither end lies in a
zone but which goes through it is a case. It was crossed where the route's own truth or a fix that was left out says so.
The probability is a lower bound, so the observed share should be no less than what was said.
"""

import itertools

import numpy as np

from benchmarks import traces
from surety.rules import kernel, presence
from surety.rules.crossings import probability
from surety.rules.movement import Way

GAPS_S = (60, 120, 300, 600)
BINS = ((0.1, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0))


def measure():
    """The observed share of crossings by what was said, in all and on each make of phone."""
    if rows := traces.skipped("crossings"):
        return rows
    cases = [case for watched in traces.watched("zones") for case in _cases(watched)]
    rows = []
    for make in ("", "android", "ios"):
        chosen = np.array([(p, hit) for trace, p, hit in cases if make in trace])
        rows += [_row(make, chosen, low, high) for low, high in BINS]
    return rows


def _row(make, chosen, low, high):
    within = chosen[(chosen[:, 0] >= low) & (chosen[:, 0] <= high)]
    said = f"{len(within)} cases, said {within[:, 0].mean():.2f}"
    name = f"crossed when said {low} to {high}{f', {make}' if make else ''}"
    return {"name": name, "value": float(within[:, 1].mean()), "unit": "share", "baseline": said}


def _cases(watched):
    packed = presence.pack([(task.area, task.mode) for task in watched.tasks])
    truth = {case["case"]: case["entries"] for case in traces.truth("zones")}
    places = [kernel.earth_centred(lat, lon) for _, lat, lon, _ in watched.track]
    inside = np.array([[_depth(packed, i, place) for place in places] for i in range(len(packed))])
    for gap_s in GAPS_S:
        for a, b in itertools.pairwise(_thinned(watched.track, gap_s)):
            for i, task in enumerate(watched.tasks):
                way = _way(watched.track, places, a, b)
                if way is None or max(inside[i, a], inside[i, b]) >= 0:
                    continue
                entered, left, deepest, depth_m = kernel.crossing_of(
                    packed.areas[i], packed.blocks, packed.corners, way.start, way.end
                )
                if entered > 0 and left < 1:
                    spans = truth[task.case]
                    hit = any(s[0] < watched.track[b, 0] and s[1] > watched.track[a, 0] for s in spans)
                    hit = hit or bool((inside[i, a + 1 : b] > 0).any())
                    yield task.trace, probability(way, deepest, depth_m), hit


def _depth(packed, i, place):
    return kernel.clearance(packed.areas[i], packed.blocks, packed.corners, *place)


def _thinned(track, gap_s):
    kept = [0]
    for n in range(1, len(track)):
        if track[n, 0] - track[kept[-1], 0] >= gap_s:
            kept.append(n)
    return kept


def _way(track, places, a, b):
    sigmas = [kernel.scale_of(track[n, 3]) for n in (a, b)]
    lasted_s = track[b, 0] - track[a, 0]
    if max(sigmas) > kernel.GOOD_SIGMA_M or lasted_s > 1_260:
        return None
    return Way(places[a], places[b], 0, round(1000 * lasted_s), *sigmas, "")
