"""The writer of protected persons, of their consent, and of their links to supervised people.

A link collects where somebody is who has done nothing, for their own protection. So it needs their consent, which they
may take back at once and without a reason; the approval of a second person; and that the supervised person was told.
Every change is on the audit log. Neither a protected person's name nor any position of theirs is in its entries.
"""

import re

import msgspec
from django.db import transaction
from django.db.models import Q

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may, may
from surety.server.audit import actions as audit
from surety.server.cases import checks
from surety.server.cases.checks import Told
from surety.server.cases.intervals import FOREVER_MS
from surety.server.cases.models import (
    Device,
    DeviceAssignment,
    Order,
    Person,
    ProtectedAssignment,
    ProtectedLink,
    ProtectedPerson,
)
from surety.server.cases.writing import lock_person, publish, stamp
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError

NEAREST_M, FARTHEST_M, FARTHEST_WARNING_M = 50, 20_000, 50_000  # as rules.conditions.MovingZone takes them


class ProtectedDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Who a protected person is. `region` decides who sees them."""

    reference: str
    name: str
    contact: str
    language: str = "en"
    time_zone: str = "Europe/London"
    region: str = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """That a protected person agreed: when, and how (in person, by a signed form, with an interpreter)."""

    at_ms: int
    how: str


class LinkTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a link orders: the legal basis, the distance to keep, and the one from which the desk is told before."""

    legal_basis: str
    alert_m: int
    warn_m: int = 0


def register_protected(
    details: ProtectedDetails, *, acting_user: User | None, now_ms: int, reason: str = ""
) -> ProtectedPerson:
    """Record a protected person."""
    check_may(acting_user, "protected.change")
    _check_details(details)
    if acting_user is not None and acting_user.region not in ("", details.region):
        raise NotAllowedError("You record protected persons of your own region.")
    with transaction.atomic():
        if ProtectedPerson.objects.filter(reference=details.reference).exists():
            raise ConflictError(f"The reference {details.reference} is taken.", field="reference")
        row = ProtectedPerson.objects.create(**msgspec.structs.asdict(details), **stamp(acting_user, now_ms, reason))
        _note("protected.registered", row, acting_user, now_ms, {"reason": reason})
    return row


def _check_details(details: ProtectedDetails) -> None:
    for name, what, longest in (("reference", "a reference", 32), ("name", "the name", 200), ("contact", "how", 200)):
        value = getattr(details, name)
        if not value.strip() or len(value) > longest:
            raise InvalidError(f"Give {what}, in at most {longest} characters.", field=name)
    if not re.fullmatch(r"[ -~]{1,64}", details.region or "-"):
        raise InvalidError("The region has at most 64 letters and signs.", field="region")
    checks.check_time_zone(details.time_zone)


def propose_link(
    protected_id: str,
    order_id: str,
    terms: LinkTerms,
    consent: Consent,
    *,
    from_ms: int,
    acting_user: User | None,
    now_ms: int,
    reason: str = "",
) -> ProtectedLink:
    """Record that a protected person consents to a link with a supervised one. It waits for a second person."""
    _check_terms(terms)
    _check_consent(consent, now_ms)
    checks.check_instant(from_ms, "from_ms")
    with transaction.atomic():
        protected = _protected(protected_id, acting_user, "protected.change")
        order = Order.objects.filter(pk=order_id).select_related("person").first()
        if order is None or (acting_user is not None and not may(acting_user, "protected.change", order.person)):
            raise NotFoundError("There is no such order in your region.")
        row = ProtectedLink.objects.create(
            protected=protected,
            order=order,
            from_ms=max(from_ms, now_ms) if acting_user is not None else from_ms,
            consent_ms=consent.at_ms,
            consent_how=consent.how.strip(),
            consent_by_name=str(acting_user) if acting_user else audit.SYSTEM_NAME,
            **msgspec.structs.asdict(terms),
            **stamp(acting_user, now_ms, reason),
        )
        detail = {"link": row.pk, "alert_m": row.alert_m, "warn_m": row.warn_m, "reason": reason}
        _note("protected.link_proposed", protected, acting_user, now_ms, detail)
    return row


def _check_terms(terms: LinkTerms) -> None:
    if not terms.legal_basis.strip():
        raise InvalidError("Its legal basis is missing.", field="legal_basis")
    if not NEAREST_M <= terms.alert_m <= FARTHEST_M:
        raise InvalidError(f"The distance to keep is {NEAREST_M} to {FARTHEST_M:,} metres.", field="alert_m")
    if terms.warn_m and not terms.alert_m < terms.warn_m <= FARTHEST_WARNING_M:
        raise InvalidError(
            f"The warning distance is greater than the one to keep, and at most {FARTHEST_WARNING_M:,} metres.",
            field="warn_m",
        )


