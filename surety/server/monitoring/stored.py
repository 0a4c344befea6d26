"""Reads what is stored of one person, as it stood at one instant, so that it can be derived again beside a live system.

Nothing here writes, and nothing waits for the worker: a reader of SQLite's write-ahead log or of a PostgreSQL snapshot
holds nobody up, and sees either all of one batch of the worker's or nothing of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec
from django.db import connection, transaction
from django.db.models import Q

from surety.rules.engine import OtherStateError, State, decode_state
from surety.rules.facts import Fact, ProtectedFix, decode
from surety.server.monitoring.batch import NEVER_MS
from surety.server.monitoring.models import Finding, PersonState, Snapshot, StoredFact
from surety.server.monitoring.sealed import FACT, open_state, unseal

FACTS_A_READ = 20_000  # some megabytes: a person's years pass through without being held at once


@contextmanager
def frozen_view() -> Iterator[None]:
    """Everything read within is of one instant. Nothing may be written within."""
    if connection.in_atomic_block:  # the caller's own transaction (a test's, say) says what is seen
        yield
        return
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # Django's own transactions begin as writers (settings), which would queue
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


class Kept(msgspec.Struct, frozen=True):
    """A state that is kept: a snapshot, or the current state of a person."""

    at_ms: int
    body: bytes


def snapshots(person_id: str) -> list[Kept]:
    """A person's snapshots, the oldest first."""
    rows = Snapshot.objects.filter(person_id=person_id).order_by("at_ms").values_list("at_ms", "body")
    return [Kept(at_ms, open_state(person_id, body)) for at_ms, body in rows]


def snapshot_before(person_id: str, before_ms: int) -> tuple[int, State] | None:
    """The newest snapshot before an instant that these rules wrote, with its state; those of others are passed over."""
    rows = Snapshot.objects.filter(person_id=person_id, at_ms__lt=before_ms).order_by("-at_ms")
    for at_ms, body in rows.values_list("at_ms", "body"):
        with suppress(OtherStateError):
            return at_ms, decode_state(open_state(person_id, body))
    return None


def state_of(person_id: str) -> PersonState | None:
    """How far the worker has taken a person."""
    return PersonState.objects.filter(pk=person_id).first()


class FactRow(msgspec.Struct, frozen=True):
    """A stored fact: its columns, and the bytes that the rules were given."""

    at_ms: int
    fact_id: str
    received_ms: int
    processed_ms: int
    body: bytes

    def fact(self) -> Fact:
        """What the bytes say. Raises msgspec.DecodeError or ValidationError when they say nothing."""
        return decode(self.body)


_COLUMNS = ("at_ms", "fact_id", "received_ms", "processed_ms", "body")


def fact_rows(person_id: str, after_ms: int = NEVER_MS, until_ms: int | None = None) -> Iterator[list[FactRow]]:
    """Stored facts with a time in (after, until], in the order in which the rules take them, some thousand a list."""
    later = Q(at_ms__gt=after_ms)
    while True:
        rows = StoredFact.objects.filter(later, person_id=person_id)
        if until_ms is not None:
            rows = rows.filter(at_ms__lte=until_ms)
        listed = list(rows.order_by("at_ms", "fact_id").values_list(*_COLUMNS)[:FACTS_A_READ])
        found = [
            FactRow(at_ms, fact_id, received_ms, processed_ms, unseal(person_id, body, FACT))
            for at_ms, fact_id, received_ms, processed_ms, body in listed
        ]
        if found:
            yield found
            last = found[-1]
            later = Q(at_ms__gt=last.at_ms) | Q(at_ms=last.at_ms, fact_id__gt=last.fact_id)
        if len(found) < FACTS_A_READ:
            return


def time_of_fact_from_the_end(person_id: str, number: int, until_ms: int) -> int:
    """The time of the `number`th last fact up to an instant; NEVER_MS when there are not so many."""
    rows = StoredFact.objects.filter(person_id=person_id, at_ms__lte=until_ms).order_by("-at_ms", "-fact_id")
    found = list(rows.values_list("at_ms", flat=True)[number - 1 : number])
    return int(found[0]) if found else NEVER_MS


def facts_named(person_id: str, ids: Sequence[str]) -> list[Fact]:
    """Stored facts by their ids, in order of time; a protected person's positions are left out."""
    rows = StoredFact.objects.filter(person_id=person_id, fact_id__in=list(ids)).order_by("at_ms", "fact_id")
    facts = (decode(unseal(person_id, body, FACT)) for body in rows.values_list("body", flat=True))
    return [fact for fact in facts if not isinstance(fact, ProtectedFix)]


def finding_rows(person_id: str, known_after_ms: int = NEVER_MS) -> list[Finding]:
    """A person's findings that were first known after an instant, superseded ones included."""
    return list(Finding.objects.filter(person_id=person_id, known_ms__gt=known_after_ms).order_by("known_ms", "id"))
