"""The reader of reviews, for their pages. Nothing here names anybody; the machine's words wait for a first answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.db.models import QuerySet

from surety.faces.contract import Advice, Outcome
from surety.rules.facts import Verdict
from surety.server.accounts.models import User
from surety.server.accounts.permissions import Scope, scope_of
from surety.server.checkins import reviewing, verdicts
from surety.server.checkins.deciding import OPEN_STAGES
from surety.server.checkins.models import Answer, Review, Stage
from surety.server.timekeeping import clock

ANSWERS = {
    Verdict.SAME: "Same person",
    Verdict.NOT_SAME: "Not the same person",
    Verdict.CANNOT_TELL: "Cannot tell",
}
OUTCOMES = {
    Outcome.MATCH: "A clear match",
    Outcome.INCONCLUSIVE: "Between the thresholds: it cannot say",
    Outcome.NO_MATCH: "Below the thresholds: no match",
    Outcome.NO_FACE: "It found no face",
    Outcome.POOR_QUALITY: "Too poor to be compared",
    Outcome.ERROR: "It could not compare",
}
QUALITIES = {
    Advice.COME_CLOSER: "face too small",
    Advice.GO_BACK: "too close",
    Advice.FIND_LIGHT: "too dark",
    Advice.LESS_LIGHT: "too bright",
    Advice.HOLD_STILL: "blurred",
    Advice.FACE_CAMERA: "turned away",
    Advice.ONE_PERSON: "more than one face",
    Advice.SHOW_FACE: "no face found",
}
TURNS = {"left": "to their left", "right": "to their right"}
_EARLIER = {Stage.FIRST: "First reviewer", Stage.SECOND: "Second reviewer"}
ROWS = 20


class Told(msgspec.Struct, frozen=True):
    """What the machine said: a headline, its sentence, numbers by name, and what it measured of each frame."""

    headline: str
    sentence: str
    numbers: tuple[tuple[str, str], ...] = ()
    frames: tuple[str, ...] = ()


class Earlier(msgspec.Struct, frozen=True):
    """Another's answer, for whoever decides between two. Without a name."""

    who: str
    answer: str
    first: str  # empty where it was the same
    reason: str


class Look(msgspec.Struct, frozen=True):
    """One review as its holder may see it now."""

    id: str
    due_ms: int
    step: str  # "covered", "open", "told"
    arbitrates: bool
    turn: str
    first: str  # the holder's own first answer
    told: Told | None
    earlier: tuple[Earlier, ...]


class Queue(msgspec.Struct, frozen=True):
    """What waits for a user: how many they may take, how many of these are overdue, and when the next ones are due."""

    waiting: int
    overdue: int
    held: int  # by others, now
    rows: tuple[int, ...]
    holds: bool  # whether they have one open


def look(review_id: str, user: User) -> Look:
    """The review that the user holds. Raises NotFoundError for every other."""
    review = reviewing.held(review_id, user)
    mine = Answer.objects.filter(review=review, reviewer=user, open=True).first()
    step = "covered" if mine is None else "told" if mine.first_answer else "open"
    told, arbitrates = step == "told", review.stage == Stage.ARBITER
    return Look(
        id=review.pk,
        due_ms=review.due_ms,
        step=step,
        arbitrates=arbitrates,
        turn=TURNS.get(_turn_asked(review), ""),
        first=mine.first_answer if mine else "",
        told=told_of(review) if told else None,
        earlier=earlier_of(review) if told and arbitrates else (),
    )


def _turn_asked(review: Review) -> str:
    """Which way the head was to be turned, by what was asked: a client may say anything of it."""
    if review.control is not None:
        return review.control.turn
    return review.submission.check_in.turn if review.submission is not None else ""


def told_of(review: Review) -> Told:
    """The machine's words about a review's photographs."""
    return words_of(review.control.body if review.control else review.comparison.body if review.comparison else None)


def words_of(body: Mapping[str, Any] | None) -> Told:
    """A comparison (faces.contract.Comparison as JSON) in words."""
    if not body:
        return Told("Nothing was compared", "No machine compared these photographs.")
    outcome = Outcome(body["outcome"])
    frames = tuple(_measured(one) for one in body.get("qualities") or ())
    return Told(OUTCOMES[outcome], str(body.get("sentence", "")), tuple(_numbers(body)), frames)


def _numbers(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    thresholds, liveness = body.get("thresholds"), body.get("liveness")
    found = []
    if isinstance(body.get("similarity"), float):
        found.append(("Similarity of the best frame", f"{body['similarity']:.3f}"))
    if isinstance(thresholds, dict):
        found.append(("A clear match from", f"{thresholds['match']:.3f}"))
        found.append(("No match below", f"{thresholds['inconclusive']:.3f}"))
    if isinstance(liveness, dict) and liveness.get("sentence"):
        found.append(("Whether somebody was there", str(liveness["sentence"])))
    return [*found, ("Engine", str(body.get("engine") or "none"))]


def _measured(quality: dict[str, object]) -> str:
    advice = quality.get("advice") or ()
    words = [QUALITIES[Advice(one)] for one in advice if one in set(Advice)] if isinstance(advice, list | tuple) else []
    return ", ".join(words) or "good"


def earlier_of(review: Review) -> tuple[Earlier, ...]:
    """The answers that were given, in order, without names."""
    given = review.answers.exclude(answer="").exclude(stage=Stage.ARBITER).order_by("answered_ms", "pk")
    return tuple(
        Earlier(
            _EARLIER[Stage(one.stage)],
            ANSWERS[Verdict(one.answer)],
            ANSWERS[Verdict(one.first_answer)] if one.first_answer != one.answer else "",
            one.reason,
        )
        for one in given
    )


def queue(user: User, now_ms: int) -> Queue:
    """What waits for the user. Control cases are not counted: they come in place of a review."""
    others = reviewing.open_to(user).exclude(held_by=user)
    held = others.filter(held_by__isnull=False, held_ms__gt=now_ms - verdicts.hold_ms(clock().speed))
    free = others.exclude(pk__in=held.values("pk"))
    due = sorted(free.order_by().values_list("due_ms", flat=True))
    late = sum(due_ms <= now_ms for due_ms in due)
    return Queue(len(due), late, held.count(), tuple(due[:ROWS]), reviewing.holding(user).exists())


def overdue(user: User, now_ms: int) -> Sequence[Review]:
    """Open reviews whose time is over, in the regions in which the user arbitrates; the oldest first."""
    found = _supervised(user).filter(due_ms__lte=now_ms).select_related("held_by")
    return list(found.order_by("due_ms", "pk")[:200])


def disagreements(user: User) -> int:
    """How many reviews wait for a supervisor in the user's regions."""
    return _supervised(user).filter(stage=Stage.ARBITER).count()


def _supervised(user: User) -> QuerySet[Review]:
    scope = scope_of(user, "checkins.arbitrate")
    found = Review.objects.filter(stage__in=OPEN_STAGES, submission__isnull=False)
    if scope is Scope.NONE:
        return found.none()
    return found.filter(region=user.region) if scope is Scope.REGION and user.region else found
