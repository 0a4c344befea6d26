"""Writes down that somebody read a person's positions, before they are shown."""

import hashlib

from django.core.cache import cache

from surety.server.accounts.models import User
from surety.server.cases.models import Person
from surety.server.monitoring import reading

ONE_READING_S = 600  # looking at the same alert again within this time is one reading, not another entry


def note_reading(user: User, person: Person, window_ms: tuple[int, int], purpose: str, *, now_ms: int) -> None:
    """Record who reads whose positions, of which window, and why. The same again within ten minutes is one reading."""
    same = f"{user.pk}:{person.pk}:{window_ms[0]}:{window_ms[1]}:{purpose}"
    key = f"reading:{hashlib.sha256(same.encode()).hexdigest()}"  # a purpose may hold any letter; a key may not
    if cache.get(key):
        return
    reading.note_reading(person.pk, window_ms, purpose, actor=user, now_ms=now_ms)
    cache.set(key, 1, ONE_READING_S)  # after the entry: one that could not be written is written the next time
