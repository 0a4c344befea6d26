"""Erases everything that is kept of one person. Destructive, and from the first step on without a way back.

What could go wrong: it stops half-way. Hence every step may be killed and is done again: first the key is destroyed
(one commit; from then on nothing that is sealed can be read, in no backup either, and the door takes nothing more),
then files go, then the log's records, then rows in bounded commits that count with the same commit what went, children
before parents; and only when nothing is left does one commit write the certificate to the audit log and end it. Another
thing: somebody writes while it deletes. A pass that finds something begins anew, and daily.py looks once more for a
week. A hold that is recorded before the first step stops it; one that comes later is refused (holds.py).
"""

import hashlib
from collections.abc import Callable
from functools import cache
from graphlib import TopologicalSorter

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction

from surety.blobs.local import LocalBlobs
from surety.server.audit import actions as audit
from surety.server.cases.door import raise_revision
from surety.server.cases.models import (
    DeviceAssignment,
    DoorGrant,
    Person,
    ProtectedAssignment,
    ProtectedLink,
    ProtectedPerson,
    WatchKey,
)
from surety.server.records import documents, dues, holds, periods, queries, tombstones, vault
from surety.server.records.models import Erasure, ErasureState, PersonKey
from surety.server.records.schedule import STORES, Store, Whose
from surety.stream.contract import StreamUnavailableError
from surety.stream.sql import open_stream

CHUNK = 500  # rows or files a step
CERTIFICATE = "erasure.certificate"
BY_SCHEDULE = "The schedule: the case's period is over"
AGAIN = "They were erased before; a backup from before that was restored"


def begin_due(person_id: str, due_ms: int, *, is_protected: bool = False) -> None:
    """Note that everything of a person is due by the schedule, unless that is noted already."""
    Erasure.objects.filter(pk=person_id, state__in=(ErasureState.PROPOSED, ErasureState.DECLINED)).update(
        state=ErasureState.DUE, due_ms=due_ms, basis=BY_SCHEDULE
    )
    row = Erasure(
        person_id=person_id, is_protected=is_protected, state=ErasureState.DUE, basis=BY_SCHEDULE, due_ms=due_ms
    )
    Erasure.objects.bulk_create([row], ignore_conflicts=True)


def begin_again(now_ms: int) -> int:
    """Note everybody who was erased and whose key is back, as it is in a backup that was restored; how many."""
    marked = dict(tombstones.marked())
    back = 0
    for person_id in PersonKey.objects.exclude(wrapped=None).filter(pk__in=list(marked)).values_list("pk", flat=True):
        Erasure.objects.update_or_create(
            person_id=person_id,
            defaults={
                "state": ErasureState.DUE,
                "basis": AGAIN,
                "due_ms": now_ms,
                "is_protected": marked[person_id],
                "counts": {},
            },
        )
        back += 1
    return back


def advance(person_id: str, now_ms: int) -> bool:
    """One bounded step of an erasure that is due or begun; whether there is nothing more to do now.

    Raises BlobsUnavailableError or StreamUnavailableError: it goes on later.
    """
    erasure = Erasure.objects.get(pk=person_id)
    if erasure.state == ErasureState.DUE:
        return not _start(erasure, now_ms)
    if erasure.state != ErasureState.STARTED:
        return True
    tombstones.put(person_id, is_protected=erasure.is_protected)
    if _delete_files(person_id) or _delete_rows(erasure):
        return False
    _delete_log(person_id)
    for store in (queries.blobs(), documents.store()):
        if isinstance(store, LocalBlobs):
            store.drop_folder(person_id)
    return _certify(person_id, now_ms)


def finish(person_id: str, now_ms: int) -> bool:
    """Advance until it is done or cannot be now; whether it is done."""
    while not advance(person_id, now_ms):
        pass
    return Erasure.objects.filter(pk=person_id, state=ErasureState.DONE).exists()


# --- the steps, in order ----------------------------------------------------------------------------------------


