"""What people decided, written down: the check-in, the audit entry and the fact for the rules in one transaction.

An alert exists only from that fact on (rules/checkins.py). Call `open_review` when the machine gave no clear match.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from surety.faces.contract import Outcome
from surety.rules.facts import CheckInDecided, Verdict, encode, fact_id
from surety.server.accounts.models import User
from surety.server.audit import actions as audit
from surety.server.checkins import verdicts
from surety.server.checkins.models import (
    Answer,
    CheckIn,
    Comparison,
    OutFact,
    Review,
    Stage,
    Stands,
    Submission,
)

OPEN_STAGES = (Stage.FIRST, Stage.SECOND, Stage.ARBITER)


def open_review(submission: Submission, comparison: Comparison | None, now_ms: int) -> Review:
    """Have people look at a submission; the check-in then stands in REVIEW. In the caller's transaction, if any.

    `comparison` None: there was none, for want of a model or of references. A submission that is or was looked at
    already is not opened anew, and its review is given back (`reviewing.reopen` is for people).
    """
    with transaction.atomic():
        check_in = CheckIn.objects.select_for_update().select_related("person").get(pk=submission.check_in_id)
        before = Review.objects.filter(submission=submission).exclude(stage=Stage.WITHDRAWN)
        found = before.order_by("-opened_ms", "pk").first()
        if found is not None:
            return found
        review = Review.objects.create(
            submission=submission,
            comparison=comparison,
            region=check_in.person.region,
            severity=verdicts.severity_of(Outcome(comparison.outcome) if comparison else Outcome.ERROR),
            opened_ms=now_ms,
            due_ms=verdicts.due_ms_of(now_ms, submission.at_ms, check_in.due_ms, settings.SURETY.review_minutes),
        )
        CheckIn.objects.filter(pk=check_in.pk).update(stands=Stands.REVIEW)
        note("review.opened", review, None, now_ms, {"due_ms": review.due_ms})
    return review


def settle(review: Review, move: verdicts.Move, answers: Sequence[Answer], *, now_ms: int) -> None:
    """The review after an answer. With a verdict it is decided, and so is its check-in. Inside a transaction."""
    review.stage, review.held_by, review.held_ms = move.stage, None, None
    if move.verdict is not None:
        review.verdict, review.decided_ms = move.verdict.value, now_ms
    review.save()
    if move.verdict is not None and review.submission is not None:
        agreeing = [one for one in answers if one.reviewer_id in move.deciders]
        _decide(review, review.submission, move.verdict, agreeing, now_ms)


def _decide(review: Review, submission: Submission, verdict: Verdict, agreeing: Sequence[Answer], now_ms: int) -> None:
    names = [one.reviewer_name for one in agreeing]
    CheckIn.objects.filter(pk=submission.check_in_id).update(
        stands=Stands.DECIDED, verdict=verdict.value, decided_ms=now_ms, decided_by_names=names
    )
    person_id = submission.check_in.person_id
    fact = CheckInDecided(
        id=fact_id("review", review.pk, now_ms),
        check_in_id=submission.check_in_id,
        at_ms=now_ms,
        received_ms=now_ms,
        verdict=verdict,
        # User names: two people of one name are still two. Users are never deleted, and user names are unique.
        deciders=tuple(one.reviewer.username for one in agreeing if one.reviewer),
    )
    audit.record(
        action="check_in.decided",
        actor=None,
        subject_type="check_in",
        subject_id=submission.check_in_id,
        person_id=person_id,
        detail={"verdict": verdict.value, "by": names, "review": review.pk},
        at_ms=now_ms,
    )
    OutFact.objects.create(person_id=person_id, body=encode(fact), made_ms=now_ms)


def note(action: str, review: Review, actor: User | None, now_ms: int, detail: dict[str, object]) -> None:
    """An audit entry about a review; of the person whose photographs they are, or of nobody."""
    person_id = review.submission.check_in.person_id if review.submission else ""
    audit.record(
        action=action,
        actor=actor,
        subject_type="review",
        subject_id=review.pk,
        person_id=person_id,
        detail=detail,
        at_ms=now_ms,
    )
