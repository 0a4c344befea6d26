"""The algebra of times, against sets of single milliseconds."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from surety.rules.intervals import BEGINNING, END, Span, Window, clip, merge, without

spans = st.lists(st.builds(Span, st.integers(0, 60), st.integers(0, 60)), max_size=8)
ordered = st.lists(st.integers(0, 60), max_size=10, unique=True).map(
    lambda edges: [Window(a, b, (str(a),)) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
)


def instants(intervals: list[Span] | list[Window] | tuple[Span, ...] | tuple[Window, ...]) -> list[int]:
    return [at for one in intervals for at in range(one.start_ms, one.end_ms)]


@given(spans)
def test_merged_spans_cover_the_same_time_apart_and_in_order(found: list[Span]) -> None:
    merged = merge(found)
    assert instants(merged) == sorted(set(instants(found)))
    assert all(one.start_ms < one.end_ms for one in merged)
    assert all(a.end_ms < b.start_ms for a, b in itertools.pairwise(merged))


@given(ordered, spans)
def test_what_is_taken_away_is_gone_and_nothing_else_is(windows: list[Window], taken: list[Span]) -> None:
    left = without(windows, taken)
    gone = set(instants(taken))
    assert instants(left) == [at for at in instants(windows) if at not in gone]
    assert all(one.start_ms < one.end_ms for one in left)


@given(ordered, spans, spans)
def test_every_piece_belongs_to_the_window_that_was_ordered(
    windows: list[Window], taken: list[Span], more: list[Span]
) -> None:
    whole = {window.start_ms: window for window in windows}
    for piece in without(without(windows, taken), more):
        of = whole[piece.ordered_ms]
        assert of.start_ms <= piece.start_ms < piece.end_ms <= of.end_ms
        assert piece.places == of.places
        assert (piece.piece_of_ms is None) == (piece.start_ms == of.start_ms)


@given(ordered, spans, spans)
def test_taking_away_twice_is_taking_away_both(windows: list[Window], taken: list[Span], more: list[Span]) -> None:
    assert without(without(windows, taken), more) == without(windows, [*taken, *more])


@given(ordered, st.integers(0, 60), st.integers(0, 60))
def test_clipping_is_taking_away_what_lies_outside(windows: list[Window], begin: int, end: int) -> None:
    clipped = clip(windows, begin, end)
    assert instants(clipped) == [at for at in instants(windows) if begin <= at < end]
    if begin < end:
        assert clipped == without(windows, [Span(BEGINNING, begin), Span(end, END)])


def test_a_night_with_an_hour_of_leave_is_two_pieces_of_one_night() -> None:
    night = Window(19, 31, ("home", "mothers"))
    before, after = without([night], [Span(22, 23)])
    assert before == Window(19, 22, ("home", "mothers"))
    assert after == Window(23, 31, ("home", "mothers"), piece_of_ms=19)
    assert before.ordered_ms == after.ordered_ms == 19


def test_leave_from_the_start_leaves_a_piece_that_still_names_its_night() -> None:
    (rest,) = without([Window(19, 31)], [Span(10, 20)])
    assert (rest.start_ms, rest.ordered_ms) == (20, 19)


def test_leave_that_only_touches_takes_nothing() -> None:
    assert without([Window(19, 31)], [Span(10, 19), Span(31, 40)]) == (Window(19, 31),)


def test_spans_that_touch_are_one_and_what_ends_before_it_starts_is_none() -> None:
    assert merge([Span(5, 7), Span(1, 5), Span(9, 8), Span(3, 3)]) == (Span(1, 7),)