def _start(erasure: Erasure, now_ms: int) -> bool:
    """Destroy the key and shut the door, unless something forbids it now; whether it has begun."""
    person_id = erasure.person_id
    with transaction.atomic():
        _lock(person_id, is_protected=erasure.is_protected)
        row = Erasure.objects.select_for_update().get(pk=person_id)
        if row.state != ErasureState.DUE:
            return row.state == ErasureState.STARTED
        if row.basis != AGAIN and not _may_begin(row, now_ms):
            return False
        row.due_ms = holds.free_ms(person_id, "case", row.due_ms, now_ms)
        row.key_sha256 = _destroy_key(person_id, now_ms)
        row.state, row.started_ms, row.schedule = ErasureState.STARTED, now_ms, periods.fingerprint()
        row.counts = _count_files(person_id)
        row.save()
        DoorGrant.objects.filter(person_id=person_id).delete()
        raise_revision()
        _note("erasure.begun", row, now_ms, {"basis": row.basis, "due_ms": row.due_ms})
    vault.forget(person_id)
    return True


def _may_begin(row: Erasure, now_ms: int) -> bool:
    if not _is_due(row, now_ms):
        if row.basis == BY_SCHEDULE:
            row.delete()  # a new order has moved the end on
        return False
    return holds.holding(row.person_id, "case", now_ms) is None


def _lock(person_id: str, *, is_protected: bool) -> None:
    people: type[models.Model] = ProtectedPerson if is_protected else Person
    people._default_manager.select_for_update().filter(pk=person_id).first()  # noqa: SLF001 - Django's own interface


def _is_due(row: Erasure, now_ms: int) -> bool:
    """Whether it still is: a new order may have moved a schedule's end on, and stops an authority's order too."""
    if row.is_protected:
        protected = ProtectedPerson.objects.filter(pk=row.person_id).first()
        return protected is not None and dues.protected_due_ms(protected) <= now_ms
    end_ms = dues.case_end(row.person_id)
    if end_ms is None or row.basis != BY_SCHEDULE:
        return end_ms is None or end_ms <= now_ms
    return dues.case_due_ms(end_ms) <= now_ms


def _destroy_key(person_id: str, now_ms: int) -> str:
    """Destroy a key, or leave the mark that there will be none; the SHA-256 of its public half."""
    mark = {"public": b"", "made_ms": now_ms}
    key, _ = PersonKey.objects.get_or_create(person_id=person_id, defaults=mark)
    PersonKey.objects.filter(pk=person_id).update(wrapped=None, destroyed_ms=now_ms)
    return hashlib.sha256(bytes(key.public)).hexdigest() if key.public else ""


def _count_files(person_id: str) -> dict[str, int]:
    """Counted before the first goes, so that a kill in between loses no count."""
    found = {"photographs": queries.blobs(), "documents": documents.store()}
    return {f"folder:{name}": sum(1 for _ in store.names(person_id)) for name, store in found.items()}


def _delete_files(person_id: str) -> int:
    gone = 0
    for store in (queries.blobs(), documents.store()):
        for name in list(store.names(person_id))[:CHUNK]:
            store.delete(name)
            gone += 1
    return gone


def _delete_log(person_id: str) -> None:
    stream = open_stream(settings.SURETY)
    try:
        stream.erase_person(person_id, stream.last_seq())
    finally:
        stream.close()


def _delete_rows(erasure: Erasure) -> int:
    """Delete the next chunk of rows and count it in the same commit; how many went."""
    if erasure.is_protected:
        return _delete_protected(erasure)
    if gone := _delete(erasure, WatchKey.objects.filter(pk__in=_last_worn_by(erasure.person_id))):
        return gone
    for store in in_order():
        table = apps.get_model(store.name)
        rows = table._default_manager.filter(**{store.path: erasure.person_id})  # noqa: SLF001 - Django's own interface
        if gone := _delete(erasure, rows):
            return gone
    return 0


def _last_worn_by(person_id: str) -> list[str]:
    """The devices that nobody had after this person: the key of another's watch is not theirs."""
    theirs = DeviceAssignment.objects.filter(person_id=person_id).values("device_id")
    last = DeviceAssignment.objects.filter(device_id__in=theirs).order_by("from_ms", "pk")
    return [
        device for device, wearer in dict(last.values_list("device_id", "person_id")).items() if wearer == person_id
    ]


