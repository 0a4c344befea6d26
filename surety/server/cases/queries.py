"""The only reader of cases for pages, the worker and the command line."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec
from django.db.models import Max, QuerySet

from surety.rules import conditions as rules
from surety.rules.fleet import Watched
from surety.server.accounts.models import User
from surety.server.accounts.permissions import may, people_for
from surety.server.cases import lapse, links
from surety.server.cases import programme_queries as programmes
from surety.server.cases.intervals import FOREVER_MS, Span, intersect, merge, version_spans
from surety.server.cases.models import (
    Caseload,
    ChangeNotice,
    Condition,
    ConditionVersion,
    Device,
    DeviceAssignment,
    DoorGrant,
    EverydayPlace,
    Order,
    OrderStatus,
    OrderVersion,
    Person,
    ProtectedLink,
)
from surety.server.errors import NotFoundError
from surety.server.records import vault
from surety.server.records.sealed import field_of

ENDS_WITH_GRACE = ("photo",)  # kinds of data that an order whose review is overdue no longer lets be collected
ORDER_PREFIX = "order:"  # of the id under which the rules know an order among the conditions


class CollectionSpan(msgspec.Struct, frozen=True):
    """When an order lets which kinds of data be collected."""

    span: Span
    data_kinds: tuple[str, ...]


def access_person(person_id: str, user: User | None, permission: str = "cases.view") -> Person:
    """The person, for a user who may (None: the system). Somebody out of reach looks like nobody."""
    found = Person.objects.filter(pk=person_id).first()
    if found is None or (user is not None and not may(user, permission, found)):
        raise NotFoundError("There is no such person among those you may see.")
    return found


person = access_person


def caseload(user: User) -> QuerySet[Person]:
    """Everybody whom the user may see, by reference (by name: names.py)."""
    return people_for(user, "cases.view").order_by("reference")


def person_ids() -> list[str]:
    """Everybody on record, for what the system does with each."""
    return list(Person.objects.order_by("pk").values_list("pk", flat=True))


def person_of_reference(reference: str) -> str | None:
    """The id of the person with a reference."""
    return Person.objects.filter(reference=reference).values_list("pk", flat=True).first()


def references(ids: Iterable[str]) -> dict[str, str]:
    """The references of these people by their ids."""
    return dict(Person.objects.filter(pk__in=list(ids)).values_list("pk", "reference"))


def officers_of(person_id: str) -> list[User]:
    """The officers responsible for a person now."""
    rows = Caseload.objects.filter(person_id=person_id, to_ms=None).select_related("officer").order_by("from_ms")
    return [row.officer for row in rows]


# --- orders -----------------------------------------------------------------------------------------------------


def orders(person_id: str) -> list[Order]:
    """A person's orders with their versions, the newest recorded first."""
    return list(Order.objects.filter(person_id=person_id).prefetch_related("versions").order_by("-recorded_ms"))


def order_version_at(order: Order, at_ms: int) -> OrderVersion | None:
    """What an order said at an instant; None before its first version."""
    known = [version for version in order.versions.all() if version.effective_from_ms <= at_ms]
    return max(known, key=lambda version: version.version, default=None)


def order_at(person_id: str, at_ms: int) -> OrderVersion | None:
    """The order version that lets data be collected at an instant; when several do, the one recorded last."""
    for order in orders(person_id):
        version = order_version_at(order, at_ms)
        if version and _covers(in_force(order.versions.all()), at_ms):
            return version
    return None


def trail_closed(person_id: str, at_ms: int) -> bool:
    """Whether a kept trail may not be read at an instant: a review is overdue beyond its days of grace, and no other
    order of the person is in full force. After an order's end the schedule of retention decides, not this."""
    late = False
    for order in orders(person_id):
        versions = list(order.versions.all())
        if _covers(full_spans(versions), at_ms):
            return False
        held = order_version_at(order, at_ms)
        runs = held is not None and held.status == OrderStatus.IN_FORCE and held.starts_ms <= at_ms < held.ends_ms
        late = late or (runs and not _covers(lapse.full_spans(versions), at_ms))
    return late


def _covers(spans: Iterable[Span], at_ms: int) -> bool:
    return any(span.from_ms <= at_ms < span.to_ms for span in spans)


def latest_order(person_id: str) -> OrderVersion | None:
    """The version recorded last of the order recorded last, in force or not."""
    for order in orders(person_id):
        return max(order.versions.all(), key=lambda version: version.version, default=None)
    return None


