"""The writer of a watch's key and one-time code, but for the claim itself, which the door makes by plain SQL.

A code is shown once and kept as its hash. It has about 49 bits and is good for 72 hours and one key; the door takes
five wrong ones a minute from an address. Whoever makes another code takes the old key away in the same transaction:
from then on the door takes nothing that the old one signs.
"""

import hashlib
import secrets
from collections.abc import Mapping

from django.db import transaction

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.audit import actions as audit
from surety.server.cases.door import raise_revision
from surety.server.cases.models import Device, DeviceAssignment, Person, ProtectedPerson, WatchKey
from surety.server.errors import InvalidError, NotFoundError

PROTOCOL = "native"
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another
GROUP = 5  # letters, twice
GOOD_FOR_MS = 72 * 3_600_000
RECORDED_AT_ONCE = 200  # claims entered in one transaction


def make_code(device_id: str, *, acting_user: User | None, now_ms: int, reason: str = "") -> str:
    """A one-time code for a watch, in plain, which is returned this once. The key that it had is gone."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(2))
    code = "-".join(groups)
    with transaction.atomic():
        device = _watch(device_id, acting_user)
        old = _settled(device, now_ms)
        WatchKey.objects.update_or_create(
            device=device,
            defaults={
                "code_sha256": hashlib.sha256(code.encode()).hexdigest(),
                "code_made_ms": now_ms,
                "code_expires_ms": now_ms + GOOD_FOR_MS,
                "algorithm": "",
                "public_key": "",
                "claimed_ms": None,
                "recorded_ms": None,
                "push": "",
                "push_ms": None,
            },
        )
        raise_revision()
        took = bool(old and old.public_key)
        _note("watch.code_made", device, acting_user, now_ms, {"took_the_key_away": took, "reason": reason.strip()})
    return code


def revoke(device_id: str, *, acting_user: User | None, now_ms: int, reason: str) -> None:
    """Take a watch's key away, and its code: the door takes nothing more from it until there is another code."""
    if not reason.strip():
        raise InvalidError("Say why the key is taken away.", field="reason")
    with transaction.atomic():
        device = _watch(device_id, acting_user)
        if _settled(device, now_ms) is None:
            raise NotFoundError("This watch has no key and no code.")
        WatchKey.objects.filter(device=device).delete()
        raise_revision()
        _note("watch.key_taken_away", device, acting_user, now_ms, {"reason": reason.strip()})


def forget(device: Device, *, acting_user: User | None, now_ms: int) -> None:
    """In the caller's transaction: what somebody else wore signs for nobody any more until there is another code."""
    if _settled(device, now_ms) is not None:
        WatchKey.objects.filter(device=device).delete()
        _note("watch.key_taken_away", device, acting_user, now_ms, {"reason": "given to somebody else"})


def record_claims(now_ms: int) -> int:
    """Enter the claims that the door took in the audit log; how many."""
    with transaction.atomic():
        rows = WatchKey.objects.filter(claimed_ms__isnull=False, recorded_ms=None).order_by("claimed_ms")
        claimed = list(rows.select_for_update()[:RECORDED_AT_ONCE])
        for row in claimed:
            _record(row, now_ms)
    return len(claimed)


def _settled(device: Device, now_ms: int) -> WatchKey | None:
    """The watch's row, held, with its claim entered in the audit log: what is about to go must not go untold."""
    row = WatchKey.objects.select_for_update().filter(device=device).first()
    if row is not None and row.claimed_ms is not None and row.recorded_ms is None:
        _record(row, now_ms)
    return row


def _record(row: WatchKey, now_ms: int) -> None:
    row.recorded_ms = now_ms
    row.save(update_fields=["recorded_ms"])
    fingerprint = hashlib.sha256(row.public_key.encode()).hexdigest()[:16]
    detail = {"algorithm": row.algorithm, "key": fingerprint, "claimed_ms": row.claimed_ms}
    _note("watch.enrolled", row.device, None, now_ms, detail)


def _watch(device_id: str, acting_user: User | None) -> Device:
    """The device, held; the user must be one who may change the case of everybody who wears or wore it."""
    device = Device.objects.select_for_update().filter(pk=device_id).first()
    if device is None:
        raise NotFoundError("There is no such device.")
    wearers = Person.objects.filter(assignments__device=device).distinct().order_by("pk")
    check_may(acting_user, "cases.change", None)
    for person in wearers:
        check_may(acting_user, "cases.change", person)
    for bearer in ProtectedPerson.objects.filter(assignments__device=device).distinct():
        check_may(acting_user, "protected.change", bearer)
    if device.protocol != PROTOCOL:
        raise InvalidError("Only a device that runs the watch client has a one-time code.", field="protocol")
    return device


def _note(action: str, device: Device, user: User | None, now_ms: int, detail: Mapping[str, object]) -> None:
    worn = DeviceAssignment.objects.filter(device=device, from_ms__lte=now_ms).order_by("-from_ms").first()
    audit.record(
        action=action,
        actor=user,
        subject_type="device",
        subject_id=device.pk,
        person_id=worn.person_id if worn else "",
        detail={"device": device.pk, **detail},
        at_ms=now_ms,
    )
