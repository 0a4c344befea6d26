"""Similarities of the pairs of a test set: those of a list, or of each picture with those of all other people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from surety.faces.burst import Machine
from surety.faces.evaluation.pairs import Pair
from surety.faces.evaluation.rates import BINS, Floats, Ints, Scores, binned

ROWS = 1024  # pictures that are compared with all others at once: 64 MB for 16,000
MOST_KEPT = 4_000_000  # impostor similarities; of more pairs the highest are kept
KEPT_SHARE = 0.03  # thrice the largest FMR that is told: draws of the bootstrap reach further down
NOTHING = -2.0  # below every similarity


class View(NamedTuple):
    """The pictures that are compared: their vectors, their places, and who is on them."""

    names: list[str]
    vectors: Floats
    place: dict[str, int]  # by name
    subject_of: Ints  # empty where the test set does not say


def view(names: Sequence[str], vectors: Mapping[str, bytes], subjects: Mapping[str, str]) -> View:
    """Those of the pictures that have a vector. A picture of which nobody is named is as one of somebody else."""
    here = [name for name in names if vectors.get(name)]
    matrix = np.array([np.frombuffer(vectors[name], "<f4") for name in here], np.float32)
    return View(here, matrix, {name: n for n, name in enumerate(here)}, numbered(here, subjects))


def numbered(names: Sequence[str], subjects: Mapping[str, str]) -> Ints:
    """A number from 0 for each person; empty where nobody is named at all."""
    if not subjects:
        return np.zeros(0, np.int64)
    numbers: dict[str, int] = {}
    keys = [f"of {subjects[name]}" if name in subjects else f"alone {name}" for name in names]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def of_list(seen: View, pairs: Sequence[Pair], machine: Machine) -> Scores:
    """The pairs of a list of which both pictures were acquired."""
    usable = [pair for pair in pairs if pair.one in seen.place and pair.other in seen.place]
    ends = np.array([(seen.place[pair.one], seen.place[pair.other]) for pair in usable], np.int64).reshape(-1, 2)
    same = np.array([pair.same for pair in usable], bool)
    alike = similarities(seen, ends, machine)
    order = np.argsort(-alike[~same], kind="stable")
    impostor = alike[~same][order]
    return Scores(
        genuine=alike[same],
        genuine_pairs=ends[same],
        impostor=impostor,
        impostor_pairs=ends[~same][order],
        impostors=len(impostor),
        subject_of=seen.subject_of,
        everyone=False,
        lowest=NOTHING,
        bins=binned(impostor),
    )


def similarities(seen: View, ends: Ints, machine: Machine) -> Floats:
    """Of each pair of places."""
    return np.array([machine.similarity(seen.vectors[a], seen.vectors[b]) for a, b in ends], np.float32)


def of_everyone(seen: View, pairs: Sequence[Pair], machine: Machine) -> Scores:
    """The list's pairs of one person, and each picture with every picture of everybody else."""
    listed = of_list(seen, [pair for pair in pairs if pair.same], machine)
    bins = np.zeros(BINS, np.int64)
    for _, alike in _blocks(seen, machine):
        bins += binned(alike[np.isfinite(alike)])
    count = int(bins.sum())
    lowest = _lowest(bins, count)
    alike, ends = _highest(seen, machine, lowest)
    return listed._replace(
        impostor=alike, impostor_pairs=ends, impostors=count, everyone=True, lowest=lowest, bins=bins
    )


def _blocks(seen: View, machine: Machine) -> Iterator[tuple[int, Floats]]:
    """Similarities of some rows with all pictures from the first of them on; NaN where it is no pair of two people."""
    for first in range(0, len(seen.names), ROWS):
        alike = machine.similarities(seen.vectors[first : first + ROWS], seen.vectors[first:]).astype(np.float32)
        same = seen.subject_of[first : first + ROWS, None] == seen.subject_of[None, first:]
        earlier = np.arange(alike.shape[0])[:, None] >= np.arange(alike.shape[1])[None, :]
        alike[same | earlier] = np.nan
        yield first, alike


def _lowest(bins: Ints, count: int) -> float:
    """From where on similarities are kept: all of them, or the highest few hundredths."""
    if count <= MOST_KEPT:
        return NOTHING
    above = np.cumsum(bins[::-1])
    wanted = max(1, int(np.searchsorted(above, min(count * KEPT_SHARE, MOST_KEPT))))
    return 1 - wanted * 2 / BINS


def _highest(seen: View, machine: Machine, lowest: float) -> tuple[Floats, Ints]:
    parts: list[NDArray[np.float32]] = []
    places: list[Ints] = []
    for first, alike in _blocks(seen, machine):
        rows, columns = np.nonzero(alike > lowest)  # not a number is not more
        parts.append(alike[rows, columns])
        places.append(np.stack([rows + first, columns + first], axis=1))
    alike = np.concatenate(parts)
    order = np.argsort(-alike, kind="stable")
    return alike[order], np.concatenate(places)[order]