def collection_spans(versions: Iterable[OrderVersion]) -> list[CollectionSpan]:
    """When one order may be acted on, and for which kinds of data, in order of time.

    In force, between its start and its end, never before the person was told, and as long as its reviews are not
    overdue (lapse.py): photographs end with the days of grace, everything with the days of verdicts alone.
    """
    return [
        CollectionSpan(one.span, kinds)
        for one in _acting(versions)
        if (kinds := tuple(kind for kind in one.version.data_kinds if one.full or kind not in ENDS_WITH_GRACE))
    ]


class _Acting(NamedTuple):
    """That a version of an order may be acted on during a span: in full, or for verdicts alone."""

    span: Span
    version: OrderVersion
    full: bool


def _acting(versions: Iterable[OrderVersion]) -> Iterator[_Acting]:
    """When which version of one order may be acted on. The only place where that is worked out."""
    rows = {version.version: version for version in versions}
    reviewed = lapse.phases(rows.values())
    for held in version_spans((v.version, v.effective_from_ms) for v in rows.values()):
        version = rows[held.version]
        if version.status != OrderStatus.IN_FORCE or version.told_ms is None:
            continue
        lawful = Span(max(version.starts_ms, version.told_ms), version.ends_ms)
        for phase in reviewed:
            if (both := held.span.meets(lawful)) and (span := both.meets(phase.span)):
                yield _Acting(span, version, phase.full)


def in_force(versions: Iterable[OrderVersion]) -> list[Span]:
    """When one order may be acted on at all."""
    return merge(one.span for one in _acting(versions))


def full_spans(versions: Iterable[OrderVersion]) -> list[Span]:
    """When one order may be acted on in full: no review of it overdue beyond the days of grace."""
    return merge(one.span for one in _acting(versions) if one.full)


# --- conditions -------------------------------------------------------------------------------------------------


def condition_set(person_id: str, *, known_ms: int | None = None) -> rules.ConditionSet:
    """Everything the rules need of one person's conditions, past and future versions included.

    `known_ms`: only what had been recorded by then, as a finding made at that time met it.
    """
    return _condition_sets([person_id], known_ms)[person_id]


def condition_sets(person_ids: Sequence[str]) -> dict[str, rules.ConditionSet]:
    """The same for many people at once, in six queries whatever their number. Unknown people have an empty set."""
    found = {}
    for start in range(0, len(person_ids), 500):
        found.update(_condition_sets(person_ids[start : start + 500]))
    return found


def _condition_sets(person_ids: Sequence[str], known_ms: int | None = None) -> dict[str, rules.ConditionSet]:
    known_ms = FOREVER_MS if known_ms is None else known_ms
    revisions = dict(
        ChangeNotice.objects.filter(person_id__in=person_ids)
        .values_list("person_id")
        .annotate(Max("id"))
        .values_list("person_id", "id__max")
    )
    orders_of = (
        OrderVersion.objects.filter(order__person_id__in=person_ids, recorded_ms__lte=known_ms)
        .select_related("order")
        .order_by("order_id", "version")
    )
    orders = {order_id: list(group) for order_id, group in groupby(orders_of, key=lambda row: row.order_id)}
    spans = {order_id: in_force(group) for order_id, group in orders.items()}
    full = {order_id: full_spans(group) for order_id, group in orders.items()}
    parts: dict[str, list[rules.Condition]] = {person_id: [] for person_id in person_ids}
    rows = (
        ConditionVersion.objects.filter(condition__order__person_id__in=person_ids, recorded_ms__lte=known_ms)
        .order_by("condition_id", "version")
        .values_list("condition__order__person_id", "condition__order_id", *_VersionRow._fields)
    )
    vault.warm(person_ids)
    for (person_id, order_id, _), group in groupby(rows, key=lambda row: row[:3]):
        versions = [_VersionRow._make(row[2:]) for row in group]
        parts[person_id].extend(_intervals(person_id, versions, spans.get(order_id, []), full.get(order_id, [])))
    of_order: dict[str, list[ProtectedLink]] = {}
    known_links = ProtectedLink.objects.filter(order__person_id__in=person_ids, recorded_ms__lte=known_ms)
    for link in known_links.select_related("order__person").order_by("pk"):
        of_order.setdefault(link.order_id, []).append(links.as_known(link, known_ms))
    for order_id, found in of_order.items():
        person = found[0].order.person
        parts[person.pk].extend(links.conditions(found, spans.get(order_id, []), person.time_zone))
    typed: dict[str, list[tuple[Span, str]]] = {}
    for order_versions in orders.values():
        person_id = order_versions[0].order.person_id
        parts[person_id].extend(_terms(order_versions))
        typed.setdefault(person_id, []).extend((one.span, one.version.order_type) for one in _acting(order_versions))
    for person_id, wide in programmes.conditions_of(typed, known_ms).items():
        parts[person_id].extend(wide)
    return {
        person_id: rules.ConditionSet(
            person_id=person_id, revision=revisions.get(person_id, 0), conditions=tuple(parts[person_id])
        )
        for person_id in person_ids
    }


