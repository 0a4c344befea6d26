"""How a person answers a review: take one, uncover the photographs, answer, hear the machine, conclude.

The first answer is recorded before anything of what the machine said is shown, and stays beside the final one. Nobody
learns of another's answer, except the supervisor who decides between two that disagree. Nobody answers twice about the
same photographs, nor about somebody whose officer they are or were.
"""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from surety.rules.facts import Verdict
from surety.server.accounts.models import User
from surety.server.accounts.permissions import Scope, check_may, may, scope_of
from surety.server.cases.models import Caseload
from surety.server.checkins import control, verdicts
from surety.server.checkins.deciding import OPEN_STAGES, conclude, note, open_review, settle
from surety.server.checkins.models import Answer, CheckIn, Review, Stage, Stands, Submission
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from surety.server.timekeeping import clock

__all__ = [
    "answer",
    "claim",
    "escalate",
    "first_answer",
    "held",
    "open_review",
    "open_to",
    "release",
    "reopen",
    "show",
    "uncover",
]
MOST_LETTERS = 2_000
LOOKING = {Stage.FIRST: "checkins.review", Stage.SECOND: "checkins.review", Stage.ARBITER: "checkins.arbitrate"}


def open_to(user: User) -> QuerySet[Review]:
    """The open reviews of people's photographs that this user may answer, held by others or not, most urgent first."""
    answered = Answer.objects.filter(review__submission=OuterRef("submission"), reviewer=user).exclude(answer="")
    known = Caseload.objects.filter(person=OuterRef("submission__check_in__person"), officer=user)
    found = Review.objects.filter(_reach(user), submission__isnull=False)
    return found.exclude(Exists(answered)).exclude(Exists(known)).order_by("severity", "due_ms", "pk")


def _reach(user: User) -> Q:
    """The stages and the region that the user's role opens to them."""
    reached = Q(pk=None)
    for stage, permission in LOOKING.items():
        scope = scope_of(user, permission)
        here = Q(region=user.region) if scope is Scope.REGION and user.region else Q()
        if scope is not Scope.NONE:
            reached |= Q(stage=stage) & here
    return reached


def claim(user: User, *, now_ms: int) -> Review | None:
    """What this user is to answer next, held for them: what they hold already, else the most urgent that is free.

    Now and then it is a control case in its place. None when nothing waits for them. Raises NotAllowedError for
    somebody who reviews nothing.
    """
    if not any(may(user, permission) for permission in LOOKING.values()):
        raise NotAllowedError("Your role does not let you review check-ins.")
    escalate(now_ms=now_ms)
    with transaction.atomic():
        mine = holding(user).first()
        free = Q(held_by=None) | Q(held_ms__lte=now_ms - verdicts.hold_ms(clock().speed))
        # Whoever asks at the same moment gets the one after (PostgreSQL), or waits for this transaction (SQLite).
        review = mine or open_to(user).filter(free).select_for_update(of=("self",), skip_locked=True).first()
        if review is None:
            return None
        if mine is None and review.stage != Stage.ARBITER:
            review = control.draw(user, review, now_ms=now_ms) or review
        if mine is None:
            _cover(review)
            review.held_by, review.held_ms = user, now_ms
            review.save(update_fields=["held_by", "held_ms"])
            note("review.claimed", review, user, now_ms, {"stage": review.stage})
    return review


def holding(user: User) -> QuerySet[Review]:
    """What the user holds, a control case included; also past its time, while nobody else has taken it."""
    return Review.objects.filter(held_by=user, stage__in=OPEN_STAGES).order_by("held_ms", "pk")


def held(review_id: str, user: User, *, lock: bool = False) -> Review:
    """A review that the user holds. Raises NotFoundError for every other one, whatever it is."""
    found = holding(user).select_related("submission__check_in", "control", "comparison")
    if lock:
        found = found.select_for_update(of=("self",))
    review = found.filter(pk=review_id).first()
    if review is None or (review.submission is not None and not open_to(user).filter(pk=review_id).exists()):
        raise NotFoundError("You do not hold this review. Somebody else may have taken it: take the next one.")
    return review


