"""Error rates from similarities of which it is known what must come out. No pictures, no models: arithmetic alone."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.faces.evaluation import groups, rates, scores
from surety.faces.evaluation.acquire import Acquired
from surety.faces.evaluation.pairs import Pair
from surety.faces.evaluation.rates import Scores
from surety.faces.evaluation.scores import View


class Cosine:
    """The part of a recogniser that is asked here: how alike two vectors are."""

    def similarity(self, one, other) -> float:
        return float(one @ other)

    def similarities(self, ones, others):
        return ones @ others.T


def unit(vectors) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def crowd(people: int, pictures: int, spread: float = 0.8, length: int = 32, seed: int = 1) -> View:
    """Vectors of pictures of so many people, scattered around each one's own."""
    dice = np.random.default_rng(seed)
    own = unit(dice.normal(size=(people, length)))
    vectors = unit(
        np.repeat(own, pictures, axis=0) + dice.normal(size=(people * pictures, length)) * spread / length**0.5
    )
    names = [f"{who}/{n}" for who in range(people) for n in range(pictures)]
    return scores.view(
        names, {n: v.tobytes() for n, v in zip(names, vectors, strict=True)}, {n: n.split("/")[0] for n in names}
    )


def every_pair(view: View) -> list[Pair]:
    return [Pair(a, b, a.split("/")[0] == b.split("/")[0]) for a, b in combinations(view.names, 2)]


@pytest.fixture(scope="module")
def view() -> View:
    return crowd(60, 3)


@pytest.fixture(scope="module")
def found(view: View) -> Scores:
    return scores.of_list(view, every_pair(view), Cosine())


def plain(genuine, impostor) -> Scores:
    """Similarities of pairs of which nobody is named."""
    genuine, impostor = np.array(genuine, np.float32), -np.sort(-np.array(impostor, np.float32))
    pairs = [np.arange(2 * len(s)).reshape(-1, 2) for s in (genuine, impostor)]
    return Scores(
        genuine=genuine,
        genuine_pairs=pairs[0],
        impostor=impostor,
        impostor_pairs=pairs[1],
        impostors=len(impostor),
        subject_of=np.zeros(0, np.int64),
        everyone=False,
        lowest=-2.0,
        bins=rates.binned(impostor),
    )


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=300), st.floats(0.0001, 0.9))
@settings(max_examples=200, deadline=None)
def test_the_threshold_is_the_lowest_that_keeps_the_fmr(values: list[int], wanted: float) -> None:
    found = plain([0.5], np.array(values) / 50)
    threshold = rates.threshold_at(found, wanted)
    assert rates.fmr(found, threshold) <= wanted
    below = found.impostor[found.impostor < np.float32(threshold)]
    if len(below):
        assert rates.fmr(found, float(below[0])) > wanted


def test_the_fnmr_is_the_share_below_the_threshold_and_equal_is_a_match() -> None:
    found = plain([0.1, 0.3, 0.5, 0.7], [0.0])
    assert [rates.fnmr(found, t) for t in (0.0, 0.3, 0.31, 0.7, 0.8)] == [0, 0.25, 0.5, 0.75, 1]


def test_no_fmr_is_told_that_the_pairs_cannot_tell() -> None:
    impostor = np.linspace(-0.5, 0.5, 29_999)
    assert [p.fmr for p in rates.points(plain([0.6], impostor), (1e-2, 1e-3, 1e-4))] == [1e-2]
    impostor = np.linspace(-0.5, 0.5, 30_000)
    assert [p.fmr for p in rates.points(plain([0.6], impostor), (1e-2, 1e-3, 1e-4))] == [1e-2, 1e-3]
    assert rates.points(plain([0.6], [0.1, 0.2]), (1e-2,)) == []
    assert rates.smallest_fmr(3_000_000) == pytest.approx(1e-5)


def test_everybody_against_everybody_is_the_list_of_all_pairs(view: View, found: Scores) -> None:
    everyone = scores.of_everyone(view, every_pair(view), Cosine())
    assert everyone.impostors == found.impostors == 60 * 59 // 2 * 9
    assert everyone.impostor == pytest.approx(found.impostor, abs=1e-5)
    one, other = (rates.points(s, (1e-2,))[0] for s in (everyone, found))
    assert one.threshold == pytest.approx(other.threshold, abs=1e-5)
    assert one.fnmr == pytest.approx(other.fnmr)


def test_what_is_told_is_the_same_where_only_the_highest_similarities_are_kept(
    view: View, found: Scores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "MOST_KEPT", 1000)
    monkeypatch.setattr(scores, "ROWS", 50)
    fewer = scores.of_everyone(view, every_pair(view), Cosine())
    assert 300 < len(fewer.impostor) < 1100
    assert fewer.impostors == found.impostors
    assert rates.points(fewer, (1e-2,))[0].threshold == pytest.approx(
        rates.points(found, (1e-2,))[0].threshold, abs=1e-5
    )
    with pytest.raises(ValueError, match="not kept"):
        rates.fmr(fewer, -0.5)
    for (a, b), (c, d) in zip(rates.curve(fewer), rates.curve(found), strict=True):
        assert a == c
        assert b == pytest.approx(d, abs=0.02)  # below what was kept a curve is read from bins