class _VersionRow(NamedTuple):
    """A ConditionVersion as the worker reads many thousand of them: without an object, its body as it is stored."""

    condition_id: str
    version: int
    effective_from_ms: int
    body: bytes | None


_body_of = msgspec.json.Decoder(rules.Body | None).decode
_BODY = field_of(ConditionVersion, "body")


def _intervals(
    person_id: str, rows: Sequence[_VersionRow], allowed: Sequence[Span], full: Sequence[Span]
) -> list[rules.Condition]:
    """What a condition asks when. Nobody is asked for photographs that may not be taken any more."""
    by_number = {row.version: row for row in rows}
    intervals = []
    for held in version_spans((row.version, row.effective_from_ms) for row in rows):
        box = by_number[held.version].body
        data = None if box is None else _BODY.raw(person_id, box)
        body = None if data is None else _body_of(data)
        if body is None:
            continue
        for span in intersect([held.span], full if isinstance(body, rules.CheckInDuty) else allowed):
            to_ms = None if span.to_ms >= FOREVER_MS else span.to_ms
            intervals.append(rules.Condition(rows[0].condition_id, held.version, span.from_ms, to_ms, body))
    return sorted(intervals, key=lambda condition: (condition.version, condition.effective_from_ms))


def _terms(versions: Sequence[OrderVersion]) -> list[rules.Condition]:
    """The order's own dates, for the rules that watch its review and its end: also while it may not be acted on."""
    by_number = {version.version: version for version in versions}
    found = []
    for held in version_spans((version.version, version.effective_from_ms) for version in versions):
        version = by_number[held.version]
        to_ms = None if held.span.to_ms >= FOREVER_MS else held.span.to_ms
        body = rules.OrderTerm(version.review_due_ms, version.ends_ms, rules.OrderStatus(version.status))
        condition_id = f"{ORDER_PREFIX}{version.order_id}"
        found.append(rules.Condition(condition_id, held.version, held.span.from_ms, to_ms, body))
    return found


def conditions(person_id: str) -> list[Condition]:
    """A person's conditions with all their versions, for pages, the oldest first."""
    found = Condition.objects.filter(order__person_id=person_id).select_related("order").prefetch_related("versions")
    return sorted(found, key=lambda condition: (condition.order.recorded_ms, condition.label, condition.pk))


def condition_version_at(condition: Condition, at_ms: int) -> ConditionVersion | None:
    """What a condition said at an instant, whether or not its order was in force; None when nothing or withdrawn."""
    known = [version for version in condition.versions.all() if version.effective_from_ms <= at_ms]
    version = max(known, key=lambda row: row.version, default=None)
    return version if version is not None and version.body is not None else None


# --- devices ----------------------------------------------------------------------------------------------------


def devices_of(person_id: str) -> list[DeviceAssignment]:
    """Which devices a person wears or wore, the latest first."""
    rows = DeviceAssignment.objects.filter(person_id=person_id).select_related("device")
    return list(rows.order_by("-from_ms"))


def watched_devices(at_ms: int) -> list[Watched]:
    """Every device from which something may be collected at an instant, with what it has in common with others."""
    grants = DoorGrant.objects.filter(from_ms__lte=at_ms, to_ms__gt=at_ms, link_id="").values_list(
        "person_id", "device_id"
    )
    of_device = {pk: (network, model) for pk, network, model in Device.objects.values_list("pk", "network", "model")}
    return [
        Watched(person_id, *of_device[device_id])
        for person_id, device_id in grants.distinct()
        if device_id in of_device
    ]


def device_at(person_id: str, at_ms: int) -> Device | None:
    """The device that a person wears at an instant."""
    for assignment in devices_of(person_id):
        if assignment.from_ms <= at_ms and (assignment.to_ms is None or at_ms < assignment.to_ms):
            return assignment.device
    return None


# --- everyday life ------------------------------------------------------------------------------------------------


def everyday_places(person_id: str) -> list[EverydayPlace]:
    """The places of a person's everyday life, as they told them."""
    return list(EverydayPlace.objects.filter(person_id=person_id, removed_ms=None).order_by("recorded_ms", "pk"))


def access_everyday_place(place_id: str, user: User) -> EverydayPlace:
    """A place, for a user who may change its person's case."""
    found = EverydayPlace.objects.filter(pk=place_id).select_related("person").first()
    if found is None or not may(user, "cases.change", found.person):
        raise NotFoundError("There is no such place among those you may see.")
    return found