def _check_consent(consent: Consent, now_ms: int) -> None:
    checks.check_instant(consent.at_ms, "consent_ms")
    if consent.at_ms > now_ms:
        raise InvalidError("Nobody can have consented in the future.", field="consent_ms")
    if not consent.how.strip():
        raise InvalidError("Say how the protected person consented.", field="consent_how")


def approve_link(link_id: str, *, acting_user: User | None, now_ms: int, reason: str = "") -> ProtectedLink:
    """Approve a link that somebody else proposed: a second person looks at the consent and the legal basis."""
    with transaction.atomic():
        row, person = _link(link_id, acting_user, "protected.approve")
        if acting_user is not None and row.recorded_by_id == acting_user.pk:
            raise NotAllowedError("A link needs a second person; you proposed this one.")
        if row.approved_ms is not None:
            raise ConflictError("The link is approved already.")
        _check_open(row)
        row.approved_ms, row.approved_by = now_ms, acting_user
        row.approved_by_name = str(acting_user) if acting_user else audit.SYSTEM_NAME
        row.save(update_fields=["approved_ms", "approved_by", "approved_by_name"])
        _publish("link.approved", row, person, now_ms, acting_user, reason)
    return row


def record_link_told(
    link_id: str, told: Told, *, acting_user: User | None, now_ms: int, reason: str = ""
) -> ProtectedLink:
    """Record that the supervised person was told which distance to keep; the link counts from then at the earliest."""
    checks.check_told(told, now_ms)
    with transaction.atomic():
        row, person = _link(link_id, None, "")
        if acting_user is not None and not may(acting_user, "cases.view", person):
            raise NotFoundError("There is no such link.")
        check_may(acting_user, "cases.change", person)
        if row.told_ms is not None:
            raise ConflictError("That the person was told is recorded already.", field="told_ms")
        row.told_ms, row.told_how, row.told_language = max(told.at_ms, row.recorded_ms), told.how, told.language
        row.save(update_fields=["told_ms", "told_how", "told_language"])
        begins = [row.from_ms, row.consent_ms, row.told_ms, now_ms if row.approved_ms is None else row.approved_ms]
        _publish("link.told", row, person, min(now_ms, max(begins)), acting_user, reason, now_ms)
    return row


def withdraw_consent(link_id: str, *, acting_user: User | None, now_ms: int, reason: str = "") -> ProtectedLink:
    """The protected person takes their consent back: at once, by one person's hand, and no reason is asked for.

    The door takes nothing more, the rules stop, and the worker deletes what is stored of their positions.
    """
    return _close(link_id, "withdrawn_ms", "link.consent_withdrawn", acting_user, now_ms, reason)


def end_link(link_id: str, *, acting_user: User | None, now_ms: int, reason: str) -> ProtectedLink:
    """End a link, because the order or the protection plan says so. Always with a reason."""
    if not reason.strip():
        raise InvalidError("Say why the link is ended.", field="reason")
    return _close(link_id, "ended_ms", "link.ended", acting_user, now_ms, reason)


def _close(link_id: str, column: str, action: str, acting_user: User | None, now_ms: int, reason: str) -> ProtectedLink:
    with transaction.atomic():
        row, person = _link(link_id, acting_user, "protected.change")
        _check_open(row)
        setattr(row, column, now_ms)
        row.save(update_fields=[column])
        _publish(action, row, person, now_ms, acting_user, reason)
    return row


def assign_protected_device(
    device_id: str, protected_id: str, *, from_ms: int, acting_user: User | None, now_ms: int, reason: str = ""
) -> ProtectedAssignment:
    """Record that a protected person carries a device. Nobody else may wear or carry it at any time after."""
    checks.check_effective(from_ms, now_ms, reason)
    with transaction.atomic():
        protected = _protected(protected_id, acting_user, "protected.change")
        device = Device.objects.select_for_update().filter(pk=device_id).first()
        if device is None:
            raise NotFoundError("There is no such device.")
        check_free(device, from_ms)
        row = ProtectedAssignment.objects.create(
            device=device, protected=protected, from_ms=from_ms, **stamp(acting_user, now_ms, reason)
        )
        _publish_device("protected.device_assigned", row, from_ms, acting_user, now_ms)
    return row


