"""Erases photographs by what became of their check-in, and the images that people were compared with.

Destructive. What could go wrong: a file goes that another row still needs. The same picture may be a check-in's and an
enrolled image, under one name, so a file goes only with the last row that names it. Files go before rows: what is
killed in between is done again, and no file is left that no row names.
"""

from collections.abc import Collection, Mapping, Sequence

from django.db import transaction

from surety.blobs.contract import name_of
from surety.server.checkins.deciding import OPEN_STAGES
from surety.server.checkins.models import CheckIn, EnrolledImage, Review, Stage, Submission
from surety.server.records import dues, holds, queries
from surety.server.records.models import Erased, LegalHold

Holds = Mapping[str, Sequence[LegalHold]]


def erase_photographs(submissions: Sequence[Submission], now_ms: int) -> int:
    """Erase what is due of these submissions (with their check-ins); how many photographs."""
    people = {one.check_in.person_id for one in submissions}
    ends, known = dues.case_ends(people), holds.standing(people, now_ms)
    gone = 0
    for submission in submissions:
        person_id = submission.check_in.person_id
        due_ms = dues.photo_due_ms(submission.check_in, ends[person_id])
        kind = dues.photo_kind(submission.check_in)
        if due_ms <= now_ms and holds.holding(person_id, kind, now_ms, known) is None:
            gone += _erase_submission(submission, kind, due_ms, now_ms)
    return gone


def _erase_submission(submission: Submission, kind: str, due_ms: int, now_ms: int) -> int:
    person_id, names = submission.check_in.person_id, list(submission.photos)
    _delete_files(person_id, names, but=submission)
    with transaction.atomic():
        CheckIn.objects.select_for_update().get(pk=submission.check_in_id)
        row = Submission.objects.select_for_update().get(pk=submission.pk)
        if row.photos_erased_ms is not None:
            return 0
        row.photos, row.photos_erased_ms, row.next_ms = [], now_ms, None
        row.save(update_fields=["photos", "photos_erased_ms", "next_ms"])
        reviews = Review.objects.filter(submission=row, stage__in=OPEN_STAGES)  # nobody can look any more
        reviews.update(stage=Stage.WITHDRAWN, held_by=None, held_ms=None)
        if names:
            _record(person_id, kind, due_ms, now_ms, len(names))
    return len(names)


def _delete_files(person_id: str, names: Collection[str], *, but: Submission | None) -> None:
    needed = set(EnrolledImage.objects.filter(person_id=person_id, sha256__in=names).values_list("sha256", flat=True))
    others = Submission.objects.filter(check_in__person_id=person_id, photos_erased_ms=None)
    for photos in others.exclude(pk=but.pk if but else None).values_list("photos", flat=True):
        needed.update(photos)
    store = queries.blobs()
    for name in sorted(set(names) - needed):
        store.delete(name_of(person_id, name))


def erase_images(person_id: str, case_end_ms: int, now_ms: int) -> int:
    """Erase the enrolled images of a person whose order is over for long enough, with their templates; how many."""
    due_ms = dues.image_due_ms(case_end_ms)
    if due_ms > now_ms or holds.holding(person_id, "enrolled_image", now_ms) is not None:
        return 0
    images = dict(EnrolledImage.objects.filter(person_id=person_id).values_list("pk", "sha256"))
    if not images:
        return 0
    kept: set[str] = set()
    for photos in Submission.objects.filter(check_in__person_id=person_id, photos_erased_ms=None).values_list(
        "photos", flat=True
    ):
        kept.update(photos)
    store = queries.blobs()
    for name in sorted(set(images.values()) - kept):
        store.delete(name_of(person_id, name))
    with transaction.atomic():
        EnrolledImage.objects.filter(pk__in=list(images)).delete()
        _record(person_id, "enrolled_image", due_ms, now_ms, len(images))
    return len(images)


def _record(person_id: str, kind: str, due_ms: int, now_ms: int, number: int) -> None:
    free_ms = holds.free_ms(person_id, kind, due_ms, now_ms)
    Erased.objects.create(person_id=person_id, kind=kind, due_ms=free_ms, done_ms=now_ms, number=number)
