"""The reader of a programme's zones: what they add to people's conditions, and what pages show of them."""

from collections.abc import Mapping, Sequence

import msgspec
from django.db.models import Q, QuerySet

from surety.rules import conditions as rules
from surety.server.cases.intervals import FOREVER_MS, Span, merge, version_spans
from surety.server.cases.models import (
    OrderStatus,
    Person,
    ProgrammeTold,
    ProgrammeZone,
    ProgrammeZoneVersion,
    ProposalState,
)

TypedSpans = Mapping[str, Sequence[tuple[Span, str]]]
"""By person: when an order of theirs may be acted on, and of which type it is then."""


def conditions_of(spans: TypedSpans, known_ms: int = FOREVER_MS) -> dict[str, list[rules.Condition]]:
    """What programme zones add to the conditions of people: what each was told of, while their own order is in force.

    Two queries whatever the number of people, one where nobody was told of anything. `known_ms`: what had been recorded
    by then.
    """
    told = list(
        ProgrammeTold.objects.filter(person_id__in=list(spans), recorded_ms__lte=known_ms).values_list(
            "version_id", "version__zone_id", "person_id", "told_ms", "person__region"
        )
    )
    if not told:
        return {}
    held = _held({zone_id for _, zone_id, *_ in told}, known_ms)
    found: dict[str, list[rules.Condition]] = {}
    for version_id, _, person_id, told_ms, region in told:
        for version, span in held.get(version_id, ()):
            if version.region in ("", region):
                found.setdefault(person_id, []).extend(_for(version, span, told_ms, spans[person_id]))
    for conditions in found.values():
        conditions.sort(key=lambda one: (one.id, one.version, one.effective_from_ms))
    return found


def _held(zone_ids: set[str], known_ms: int) -> dict[int, list[tuple[ProgrammeZoneVersion, Span]]]:
    """When each version of these zones is the one in force, by the version's key."""
    versions: dict[str, dict[int, ProgrammeZoneVersion]] = {}
    confirmed = ProgrammeZoneVersion.objects.filter(
        zone_id__in=zone_ids, state=ProposalState.CONFIRMED, decided_ms__lte=known_ms
    )
    for row in confirmed:
        versions.setdefault(row.zone_id, {})[row.version] = row
    found: dict[int, list[tuple[ProgrammeZoneVersion, Span]]] = {}
    for rows in versions.values():
        for held in version_spans((row.version, row.effective_from_ms or row.starts_ms) for row in rows.values()):
            version = rows[held.version]
            own = Span(version.starts_ms, FOREVER_MS if version.ends_ms is None else version.ends_ms)
            if version.body is not None and (span := held.span.meets(own)):
                found.setdefault(version.pk, []).append((version, span))
    return found


def _for(
    version: ProgrammeZoneVersion, span: Span, told_ms: int, orders: Sequence[tuple[Span, str]]
) -> list[rules.Condition]:
    told = span.meets(Span(told_ms, FOREVER_MS))
    if told is None:
        return []
    body = msgspec.convert(version.body, rules.Zone)
    lawful = merge(own for own, order_type in orders if order_type in version.order_types)
    return [
        rules.Condition(
            version.zone_id, version.version, both.from_ms, None if both.to_ms >= FOREVER_MS else both.to_ms, body
        )
        for own in lawful
        if (both := told.meets(own))
    ]


# --- for pages --------------------------------------------------------------------------------------------------


def zones() -> list[ProgrammeZone]:
    """Every programme zone with its versions, by label."""
    return list(ProgrammeZone.objects.prefetch_related("versions").order_by("label", "pk"))


def labels(zone_ids: Sequence[str]) -> dict[str, str]:
    """The labels of those of these conditions that are programme zones."""
    return dict(ProgrammeZone.objects.filter(pk__in=zone_ids).values_list("pk", "label"))


def in_force(zone: ProgrammeZone, at_ms: int) -> ProgrammeZoneVersion | None:
    """The version that holds, or is to hold next, at an instant; None when the zone asks nothing."""
    confirmed = [one for one in zone.versions.all() if one.state == ProposalState.CONFIRMED]
    last = max(confirmed, key=lambda one: one.version, default=None)
    if last is None or last.body is None or (last.ends_ms is not None and last.ends_ms <= at_ms):
        return None
    return last


def proposal(zone: ProgrammeZone) -> ProgrammeZoneVersion | None:
    """The version that waits for a second person."""
    return next((one for one in zone.versions.all() if one.state == ProposalState.PROPOSED), None)


def concerned(version: ProgrammeZoneVersion, people: QuerySet[Person], at_ms: int) -> QuerySet[Person]:
    """Those of these people whom a version is for: with an order of its types that runs at an instant.

    By order types and region alone. An order whose running version is another than its newest may count once too often;
    whether a zone binds somebody is decided by `conditions_of`.
    """
    runs = Q(
        orders__versions__order_type__in=version.order_types,
        orders__versions__status=OrderStatus.IN_FORCE,
        orders__versions__starts_ms__lte=at_ms,
        orders__versions__ends_ms__gt=at_ms,
    )
    found = people.filter(runs)
    return (found.filter(region=version.region) if version.region else found).distinct()


def told_ids(version: ProgrammeZoneVersion) -> QuerySet[ProgrammeTold]:
    """The records of who was told of a version."""
    return ProgrammeTold.objects.filter(version=version)


def told_of(person_id: str) -> list[ProgrammeTold]:
    """Of which versions a person was told, with their zones, the latest first."""
    rows = ProgrammeTold.objects.filter(person_id=person_id).select_related("version__zone")
    return list(rows.order_by("-told_ms", "-pk"))