def _delete(erasure: Erasure, rows: "models.QuerySet[models.Model]") -> int:
    pks = list(rows.values_list("pk", flat=True)[:CHUNK])
    if not pks:
        return 0
    with transaction.atomic():
        counted = Erasure.objects.select_for_update().get(pk=erasure.pk)
        _, each = rows.model._default_manager.filter(pk__in=pks).delete()  # noqa: SLF001 - as above
        for label, number in each.items():
            counted.counts[label] = counted.counts.get(label, 0) + number
        counted.save(update_fields=["counts"])
    return len(pks)


@cache
def in_order() -> tuple[Store, ...]:
    """The tables of a supervised person, each before those whose rows it points to."""
    stores = {store.name: store for store in STORES if store.whose is Whose.PERSON and ":" not in store.name}
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(stores, ()))
    for name in stores:
        for field in apps.get_model(name)._meta.concrete_fields:  # noqa: SLF001 - as above
            other = _label(field.related_model)
            if other in stores and other != name:
                sorter.add(other, name)
    return tuple(stores[name] for name in sorter.static_order())


def _label(table: object) -> str:
    return table._meta.label if isinstance(table, type) and issubclass(table, models.Model) else ""  # noqa: SLF001 - as above


def _delete_protected(erasure: Erasure) -> int:
    """Their devices' assignments and everything that tells who they are; the row itself goes with its last link."""
    person_id = erasure.person_id
    if gone := _delete(erasure, ProtectedAssignment.objects.filter(protected_id=person_id)):
        return gone
    rows = ProtectedPerson.objects.filter(pk=person_id)
    if not ProtectedLink.objects.filter(protected_id=person_id).exists():
        return _delete(erasure, rows)
    with transaction.atomic():
        return rows.exclude(reference=f"erased-{person_id[:12]}").update(**_nothing_of(person_id))


def _nothing_of(person_id: str) -> dict[str, object]:
    blank = {"name": "", "contact": "", "language": "", "reason": ""}
    return {**blank, "reference": f"erased-{person_id[:12]}"}


def _certify(person_id: str, now_ms: int) -> bool:
    """End it and write the certificate, in one commit, so that there is exactly one."""
    with transaction.atomic():
        row = Erasure.objects.select_for_update().get(pk=person_id)
        if row.state != ErasureState.STARTED:
            return True
        row.state, row.done_ms = ErasureState.DONE, now_ms
        row.save(update_fields=["state", "done_ms"])
        _note(CERTIFICATE, row, now_ms, certificate(row))
    empty_write_ahead_log()
    return True


def certificate(row: Erasure) -> dict[str, object]:
    """What a certificate says: figures and ids, and nothing of the person."""
    return {
        "basis": row.basis,
        "counts": dict(sorted(row.counts.items())),
        "schedule": row.schedule,
        "key_sha256": row.key_sha256,
        "due_ms": row.due_ms,
        "key_destroyed_ms": row.started_ms,
        "done_ms": row.done_ms,
        "proposed_by": row.proposed_by_name,
        "confirmed_by": row.confirmed_by_name,
    }


def _note(action: str, row: Erasure, now_ms: int, detail: dict[str, object]) -> None:
    subject = "protected_person" if row.is_protected else "person"
    audit.record(
        action=action,
        actor=None,
        subject_type=subject,
        subject_id=row.person_id,
        person_id=row.person_id,
        at_ms=now_ms,
        detail=detail,
    )


def empty_write_ahead_log() -> None:
    """SQLite: have what was overwritten leave the write-ahead log too; while somebody reads, the next time does it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.fetchall()


def sweep_again(now_ms: int, since_ms: int, say: Callable[[str], None]) -> None:
    """Delete what came after the certificate, such as what a worker still held: the key is gone, so nobody reads it."""
    for row in Erasure.objects.filter(state=ErasureState.DONE, done_ms__gt=since_ms, done_ms__lt=now_ms):
        while gone := _delete_files(row.person_id) or _delete_rows(row):
            say(f"{gone} rows or files of {row.person_id} came after their erasure and are deleted")
        try:
            _delete_log(row.person_id)
        except StreamUnavailableError as error:
            say(str(error))
