"""The writer of the outbox to the log: facts commit with the rows that they are about, and are then appended.

At least once: a process that dies between the append and the mark appends again. Facts have ids that follow from what
they say, so the rules take each once. A fact waits here while the log is away; nothing is lost.
"""

from django.db import models

from surety.rules.facts import Fact, encode
from surety.server.checkins.models import OutFact
from surety.stream.contract import Entry, Stream

PROTOCOL = "checkins"
MOST = 500  # appended together
KEPT_MS = 72 * 3_600_000  # what was sent is kept as long as the log keeps it


def put(person_id: str, fact: Fact, *, now_ms: int) -> None:
    """Queue a fact, in the caller's transaction."""
    OutFact.objects.create(person_id=person_id, body=encode(fact), made_ms=now_ms)


def pump(stream: Stream, now_ms: int) -> int:
    """Append what waits, in the order in which it was queued; how many facts. Raises StreamUnavailableError.

    No transaction is open meanwhile. Two processes at once may both append a fact, which is then stored once.
    """
    waiting = list(OutFact.objects.filter(sent_ms=None).order_by("pk")[:MOST])
    if waiting:
        stream.append([_entry(row, now_ms) for row in waiting])
        OutFact.objects.filter(pk__in=[row.pk for row in waiting], sent_ms=None).update(sent_ms=now_ms)
    return len(waiting)


def _entry(row: OutFact, now_ms: int) -> Entry:
    return Entry(row.person_id, PROTOCOL, PROTOCOL, now_ms, (bytes(row.body),))


def clear(now_ms: int) -> int:
    """Delete what was sent long ago; how many rows."""
    return OutFact.objects.filter(sent_ms__lt=now_ms - KEPT_MS).delete()[0]


def waiting() -> tuple[int, int | None]:
    """How many facts wait for the log, and since when the oldest does."""
    found = OutFact.objects.filter(sent_ms=None).aggregate(number=models.Count("pk"), oldest=models.Min("made_ms"))
    return found["number"], found["oldest"]
