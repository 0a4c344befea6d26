"""From when each period is counted, exactly, and for which kind of data a check-in's photographs count.

Everything is counted from the end of the person's last order: a new order, or a later end, moves it on, and an order
that was ended early ends then. Who never had an order is counted from their registration. Something is due from the
instant `start + period` on, not a millisecond before.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from surety.rules.facts import Verdict
from surety.server.cases.intervals import version_spans
from surety.server.cases.models import OrderStatus, OrderVersion, Person, ProtectedLink, ProtectedPerson
from surety.server.checkins.models import CheckIn, Stands
from surety.server.records import periods
from surety.server.records.schedule import BY_KIND, Start


def order_end_ms(versions: Sequence[OrderVersion]) -> int:
    """When one order ends: the end of the last span in which a version stands that has not ended it.

    Of an order that never stood, such as one that was ended before it began: when its last version took effect.
    """
    rows = {version.version: version for version in versions}
    spans = version_spans((row.version, row.effective_from_ms) for row in rows.values())
    stood = [
        min(held.span.to_ms, rows[held.version].ends_ms)
        for held in spans
        if rows[held.version].status != OrderStatus.ENDED and held.span.from_ms < rows[held.version].ends_ms
    ]
    return max(stood or [held.span.from_ms for held in spans])


def case_ends(person_ids: Iterable[str]) -> dict[str, int]:
    """When the case of each of these people ends (perhaps in the future), in two queries."""
    found = dict(Person.objects.filter(pk__in=list(person_ids)).values_list("pk", "recorded_ms"))
    orders: dict[str, tuple[str, list[OrderVersion]]] = {}
    for version in OrderVersion.objects.filter(order__person_id__in=list(found)).select_related("order"):
        orders.setdefault(version.order_id, (version.order.person_id, []))[1].append(version)
    last: dict[str, int] = {}
    for person_id, versions in orders.values():
        last[person_id] = max(order_end_ms(versions), last.get(person_id, -1))
    return found | last


def case_end(person_id: str) -> int | None:
    """The same of one person; None: there is no such person."""
    return case_ends([person_id]).get(person_id)


def links_end(protected: ProtectedPerson) -> int:
    """When the last link of a protected person ends (perhaps in the future). Without a link: their registration."""
    ends = [protected.recorded_ms]
    for link in ProtectedLink.objects.filter(protected=protected).prefetch_related("order__versions"):
        marks = [mark for mark in (link.ended_ms, link.withdrawn_ms) if mark is not None]
        ends.append(min([*marks, order_end_ms(list(link.order.versions.all()))]))
    return max(ends)


def photo_kind(check_in: CheckIn) -> str:
    """Which kind of data the photographs of a check-in are, whatever became of it."""
    stands = Stands(check_in.stands)
    match stands:
        case Stands.NOT_ASKED | Stands.CANCELLED | Stands.LAPSED | Stands.ASKED:
            return "photo_without_decision"
        case Stands.SUBMITTED | Stands.REVIEW:
            return "photo_waiting"
        case Stands.DECIDED:
            return _decided_kind(check_in)
        case _:
            assert_never(stands)


def _decided_kind(check_in: CheckIn) -> str:
    verdict = Verdict(check_in.verdict)
    match verdict:
        case Verdict.SAME:  # without names it was a clear match, by the machine
            return "photo_not_matched" if check_in.decided_by_names else "photo_matched"
        case Verdict.CANNOT_TELL:
            return "photo_not_matched"
        case Verdict.NOT_SAME:
            return "photo_not_person"
        case _:
            assert_never(verdict)


def photo_due_ms(check_in: CheckIn, case_end_ms: int) -> int:
    """When the photographs of a check-in are to go; never later than the case."""
    kind = photo_kind(check_in)
    start = BY_KIND[kind].start
    if start is Start.DECIDED:
        start_ms = check_in.late_until_ms if check_in.decided_ms is None else check_in.decided_ms
    elif start is Start.CLOSED:
        start_ms = check_in.late_until_ms
    else:  # the end of the order, or of the case: the same instant
        start_ms = case_end_ms
    return min(start_ms + periods.period_ms(kind), case_due_ms(case_end_ms))


def image_due_ms(case_end_ms: int) -> int:
    """When the images that a person is compared with are to go; never later than the case."""
    return min(case_end_ms + periods.period_ms("enrolled_image"), case_due_ms(case_end_ms))


def case_due_ms(case_end_ms: int) -> int:
    """When everything is to go."""
    return case_end_ms + periods.period_ms("case")


def protected_due_ms(protected: ProtectedPerson) -> int:
    """When what is kept of a protected person is to go."""
    return links_end(protected) + periods.period_ms("protected_person")
