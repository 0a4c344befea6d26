"""The reader of a decision: what was said by whom, and by the machine, once a check-in is decided.

People appear by their role alone, as the page may be given to the person and to a court; their names stand in the audit
log. Of a review that is still open nothing is told: it would lead whoever looks next.
"""

import msgspec

from surety.rules.facts import Verdict
from surety.server.accounts.models import User
from surety.server.accounts.permissions import may
from surety.server.checkins.models import Answer, CheckIn, Review, Stage, Stands
from surety.server.checkins.review_queries import ANSWERS, Told, told_of, words_of
from surety.server.errors import NotFoundError

_WHO = {
    Stage.FIRST: "The first to look",
    Stage.SECOND: "The second to look, who did not know of the first",
    Stage.ARBITER: "The supervisor, who decided between the two",
}


class Said(msgspec.Struct, frozen=True):
    """One person's answer."""

    who: str
    role: str
    answer: str
    first: str  # where it was another one before they were told what the machine said
    reason: str
    at_ms: int
    spent_s: int


class Round(msgspec.Struct, frozen=True):
    """One time that people looked, from the opening to the verdict."""

    opened_ms: int
    decided_ms: int
    verdict: str
    machine: Told
    answers: tuple[Said, ...]
    reopened: str  # why it was looked at anew


class Decision(msgspec.Struct, frozen=True):
    """How a check-in was decided."""

    check_in: CheckIn
    verdict: str  # empty while it is open
    in_person: str
    machine: Told | None  # where nobody looked
    rounds: tuple[Round, ...]
    open_again: bool


def access_decision(check_in_id: str, user: User) -> Decision:
    """The decision, for somebody who may see the case. Raises NotFoundError."""
    found = CheckIn.objects.select_related("person").filter(pk=check_in_id).first()
    if found is None or not may(user, "cases.view", found.person):
        raise NotFoundError("There is no such check-in among those you may see.")
    return decision(found)


def decision(check_in: CheckIn) -> Decision:
    """How it was decided, as far as it is."""
    done = Review.objects.filter(submission__check_in=check_in, stage=Stage.DONE).select_related("comparison")
    rounds = tuple(_round(review) for review in done.order_by("decided_ms", "pk"))
    open_again = check_in.stands == Stands.REVIEW and bool(rounds or check_in.verdict)
    decided = check_in.stands == Stands.DECIDED
    return Decision(
        check_in=check_in,
        verdict=ANSWERS[Verdict(check_in.verdict)] if check_in.verdict and (decided or open_again) else "",
        in_person=check_in.in_person_reason,
        machine=_machine(check_in) if decided and not rounds and not check_in.in_person_reason else None,
        # While others look anew, what was said before is theirs not to know.
        rounds=() if open_again else rounds,
        open_again=open_again,
    )


def _round(review: Review) -> Round:
    given = review.answers.exclude(answer="").select_related("reviewer").order_by("answered_ms", "pk")
    return Round(
        opened_ms=review.opened_ms,
        decided_ms=review.decided_ms or 0,
        verdict=ANSWERS[Verdict(review.verdict)],
        machine=told_of(review),
        answers=tuple(_said(one) for one in given),
        reopened=review.reopened_reason,
    )


def _said(one: Answer) -> Said:
    return Said(
        who=_WHO[Stage(one.stage)],
        role=one.reviewer.get_role_display().lower() if one.reviewer else "",
        answer=ANSWERS[Verdict(one.answer)],
        first=ANSWERS[Verdict(one.first_answer)] if one.first_answer != one.answer else "",
        reason=one.reason,
        at_ms=one.answered_ms or 0,
        spent_s=round(one.spent_ms / 1000),
    )


def _machine(check_in: CheckIn) -> Told | None:
    sent = check_in.submissions.filter(comparisons__isnull=False).order_by("-at_ms", "-pk").first()
    found = sent.comparisons.order_by("-at_ms", "-pk").first() if sent else None
    return words_of(found.body) if found else None
