"""Reading the audit log, and finding out whether somebody changed it."""

from collections.abc import Iterable

import msgspec
from django.db.models import QuerySet

from surety.server.audit.chain import FIRST_PREVIOUS, digest
from surety.server.audit.models import Entry, Head


class Verdict(msgspec.Struct, frozen=True):
    """What checking the chain found. `first_bad_seq` is 0 when all is well."""

    entries: int
    first_bad_seq: int
    sentence: str

    @property
    def is_sound(self) -> bool:
        """Whether every entry is as it was written and none is missing."""
        return self.first_bad_seq == 0


def verify() -> Verdict:
    """Recompute the whole chain. Names the first entry that was changed, removed, put in or cut off at the end."""
    head = Head.objects.filter(id=1).first() or Head(seq=0, hash=FIRST_PREVIOUS)
    seq, link = 0, FIRST_PREVIOUS
    for entry in _all_entries():
        fault = _fault(entry, seq, link)
        if fault:
            return Verdict(seq, min(entry.seq, seq + 1), fault)
        seq, link = entry.seq, entry.hash
    if fault := _fault_at_end(seq, link, head):
        return Verdict(seq, min(seq, head.seq) + 1, fault)
    return Verdict(seq, 0, f"All {seq} entries are as they were written.")


def _all_entries() -> Iterable[Entry]:
    return Entry.objects.order_by("seq").iterator(chunk_size=2000)


def _fault(entry: Entry, seq: int, link: str) -> str:
    if entry.seq != seq + 1:
        return f"Entry {seq + 1} is missing: entry {entry.seq} follows entry {seq}."
    if entry.previous_hash != link:
        return f"Entry {entry.seq} does not link to the entry before it: one of the two was changed."
    if entry.hash != digest(entry):
        return f"Entry {entry.seq} was changed after it was written."
    return ""


def _fault_at_end(seq: int, link: str, head: Head) -> str:
    if seq < head.seq:
        return f"Entry {seq + 1} is missing: the log was cut off after entry {seq}."
    if seq > head.seq:
        return f"Entry {head.seq + 1} was put in by something else than Surety, or the log's head was changed."
    return "" if link == head.hash else f"Entry {seq} is not the one that was written last."


def entries(*, person_id: str = "", action: str = "", before_seq: int | None = None) -> QuerySet[Entry]:
    """Entries, newest first, of a person and of an action when given; `before_seq` pages on."""
    found = Entry.objects.order_by("-seq")
    if person_id:
        found = found.filter(person_id=person_id)
    if action:
        found = found.filter(action=action)
    return found if before_seq is None else found.filter(seq__lt=before_seq)
