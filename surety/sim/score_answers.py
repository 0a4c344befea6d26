"""Compares what people did with their check-ins with what the running system made of them.

What should come of a question follows from who was before the camera. Whether a machine could tell depends on the
model that was found: without one, whatever came is for people. Nothing here says how well a model does on real faces.
"""

import enum
from collections.abc import Iterable, Sequence

import msgspec

from surety.sim.answers import AnswerTruth
from surety.sim.checkins import Part


class Came(enum.StrEnum):
    """What became of a question in the system."""

    MATCH = "match"  # the machine's, with no look of anybody
    PEOPLE = "people"  # people look, or have decided
    MISSED = "missed"
    UNDELIVERED = "undelivered"
    WAITS = "waits"  # for an answer, or for the comparison


_MAY_COME = {
    Part.RIGHT: {Came.MATCH},
    Part.AGAIN: {Came.MATCH},
    Part.LATE: {Came.MATCH},
    Part.AWAY: {Came.MATCH},
    Part.DARK: {Came.MATCH, Came.PEOPLE},
    Part.PRINTED: {Came.MATCH, Came.PEOPLE},  # a print of the right person: liveness is advice, never a gate
    Part.TWO: {Came.PEOPLE},
    Part.NOBODY: {Came.PEOPLE},
    Part.OTHER: {Came.PEOPLE},
    Part.MISSED: {Came.MISSED},
}
NEVER_HEARD = "not heard"  # the question did not reach the watch


class CheckInSeen(msgspec.Struct, frozen=True):
    """A check-in as the running system has it. `late`: whether the answer is marked as late."""

    id: str
    came: Came
    late: bool = False


class AnswerLine(msgspec.Struct, frozen=True):
    """One part that people play: how many questions, what came of them, and how many of that was to be expected."""

    part: str
    questions: int
    as_expected: int
    for_people: int  # a machine could have told, and people look instead
    wrong: int
    waits: int
    came: dict[str, int]


class AnswerScore(msgspec.Struct, frozen=True):
    """The comparison. `wrong`: (check-in, part, what came)."""

    engine: str  # "" when no model is here
    lines: tuple[AnswerLine, ...]
    wrong: tuple[tuple[str, str, str], ...]
    late_marked: int  # of those that were truly late
    late_true: int


def score_answers(seen: Sequence[CheckInSeen], truths: dict[str, AnswerTruth], engine: str) -> AnswerScore:
    """Compare. Questions that never reached a watch have a line of their own."""
    by_part: dict[str, list[CheckInSeen]] = {}
    for one in seen:
        by_part.setdefault(_part(truths.get(one.id)), []).append(one)
    lines = [_line(part, ones, truths) for part, ones in sorted(by_part.items())]
    late = [one for one in seen if _is_late(truths.get(one.id)) and one.came in {Came.MATCH, Came.PEOPLE}]
    wrong = [(one.id, _part(truths.get(one.id)), one.came.value) for one in seen if _is_wrong(one, truths.get(one.id))]
    return AnswerScore(engine, tuple(lines), tuple(wrong), sum(one.late for one in late), len(late))


def _part(truth: AnswerTruth | None) -> str:
    return NEVER_HEARD if truth is None else truth.part.value


def _line(part: str, ones: Iterable[CheckInSeen], truths: dict[str, AnswerTruth]) -> AnswerLine:
    came: dict[str, int] = {}
    counts = {"expected": 0, "people": 0, "wrong": 0, "waits": 0}
    total = 0
    for one in ones:
        total += 1
        came[one.came.value] = came.get(one.came.value, 0) + 1
        counts[_judged(one, truths.get(one.id))] += 1
    return AnswerLine(part, total, counts["expected"], counts["people"], counts["wrong"], counts["waits"], came)


def _judged(one: CheckInSeen, truth: AnswerTruth | None) -> str:
    if one.came is Came.WAITS:
        return "waits"
    if one.came in _expected(truth):
        return "expected"
    return "people" if one.came is Came.PEOPLE and truth is not None and truth.answered_ms is not None else "wrong"


def _expected(truth: AnswerTruth | None) -> set[Came]:
    if truth is None:
        return {Came.UNDELIVERED}
    return {Came.MISSED} if truth.answered_ms is None else _MAY_COME[truth.part]


def _is_wrong(one: CheckInSeen, truth: AnswerTruth | None) -> bool:
    return _judged(one, truth) == "wrong"


def _is_late(truth: AnswerTruth | None) -> bool:
    return truth is not None and truth.answered_ms is not None and truth.answered_ms > truth.due_ms
