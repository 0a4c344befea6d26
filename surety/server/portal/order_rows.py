"""What is ordered, by whom, by what right and until when, in the person's language."""

from collections.abc import Mapping

from surety.server.cases import queries as cases
from surety.server.cases.models import Order, OrderStatus, OrderVersion, Person
from surety.server.portal import times
from surety.server.portal.languages import noop, say

DATA: Mapping[str, str] = {
    "position": noop("where your device is"),
    "device": noop("how your device is (battery, strap)"),
    "photo": noop("photos of you"),
}
Rows = list[tuple[str, str]]


def orders(person: Person, now_ms: int) -> list[dict[str, object]]:
    """Each order as rows of words, the newest first; what it says now, or said last."""
    found: list[dict[str, object]] = []
    for order in cases.orders(person.pk):
        version = cases.order_version_at(order, now_ms) or min(order.versions.all(), key=lambda one: one.version)
        kinds = _kinds(order, version, now_ms)
        found.append({"state": _state(order, version, now_ms), "rows": _rows(version, kinds, person.time_zone)})
    return found


def _kinds(order: Order, version: OrderVersion, now_ms: int) -> tuple[str, ...]:
    """What may be collected now: less than was ordered where a review is overdue."""
    for piece in cases.collection_spans(order.versions.all()):
        if piece.span.from_ms <= now_ms < piece.span.to_ms:
            return piece.data_kinds
    return tuple(version.data_kinds)


def _state(order: Order, version: OrderVersion, now_ms: int) -> str:
    if any(span.from_ms <= now_ms < span.to_ms for span in cases.in_force(order.versions.all())):
        return say("This order is in force.")
    lapsed = version.told_ms is not None and version.starts_ms <= now_ms < version.ends_ms  # its review did not come
    if version.status == OrderStatus.SUSPENDED or (version.status == OrderStatus.IN_FORCE and lapsed):
        return say("This order is paused. Nothing is collected.")
    if version.status == OrderStatus.ENDED or now_ms >= version.ends_ms:
        return say("This order is over. Nothing is collected.")
    return say("This order has not begun. Nothing is collected yet.")


def _rows(version: OrderVersion, data_kinds: tuple[str, ...], zone: str) -> Rows:
    kinds = ", ".join(say(DATA[kind]) for kind in data_kinds if kind in DATA)
    told = say("not yet") if version.told_ms is None else times.moment(version.told_ms, zone)
    return [
        (say("Ordered by"), version.issuing_authority),
        (say("Legal basis"), version.legal_basis),
        (say("From"), times.moment(version.starts_ms, zone)),
        (say("Until"), times.moment(version.ends_ms, zone)),
        (say("Next review by"), times.moment(version.review_due_ms, zone)),
        (say("What may be collected"), kinds),
        (say("You were told"), told),
    ]
