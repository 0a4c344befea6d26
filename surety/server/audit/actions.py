"""The only writer of the audit log. Call it inside the transaction that makes the change, as its last lock.

Lock order (PostgreSQL): first the rows that change, then the log's head. After the head only rows that nobody else
locks may be written, so that two writers never wait for each other.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction

from surety.server.audit.chain import FIRST_PREVIOUS, canonical, digest
from surety.server.audit.models import Entry, Head
from surety.server.audit.words import hide

if TYPE_CHECKING:
    from surety.server.accounts.models import User

SYSTEM_NAME = "Surety"  # who acts when no person does


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to record. `detail` is anything JSON can say; never a secret, never a position."""

    action: str
    actor: "User | None"
    subject_type: str
    subject_id: str
    at_ms: int
    person_id: str = ""
    detail: Mapping[str, object] = msgspec.field(default_factory=dict)
    actor_name: str = ""  # overrides the actor's name, or names the part of the system that acted


def record(
    *,
    action: str,
    actor: "User | None",
    subject_type: str,
    subject_id: str,
    at_ms: int,
    person_id: str = "",
    detail: Mapping[str, object] | None = None,
    actor_name: str = "",
) -> Entry:
    """Append one entry. `actor` None: the system itself, or whoever `actor_name` names."""
    happening = Happening(
        action=action,
        actor=actor,
        subject_type=subject_type,
        subject_id=subject_id,
        at_ms=at_ms,
        person_id=person_id,
        detail=detail or {},
        actor_name=actor_name,
    )
    return record_many([happening])[0]


def record_many(happenings: Sequence[Happening]) -> list[Entry]:
    """Append entries in order, linked to each other, in one insert; for bursts."""
    if not happenings:
        return []
    with transaction.atomic():
        details = hide(happenings)  # before the head is locked: it may make keys of people
        head, _ = Head.objects.select_for_update().get_or_create(id=1, defaults={"hash": FIRST_PREVIOUS})
        entries = []
        for happening, detail in zip(happenings, details, strict=True):
            entry = _entry(happening, detail, head)
            entries.append(entry)
            head.seq, head.hash = entry.seq, entry.hash
        Entry.objects.bulk_create(entries)
        head.save(update_fields=["seq", "hash"])
    return entries


def _entry(happening: Happening, detail: Mapping[str, object], head: Head) -> Entry:
    actor = happening.actor
    entry = Entry(
        seq=head.seq + 1,
        at_ms=happening.at_ms,
        actor_id=actor.pk if actor else None,
        actor_name=happening.actor_name or (str(actor) if actor else SYSTEM_NAME),
        actor_role=actor.role if actor else "",
        action=happening.action,
        subject_type=happening.subject_type,
        subject_id=happening.subject_id,
        person_id=happening.person_id,
        detail=canonical(dict(detail)),
        previous_hash=head.hash,
    )
    entry.hash = digest(entry)
    return entry
