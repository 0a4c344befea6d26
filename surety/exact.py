"""Exact 95 % intervals of what was counted, for small counts as for large ones.

Garwood's (1936) of a Poisson mean, Clopper and Pearson's (1934) of a share; of a quantile, the two order statistics
between which it lies (Conover, Practical Nonparametric Statistics, 3.2).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

BEYOND = 0.025  # on either side


def poisson(count: int) -> tuple[float, float]:
    """Bounds of the mean of which `count` was seen."""
    high = 20.0 + 4.0 * count
    low = _where(lambda mean: 1 - _poisson_up_to(count - 1, mean), BEYOND, high) if count else 0.0
    return low, _where(lambda mean: 1 - _poisson_up_to(count, mean), 1 - BEYOND, high)


def binomial(hits: int, trials: int) -> tuple[float, float]:
    """Bounds of the share of which `hits` out of `trials` were seen."""
    low = _where(lambda share: 1 - _binomial_up_to(hits - 1, trials, share), BEYOND, 1.0) if hits else 0.0
    high = _where(lambda share: 1 - _binomial_up_to(hits, trials, share), 1 - BEYOND, 1.0) if hits < trials else 1.0
    return low, high


def quantile(ordered: Sequence[float], share: float) -> tuple[float, float, float]:
    """The value below which a share of all lies, and its bounds; `ordered` rises and is not empty.

    Where too few were seen to bound it above, the bound is the greatest that was seen.
    """
    count = len(ordered)
    ranks, factorials = np.arange(count), _log_factorials(count)
    ways = factorials[count] - factorials[ranks] - factorials[count - ranks]
    # That at most so many of all lie below it, for every rank.
    below = np.cumsum(np.exp(ways + ranks * np.log(share) + (count - ranks) * np.log1p(-share)))
    at = min(count, max(1, int(np.ceil(share * count)))) - 1
    low = max(0, int(np.searchsorted(below, BEYOND, side="right")) - 1)
    high = min(count - 1, int(np.searchsorted(below, 1 - BEYOND, side="left")))
    return ordered[at], ordered[low], ordered[high]


def _where(rising: Callable[[float], float], value: float, high: float) -> float:
    """Where a function that rises from 0 reaches a value, between 0 and `high`."""
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < value else (low, middle)
    return (low + high) / 2


def _poisson_up_to(count: int, mean: float) -> float:
    n = np.arange(count + 1)
    return float(np.exp(n * np.log(mean) - mean - _log_factorials(count)[n]).sum())


def _binomial_up_to(hits: int, trials: int, share: float) -> float:
    n, factorials = np.arange(hits + 1), _log_factorials(trials)
    ways = factorials[trials] - factorials[n] - factorials[trials - n]
    return float(np.exp(ways + n * np.log(share) + (trials - n) * np.log1p(-share)).sum())


def _log_factorials(most: int) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])
