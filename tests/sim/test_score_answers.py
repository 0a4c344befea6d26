"""What people did with their check-ins against what the system made of them."""

import pytest

from surety.sim.answers import AnswerTruth
from surety.sim.checkins import Part
from surety.sim.score_answers import NEVER_HEARD, AnswerLine, Came, CheckInSeen, score_answers


def _line(part: Part, came: Came, answered_ms: int | None = 5, *, late: bool = False) -> AnswerLine:
    truth = AnswerTruth("c", "AL-00001", part, 0, 10, answered_ms)
    [line] = score_answers([CheckInSeen("c", came, late)], {"c": truth}, "onnx").lines
    return line


@pytest.mark.parametrize("part", [Part.RIGHT, Part.AGAIN, Part.LATE, Part.AWAY])
def test_who_answers_themselves_is_to_match_and_is_for_people_without_a_model(part: Part) -> None:
    assert _line(part, Came.MATCH).as_expected == 1
    looked = _line(part, Came.PEOPLE)
    assert (looked.as_expected, looked.for_people, looked.wrong) == (0, 1, 0)


@pytest.mark.parametrize("part", [Part.OTHER, Part.NOBODY, Part.TWO])
def test_a_match_of_somebody_else_of_nobody_and_of_two_is_wrong(part: Part) -> None:
    assert _line(part, Came.MATCH).wrong == 1
    assert _line(part, Came.PEOPLE).as_expected == 1


def test_an_answer_that_was_lost_is_wrong_and_one_that_waits_is_not_judged() -> None:
    assert _line(Part.RIGHT, Came.MISSED).wrong == 1
    assert _line(Part.RIGHT, Came.WAITS).waits == 1
    assert _line(Part.MISSED, Came.MISSED, None).as_expected == 1
    assert _line(Part.MISSED, Came.UNDELIVERED, None).wrong == 1


def test_a_question_that_no_watch_heard_was_to_be_told_as_undelivered() -> None:
    found = score_answers([CheckInSeen("a", Came.UNDELIVERED), CheckInSeen("b", Came.MISSED)], {}, "onnx")
    [line] = found.lines
    assert (line.part, line.as_expected, line.wrong) == (NEVER_HEARD, 1, 1)
    assert found.wrong == (("b", NEVER_HEARD, "missed"),)


def test_late_answers_are_to_be_marked_as_late() -> None:
    truths = {name: AnswerTruth(name, "AL-00001", Part.LATE, 0, 10, 12) for name in "ab"}
    seen = [CheckInSeen("a", Came.MATCH, late=True), CheckInSeen("b", Came.MATCH, late=False)]
    found = score_answers(seen, truths, "onnx")
    assert (found.late_marked, found.late_true) == (1, 2)
