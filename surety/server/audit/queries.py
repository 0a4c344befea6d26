"""Reading the audit log, and finding out whether somebody changed it."""

from django.db.models import QuerySet

from surety.ledger.notes import BadNoteError
from surety.ledger.verifying import Checker, Fault, Verdict, verdict
from surety.server.audit import checkpoints
from surety.server.audit.chain import FIRST_PREVIOUS, line_of
from surety.server.audit.models import Entry, Head

__all__ = ["Verdict", "entries", "verify"]


def verify() -> Verdict:
    """Check every entry, and every checkpoint within reach. Names what was changed, removed, put in or cut off.

    Raises OSError where checkpoints cannot be read.
    """
    head = Head.objects.filter(id=1).first() or Head(seq=0, hash=FIRST_PREVIOUS)
    try:
        known = checkpoints.known()
    except BadNoteError as error:
        return Verdict(0, 0, 0, 0, str(error), is_sound=False)
    checker, link = Checker(known), FIRST_PREVIOUS
    for entry in Entry.objects.order_by("seq").iterator(chunk_size=2000):
        if fault := checker.take(line_of(entry)):
            return verdict(checker, len(known), fault)
        link = entry.hash
    return verdict(checker, len(known), checker.end() or _fault_at_end(checker.seq, link, head))


def _fault_at_end(seq: int, link: str, head: Head) -> Fault | None:
    at = min(seq, head.seq) + 1
    if seq < head.seq:
        return Fault(at, head.seq, f"Entry {at} is missing: the log was cut off after entry {seq}.")
    if seq > head.seq:
        told = f"Entry {at} was put in by something else than Surety, or the log's head was changed."
        return Fault(at, seq, told)
    return None if link == head.hash else Fault(seq, seq, f"Entry {seq} is not the one that was written last.")


def entries(*, person_id: str = "", action: str = "", before_seq: int | None = None) -> QuerySet[Entry]:
    """Entries, newest first, of a person and of an action when given; `before_seq` pages on."""
    found = Entry.objects.order_by("-seq")
    if person_id:
        found = found.filter(person_id=person_id)
    if action:
        found = found.filter(action=action)
    return found if before_seq is None else found.filter(seq__lt=before_seq)
