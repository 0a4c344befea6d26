"""The daily erasure, as a job of the keeper: in bounded steps, each of which may be killed, from where it was.

A day is 24 hours from the last beginning. What is due and is not held goes by its kind: photographs, enrolled images,
everything of people whose case is over, protected persons, old log-ins. `surety retention run` does the same at once.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from surety.blobs.contract import BlobsUnavailableError
from surety.blobs.local import LocalBlobs
from surety.server.cases.models import Person, ProtectedLink, ProtectedPerson
from surety.server.checkins.models import EnrolledImage, Submission
from surety.server.records import documents, dues, erasing, outcomes, periods, queries
from surety.server.records.models import Document, Erased, Erasure, ErasureState, Sweep
from surety.stream.contract import StreamUnavailableError

logger = logging.getLogger(__name__)
DAY_MS = 86_400_000
AT_ONCE = 100  # people or submissions looked at in a step
PAUSE_MS = 1_000  # domain time between steps, so that the keeper's other jobs have their turn
AGAIN_MS = 7 * DAY_MS  # for so long after a certificate it is looked at once more
PASSED = "~"  # at the end of a cursor: this one is through
ORPHAN_S = 7 * 86_400.0  # of the machine's time: longer than a photograph's way from the door to its row


def step(now_ms: int) -> int | None:
    """One bounded step; when the next is due (domain time)."""
    sweep, _ = Sweep.objects.get_or_create(pk=1)
    if sweep.done_ms is not None or sweep.begun_ms < 0:
        if sweep.begun_ms >= 0 and now_ms < sweep.begun_ms + DAY_MS:
            return _urgent(now_ms) or sweep.begun_ms + DAY_MS
        sweep.begun_ms, sweep.phase, sweep.cursor, sweep.done_ms = now_ms, 0, "", None
    _one(sweep, now_ms)
    sweep.save()
    return now_ms + PAUSE_MS if sweep.done_ms is None else sweep.begun_ms + DAY_MS


def _urgent(now_ms: int) -> int | None:
    """Between two days: go on with an erasure that was confirmed or has begun; None: there is none."""
    waiting = Erasure.objects.filter(state__in=(ErasureState.DUE, ErasureState.STARTED)).order_by("due_ms")
    for erasure in waiting[:AT_ONCE]:
        if not _advance(erasure.pk, now_ms):
            return now_ms + PAUSE_MS
    return None


def run(now_ms: int, say: Callable[[str], None] = logger.info) -> tuple[int, int]:
    """A whole day's erasure at once, told of by `say`; how many steps it took, and how many people's case it ended."""
    before = Erasure.objects.filter(state=ErasureState.DONE).count()
    Sweep.objects.update_or_create(pk=1, defaults={"begun_ms": now_ms, "phase": 0, "cursor": "", "done_ms": None})
    steps, phase = 0, -1
    while (sweep := Sweep.objects.get(pk=1)).done_ms is None:
        if sweep.phase != phase:
            phase = sweep.phase
            say(f"{phase + 1} of {len(PHASES)}: {PHASES[phase].__doc__ or ''}".splitlines()[0])
        step(now_ms)
        steps += 1
    return steps, Erasure.objects.filter(state=ErasureState.DONE).count() - before


def _one(sweep: Sweep, now_ms: int) -> None:
    following = PHASES[sweep.phase](sweep.cursor, now_ms)
    if following is None:
        sweep.phase, sweep.cursor = sweep.phase + 1, ""
    else:
        sweep.cursor = following
    if sweep.phase == len(PHASES):
        sweep.done_ms = now_ms


# --- the phases: each does a part beginning after the cursor, and gives the next one; None: it is through --------


def _photographs(cursor: str, now_ms: int) -> str | None:
    """Photographs of check-ins, by what became of each."""
    rows = Submission.objects.filter(photos_erased_ms=None, pk__gt=cursor).select_related("check_in").order_by("pk")
    found = list(rows[:AT_ONCE])
    outcomes.erase_photographs(found, now_ms)
    return found[-1].pk if found else None


def _people(cursor: str, now_ms: int) -> str | None:
    """Enrolled images of people whose order is over, and whose case is over."""
    ids = list(Person.objects.filter(pk__gt=cursor).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    for person_id, end_ms in dues.case_ends(ids).items():
        outcomes.erase_images(person_id, end_ms, now_ms)
        if dues.case_due_ms(end_ms) <= now_ms:
            erasing.begin_due(person_id, dues.case_due_ms(end_ms))
    return ids[-1] if ids else None


def _restored(cursor: str, now_ms: int) -> str | None:  # noqa: ARG001 - as the other phases
    """Who was erased before a backup was restored that holds them still."""
    if back := erasing.begin_again(now_ms):
        logger.warning("%d people who were erased are back, with a backup; they are erased again", back)
    return None


def _protected(cursor: str, now_ms: int) -> str | None:
    """Protected people whose links are over."""
    rows = list(ProtectedPerson.objects.filter(pk__gt=cursor).order_by("pk")[:AT_ONCE])
    for row in rows:
        if Erasure.objects.filter(pk=row.pk, state=ErasureState.DONE).exists():
            with transaction.atomic():
                if not ProtectedLink.objects.filter(protected=row).exists():
                    row.delete()
        elif dues.protected_due_ms(row) <= now_ms:
            erasing.begin_due(row.pk, dues.protected_due_ms(row), is_protected=True)
    return rows[-1].pk if rows else None


def _erasures(cursor: str, now_ms: int) -> str | None:
    """Each in turn, to its end: one that is held, or whose store is away, is passed over."""
    waiting = Erasure.objects.filter(state__in=(ErasureState.DUE, ErasureState.STARTED), pk__gte=cursor.rstrip(PASSED))
    erasure = waiting.exclude(pk=cursor.rstrip(PASSED) if cursor.endswith(PASSED) else "").order_by("pk").first()
    if erasure is None:
        return None
    return f"{erasure.pk}{PASSED}" if _advance(erasure.pk, now_ms) else erasure.pk


def _advance(person_id: str, now_ms: int) -> bool:
    try:
        return erasing.advance(person_id, now_ms)
    except (BlobsUnavailableError, StreamUnavailableError) as error:
        logger.warning("the erasure of %s waits: %s", person_id, error)
        return True


def _files(cursor: str, now_ms: int) -> str | None:  # noqa: ARG001 - as the other phases
    """Files that no row names: of a kill between the file and its row, or of a question that nobody asked."""
    ids = list(Person.objects.filter(pk__gt=cursor).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    store = queries.blobs()
    for person_id in ids:
        _sweep_files(documents.store(), person_id, set(_documents(person_id)))
        if isinstance(store, LocalBlobs):
            _sweep_files(store, person_id, set(_pictures(person_id)))
    return ids[-1] if ids else None


def _documents(person_id: str) -> list[str]:
    return list(Document.objects.filter(person_id=person_id).values_list("sha256", flat=True))


def _pictures(person_id: str) -> list[str]:
    named = list(EnrolledImage.objects.filter(person_id=person_id).values_list("sha256", flat=True))
    kept = Submission.objects.filter(check_in__person_id=person_id, photos_erased_ms=None)
    return named + [name for photos in kept.values_list("photos", flat=True) for name in photos]


def _sweep_files(store: LocalBlobs, person_id: str, named: set[str]) -> None:
    for name in store.names(person_id):
        if name.partition("/")[2] not in named and store.age_s(name, time.time()) > ORPHAN_S:
            store.delete(name)


def _tidy(cursor: str, now_ms: int) -> str | None:  # noqa: ARG001 - as the other phases
    """What is of nobody under supervision, what came after a certificate, and the record of erasures itself."""
    from axes.models import AccessAttempt, AccessFailureLog, AccessLog  # noqa: PLC0415 - used here alone

    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    before = timezone.now() - dt.timedelta(days=periods.days_of("log_in"))
    for table in (AccessAttempt, AccessFailureLog, AccessLog):
        table.objects.filter(attempt_time__lt=before).delete()
    erasing.sweep_again(now_ms, now_ms - AGAIN_MS, logger.warning)
    old_ms = now_ms - periods.period_ms("erasure")
    Erased.objects.filter(done_ms__lt=old_ms).delete()
    Erasure.objects.filter(state=ErasureState.DONE, done_ms__lt=old_ms).delete()
    erasing.empty_write_ahead_log()
    return None


PHASES = (_restored, _photographs, _people, _protected, _erasures, _files, _tidy)
