"""Decides nothing: shows how the arithmetic of place went for one fix, so that a finding can be worked out again.

Every figure comes from the functions that the rules themselves use (kernel.py, presence.py); none is worked out here a
second way. `share` alone is measured: how far the log-odds in fact went towards what the fix says.
"""

import math

import msgspec
import numpy as np

from surety.rules import kernel, presence
from surety.rules.facts import Fix, Millis
from surety.rules.kernel import Floats
from surety.rules.presence import PackedAreas, Presence, Reading


class Step(msgspec.Struct, frozen=True):
    """One fix against one area: what it brought, and where the evidence stood before and after it.

    Log-odds are natural logarithms of p / (1 - p), p being the probability of inside. `alone` is the log-odds that the
    fix speaks for by itself; `share` how far the evidence moved from `faded` (what a silence left of `before`)
    towards it, None where there was no way to go. `informative`: good enough to change what is held.
    """

    at_ms: Millis
    fact_id: str
    source: str
    accuracy_m: float | None
    sigma_m: float
    clearance_m: float  # positive inside
    ratio: float
    alone: float
    wait_s: float | None  # since the fix before; None for the first
    before: float
    faded: float
    share: float | None
    after: float
    p_inside: float
    held: Presence
    informative: bool


class Limits(msgspec.Struct, frozen=True):
    """What an area's evidence is measured by: its rest, and the probabilities at which inside and outside are held.

    `clear_sigmas`: by how many of its own error scales a position must be past the edge that concludes a breach.
    """

    rest: float
    gain: float
    enter_p: float
    leave_p: float
    clear_sigmas: float


def limits(packed: PackedAreas, row: int) -> Limits:
    """The limits of one area."""
    area = packed.areas[row]
    rest, gain = float(area[kernel.REST]), float(area[kernel.GAIN])
    enter_p, leave_p = (probability(float(area[column])) for column in (kernel.ENTER_AT, kernel.LEAVE_AT))
    return Limits(rest, gain, enter_p, leave_p, float(max(area[kernel.ENTER_SIGMAS], area[kernel.LEAVE_SIGMAS])))


def work_out(evidence: Floats, packed: PackedAreas, row: int, fix: Fix) -> Step:
    """What `fix` does to the evidence about area `row`; `evidence` is as it was before, and stays so."""
    after = evidence.copy()
    accuracy = math.nan if fix.accuracy_m is None else fix.accuracy_m
    presence.observe(after, packed, fix.at_ms, fix.lat_deg, fix.lon_deg, accuracy, presence.SOURCE_CODES[fix.source])
    area, was, now = packed.areas[row], evidence[row], after[row]
    place = kernel.earth_centred(fix.lat_deg, fix.lon_deg)
    sigma = kernel.scale_of(float(accuracy))
    inside = kernel.clearance(area, packed.blocks, packed.corners, *place)
    ratio = kernel.log_likelihood_ratio(area, inside, sigma)
    first = math.isnan(was[kernel.LAST_MS])
    wait_s = None if first else (fix.at_ms - float(was[kernel.LAST_MS])) / 1000
    informative = bool(now[kernel.INFORMATIVE_MS] == fix.at_ms)
    before = float(was[kernel.LOG_ODDS])
    faded = before if wait_s is None else kernel.faded(before, float(area[kernel.REST]), wait_s)
    alone, moved = float(area[kernel.REST] + area[kernel.GAIN] * ratio), float(now[kernel.LOG_ODDS])
    return Step(
        at_ms=fix.at_ms,
        fact_id=fix.id,
        source=fix.source.value,
        accuracy_m=fix.accuracy_m,
        sigma_m=float(sigma),
        # Of a place far away the rules keep the straight distance, which is all that matters there.
        clearance_m=float(now[kernel.CLEARANCE_M] if informative else inside),
        ratio=float(ratio),
        alone=alone,
        wait_s=wait_s,
        before=before,
        faded=float(faded),
        share=None if abs(alone - faded) < 1e-9 else (moved - faded) / (alone - faded),
        after=moved,
        p_inside=probability(moved),
        held=Presence(int(now[kernel.PRESENCE])),
        informative=informative,
    )


def readings(evidence: Floats, at_ms: Millis) -> list[Reading]:
    """What the evidence says of each area at an instant."""
    return [presence.read(evidence, row, at_ms) for row in range(len(evidence))]


def probability(log_odds: float) -> float:
    """The probability that log-odds stand for."""
    return float(1 / (1 + np.exp(-log_odds)))
