"""What people decided, written down: the check-in, the audit entry and the fact for the rules in one transaction.

An alert exists only from that fact on (rules/checkins.py). Call `open_review` when the machine gave no clear match.
"""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import transaction

from surety.faces.contract import Outcome
from surety.rules.facts import CheckInDecided, Verdict, fact_id
from surety.server.accounts.models import User
from surety.server.audit import actions as audit
from surety.server.checkins import outbox, verdicts
from surety.server.checkins.models import (
    Answer,
    CheckIn,
    Comparison,
    Review,
    Stage,
    Stands,
    Submission,
)

OPEN_STAGES = (Stage.FIRST, Stage.SECOND, Stage.ARBITER)


def open_review(
    submission: Submission,
    comparison: Comparison | None,
    now_ms: int,
    *,
    reopened_by: User | None = None,
    reason: str = "",
) -> Review:
    """Have people look at a submission; the check-in then stands in REVIEW. In the caller's transaction, if any.

    `comparison` None: there was none, for want of a model or of references. A submission that is or was looked at
    already is not opened anew, and its review is given back, unless somebody asks for it (`reviewing.reopen`).
    """
    with transaction.atomic():
        check_in = (
            CheckIn.objects.select_for_update(of=("self",)).select_related("person").get(pk=submission.check_in_id)
        )
        before = Review.objects.filter(submission=submission).exclude(stage=Stage.WITHDRAWN)
        found = before.order_by("-opened_ms", "pk").first()
        if found is not None and reopened_by is None:
            return found
        review = Review.objects.create(
            submission=submission,
            comparison=comparison,
            region=check_in.person.region,
            severity=verdicts.severity_of(Outcome(comparison.outcome) if comparison else Outcome.ERROR),
            opened_ms=now_ms,
            due_ms=verdicts.due_ms_of(now_ms, submission.at_ms, check_in.due_ms, settings.SURETY.review_minutes),
            reopened_by_name=str(reopened_by or ""),
            reopened_reason=reason,
        )
        CheckIn.objects.filter(pk=check_in.pk).update(stands=Stands.REVIEW)
        action = "review.reopened" if reopened_by else "review.opened"
        note(action, review, reopened_by, now_ms, {"due_ms": review.due_ms, "text": reason})
    return review


def settle(review: Review, move: verdicts.Move, *, now_ms: int) -> None:
    """The review's row after an answer. Inside a transaction."""
    review.stage, review.held_by, review.held_ms = move.stage, None, None
    if move.verdict is not None:
        review.verdict, review.decided_ms = move.verdict.value, now_ms
    review.save()


def conclude(review: Review, move: verdicts.Move, answers: Sequence[Answer], *, now_ms: int) -> None:
    """Once people have decided: the check-in, the audit entry, the fact. In the transaction of the last answer."""
    submission = review.submission
    if move.verdict is None or submission is None:
        return
    agreeing = [one for one in answers if one.reviewer_id in move.deciders]
    names = [one.reviewer_name for one in agreeing]
    CheckIn.objects.filter(pk=submission.check_in_id).update(
        stands=Stands.DECIDED, verdict=move.verdict.value, decided_ms=now_ms, decided_by_names=names
    )
    if move.verdict is Verdict.SAME:  # nobody need look at what else came for it
        others = Review.objects.filter(submission__check_in=submission.check_in_id, stage__in=OPEN_STAGES)
        others.update(stage=Stage.WITHDRAWN, held_by=None, held_ms=None)
    # User names: two people of one name are still two, and user names are unique. Users are never deleted.
    deciders = tuple(one.reviewer.username for one in agreeing if one.reviewer)
    fact = CheckInDecided(
        id=fact_id("review", review.pk, now_ms),
        check_in_id=submission.check_in_id,
        at_ms=now_ms,
        received_ms=now_ms,
        verdict=move.verdict,
        deciders=deciders,
    )
    person_id = submission.check_in.person_id
    audit.record(
        action="check_in.decided",
        actor=None,
        subject_type="check_in",
        subject_id=submission.check_in_id,
        person_id=person_id,
        detail={"verdict": move.verdict.value, "by": names, "review": review.pk},
        at_ms=now_ms,
    )
    outbox.put(person_id, fact, now_ms=now_ms)


def note(action: str, review: Review, actor: User | None, now_ms: int, detail: Mapping[str, object]) -> None:
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
