"""Writes down that somebody read a person's positions, before they are shown."""

import hashlib

from django.core.cache import cache

from surety.server.accounts.models import User
from surety.server.audit import actions as audit
from surety.server.cases.models import Person

ONE_READING_S = 600  # looking at the same alert again within this time is one reading, not another entry


def note_reading(user: User, person: Person, window_ms: tuple[int, int], purpose: str, *, now_ms: int) -> None:
    """Record who reads whose positions, of which window, and why. The same again within ten minutes is one reading."""
    same = f"{user.pk}:{person.pk}:{window_ms[0]}:{window_ms[1]}:{purpose}"
    key = f"reading:{hashlib.sha256(same.encode()).hexdigest()}"  # a purpose may hold any letter; a key may not
    if not cache.add(key, 1, ONE_READING_S):
        return
    audit.record(
        action="trail.read",
        actor=user,
        subject_type="person",
        subject_id=person.pk,
        person_id=person.pk,
        detail={"from_ms": window_ms[0], "to_ms": window_ms[1], "purpose": purpose},
        at_ms=now_ms,
    )
