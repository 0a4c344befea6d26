"""Error rates from similarities: FNMR at an FMR, with intervals, and LFW's accuracy. Pure arithmetic.

Terms as in ISO/IEC 19795-1. FMR: share of comparisons of two people that would be called a match. FNMR: share of
comparisons of one person that would not. A pair is called a match from the threshold on (similarity >= threshold).

How small an FMR a test can tell follows Doddington's rule of 30: with fewer than 30 expected false matches the rate is
not known to within 30 % either way (nine times in ten), so it is not told.

Intervals are 95 % percentile intervals of a bootstrap in which people are drawn with replacement, each with all their
pictures; a pair of two people counts as often as both were drawn (Bolle, Ratha and Pankanti 2004). The threshold is
found anew in each draw, so that its own uncertainty is in the interval. Where people are not known pairs are drawn.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_FALSE_MATCHES = 30  # Doddington et al. 2000
DRAWS, DRAWS_WHEN_LARGE, LARGE = 1000, 200, 300_000  # bootstrap draws; fewer where each is of very many pairs
SEED = 20  # the same run gives the same intervals
BINS = 4000


class Scores(NamedTuple):
    """Similarities of pictures, which are numbers from 0; rows of `..._pairs` are the two pictures of each.

    `impostor` is sorted downwards. Where very many pairs were compared it holds those above `lowest` only.
    """

    genuine: Floats
    genuine_pairs: Ints
    impostor: Floats
    impostor_pairs: Ints
    impostors: int  # pairs of two people that were compared, in all
    subject_of: Ints  # who is on each picture, a number from 0; empty where nobody knows
    everyone: bool  # each picture was compared with those of all other people, not by a list
    lowest: float
    bins: Ints  # of all impostor similarities, from -1 to 1

    @property
    def subjects(self) -> int:
        """How many people; 0 where nobody knows."""
        return int(self.subject_of.max()) + 1 if len(self.subject_of) else 0


class Rate(NamedTuple):
    """A share with its interval, and what it is a share of."""

    value: float
    low: float
    high: float
    errors: int
    of: int


class Point(NamedTuple):
    """What is told at one FMR."""

    fmr: float
    threshold: float
    fnmr: Rate


def smallest_fmr(impostors: int) -> float:
    """The smallest FMR that so many pairs of two people can tell."""
    return LEAST_FALSE_MATCHES / impostors if impostors else 1.0


def supported(fmr: float, impostors: int) -> bool:
    """Whether an FMR can be told."""
    return fmr >= smallest_fmr(impostors) * (1 - 1e-9)


def threshold_at(scores: Scores, fmr: float) -> float:
    """The lowest threshold at which at most this share of all impostor pairs is a match."""
    return _cut(scores.impostor, math.floor(fmr * scores.impostors + 1e-9))


def _cut(downwards: Floats, allowed: int) -> float:
    """The lowest threshold that at most so many of the similarities reach."""
    if allowed >= len(downwards):
        return float(downwards[-1]) if len(downwards) else -1.0
    return float(np.nextafter(downwards[allowed], np.float32(2)))


def fnmr(scores: Scores, threshold: float) -> float:
    """Share of the genuine pairs below the threshold."""
    return float(np.mean(scores.genuine < np.float32(threshold))) if len(scores.genuine) else math.nan


def fmr(scores: Scores, threshold: float) -> float:
    """Share of the impostor pairs from the threshold on. ValueError below what was kept."""
    if threshold <= scores.lowest:
        raise ValueError(f"similarities of {threshold} and less were counted and not kept")
    matches = np.searchsorted(-scores.impostor, -np.float32(threshold), side="right")
    return float(matches / scores.impostors) if scores.impostors else math.nan


def points(scores: Scores, wanted: Sequence[float]) -> list[Point]:
    """Threshold and FNMR with its interval at each FMR that these pairs can tell."""
    told = [rate for rate in wanted if supported(rate, scores.impostors)]
    if not told:
        return []
    drawn = np.array([_at_each(scores, told, *weights) for weights in draws(scores)])
    return [_point(scores, rate, drawn[:, n]) for n, rate in enumerate(told)]


def _point(scores: Scores, rate: float, drawn: Doubles) -> Point:
    threshold = threshold_at(scores, rate)
    errors = int(np.count_nonzero(scores.genuine < np.float32(threshold)))
    return Point(rate, threshold, interval(errors, len(scores.genuine), drawn, _independent(scores)))


def _independent(scores: Scores) -> int:
    return len(np.unique(scores.subject_of[scores.genuine_pairs])) if scores.subjects else len(scores.genuine)


def interval(errors: int, of: int, drawn: Doubles, independent: int) -> Rate:
    """The percentile interval; where nothing went wrong at all it ends at the exact bound for independent trials.

    A bootstrap cannot draw an error that never happened. Of n independent trials without one, the upper end of the
    95 % interval is 1 - 0.025^(1/n) (Clopper and Pearson 1934). As independent count people (FNMR, FTA) or couples of
    two people (FMR), however many pictures there are of them.
    """
    usable = drawn[np.isfinite(drawn)]
    low, high = np.percentile(usable, [2.5, 97.5]) if len(usable) else (0.0, 1.0)
    if not errors:
        low, high = 0.0, 1 - 0.025 ** (1 / independent) if independent else 1.0
    return Rate(errors / of if of else math.nan, float(low), float(high), errors, of)


# --- drawing


def draws(scores: Scores) -> Iterator[tuple[Doubles, Doubles, float]]:
    """For each draw: how often each genuine pair, each kept impostor pair, and impostor pairs in all are in it."""
    dice = np.random.default_rng(SEED)
    images_of = np.bincount(scores.subject_of) if scores.everyone else None
    genuine, impostor = (
        scores.subject_of[p] if scores.subjects else p for p in (scores.genuine_pairs, scores.impostor_pairs)
    )
    for _ in range(DRAWS_WHEN_LARGE if len(scores.impostor) > LARGE else DRAWS):
        if scores.subjects:
            drawn = counts(dice, scores.subjects)
            impostors = drawn[impostor[:, 0]] * drawn[impostor[:, 1]]
            total = float(impostors.sum()) if images_of is None else pairs_of_two(drawn * images_of)
            yield drawn[genuine[:, 0]], impostors, total
        else:
            yield counts(dice, len(genuine)), counts(dice, len(impostor)), float(scores.impostors)


def pairs_of_two(images: NDArray[Any]) -> float:
    """How many pairs of pictures of two people there are, given how many pictures each person has."""
    return float(images.sum() ** 2 - (images**2).sum()) / 2


def counts(dice: np.random.Generator, size: int) -> Doubles:
    """How often each of so many was drawn."""
    return np.bincount(dice.integers(0, max(size, 1), size), minlength=size).astype(np.float64)


def _at_each(scores: Scores, wanted: list[float], genuine: Doubles, impostor: Doubles, total: float) -> list[float]:
    reached = np.cumsum(impostor)
    whole = float(genuine.sum())
    found = []
    for rate in wanted:
        allowed = int(np.searchsorted(reached, rate * total + 1e-9, side="right"))
        threshold = np.float32(_cut(scores.impostor, allowed))
        found.append(float(genuine[scores.genuine < threshold].sum() / whole) if whole else math.nan)
    return found


# --- curves


def curve(scores: Scores, steps: int = 120) -> list[tuple[float, float]]:
    """(FMR, FNMR) from the smallest FMR that can be told up to 1, evenly on a logarithmic scale."""
    least = smallest_fmr(scores.impostors)
    if least >= 1:
        return []
    wanted = np.geomspace(least, 1.0, steps)
    return [(float(rate), fnmr(scores, _anywhere(scores, float(rate)))) for rate in wanted]


def _anywhere(scores: Scores, rate: float) -> float:
    """The threshold at an FMR, from the bins where the similarity itself was not kept."""
    allowed = math.floor(rate * scores.impostors + 1e-9)
    if allowed < len(scores.impostor):
        return _cut(scores.impostor, allowed)
    above = np.cumsum(scores.bins[::-1])
    bins = int(np.searchsorted(above, allowed, side="right"))
    return 1 - bins * 2 / BINS


def binned(similarities: Floats) -> Ints:
    """Counts of similarities in even bins from -1 to 1; what lies outside is in the outermost."""
    place = np.clip((similarities + 1) * (BINS / 2), 0, BINS - 1).astype(np.int64)
    return np.bincount(place.ravel(), minlength=BINS)


# --- LFW


class Accuracy(NamedTuple):
    """LFW's figure: the mean over the folds, its standard error, and each fold's own with the threshold used."""

    mean: float
    standard_error: float
    folds: list[float]
    thresholds: list[float]


def accuracy(similarity: Floats, same: NDArray[np.bool_], fold: Ints) -> Accuracy:
    """The share of right answers in each fold, with the threshold that is best on all other folds.

    A pair without a similarity (NaN: no face was acquired) counts as answered wrong.
    """
    numbers = np.unique(fold)
    thresholds = [_best(similarity[fold != n], same[fold != n]) for n in numbers]
    right = [
        float(np.mean(~np.isnan(s := similarity[fold == n]) & ((s >= np.float32(t)) == same[fold == n])))
        for n, t in zip(numbers, thresholds, strict=True)
    ]
    error = float(np.std(right, ddof=1) / math.sqrt(len(right)))
    return Accuracy(float(np.mean(right)), error, right, thresholds)


def _best(similarity: Floats, same: NDArray[np.bool_]) -> float:
    known = ~np.isnan(similarity)
    order = np.argsort(-similarity[known], kind="stable")
    values, truth = similarity[known][order], same[known][order]
    right = np.cumsum(np.where(truth, 1, -1))  # against calling nothing a match
    ends = np.flatnonzero(np.append(values[:-1] != values[1:], values.size > 0))  # equal similarities go together
    if not len(ends):
        return 1.0
    last = int(ends[np.argmax(right[ends])])  # of those that are called a match
    following = values[last + 1] if last + 1 < len(values) else values[last]
    return float((values[last] + following) / 2)  # halfway: as far from either as can be
