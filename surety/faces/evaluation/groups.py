"""How the rates differ between groups of people, at one threshold for all: ISO/IEC 19795-10's differential performance.

A false match of a group is one of two people of the same group, for that is whom somebody would send in their place.
Groups of few people are not told: their rates would say more of single people than of the recogniser.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from surety.faces.evaluation import rates
from surety.faces.evaluation.acquire import Acquired
from surety.faces.evaluation.rates import DRAWS, DRAWS_WHEN_LARGE, LARGE, SEED, Doubles, Rate, Scores
from surety.faces.evaluation.report import GroupRow, GroupTable
from surety.faces.evaluation.scores import View, numbered

LEAST_PEOPLE = 10


class Threshold(NamedTuple):
    """A threshold for everybody."""

    name: str
    value: float


class Everything(NamedTuple):
    """What the rows are made of."""

    acquired: Mapping[str, Acquired]
    subjects: Mapping[str, str]
    view: View
    scores: Scores


def table(all_: Everything, column: str, group_of: Mapping[str, str], threshold: Threshold) -> GroupTable:
    """The rows of one column. ValueError where the threshold lies below the similarities that were kept."""
    exact, fnmr = rates.fmr(all_.scores, threshold.value), rates.fnmr(all_.scores, threshold.value)
    fmr = exact if rates.supported(exact, all_.scores.impostors) else None
    names = sorted({group for group in group_of.values() if group})
    rows = [_row(all_, name, group_of, threshold.value, (fmr, fnmr)) for name in names]
    return GroupTable(column, threshold.value, threshold.name, fmr, fnmr, rows)


def _row(
    all_: Everything, name: str, group_of: Mapping[str, str], threshold: float, overall: tuple[float | None, float]
) -> GroupRow:
    files = [file for file in all_.acquired if group_of.get(file) == name]
    people = numbered(files, all_.subjects) if all_.subjects else np.arange(len(files))
    count = len(np.unique(people))
    if count < LEAST_PEOPLE:
        return GroupRow(name, None)
    here = [all_.acquired[file] for file in files]
    fnmr = _fnmr(all_, name, group_of, threshold)
    fmr = _fmr(all_, name, group_of, threshold)
    return GroupRow(
        name,
        count,
        len(files),
        share([not one.vector for one in here], people),
        share([not one.vector or bool(one.advice) for one in here], people),
        fnmr,
        fmr,
        _ratio(fnmr, overall[1]),
        _ratio(fmr, overall[0]),
    )


def _ratio(rate: Rate | None, overall: float | None) -> float | None:
    return rate.value / overall if rate and overall else None


def share(failed: Sequence[bool], people: NDArray[np.int64]) -> Rate:
    """The share of pictures to which something happened, its interval by drawing people."""
    happened = np.array(failed, np.float64)
    dice, count = np.random.default_rng(SEED), len(np.unique(people))
    drawn = []
    for _ in range(DRAWS if happened.any() else 0):
        weights = rates.counts(dice, count)[people]
        drawn.append(float(weights @ happened / weights.sum()) if weights.any() else np.nan)
    return rates.interval(int(happened.sum()), len(failed), np.array(drawn), count)


def _inside(all_: Everything, name: str, group_of: Mapping[str, str]) -> NDArray[np.bool_]:
    return np.array([group_of.get(file) == name for file in all_.view.names], bool)


def _people(all_: Everything) -> NDArray[np.int64]:
    """Who is on each picture; where nobody says, each picture is drawn by itself."""
    return all_.scores.subject_of if all_.scores.subjects else np.arange(len(all_.view.names))


def _fnmr(all_: Everything, name: str, group_of: Mapping[str, str], threshold: float) -> Rate | None:
    inside, people = _inside(all_, name, group_of), _people(all_)
    pairs = all_.scores.genuine_pairs
    own = inside[pairs].all(axis=1)
    if not own.any():
        return None
    who, missed = people[pairs[own, 0]], all_.scores.genuine[own] < np.float32(threshold)
    _, place = np.unique(who, return_inverse=True)
    return share(list(missed), place)


def _fmr(all_: Everything, name: str, group_of: Mapping[str, str], threshold: float) -> Rate | None:
    """Of pairs of two people of the group."""
    inside = _inside(all_, name, group_of)
    own = inside[all_.scores.impostor_pairs].all(axis=1)
    matches = own & (all_.scores.impostor >= np.float32(threshold))
    people = _people(all_)
    who, place = np.unique(people[inside], return_inverse=True)
    number = np.full(int(people.max(initial=0)) + 1, -1)
    number[who] = np.arange(len(who))
    ends = number[people[all_.scores.impostor_pairs]]  # of people of the group, from 0
    if all_.scores.everyone:
        images = np.bincount(place, minlength=len(who))
        return _of_everyone(ends[matches], images)
    return _of_list(ends[own], matches[own], len(who))


def _of_everyone(matches: NDArray[Any], images: NDArray[Any]) -> Rate | None:
    """With everybody compared the pairs in all are counted, not listed. `matches`: the two people of each."""
    total = round(rates.pairs_of_two(images))
    if not total:
        return None
    shares = [
        float((drawn[matches[:, 0]] * drawn[matches[:, 1]]).sum()) / max(rates.pairs_of_two(drawn * images), 1.0)
        for drawn in _draws(len(images), len(matches))
    ]
    return rates.interval(len(matches), total, np.array(shares), len(images) * (len(images) - 1) // 2)


def _of_list(ends: NDArray[Any], matches: NDArray[np.bool_], people: int) -> Rate | None:
    if not len(ends):
        return None
    shares = []
    for drawn in _draws(people, len(ends)):
        weights = drawn[ends[:, 0]] * drawn[ends[:, 1]]
        shares.append(float(weights[matches].sum() / weights.sum()) if weights.any() else np.nan)
    couples = len(np.unique(np.sort(ends, axis=1), axis=0))
    return rates.interval(int(matches.sum()), len(ends), np.array(shares), couples)


def _draws(people: int, pairs: int) -> Iterator[Doubles]:
    dice = np.random.default_rng(SEED)
    for _ in range(DRAWS if pairs < LARGE else DRAWS_WHEN_LARGE):
        yield rates.counts(dice, people)