def release(review_id: str, *, acting_user: User, now_ms: int) -> None:
    """Give a review back, for somebody else to take. What was answered first stays with its reviewer."""
    with transaction.atomic():
        review = held(review_id, acting_user, lock=True)
        _count_time(review, acting_user, now_ms)
        _cover(review)
        review.held_by = review.held_ms = None
        if review.control is not None:
            review.stage = Stage.WITHDRAWN
        review.save(update_fields=["held_by", "held_ms", "stage"])
        note("review.released", review, acting_user, now_ms, {"stage": review.stage})


def uncover(review_id: str, *, acting_user: User, now_ms: int) -> Answer:
    """Open the photographs. Each opening is entered in the audit log, with whose they are and who looks."""
    with transaction.atomic():
        review = held(review_id, acting_user, lock=True)
        _count_time(review, acting_user, now_ms)
        new = {"stage": review.stage, "reviewer_name": str(acting_user), "opened_ms": now_ms}
        mine, _ = Answer.objects.get_or_create(review=review, reviewer=acting_user, defaults=new)
        mine.stage, mine.open = review.stage, True  # when it was given back, it may be at another stage by now
        mine.save(update_fields=["stage", "open"])
        note("photographs.uncovered", review, acting_user, now_ms, {"stage": review.stage})
    return mine


def show(review_id: str, picture: str, *, acting_user: User, now_ms: int) -> None:
    """Note, once a picture, that it was served to the holder. Raises NotFoundError before they uncovered it."""
    with transaction.atomic():
        review = held(review_id, acting_user, lock=True)
        mine = _mine(review, acting_user)
        if picture not in mine.shown:
            mine.shown = [*mine.shown, picture]
            mine.save(update_fields=["shown"])
            note("photograph.shown", review, acting_user, now_ms, {"photograph": picture})


def first_answer(review_id: str, verdict: str, *, acting_user: User, now_ms: int) -> Answer:
    """What the reviewer sees for themselves. Only now are they told what the machine said."""
    said = _verdict(verdict)
    with transaction.atomic():
        review = held(review_id, acting_user, lock=True)
        mine = _mine(review, acting_user)
        if mine.first_answer:
            raise ConflictError("Your first answer is recorded already; give your final one.")
        _count_time(review, acting_user, now_ms)
        mine = _mine(review, acting_user)
        mine.first_answer, mine.first_ms = said.value, now_ms
        mine.save(update_fields=["first_answer", "first_ms"])
        note("review.answered_first", review, acting_user, now_ms, {"stage": review.stage, "answer": said.value})
    return mine


def answer(review_id: str, verdict: str, reason: str, *, acting_user: User, now_ms: int) -> Review:
    """The final answer, with a reason. What follows from it is decided in verdicts.py."""
    said, words = _verdict(verdict), reason.strip()
    if not words:
        raise InvalidError("Give the reason for your answer.", field="reason")
    if len(words) > MOST_LETTERS:
        raise InvalidError(f"Write at most {MOST_LETTERS:,} letters.", field="reason")
    with transaction.atomic():
        _lock_beside(review_id)
        review = held(review_id, acting_user, lock=True)
        if not _mine(review, acting_user).first_answer:
            raise ConflictError("Record what you see for yourself first.")
        _count_time(review, acting_user, now_ms)
        mine = _mine(review, acting_user)
        mine.answer, mine.reason, mine.answered_ms, mine.open = said.value, words, now_ms, False
        mine.save()
        given = _given(review)
        move = _move(review, given)
        detail = {"stage": review.stage, "answer": said.value, "first": mine.first_answer, "text": words}
        settle(review, move, now_ms=now_ms)
        note("review.answered", review, acting_user, now_ms, detail)
        conclude(review, move, given, now_ms=now_ms)
    return review


