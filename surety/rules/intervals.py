"""The algebra of times: spans and windows between UTC instants, joined, cut and taken away.

Every interval is [start, end) in milliseconds since the epoch; the empty one does not exist.
"""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from surety.rules.facts import Millis

BEGINNING: Millis = -(2**62)  # before every instant
END: Millis = 2**62  # after every instant


class Window(msgspec.Struct, frozen=True):
    """A time in which a condition is active: [start_ms, end_ms), at any of `places` (empty: the only one).

    `piece_of_ms`: the start of the ordered window, where an exception or an absence cut off what lay before this piece.
    """

    start_ms: Millis
    end_ms: Millis
    places: tuple[str, ...] = ("",)
    piece_of_ms: Millis | None = None

    @property
    def ordered_ms(self) -> Millis:
        """The start of the ordered window: the same for all its pieces."""
        return self.start_ms if self.piece_of_ms is None else self.piece_of_ms


class Span(NamedTuple):
    """A time [start_ms, end_ms)."""

    start_ms: Millis
    end_ms: Millis


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time as spans that neither overlap nor touch, in order; what ends before it starts is nothing."""
    found: list[Span] = []
    for span in sorted(span for span in spans if span.start_ms < span.end_ms):
        if found and span.start_ms <= found[-1].end_ms:
            found[-1] = Span(found[-1].start_ms, max(found[-1].end_ms, span.end_ms))
        else:
            found.append(span)
    return tuple(found)


def without(windows: Iterable[Window], spans: Iterable[Span]) -> tuple[Window, ...]:
    """What is left of windows when spans are taken away; each piece keeps its places and its ordered window."""
    merged = merge(spans)
    found: list[Window] = []
    for window in windows:
        at = window.start_ms
        for span in merged:
            found += piece(window, at, min(span.start_ms, window.end_ms))
            at = max(at, span.end_ms)
        found += piece(window, at, window.end_ms)
    return tuple(found)


def clip(windows: Iterable[Window], from_ms: Millis, to_ms: Millis) -> tuple[Window, ...]:
    """Windows cut to [from_ms, to_ms); each piece keeps its places and its ordered window."""
    cut = (piece(window, max(window.start_ms, from_ms), min(window.end_ms, to_ms)) for window in windows)
    return tuple(itertools.chain.from_iterable(cut))


def piece(window: Window, start_ms: Millis, end_ms: Millis) -> list[Window]:
    """The part of a window from `start_ms` to `end_ms`: one window or, where that is no time, none."""
    if start_ms >= end_ms:
        return []
    ordered = window.ordered_ms
    return [Window(start_ms, end_ms, window.places, None if start_ms == ordered else ordered)]
