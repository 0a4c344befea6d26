"""Exact 95 % intervals of counts: Garwood's of a Poisson mean, Clopper and Pearson's of a share."""

import numpy as np

BEYOND = 0.025  # on either side


def poisson(count):
    """Bounds of the mean of which `count` was seen."""
    high = 20.0 + 4.0 * count
    low = _where(lambda mean: 1 - _poisson_up_to(count - 1, mean), BEYOND, high) if count else 0.0
    return low, _where(lambda mean: 1 - _poisson_up_to(count, mean), 1 - BEYOND, high)


def binomial(hits, trials):
    """Bounds of the share of which `hits` out of `trials` were seen."""
    low = _where(lambda share: 1 - _binomial_up_to(hits - 1, trials, share), BEYOND, 1.0) if hits else 0.0
    high = _where(lambda share: 1 - _binomial_up_to(hits, trials, share), 1 - BEYOND, 1.0) if hits < trials else 1.0
    return low, high


def _where(rising, value, high):
    """Where a function that rises from 0 reaches a value, between 0 and `high`."""
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < value else (low, middle)
    return (low + high) / 2


def _poisson_up_to(count, mean):
    n = np.arange(count + 1)
    return float(np.exp(n * np.log(mean) - mean - _log_factorials(count)[n]).sum())


def _binomial_up_to(hits, trials, share):
    n, factorials = np.arange(hits + 1), _log_factorials(trials)
    ways = factorials[trials] - factorials[n] - factorials[trials - n]
    return float(np.exp(ways + n * np.log(share) + (trials - n) * np.log1p(-share)).sum())


def _log_factorials(most):
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])
