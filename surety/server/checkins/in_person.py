"""A check-in without a camera: an officer saw the person themselves, and records it.

Two facts go to the rules, as they would of photographs: that the check-in was answered when they met, and what the
officer says. It is SAME or CANNOT_TELL: that somebody else came is never said here, as it takes two people's look.
"""

from django.db import transaction
from django.db.models import QuerySet

from surety.rules.facts import CheckInDecided, CheckInSubmitted, Verdict, fact_id
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.cases.writing import lock_person, note_down
from surety.server.checkins import outbox
from surety.server.checkins.deciding import OPEN_STAGES
from surety.server.checkins.models import Answer, CheckIn, Review, Stage, Stands
from surety.server.errors import ConflictError, InvalidError, NotFoundError

VERDICTS = (Verdict.SAME, Verdict.CANNOT_TELL)


def record(check_in_id: str, verdict: Verdict, reason: str, *, seen_ms: int, acting_user: User, now_ms: int) -> CheckIn:
    """Decide a check-in by an officer's own eyes. `seen_ms`: when they saw the person (or spoke with them by video)."""
    if verdict not in VERDICTS:
        raise InvalidError("Here only the same person, or cannot tell, is recorded.", field="verdict")
    if not reason.strip():
        raise InvalidError("Write why it is recorded without a photograph.", field="reason")
    found = CheckIn.objects.filter(pk=check_in_id).first()
    if found is None:
        raise NotFoundError("There is no such check-in.")
    with transaction.atomic():
        person = lock_person(found.person_id)
        check_may(acting_user, "checkins.enrol", person)
        list(
            _open_reviews(found).order_by("pk").select_for_update(of=("self",))
        )  # before the check-in, as those who answer do
        check_in = CheckIn.objects.select_for_update().get(pk=check_in_id)
        _check(check_in, seen_ms, now_ms)
        _tell(check_in, verdict, seen_ms, acting_user, now_ms)
        check_in.stands, check_in.verdict, check_in.decided_ms = Stands.DECIDED, verdict.value, now_ms
        check_in.decided_by_names, check_in.in_person_reason = [str(acting_user)], reason.strip()
        check_in.save(update_fields=["stands", "verdict", "decided_ms", "decided_by_names", "in_person_reason"])
        _open_reviews(check_in).update(stage=Stage.WITHDRAWN, held_by=None, held_ms=None)
        detail = {"check_in": check_in.pk, "verdict": verdict.value, "seen_ms": seen_ms, "reason": reason.strip()}
        note_down("check_in.recorded_in_person", person, acting_user, now_ms, detail)
    return check_in


def _check(check_in: CheckIn, seen_ms: int, now_ms: int) -> None:
    if check_in.stands == Stands.DECIDED:
        raise ConflictError("This check-in is decided already.")
    if check_in.stands in {Stands.CANCELLED, Stands.NOT_ASKED}:
        raise ConflictError("This check-in was taken back, or never asked.")
    if not check_in.asked_ms <= seen_ms <= now_ms:
        raise InvalidError("They were seen after the question and before now.", field="seen_ms")
    if seen_ms >= check_in.late_until_ms:
        raise InvalidError("That is too late for this check-in: note it with the alert instead.", field="seen_ms")
    if Answer.objects.filter(review__in=_open_reviews(check_in)).exclude(answer="").exists():
        raise ConflictError("People look at photographs of this check-in and have begun to answer; they decide.")


def _open_reviews(check_in: CheckIn) -> QuerySet[Review]:
    return Review.objects.filter(submission__check_in=check_in, stage__in=OPEN_STAGES)


def _tell(check_in: CheckIn, verdict: Verdict, seen_ms: int, acting_user: User, now_ms: int) -> None:
    answered = CheckInSubmitted(
        id=fact_id(check_in.pk, "seen", seen_ms, now_ms),
        check_in_id=check_in.pk,
        device_id="",
        at_ms=seen_ms,
        received_ms=now_ms,
    )
    decided = CheckInDecided(
        id=fact_id(check_in.pk, "recorded", verdict.value, now_ms),
        check_in_id=check_in.pk,
        at_ms=now_ms,
        received_ms=now_ms,
        verdict=verdict,
        deciders=(acting_user.get_username(),),
    )
    for fact in (answered, decided):
        outbox.put(check_in.person_id, fact, now_ms=now_ms)
