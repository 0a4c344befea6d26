"""The intervals that stand beside every count of the benchmarks, against published tables."""

import pytest

from benchmarks import intervals
from surety import exact


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (2, 0.2422, 7.225), (10, 4.795, 18.390), (60, 45.786, 77.232)],
)
def test_the_mean_of_a_count_lies_within_garwoods_bounds(count, low, high):
    assert intervals.poisson(count) == pytest.approx((low, high), abs=1e-3)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (620, 620, 0.9941, 1.0),
    ],
)
def test_a_share_lies_within_cloppers_and_pearsons_bounds(hits, trials, low, high):
    assert intervals.binomial(hits, trials) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("count", "share", "low", "high"),
    # Ranks of the order statistics (from 1) by the binomial table: of the median of 10, 2 and 9; of 20, 6 and 15.
    [(10, 0.5, 2, 9), (20, 0.5, 6, 15), (1, 0.5, 1, 1), (5, 0.95, 4, 5)],
)
def test_a_quantile_lies_between_two_order_statistics(count, share, low, high):
    assert exact.quantile(list(range(1, count + 1)), share)[1:] == (low, high)
