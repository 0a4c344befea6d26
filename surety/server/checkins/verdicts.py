"""Decides whose look comes next, and what people's answers amount to. Pure: no row, no clock.

One person's SAME decides: it is to nobody's disadvantage. Every other first answer is looked at a second time, by
somebody who is not told of the first. Two times the same answer is the decision. Where one of two alone says NOT_SAME,
a supervisor decides, whose word, if it is adverse, then has another person's beside it. That one can tell and the
other cannot is no disagreement: SAME stands.
"""

from collections.abc import Sequence

import msgspec

from surety.faces.contract import Outcome
from surety.rules.facts import Verdict
from surety.server.checkins.models import Stage

HOLD_MS = 10 * 60_000  # a review that its holder has not touched for so long is free for others
LEAST_LOOK_MS = 2 * 60_000  # of the wall's time: where time runs fast, a look still takes as long
LATE_FACTOR = 2  # a late answer may wait so many times as long as one in time
OVERDUE_SEVERITY = 1
_SEVERITY = {Outcome.NO_MATCH: 2}  # what may turn out adverse first; the others alike
_OTHER_SEVERITY = 3


class Said(msgspec.Struct, frozen=True):
    """A final answer: whose it is, at which stage, and what."""

    who: int
    stage: Stage
    answer: Verdict


class Move(msgspec.Struct, frozen=True):
    """What follows from the answers so far. With a verdict: the people whose answer it is, in order."""

    stage: Stage
    verdict: Verdict | None = None
    deciders: tuple[int, ...] = ()


def hold_ms(speed: float) -> int:
    """How long a review is held, where time runs so many times as fast as the wall's."""
    return max(HOLD_MS, int(LEAST_LOOK_MS * speed))


def severity_of(outcome: Outcome) -> int:
    """How urgent a look is. Never shown to a reviewer: it would tell what the machine said."""
    return _SEVERITY.get(outcome, _OTHER_SEVERITY)


def due_ms_of(now_ms: int, submitted_ms: int, asked_until_ms: int, minutes: int) -> int:
    """Until when people should have decided: `minutes` from now for an answer in time, twice that for a late one."""
    factor = 1 if submitted_ms <= asked_until_ms else LATE_FACTOR
    return now_ms + factor * minutes * 60_000


def move_after(said: Sequence[Said]) -> Move:
    """What follows from the answers of one review, oldest first. Raises ValueError without any."""
    if not said:
        raise ValueError("nobody has answered")
    latest = said[-1]
    if latest.stage is Stage.ARBITER:
        return _decided(said, latest.answer)
    answers = {one.answer for one in said}
    if latest.stage is Stage.FIRST:
        return _decided(said, Verdict.SAME) if latest.answer is Verdict.SAME else Move(Stage.SECOND)
    if len(answers) == 1:
        return _decided(said, latest.answer)
    return Move(Stage.ARBITER) if Verdict.NOT_SAME in answers else _decided(said, Verdict.SAME)


def _decided(said: Sequence[Said], verdict: Verdict) -> Move:
    return Move(Stage.DONE, verdict, tuple(one.who for one in said if one.answer is verdict))
