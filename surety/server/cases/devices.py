"""The writer of devices and of who wears them; `actions.py` offers these to callers beside its own."""

import hashlib
import secrets

from django.db import transaction

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may, may
from surety.server.audit import actions as audit
from surety.server.cases import checks, watches
from surety.server.cases.checks import DeviceDetails
from surety.server.cases.door import rewrite_grants
from surety.server.cases.intervals import FOREVER_MS
from surety.server.cases.models import Device, DeviceAssignment, Person, ProtectedPerson
from surety.server.cases.protected import check_free
from surety.server.cases.writing import lock_person, publish, stamp
from surety.server.errors import ConflictError, InvalidError, NotFoundError


def register_device(
    details: DeviceDetails, *, acting_user: User | None, now_ms: int, reason: str = ""
) -> tuple[Device, str]:
    """Record a device; the row, and its secret in plain, which is shown once and kept only as SHA-256.

    The secret is "" when `details.with_secret` is false: the door then asks for none.
    """
    _check_works_with_devices(acting_user)
    checks.check_device(details)
    identifier = details.identifier or secrets.token_hex(16)
    secret = secrets.token_urlsafe(24) if details.with_secret else ""
    with transaction.atomic():
        if Device.objects.filter(identifier=identifier).exists():
            raise ConflictError("A device with this identifier is recorded already.", field="identifier")
        device = Device.objects.create(
            identifier=identifier,
            protocol=details.protocol,
            model=details.model.strip(),
            network=details.network.strip(),
            secret_sha256=_hash(secret),
            payload_key=details.payload_key,
            **stamp(acting_user, now_ms, reason),
        )
        _note_device("device.registered", device, acting_user, now_ms)
    return device, secret


def rotate_secret(device_id: str, *, acting_user: User | None, now_ms: int, reason: str = "") -> str:
    """Give a device a new secret, returned in plain once. The old one stops working at the door."""
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        device = _device(device_id)
        wearers = Person.objects.filter(assignments__device=device).distinct().order_by("pk")
        for person in wearers:
            check_may(acting_user, "cases.change", person)
        bearers = ProtectedPerson.objects.filter(assignments__device=device).distinct()
        for bearer in bearers:
            check_may(acting_user, "protected.change", bearer)
        _check_works_with_devices(acting_user)
        device.secret_sha256 = _hash(secret)
        device.save(update_fields=["secret_sha256"])
        linked = Person.objects.filter(orders__links__protected__in=bearers).distinct().order_by("pk")
        for person in sorted({*wearers, *linked}, key=lambda one: one.pk):
            rewrite_grants(person)
        _note_device("device.secret_rotated", device, acting_user, now_ms, reason)
    return secret


def assign_device(
    device_id: str, person_id: str, *, from_ms: int, acting_user: User | None, now_ms: int, reason: str = ""
) -> DeviceAssignment:
    """Record that a person wears a device from `from_ms` on. Nobody else may wear it at any time after."""
    checks.check_effective(from_ms, now_ms, reason)
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "cases.change", person)
        device = _device(device_id)
        check_free(device, from_ms)
        if device.assignments.exclude(person=person).exists():
            watches.forget(device, acting_user=acting_user, now_ms=now_ms)
        row = DeviceAssignment.objects.create(
            device=device, person=person, from_ms=from_ms, **stamp(acting_user, now_ms, reason)
        )
        detail = {"device": device.pk, "from_ms": from_ms, "reason": reason}
        publish("device.assigned", person, from_ms, acting_user=acting_user, now_ms=now_ms, detail=detail)
    return row


def end_assignment(
    assignment_id: int, *, to_ms: int, acting_user: User | None, now_ms: int, reason: str = ""
) -> DeviceAssignment:
    """Record that a person stopped wearing a device at `to_ms`."""
    checks.check_effective(to_ms, now_ms, reason)
    with transaction.atomic():
        row = DeviceAssignment.objects.filter(pk=assignment_id).first()
        if row is None:
            raise NotFoundError("There is no such assignment.")
        person = lock_person(row.person_id)
        check_may(acting_user, "cases.change", person)
        row.refresh_from_db()
        if row.to_ms is not None:
            raise ConflictError("The assignment has ended already.")
        if not row.from_ms < to_ms < FOREVER_MS:
            raise InvalidError("An assignment ends after it began.", field="to_ms")
        row.to_ms = to_ms
        row.save(update_fields=["to_ms"])
        detail = {"device": row.device_id, "to_ms": to_ms, "reason": reason}
        publish("device.returned", person, to_ms, acting_user=acting_user, now_ms=now_ms, detail=detail)
    return row


def _device(device_id: str) -> Device:
    device = Device.objects.select_for_update().filter(pk=device_id).first()
    if device is None:
        raise NotFoundError("There is no such device.")
    return device


def _check_works_with_devices(acting_user: User | None) -> None:
    """Devices are given to supervised people, or to protected persons by those who work with them."""
    if acting_user is None or not may(acting_user, "protected.change"):
        check_may(acting_user, "cases.change")


def _hash(secret: str) -> str:
    # Secrets are random and long, so a plain hash cannot be turned back; the door must check thousands a second.
    return hashlib.sha256(secret.encode()).hexdigest() if secret else ""


def _note_device(action: str, device: Device, acting_user: User | None, now_ms: int, reason: str = "") -> None:
    audit.record(
        action=action,
        actor=acting_user,
        subject_type="device",
        subject_id=device.pk,
        detail={
            "protocol": device.protocol,
            "model": device.model,
            "network": device.network,
            "reason": reason or device.reason,
        },
        at_ms=now_ms,
    )
