"""The straight way between two good fixes, for the rules that look at what lies between them. Decides nothing."""

from typing import NamedTuple

from surety.rules import kernel
from surety.rules.facts import Millis
from surety.rules.kernel import Floats

Place = tuple[float, float, float]


class Way(NamedTuple):
    """From one good fix to the next: Earth-centred metres, times, and the error scales of both. Nobody need have
    gone straight: what rests on this is POSSIBLE, never more."""

    start: Place
    end: Place
    from_ms: Millis
    to_ms: Millis
    from_sigma_m: float
    to_sigma_m: float
    fact_id: str  # of the fix at its end

    @property
    def length_m(self) -> float:
        """The chord, in metres."""
        return float(sum((b - a) ** 2 for a, b in zip(self.start, self.end, strict=True)) ** 0.5)

    @property
    def lasted_s(self) -> float:
        """The time between the two fixes."""
        return (self.to_ms - self.from_ms) / 1000

    def at_ms(self, share: float) -> Millis:
        """When somebody of even pace was at a share (0 to 1) of the way."""
        return self.from_ms + round(share * (self.to_ms - self.from_ms))


def way(before: Floats, after: Floats, fact_id: str) -> Way:
    """The way between two fixes as kernel.py keeps the last good one."""
    start, end = (_place(row) for row in (before, after))
    times = int(before[kernel.BEFORE_MS]), int(after[kernel.BEFORE_MS])
    return Way(start, end, *times, float(before[kernel.BEFORE_SIGMA_M]), float(after[kernel.BEFORE_SIGMA_M]), fact_id)


def _place(row: Floats) -> Place:
    x, y, z = row[kernel.BEFORE_X : kernel.BEFORE_X + 3]
    return float(x), float(y), float(z)


def reaches_back(before: Floats, after: Floats, to_ms: Millis) -> bool:
    """Whether the way to a new good fix is long enough in time to be looked at, and began before an instant."""
    from_ms = before[kernel.BEFORE_MS]  # NaN before any, which is less than nothing
    return bool(from_ms < to_ms and after[kernel.BEFORE_MS] - from_ms >= 1000 * kernel.SPARSE_S)
