"""Decides when a stay in a restriction zone has lasted for longer than is allowed. Passing through is no breach.

A stay counts from the fix at which the person was certainly inside, from the start of the window, or from when this
version began to ask, whichever came last. It is unbroken while informative fixes come no more than five minutes apart
(kernel.STAY_GAP_MS): after a longer gap nobody can tell that the person did not leave in it, so the count begins anew
with the fix after it, and the gap never counts. Certainly outside ends it.

The limit is passed by the clock, without a new fix, where nobody on foot could have reached the edge since the last
one. Otherwise the next fix settles it: certainly inside still, the limit was passed at its own time; outside, nobody
knows when the person left, and nothing is found.
"""

from surety.rules.facts import Millis
from surety.rules.grounds import CLEAR_OF_EDGE
from surety.rules.ordered import Duty
from surety.rules.presence import Reading
from surety.rules.state import Watch

ON_FOOT_MPS = 2.5  # the fastest walking of adults in their twenties (Bohannon 1997); whoever runs or drives may be gone


def limit_ms(watch: Watch, duty: Duty, reading: Reading) -> Millis:
    """When the stay that is going on will have lasted for as long as is allowed."""
    begins = [watch.asked_ms, watch.since_ms, reading.since_ms]
    return max(at_ms for at_ms in begins if at_ms is not None) + (duty.max_stay_ms or 0)


def is_there(reading: Reading, at_ms: Millis) -> bool:
    """Whether somebody who was inside at the last informative fix certainly was so at an instant, not before it or
    between it and one before."""
    last_ms = reading.last_informative_ms
    if last_ms is None or last_ms >= at_ms:
        return last_ms is not None
    depth_m = reading.clearance_m - CLEAR_OF_EDGE * reading.sigma_m
    return depth_m >= ON_FOOT_MPS * (at_ms - last_ms) / 1000
