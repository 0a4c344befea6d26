"""Review or lapse: until when an order may be acted on whose review does not come. Arithmetic, no clock, no process.

An order is acted on in full until its review is due and `review_grace_days` are over, then for
`review_verdict_only_days` for verdicts alone (no photographs, no reading of a kept trail), then not at all. A review
restores it from the time of its recording on, and never backwards: what had lapsed stays lapsed, whatever is written
down later (docs/adr/0028).
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from django.conf import settings

from surety.server.cases.intervals import Span, merge, version_spans

DAY_MS = 86_400_000


class Reviewed(Protocol):
    """What is asked of a version of an order."""

    version: int
    effective_from_ms: int
    recorded_ms: int
    review_due_ms: int


class Phase(NamedTuple):
    """A time in which an order may be acted on as far as its reviews go: in full, or for verdicts alone."""

    span: Span
    full: bool


def grace_ms() -> int:
    """How long everything goes on after a review was due."""
    return int(settings.SURETY.review_grace_days) * DAY_MS


def verdict_only_ms() -> int:
    """How long an order serves verdicts alone after the days of grace."""
    return int(settings.SURETY.review_verdict_only_days) * DAY_MS


def full_until_ms(review_due_ms: int) -> int:
    """When a review that was due at an instant, and did not come, ends photographs and the reading of a trail."""
    return review_due_ms + grace_ms()


def suspended_from_ms(review_due_ms: int) -> int:
    """When a review that was due at an instant, and did not come, ends everything."""
    return full_until_ms(review_due_ms) + verdict_only_ms()


def phases(versions: Iterable[Reviewed]) -> list[Phase]:
    """When the reviews of one order let it be acted on, and how far, in order of time.

    A date counts from when it was written down: a version that reaches back gives no time back that had lapsed. The
    first version alone counts from its own start, as no date was missed before it.
    """
    found = []
    for span, review_due_ms in _dates(versions):
        full_ms, end_ms = full_until_ms(review_due_ms), suspended_from_ms(review_due_ms)
        for own, full in ((Span(span.from_ms, full_ms), True), (Span(full_ms, end_ms), False)):
            if both := span.meets(own):
                found.append(Phase(both, full))
    return found


def full_spans(versions: Iterable[Reviewed]) -> list[Span]:
    """When no review of the order was overdue beyond the days of grace."""
    return merge(one.span for one in phases(versions) if one.full)


def _dates(versions: Iterable[Reviewed]) -> list[tuple[Span, int]]:
    """Which date of review stood when."""
    rows = {one.version: one for one in versions}
    first = min(rows, default=0)
    known = (
        (one.version, one.effective_from_ms if one.version == first else max(one.effective_from_ms, one.recorded_ms))
        for one in rows.values()
    )
    return [(held.span, rows[held.version].review_due_ms) for held in version_spans(known)]
