"""Decides what a zone's breach is called: an exclusion zone entered, an inclusion zone left or not reached, a
restriction zone stayed in for too long (when that is, restriction.py decides).

An exclusion zone is entered when the evidence says so, or at the start of a window for somebody who already is
inside; that needs no new fix. An inclusion zone is left, or its person is absent when its window starts.

A zone that the straight way between two fixes goes through, with neither of them in it, is "crossed" (crossings.py).
"""

from surety.rules.duty import Terms
from surety.rules.findings import Kind
from surety.rules.presence import Presence

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
