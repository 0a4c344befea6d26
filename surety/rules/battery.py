"""Decides when a battery will be flat, from its own discharge since it was last charged; or that this cannot be told.

Devices tell whole percent, so the instants at which a lower percent was first told are kept. The rate is the median of
the slopes between any two of them (Theil 1950, Sen 1968), which a third of wild readings do not move. Where the slopes
disagree, or the readings are few or lie close together, there is no forecast: a wrong instant is worse than none.
"""

import statistics
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from surety.rules.facts import Millis

HOUR_MS = 3_600_000
Level = tuple[Millis, float]  # when a level was first told, and the level in percent

MOST_LEVELS = 12
NOISE_PCT = 2.0  # so much up is a warmer battery; more is a charge that nobody told of
LEAST_LEVELS, LEAST_DROP_PCT, LEAST_SPAN_MS = 4, 3.0, HOUR_MS // 2
AGREE = 2.5  # the quarter of the slopes that is steepest, over the quarter that is flattest, at most
LONGEST_MS = 48 * HOUR_MS  # further ahead the person has charged it anyway


class Forecast(NamedTuple):
    """When the battery is empty if it goes on so, and how fast it empties."""

    flat_at_ms: Millis
    pct_an_hour: float


def with_level(levels: tuple[Level, ...], at_ms: Millis, pct: float, *, charging: bool | None) -> tuple[Level, ...]:
    """The levels since the last charge, with one more told."""
    if charging or (levels and pct > levels[-1][1] + NOISE_PCT):
        return ()
    if levels and pct >= levels[-1][1]:
        return levels
    return (*levels, (at_ms, pct))[-MOST_LEVELS:]


def forecast(levels: Sequence[Level]) -> Forecast | None:
    """When the battery will be flat; None when the readings do not support it."""
    if len(levels) < LEAST_LEVELS:
        return None
    (first_ms, first_pct), (last_ms, last_pct) = levels[0], levels[-1]
    if last_ms - first_ms < LEAST_SPAN_MS or first_pct - last_pct < LEAST_DROP_PCT:
        return None
    slopes = [(b - a) / (b_ms - a_ms) for (a_ms, a), (b_ms, b) in combinations(levels, 2) if b_ms > a_ms]
    steep, middle, shallow = statistics.quantiles(slopes, n=4)
    if shallow >= 0 or steep / shallow > AGREE:
        return None
    level_at_0 = statistics.median(pct - middle * (at_ms - first_ms) for at_ms, pct in levels)
    flat_at_ms = first_ms + round(-level_at_0 / middle)
    if not last_ms <= flat_at_ms <= last_ms + LONGEST_MS:
        return None
    return Forecast(flat_at_ms, round(-middle * HOUR_MS, 2))
