"""Which version holds when: versions with effective times become intervals. Pure arithmetic, no database."""

from collections.abc import Iterable, Sequence

import msgspec

FOREVER_MS = 253_402_300_799_000  # the last second of the year 9999: later than anything recorded


class Span(msgspec.Struct, frozen=True, order=True):
    """From `from_ms` until before `to_ms`."""

    from_ms: int
    to_ms: int

    def meets(self, other: "Span") -> "Span | None":
        """What both cover, or None."""
        both = Span(max(self.from_ms, other.from_ms), min(self.to_ms, other.to_ms))
        return both if both.from_ms < both.to_ms else None


class Held(msgspec.Struct, frozen=True):
    """That one version (by its number) holds during a span."""

    version: int
    span: Span


def version_spans(versions: Iterable[tuple[int, int]]) -> list[Held]:
    """From (version, effective_from_ms) pairs, in any order: who holds when, in order of time.

    In force at t is the greatest number among those with effective_from_ms <= t, so a version recorded later takes
    the place of the earlier ones from its own time on, also when that lies in the past.
    """
    by_time = sorted(versions, key=lambda pair: pair[1])
    held: list[Held] = []
    current = 0
    for number, from_ms in by_time:
        if number < current:
            continue
        current = number
        if held:
            last = held.pop()
            if last.span.from_ms < from_ms:
                held.append(Held(last.version, Span(last.span.from_ms, from_ms)))
        held.append(Held(number, Span(from_ms, FOREVER_MS)))
    return held


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same instants in as few spans as possible, in order of time."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.from_ms <= merged[-1].to_ms:
            last = merged.pop()
            span = Span(last.from_ms, max(last.to_ms, span.to_ms))  # noqa: PLW2901 - grown, then kept
        merged.append(span)
    return merged


def intersect(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The instants that both cover."""
    return [both for a in one for b in other if (both := a.meets(b))]