def test_the_interval_holds_the_true_rate_about_as_often_as_it_says() -> None:
    """Nineteen times in twenty; pictures of one person err together, which pairs drawn one by one would not show."""
    truth = rates.fnmr(scores.of_list(v := crowd(1500, 3, seed=99), genuine(v), Cosine()), 0.55)
    inside = alone = 0
    for seed in range(40):
        v = crowd(60, 6, seed=seed)
        told = scores.of_list(v, genuine(v), Cosine())
        people = told.subject_of[told.genuine_pairs[:, 0]]
        rate = groups.share(list(told.genuine < 0.55), people)
        inside += rate.low <= truth <= rate.high
        pairwise = groups.share(list(told.genuine < 0.55), np.arange(len(people)))
        alone += pairwise.low <= truth <= pairwise.high
    assert inside >= 34
    assert alone < inside


def genuine(view: View) -> list[Pair]:
    by_person: dict[str, list[str]] = {}
    for name in view.names:
        by_person.setdefault(name.split("/")[0], []).append(name)
    return [Pair(a, b, same=True) for names in by_person.values() for a, b in combinations(names, 2)]


def test_where_nothing_went_wrong_the_interval_still_does_not_end_at_nothing(found: Scores) -> None:
    rate = groups.share([False] * 200, np.repeat(np.arange(50), 4))
    assert (rate.value, rate.low) == (0, 0)
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 50))


def test_a_run_gives_the_same_intervals_again(found: Scores) -> None:
    assert rates.points(found, (1e-2,)) == rates.points(found, (1e-2,))


# --- LFW


def test_each_fold_is_judged_with_the_threshold_of_the_others() -> None:
    similarity = np.array([0.9, 0.8, 0.1, 0.2] * 9 + [0.4, 0.3, 0.1, 0.2], np.float32)
    same = np.array([True, True, False, False] * 10)
    fold = np.repeat(np.arange(10), 4)
    told = rates.accuracy(similarity, same, fold)
    assert told.folds == [1.0] * 9 + [0.5]  # of the last one both pairs of one person are under .8
    assert told.mean == pytest.approx(0.95)
    assert told.standard_error == pytest.approx(0.05)


def test_a_pair_that_could_not_be_compared_counts_as_wrong() -> None:
    similarity = np.array([0.9, math.nan, 0.1, math.nan] * 2, np.float32)
    told = rates.accuracy(similarity, np.array([True, True, False, False] * 2), np.repeat([0, 1], 4))
    assert told.folds == [0.5, 0.5]


# --- groups


@pytest.fixture(scope="module")
def divided() -> groups.Everything:
    """120 people; those of the group b look more alike each other than those of a; c are three."""
    view = crowd(120, 3)
    shared = unit(np.random.default_rng(5).normal(size=(1, view.vectors.shape[1])))
    vectors = view.vectors.copy()
    vectors[180:] = unit(vectors[180:] + shared * 0.9)
    view = view._replace(vectors=vectors)
    acquired = {
        name: Acquired(name, b"v", advice=("find_light",) if n % 2 else ()) for n, name in enumerate(view.names)
    }
    found = scores.of_list(view, every_pair(view), Cosine())
    return groups.Everything(acquired, {name: name.split("/")[0] for name in view.names}, view, found)


def group_of(view: View) -> dict[str, str]:
    people = [int(name.split("/")[0]) for name in view.names]
    return {name: "a" if who < 60 else "b" if who < 117 else "c" for name, who in zip(view.names, people, strict=True)}


def test_a_difference_between_groups_is_told_with_its_interval(divided: groups.Everything) -> None:
    threshold = groups.Threshold("test", rates.threshold_at(divided.scores, 1e-2))
    table = groups.table(divided, "kind", group_of(divided.view), threshold)
    a, b, c = table.rows
    assert (a.people, b.people, c.people) == (60, 57, None)
    assert a.fmr is not None
    assert b.fmr is not None
    assert b.fmr.of == 57 * 56 // 2 * 9
    assert b.fmr_differential is not None
    assert b.fmr_differential == pytest.approx(b.fmr.value / table.fmr)
    assert b.fmr_differential > 2
    assert b.fmr.low > a.fmr.high
    assert a.gate is not None
    assert a.gate.value == pytest.approx(0.5)


def test_a_small_group_is_not_told_at_all(divided: groups.Everything) -> None:
    table = groups.table(divided, "kind", group_of(divided.view), groups.Threshold("test", 0.5))
    c = table.rows[2]
    assert (c.people, c.pictures, c.fnmr, c.fmr, c.failed, c.gate) == (None, 0, None, None, None, None)


def test_groups_come_out_the_same_where_everybody_is_compared(divided: groups.Everything) -> None:
    everyone = scores.of_everyone(divided.view, every_pair(divided.view), Cosine())
    threshold = groups.Threshold("test", rates.threshold_at(divided.scores, 1e-2))
    listed, all_ = (
        groups.table(divided._replace(scores=s), "kind", group_of(divided.view), threshold)
        for s in (divided.scores, everyone)
    )
    for one, other in zip(listed.rows[:2], all_.rows[:2], strict=True):
        assert one.fmr == pytest.approx(other.fmr)
        assert one.fnmr == other.fnmr
