"""When a link between a supervised and a protected person is in force, and what it asks. Pure reading of its row.

Line 1 holds for the protected person as for the supervised one: what no consent, no approval and no order in force
cover is not collected.
"""

import copy
from collections.abc import Iterable, Sequence

from surety.rules import conditions as rules
from surety.server.cases.intervals import FOREVER_MS, Span
from surety.server.cases.models import ProtectedAssignment, ProtectedLink

LINK_PREFIX = "link:"  # of the id under which the rules know a link among the conditions
COMPARED_WITHIN_S, UNKNOWN_AFTER_S = (
    600,
    1_800,
)  # the same for all links: what two good devices of one fix a minute allow


def consented_span(link: ProtectedLink) -> Span | None:
    """When a link may be acted on as far as it goes by itself; None while anything is missing, or for no time."""
    if link.approved_ms is None or link.told_ms is None:
        return None
    from_ms = max(link.from_ms, link.consent_ms, link.approved_ms, link.told_ms)
    to_ms = min(at_ms for at_ms in (link.ended_ms, link.withdrawn_ms, FOREVER_MS) if at_ms is not None)
    return Span(from_ms, to_ms) if from_ms < to_ms else None


def as_known(link: ProtectedLink, known_ms: int) -> ProtectedLink:
    """The link as it was on record at an instant (the row is not changed; never save what this gives)."""
    seen = copy.copy(link)
    for name in ("approved_ms", "told_ms", "ended_ms", "withdrawn_ms"):
        at_ms = getattr(link, name)
        setattr(seen, name, None if at_ms is not None and at_ms > known_ms else at_ms)
    return seen


def spans(link: ProtectedLink, order_in_force: Sequence[Span]) -> list[Span]:
    """When a link is in force: its own span within the order's."""
    own = consented_span(link)
    return [] if own is None else [both for one in order_in_force if (both := own.meets(one))]


def conditions(links: Iterable[ProtectedLink], order_in_force: Sequence[Span], time_zone: str) -> list[rules.Condition]:
    """What the links under one order ask of the supervised person, for the rules."""
    found = []
    for link in links:
        body = rules.MovingZone(
            link.pk, link.alert_m, rules.Timetable(time_zone), link.warn_m, COMPARED_WITHIN_S, UNKNOWN_AFTER_S
        )
        for span in spans(link, order_in_force):
            to_ms = None if span.to_ms >= FOREVER_MS else span.to_ms
            found.append(rules.Condition(f"{LINK_PREFIX}{link.pk}", 1, span.from_ms, to_ms, body))
    return found


def carried(assignment: ProtectedAssignment) -> Span:
    """When the protected person carries a device."""
    return Span(assignment.from_ms, FOREVER_MS if assignment.to_ms is None else assignment.to_ms)