def end_protected_assignment(
    assignment_id: int, *, to_ms: int, acting_user: User | None, now_ms: int, reason: str = ""
) -> ProtectedAssignment:
    """Record that a protected person gave a device back at `to_ms`."""
    checks.check_effective(to_ms, now_ms, reason)
    with transaction.atomic():
        row = ProtectedAssignment.objects.filter(pk=assignment_id).select_related("protected").first()
        if row is None:
            raise NotFoundError("There is no such assignment.")
        _protected(row.protected_id, acting_user, "protected.change")
        if row.to_ms is not None:
            raise ConflictError("The assignment has ended already.")
        if not row.from_ms < to_ms < FOREVER_MS:
            raise InvalidError("An assignment ends after it began.", field="to_ms")
        row.to_ms = to_ms
        row.save(update_fields=["to_ms"])
        _publish_device("protected.device_returned", row, to_ms, acting_user, now_ms)
    return row


def note_read(protected_id: str, *, acting_user: User, now_ms: int) -> None:
    """Write down that somebody looked at a protected person's row."""
    with transaction.atomic():
        row = _protected(protected_id, acting_user, "protected.view")
        _note("protected.read", row, acting_user, now_ms, {})


def note_erased(link_id: str, to_ms: int) -> None:
    """Write down up to when the worker has deleted positions under a link; it never goes back."""
    ProtectedLink.objects.filter(pk=link_id, erased_to_ms__lt=to_ms).update(erased_to_ms=to_ms)


def check_free(device: Device, from_ms: int) -> None:
    """A device belongs to one person at a time, supervised or protected."""
    held = Q(to_ms=None) | Q(to_ms__gt=from_ms)
    for rows in (DeviceAssignment.objects.all(), ProtectedAssignment.objects.all()):
        if rows.filter(held, device=device).exists():
            raise ConflictError("The device is assigned already at that time; end that first.", field="device")


# --- what they share --------------------------------------------------------------------------------------------


def _protected(protected_id: str, acting_user: User | None, permission: str) -> ProtectedPerson:
    row = ProtectedPerson.objects.select_for_update().filter(pk=protected_id).first()
    if row is None or (acting_user is not None and not may(acting_user, "protected.view", row)):
        raise NotFoundError("There is no such protected person among those you may see.")
    check_may(acting_user, permission, row)
    return row


def _link(link_id: str, acting_user: User | None, permission: str) -> tuple[ProtectedLink, Person]:
    """A link with its supervised person, locked: grants and rules of theirs follow from it."""
    row = ProtectedLink.objects.filter(pk=link_id).select_related("order", "protected").first()
    if row is None or (acting_user is not None and not may(acting_user, "protected.view", row.protected)):
        raise NotFoundError("There is no such link among those you may see.")
    if permission:
        check_may(acting_user, permission, row.protected)
    person = lock_person(row.order.person_id)
    row.refresh_from_db()
    return row, person


def _check_open(row: ProtectedLink) -> None:
    if row.withdrawn_ms is not None or row.ended_ms is not None:
        raise ConflictError("The link is over already.")


def _publish(
    action: str,
    row: ProtectedLink,
    person: Person,
    at_ms: int,
    acting_user: User | None,
    reason: str,
    now_ms: int | None = None,
) -> None:
    """Tell door, worker and audit log: what was done stands with the supervised person, and names nobody else.

    The reason is somebody's own words and may tell of the protected person, so it stands with them.
    """
    recorded_ms = at_ms if now_ms is None else now_ms
    detail = {"link": row.pk, "alert_m": row.alert_m, "warn_m": row.warn_m}
    publish(action, person, at_ms, acting_user=acting_user, now_ms=recorded_ms, detail=detail)
    _note(f"protected.{action.replace('.', '_')}", row.protected, acting_user, recorded_ms, detail | {"reason": reason})


def _publish_device(action: str, row: ProtectedAssignment, at_ms: int, acting_user: User | None, now_ms: int) -> None:
    _note(action, row.protected, acting_user, now_ms, {"device": row.device_id, "at_ms": at_ms})
    links = ProtectedLink.objects.filter(protected_id=row.protected_id).select_related("order")
    for person_id in sorted({link.order.person_id for link in links}):
        detail = {"reason": "the protected person's device changed"}
        publish(
            "link.device_changed", lock_person(person_id), now_ms, acting_user=acting_user, now_ms=now_ms, detail=detail
        )


def _note(action: str, row: ProtectedPerson, acting_user: User | None, now_ms: int, detail: dict[str, object]) -> None:
    audit.record(
        action=action,
        actor=acting_user,
        subject_type="protected_person",
        subject_id=row.pk,
        person_id="",
        detail=detail,
        at_ms=now_ms,
    )
