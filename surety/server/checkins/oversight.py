"""The reader of oversight: how check-ins are decided, how long it takes, and how often reviewers err.

Shares of counts, each with its exact 95 % interval; nobody under supervision and no reviewer is named. A share of fewer
than LEAST is not told, as it would tell of single people. What each figure counts stands in DEFINITIONS, which the page
shows beside it.
"""

from collections.abc import Iterable, Sequence

import msgspec
from django.db.models import Count, F, Q

from surety import exact
from surety.rules.facts import Verdict
from surety.server.checkins.deciding import OPEN_STAGES
from surety.server.checkins.models import Answer, CheckIn, Review, Stage, Stands

LEAST = 10  # fewer are not told; the same number in every figure, so that it is no judgement of any one
MINUTE_MS = 60_000
ALL_GROUPS = "All"

DEFINITIONS = {  # by key: its name, and what it counts
    "answered": (
        "Answered",
        (
            "Check-ins asked for in the window, but for those taken back, to which photographs came, or which an "
            "officer recorded."
        ),
    ),
    "machine": (
        "A clear match",
        (
            "Of the check-ins asked for in the window that are decided: those that a clear match of the machine "
            "decided, without anybody's look."
        ),
    ),
    "reviewed": (
        "Looked at by people",
        (
            "Of the check-ins asked for in the window to which an answer came: those that people looked at, or are "
            "to look at."
        ),
    ),
    "verdict": (
        "Verdicts of people",
        (
            "Of the reviews that people decided in the window: those with this verdict. A check-in that was looked "
            "at again counts each time."
        ),
    ),
    "second": (
        "More than one looked",
        "Of the reviews that people decided in the window: those at which more than one looked.",
    ),
    "disagreed": (
        "Disagreement",
        (
            "Of the reviews decided in the window at which more than one looked: those that a supervisor had to "
            "decide, as one of two alone had said that it is not the same person."
        ),
    ),
    "changed": (
        "Changed answers",
        (
            "Of the final answers given in the window: those that differ from what the reviewer had answered before "
            "they were shown what the machine said."
        ),
    ),
    "overdue": (
        "Overdue",
        "Of the reviews opened in the window: those that were decided after their time, or are open past it.",
    ),
    "time": (
        "Time to decision",
        (
            "From the moment at which photographs reached the system to people's decision, of the reviews decided in "
            "the window that nobody had asked for anew. Its bounds are those of the quantile."
        ),
    ),
    "false_not_same": (
        'False "not the same"',
        (
            "Of the answers to control cases that show the same person: those that said, finally, that it is "
            "not the same person."
        ),
    ),
    "false_same": (
        'False "same"',
        "Of the answers to control cases that show two people: those that said, finally, that it is the same person.",
    ),
    "control_unsure": (
        "Could not tell",
        "Of the answers to control cases: those that said, finally, that it cannot be told. That is no error.",
    ),
}


class Share(msgspec.Struct, frozen=True):
    """So many of so many, with the bounds of the share; without bounds where it is too few to tell."""

    name: str
    definition: str
    hits: int
    trials: int
    group: str = ""

    @property
    def told(self) -> bool:
        """Whether there are enough to be told."""
        return self.trials >= LEAST

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.hits / self.trials if self.trials else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """The exact 95 % interval."""
        return exact.binomial(self.hits, self.trials)


class Wait(msgspec.Struct, frozen=True):
    """A quantile of the time to decision, in minutes, with its bounds; `number`: of how many."""

    name: str
    number: int
    minutes: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def told(self) -> bool:
        """Whether there are enough to be told."""
        return self.number >= LEAST


class Figures(msgspec.Struct, frozen=True):
    """Everything that the page shows."""

    asked: int
    open_now: int
    overdue_now: int
    shares: tuple[Share, ...]
    waits: tuple[Wait, ...]
    controls: tuple[Share, ...]


def figures(from_ms: int, to_ms: int) -> Figures:
    """The figures of a window; what is open now is of the window's end."""
    asked = CheckIn.objects.filter(asked_ms__gte=from_ms, asked_ms__lt=to_ms).exclude(stands=Stands.CANCELLED)
    open_now = Review.objects.filter(stage__in=OPEN_STAGES, submission__isnull=False)
    return Figures(
        asked=asked.count(),
        open_now=open_now.count(),
        overdue_now=open_now.filter(due_ms__lte=to_ms).count(),
        shares=(*_of_check_ins(from_ms, to_ms), *_of_reviews(from_ms, to_ms), *_of_answers(from_ms, to_ms)),
        waits=_waits(from_ms, to_ms),
        controls=tuple(_of_controls(from_ms, to_ms)),
    )


