"""What the door may accept, derived anew from a person's orders and assignments whenever either changes."""

import base64
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.db.models import F

from surety.server.cases import links, queries
from surety.server.cases.checks import DATA_KINDS
from surety.server.cases.intervals import FOREVER_MS, Span, intersect, merge
from surety.server.cases.models import (
    ChangeNotice,
    Device,
    DeviceAssignment,
    DoorGrant,
    DoorRevision,
    OrderVersion,
    Person,
    ProtectedAssignment,
    ProtectedLink,
)
from surety.server.cases.queries import CollectionSpan, collection_spans
from surety.server.records import actions as records
from surety.server.timekeeping import now_ms

PROTECTED_KIND = "protected"


def rewrite_grants(person: Person) -> None:
    """Replace the person's grants and raise the revision, in the caller's transaction."""
    lawful = _lawful(person)
    DoorGrant.objects.filter(person_id=person.pk).delete()
    assignments = DeviceAssignment.objects.filter(person=person).select_related("device")
    DoorGrant.objects.bulk_create(grant for assignment in assignments for grant in _grants(assignment, lawful))
    DoorGrant.objects.bulk_create(_link_grants(person))
    raise_revision()


def follow_settings(now_ms: int) -> int | None:
    """Derive everybody's grants anew where the days of review or lapse are others than those they were derived by, as
    after an upgrade or a change of the settings. Killed on the way, it begins again; what was done stays right.

    Everything else about a lapse is in the grants already: nothing has to run when one comes.
    """
    days = {
        "review_grace_days": settings.SURETY.review_grace_days,
        "review_verdict_only_days": settings.SURETY.review_verdict_only_days,
    }
    if DoorRevision.objects.filter(id=1, **days).exists():
        return None
    for person_id in queries.person_ids():
        with transaction.atomic():
            person = Person.objects.select_for_update().filter(pk=person_id).first()
            if person is not None and _rewritten(person):
                ChangeNotice.objects.create(person_id=person.pk, at_ms=now_ms, recorded_ms=now_ms)
    with transaction.atomic():
        raise_revision()
        DoorRevision.objects.filter(id=1).update(**days)
    return None


def _rewritten(person: Person) -> bool:
    """Whether the person's grants became others."""
    before = _cut(person)
    rewrite_grants(person)
    return _cut(person) != before


def _cut(person: Person) -> list[tuple[object, ...]]:
    rows = DoorGrant.objects.filter(person_id=person.pk).order_by("device_id", "link_id", "from_ms", "to_ms")
    return list(rows.values_list("device_id", "link_id", "from_ms", "to_ms"))


def raise_revision() -> None:
    """Let the door know that it has to read anew, once the caller's transaction has committed."""
    DoorRevision.objects.get_or_create(id=1)
    DoorRevision.objects.filter(id=1).update(revision=F("revision") + 1)


def hold_revision() -> None:
    """Hold the row by which notices to the worker get their ids in the order of commit, where no grant changes."""
    DoorRevision.objects.get_or_create(id=1)
    DoorRevision.objects.select_for_update().get(id=1)


def _lawful(person: Person) -> list[CollectionSpan]:
    """The spans of every order of the person together, each with what may be collected in it.

    Kept by kind and merged, so that one grant covers a fact's own time and its receipt also when the order was
    changed in between.
    """
    pieces: list[CollectionSpan] = []
    versions: dict[str, list[OrderVersion]] = {}
    for version in OrderVersion.objects.filter(order__person=person):
        versions.setdefault(version.order_id, []).append(version)
    for rows in versions.values():
        pieces.extend(collection_spans(rows))
    kinds_of: dict[Span, list[str]] = {}
    for kind in DATA_KINDS:
        for span in merge(piece.span for piece in pieces if kind in piece.data_kinds):
            kinds_of.setdefault(span, []).append(kind)
    return [CollectionSpan(span, tuple(kinds)) for span, kinds in sorted(kinds_of.items())]


def _grants(assignment: DeviceAssignment, lawful: list[CollectionSpan]) -> list[DoorGrant]:
    worn = Span(assignment.from_ms, FOREVER_MS if assignment.to_ms is None else assignment.to_ms)
    return [
        _grant(assignment.device, assignment.person_id, span, list(piece.data_kinds))
        for piece in lawful
        for span in intersect([worn], [piece.span])
    ]


def _link_grants(person: Person) -> Iterator[DoorGrant]:
    """For devices of protected persons: their positions, while a link to this person is in force, and nothing else."""
    for link in ProtectedLink.objects.filter(order__person=person).select_related("order"):
        in_force = links.spans(link, queries.in_force(link.order.versions.all()))
        for assignment in ProtectedAssignment.objects.filter(protected=link.protected_id).select_related("device"):
            for span in intersect([links.carried(assignment)], in_force):
                yield _grant(assignment.device, person.pk, span, [PROTECTED_KIND], link.pk)


def _photo_key(person_id: str, data_kinds: list[str]) -> str:
    """What the door seals photographs to; nothing where none may be taken."""
    if "photo" not in data_kinds:
        return ""
    return base64.urlsafe_b64encode(records.public_key(person_id, now_ms=now_ms())).decode()


def _grant(device: Device, person_id: str, span: Span, data_kinds: list[str], link_id: str = "") -> DoorGrant:
    return DoorGrant(
        identifier=device.identifier,
        protocol=device.protocol,
        device_id=device.pk,
        person_id=person_id,
        secret_sha256=device.secret_sha256,
        payload_key=device.payload_key,
        photo_key=_photo_key(person_id, data_kinds),
        data_kinds=data_kinds,
        link_id=link_id,
        from_ms=span.from_ms,
        to_ms=span.to_ms,
    )