def reopen(check_in_id: str, reason: str, *, acting_user: User, now_ms: int) -> Review:
    """Have a decided check-in looked at anew, by others. The decision stands until theirs takes its place.

    For whoever may arbitrate. A clear match of the machine can be looked at in this way too.
    """
    words = reason.strip()
    with transaction.atomic():
        found = CheckIn.objects.select_for_update(of=("self",)).select_related("person").filter(pk=check_in_id).first()
        if found is None or not may(acting_user, "cases.view", found.person):
            raise NotFoundError("There is no such check-in among those you may see.")
        check_may(acting_user, "checkins.arbitrate", found.person)
        if not words:
            raise InvalidError("Say why it is looked at again.", field="reason")
        submission = _looked_at(found)
        if found.stands != Stands.DECIDED or submission is None:
            raise ConflictError("Only a check-in that was decided from photographs can be looked at again.")
        if submission.photos_erased_ms is not None:
            raise ConflictError("The photographs are not kept any more: nobody can look at them again.")
        comparison = submission.comparisons.order_by("-at_ms", "-pk").first()
        return open_review(submission, comparison, now_ms, reopened_by=acting_user, reason=words)


def _looked_at(check_in: CheckIn) -> Submission | None:
    """What people decided last; where the machine did, the latest photographs."""
    before = Review.objects.filter(submission__check_in=check_in, stage=Stage.DONE).select_related("submission")
    review = before.order_by("-decided_ms", "-pk").first()
    return review.submission if review else check_in.submissions.exclude(photos=[]).order_by("-at_ms", "-pk").first()


def escalate(*, now_ms: int) -> int:
    """Put overdue reviews first and on the supervisors' page. Time alone never decides one. How many it were."""
    overdue = Review.objects.filter(stage__in=OPEN_STAGES, submission__isnull=False, due_ms__lte=now_ms)
    fresh = overdue.filter(escalated_ms=None)
    if not fresh.exists():  # asked often, and nearly always so
        return 0
    with transaction.atomic():
        found = list(fresh.select_for_update(of=("self",)).order_by("pk"))
        ids = [review.pk for review in found]
        Review.objects.filter(pk__in=ids).update(escalated_ms=now_ms, severity=verdicts.OVERDUE_SEVERITY)
        for review in found:
            note("review.overdue", review, None, now_ms, {"due_ms": review.due_ms})
    return len(found)


def _verdict(text: str) -> Verdict:
    if text not in set(Verdict):
        raise InvalidError("Choose: same person, not the same, or cannot tell.", field="answer")
    return Verdict(text)


def _mine(review: Review, user: User) -> Answer:
    mine = Answer.objects.filter(review=review, reviewer=user, open=True).first()
    if mine is None:
        raise NotFoundError("Uncover the photographs first.")
    return mine


def _cover(review: Review) -> None:
    """The photographs are covered again for everybody."""
    review.answers.filter(open=True).update(open=False)


def _lock_beside(review_id: str) -> None:
    """Every open review of the same check-in, then the check-in: the order of comparing.py and in_person.py."""
    beside = Review.objects.filter(submission__check_in__submissions__reviews=review_id, stage__in=OPEN_STAGES)
    ids = list(beside.values_list("pk", flat=True))
    list(Review.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)))


def _move(review: Review, given: list[Answer]) -> verdicts.Move:
    said = [verdicts.Said(one.reviewer_id or 0, Stage(one.stage), Verdict(one.answer)) for one in given]
    if review.control is not None:  # its truth is known: there is nothing to decide
        return verdicts.Move(Stage.DONE, said[-1].answer, (said[-1].who,))
    return verdicts.move_after(said)


def _given(review: Review) -> list[Answer]:
    given = review.answers.exclude(answer="").select_related("reviewer")
    return list(given.order_by("answered_ms", "pk"))


def _count_time(review: Review, user: User, now_ms: int) -> None:
    """Add how long the photographs were open since the holder last did something; at most as long as it was held."""
    spent_ms = min(now_ms - (review.held_ms or now_ms), verdicts.hold_ms(clock().speed))
    mine = Answer.objects.filter(review=review, reviewer=user, open=True).first()
    if mine is not None:
        mine.spent_ms += max(0, spent_ms)
        mine.save(update_fields=["spent_ms"])
    review.held_ms = now_ms
    review.save(update_fields=["held_ms"])