def _of_check_ins(from_ms: int, to_ms: int) -> Iterable[Share]:
    asked = CheckIn.objects.filter(asked_ms__gte=from_ms, asked_ms__lt=to_ms).exclude(stands=Stands.CANCELLED)
    came = Q(stands__in=(Stands.SUBMITTED, Stands.REVIEW, Stands.DECIDED))
    looked = Q(
        pk__in=Review.objects.filter(submission__isnull=False)
        .exclude(stage=Stage.WITHDRAWN)
        .values("submission__check_in")
    )
    decided = Q(stands=Stands.DECIDED)
    found = asked.aggregate(
        asked=Count("pk"),
        came=Count("pk", filter=came),
        decided=Count("pk", filter=decided),
        by_machine=Count("pk", filter=decided & Q(decided_by_names=[])),
        looked=Count("pk", filter=looked),
    )
    yield Share("Answered", "answered", found["came"], found["asked"])
    yield Share("Decided by a clear match", "machine", found["by_machine"], found["decided"])
    yield Share("Looked at by people", "reviewed", found["looked"], found["came"])


def _of_reviews(from_ms: int, to_ms: int) -> Iterable[Share]:
    reviews = Review.objects.filter(submission__isnull=False)
    decided = reviews.filter(stage=Stage.DONE, decided_ms__gte=from_ms, decided_ms__lt=to_ms)
    verdicts = dict(decided.order_by().values_list("verdict").annotate(Count("pk")))
    number = sum(verdicts.values())
    for verdict, words in (
        (Verdict.SAME, "People said: same person"),
        (Verdict.NOT_SAME, "Two people said: not the same"),
        (Verdict.CANNOT_TELL, "People could not tell"),
    ):
        yield Share(words, "verdict", verdicts.get(verdict.value, 0), number)
    twice = decided.filter(answers__stage=Stage.SECOND).exclude(answers__answer="").distinct().count()
    arbitrated = decided.filter(answers__stage=Stage.ARBITER).distinct().count()
    yield Share("More than one looked", "second", twice, number)
    yield Share("Two reviewers disagreed", "disagreed", arbitrated, twice)
    opened = reviews.filter(opened_ms__gte=from_ms, opened_ms__lt=to_ms).exclude(stage=Stage.WITHDRAWN)
    late = Q(decided_ms__gt=F("due_ms")) | Q(decided_ms=None, due_ms__lte=to_ms)
    yield Share("Overdue", "overdue", opened.filter(late).count(), opened.count())


def _of_answers(from_ms: int, to_ms: int) -> Iterable[Share]:
    given = Answer.objects.filter(answered_ms__gte=from_ms, answered_ms__lt=to_ms, review__submission__isnull=False)
    changed = given.exclude(answer=F("first_answer")).count()
    yield Share("Changed after the machine's words", "changed", changed, given.count())


def _waits(from_ms: int, to_ms: int) -> tuple[Wait, ...]:
    decided = Review.objects.filter(
        submission__isnull=False, reopened_by_name="", decided_ms__gte=from_ms, decided_ms__lt=to_ms
    )
    took = sorted(decided.values_list(F("decided_ms") - F("submission__received_ms"), flat=True))
    return tuple(_wait(name, took, share) for name, share in (("Half within", 0.5), ("19 of 20 within", 0.95)))


def _wait(name: str, took_ms: Sequence[int], share: float) -> Wait:
    if len(took_ms) < LEAST:
        return Wait(name, len(took_ms))
    at, low, high = exact.quantile([one / MINUTE_MS for one in took_ms], share)
    return Wait(name, len(took_ms), at, low, high)


def _of_controls(from_ms: int, to_ms: int) -> Iterable[Share]:
    given = Answer.objects.filter(answered_ms__gte=from_ms, answered_ms__lt=to_ms, review__control__isnull=False)
    counted: dict[str, dict[tuple[bool, str], int]] = {ALL_GROUPS: {}}
    rows = given.order_by().values_list("review__control__group", "review__control__same", "answer")
    for group, same, answer, number in rows.annotate(Count("pk")):
        for name in {ALL_GROUPS, group} - {""}:
            cell = counted.setdefault(name, {})
            cell[same, answer] = cell.get((same, answer), 0) + number
    for name in sorted(counted, key=lambda one: (one != ALL_GROUPS, one)):
        yield from _errors(name, counted[name])


def _errors(group: str, cell: dict[tuple[bool, str], int]) -> Iterable[Share]:
    same, other = (sum(cell.get((truth, verdict.value), 0) for verdict in Verdict) for truth in (True, False))
    unsure = sum(cell.get((truth, Verdict.CANNOT_TELL.value), 0) for truth in (True, False))
    false_not_same, false_same = cell.get((True, Verdict.NOT_SAME.value), 0), cell.get((False, Verdict.SAME.value), 0)
    yield Share("Said not the same, and it was", "false_not_same", false_not_same, same, group)
    yield Share("Said the same, and it was not", "false_same", false_same, other, group)
    yield Share("Could not tell", "control_unsure", unsure, same + other, group)
