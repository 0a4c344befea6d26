"""Deletes protected persons' positions: all of them once a link is over, else those older than three days.

Destructive. What could go wrong: a finding that rests on deleted positions cannot be derived again, so it must not be
taken for one that later facts took away (`rests_on_erased`, asked by rewind.py, explain.py and verifying.py); and the
worker's memory of a person must be read anew afterwards, as the number and tally of their facts have changed. A state
or snapshot keeps the last position of each link, which is taken out of it.
"""

import logging
from collections.abc import Collection, Iterator

import msgspec
from django.db import transaction
from django.db.models import Q

from surety.rules import engine
from surety.rules.engine import OtherStateError
from surety.rules.facts import ProtectedFix, decode
from surety.rules.state import Apart, State
from surety.server.cases import links, protected
from surety.server.cases.intervals import FOREVER_MS
from surety.server.cases.models import ProtectedLink
from surety.server.monitoring import queries, tally
from surety.server.monitoring.models import PersonState, SetAside, Snapshot, StoredFact
from surety.server.monitoring.sealed import FACT, STATE, BrokenBoxError, open_state, readable, seal, unseal
from surety.stream.contract import Stream, partition_of

logger = logging.getLogger(__name__)
KEEP_MS = 72 * 3_600_000  # over a long weekend somebody may have to look into what the rules concluded
LATE_MS = 3_600_000  # how late a position may still be stored behind what was deleted already
_READ = 2_000  # facts decoded at once


def erase(
    stream: Stream, partitions: frozenset[int], now_ms: int, *, people: Collection[str] | None = None
) -> set[str]:
    """Delete what may not be kept any longer, of these people or of all of these partitions; who was changed."""
    due = ProtectedLink.objects.select_related("order").filter(_due(now_ms))
    if people is not None:
        due = due.filter(order__person_id__in=people)
    changed = set()
    for link in due:
        person_id = link.order.person_id
        if partition_of(person_id) in partitions and readable(person_id) and _erase_link(stream, link, now_ms):
            changed.add(person_id)
    return changed


def _due(now_ms: int) -> Q:
    """Open links; and closed ones for as long as something that was sent before may still come out of the log."""
    closed = Q(withdrawn_ms__isnull=False) | Q(ended_ms__isnull=False)
    lately = Q(withdrawn_ms__gt=now_ms - KEEP_MS) | Q(ended_ms__gt=now_ms - KEEP_MS)
    return (~closed & Q(approved_ms__isnull=False)) | lately


def _erase_link(stream: Stream, link: ProtectedLink, now_ms: int) -> bool:
    over = link.withdrawn_ms is not None or link.ended_ms is not None
    to_ms = FOREVER_MS if over else now_ms - KEEP_MS
    from_ms = link.recorded_ms if over else max(link.recorded_ms, link.erased_to_ms - LATE_MS)
    if over:
        stream.erase(link.pk, queries.slowest_position())
    if from_ms >= to_ms:
        return False
    with transaction.atomic():
        gone = _delete_facts(link, from_ms, to_ms)
        redacted = _redact(link, from_ms, to_ms)
        protected.note_erased(link.pk, to_ms)
    if gone or redacted:
        logger.info("%d positions and %d kept places under link %s are deleted", gone, redacted, link.pk)
    return bool(gone or redacted)


def _delete_facts(link: ProtectedLink, from_ms: int, to_ms: int) -> int:
    person_id = link.order.person_id
    theirs = list(_theirs(link, from_ms, to_ms))
    state = PersonState.objects.select_for_update().filter(pk=person_id).first()
    if theirs and state is not None:
        state.facts -= len(theirs)
        summed = tally.from_text(state.facts_tally)
        for _, body in theirs:
            summed = tally.without(summed, body)
        state.facts_tally = tally.to_text(summed)
        state.save(update_fields=["facts", "facts_tally"])
    ids = [pk for pk, _ in theirs]
    for start in range(0, len(ids), 500):
        StoredFact.objects.filter(pk__in=ids[start : start + 500]).delete()
    aside = SetAside.objects.filter(person_id=person_id).values_list("pk", "body")
    SetAside.objects.filter(pk__in=[pk for pk, box in aside if _is_of(link, _opened(person_id, box))]).delete()
    return len(theirs)


def _theirs(link: ProtectedLink, from_ms: int, to_ms: int) -> Iterator[tuple[int, bytes]]:
    rows = StoredFact.objects.filter(person_id=link.order.person_id, at_ms__gte=from_ms, at_ms__lt=to_ms)
    for pk, body in rows.values_list("pk", "body").iterator(_READ):
        opened = _opened(link.order.person_id, body)
        if _is_of(link, opened):
            yield pk, opened


def _opened(person_id: str, box: "bytes | memoryview[int]") -> bytes:
    try:
        return unseal(person_id, box, FACT)
    except BrokenBoxError:
        return b""


def _is_of(link: ProtectedLink, body: bytes) -> bool:
    try:
        fact = decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return isinstance(fact, ProtectedFix) and fact.link_id == link.pk


def _redact(link: ProtectedLink, from_ms: int, to_ms: int) -> int:
    """Take the protected person's last place out of what is kept of the rules' memory."""
    person_id, done = link.order.person_id, 0
    for row in Snapshot.objects.filter(person_id=person_id, at_ms__gte=from_ms, at_ms__lt=to_ms):
        was = open_state(person_id, row.body)
        body = _without_place(was, link)
        if body is None:  # of other rules, which read it no more: nothing is lost
            row.delete()
        elif body != was:
            row.body = seal(person_id, body, STATE)
            row.save(update_fields=["body"])
            done += 1
    state = PersonState.objects.filter(pk=person_id, at_ms__lt=to_ms).first()
    if state is not None:
        was = open_state(person_id, state.body)
        body = _without_place(was, link)
        if body is not None and body != was:
            state.body = seal(person_id, body, STATE)
            state.save(update_fields=["body"])
            done += 1
    return done


def _without_place(body: bytes, link: ProtectedLink) -> bytes | None:
    try:
        state: State = engine.decode_state(body)
    except OtherStateError:
        return None
    name = f"{links.LINK_PREFIX}{link.pk}"
    state.records = tuple(
        msgspec.structs.replace(one, other=None) if isinstance(one, Apart) and one.condition_id == name else one
        for one in state.records
    )
    return engine.encode_state(state)


# --- for those who derive findings again ------------------------------------------------------------------------------


def erased(person_id: str) -> dict[str, int]:
    """Up to when positions are deleted, by the condition whose findings rested on them."""
    rows = ProtectedLink.objects.filter(order__person_id=person_id, erased_to_ms__gte=0)
    return {f"{links.LINK_PREFIX}{pk}": to_ms for pk, to_ms in rows.values_list("pk", "erased_to_ms")}


def rests_on_erased(condition_id: str, known_ms: int, erased_to: dict[str, int]) -> bool:
    """Whether a finding cannot be derived again, as the positions that it rested on are deleted by design."""
    return known_ms <= erased_to.get(condition_id, -1)
