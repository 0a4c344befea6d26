"""What follows from a comparison: a match ends a check-in by itself, everything else is for people."""

import itertools
from collections.abc import Sequence

import pytest

from surety.faces import contract
from surety.faces.contract import Advice, FacesUnavailableError, Liveness, Outcome, Photo, Reference, Turn
from surety.rules.facts import CheckInDecided, Verdict
from surety.server.audit.models import Entry
from surety.server.checkins import comparing, deciding, templates
from surety.server.checkins.models import Answer, CheckIn, Comparison, Review, Stage, Stands, Submission, Template
from surety.server.checkins.tests.compare_cast import (
    ADA_FACE,
    DARK,
    DUE_MS,
    NO_FACE,
    NOON,
    OTHER_FACE,
    UNSURE_FACE,
    ada,
    answer,
    asked,
    compare,
    enrolled,
    keep,
    machine,
    settle,
    submit,
    told,
)
from surety.server.checkins.tests.plain_engine import SECOND_MODEL, PlainEngine
from surety.server.checkins.verdicts import Move
from surety.server.monitoring.tests.cast import HOUR_MS, MINUTE_MS, send
from surety.server.monitoring.tests.conftest import stream
from surety.server.monitoring.worker import Worker
from surety.server.records.models import PersonKey
from surety.server.records.queries import blobs
from surety.stream.contract import Stream

__all__ = ["stream"]
pytestmark = pytest.mark.django_db
SOON = NOON + 2 * MINUTE_MS
HELD_MS = SOON + comparing.HOLD_MS


def a_check_in(**changes: object) -> CheckIn:
    """Ada's, who has an enrolled image."""
    check_in = asked(ada(), **changes)
    enrolled(check_in.person, ADA_FACE)
    return check_in


def now_of(check_in: CheckIn) -> CheckIn:
    check_in.refresh_from_db()
    return check_in


def test_a_clear_match_ends_it_without_a_person_and_the_rules_are_told(stream: Stream) -> None:
    check_in = a_check_in()
    row = submit(stream, check_in, OTHER_FACE, ADA_FACE)
    compare(machine(), SOON)
    now = now_of(check_in)
    assert (now.stands, now.verdict, now.decided_ms, now.decided_by_names) == (Stands.DECIDED, "same", SOON, [])
    [fact] = told()
    assert isinstance(fact, CheckInDecided)
    assert (fact.check_in_id, fact.at_ms, fact.verdict, fact.deciders) == (check_in.pk, SOON, Verdict.SAME, ())
    found = Comparison.objects.get()
    assert (found.submission_id, found.outcome, found.engine, found.body["frame"]) == (row.pk, "match", "plain", 1)
    assert Review.objects.count() == 0
    entry = Entry.objects.get(action="check_in.compared")
    assert (entry.person_id, entry.subject_id, entry.actor_name) == (check_in.person_id, check_in.pk, "Surety")


@pytest.mark.parametrize(
    ("picture", "outcome"),
    [(OTHER_FACE, "no_match"), (UNSURE_FACE, "inconclusive"), (NO_FACE, "no_face"), (DARK, "poor_quality")],
)
def test_everything_else_goes_to_people_and_decides_nothing(stream: Stream, picture: Photo, outcome: str) -> None:
    check_in = a_check_in()
    row = submit(stream, check_in, picture)
    compare(machine(), SOON)
    compare(machine(), HELD_MS)
    assert (now_of(check_in).stands, check_in.verdict) == (Stands.REVIEW, "")
    review = Review.objects.get()
    assert (review.submission_id, review.stage) == (row.pk, Stage.FIRST)
    assert Comparison.objects.get().outcome == outcome
    assert told() == []


def test_without_a_model_every_check_in_goes_to_a_person_with_that_reason(stream: Stream) -> None:
    check_in = a_check_in()
    submit(stream, check_in, ADA_FACE)
    compare(machine(without_model=True), SOON)
    found = Comparison.objects.get()
    assert found.outcome == Outcome.ERROR
    assert "no model" in found.body["sentence"]
    assert Review.objects.get().opened_ms == SOON
    assert now_of(check_in).verdict == ""


def test_without_an_enrolled_image_a_person_looks(stream: Stream) -> None:
    check_in = asked(ada())
    submit(stream, check_in, ADA_FACE)
    compare(machine(), SOON)
    assert "no enrolled image" in Comparison.objects.get().body["sentence"]
    assert Review.objects.count() == 1


@pytest.mark.parametrize("outcome_picture", [NO_FACE, DARK, OTHER_FACE])
def test_a_first_try_may_be_tried_again_and_a_match_then_spares_people_the_look(
    stream: Stream, outcome_picture: Photo
) -> None:
    check_in = a_check_in()
    submit(stream, check_in, outcome_picture)
    compare(machine(), SOON)
    assert now_of(check_in).stands == Stands.SUBMITTED
    assert Review.objects.count() == 0
    submit(stream, check_in, ADA_FACE, at_ms=SOON + MINUTE_MS)
    compare(machine(), SOON + 2 * MINUTE_MS)
    assert now_of(check_in).verdict == "same"
    compare(machine(), HELD_MS)
    assert Review.objects.count() == 0
    assert not Submission.objects.exclude(next_ms=None).exists()


def test_a_second_try_that_fails_too_goes_to_people_at_once_with_the_better_of_both(stream: Stream) -> None:
    check_in = a_check_in()
    better = submit(stream, check_in, DARK)
    compare(machine(), SOON)
    submit(stream, check_in, NO_FACE, at_ms=SOON + MINUTE_MS)
    compare(machine(), SOON + 2 * MINUTE_MS)
    assert Review.objects.get().submission_id == better.pk
    compare(machine(), HELD_MS)
    assert Review.objects.count() == 1


@pytest.mark.parametrize("changes", [{"forced": True}, {"at_ms": DUE_MS + MINUTE_MS}])
def test_nobody_is_held_up_who_sent_it_all_the_same_or_has_no_time_left(
    stream: Stream, changes: dict[str, object]
) -> None:
    check_in = a_check_in()
    fact = answer(check_in, DARK, **({"at_ms": NOON} | changes))
    send(stream, check_in.person, [fact])
    at_ms = max(fact.at_ms, SOON)
    settle(Worker(stream), at_ms)
    compare(machine(), at_ms)
    assert Review.objects.get().opened_ms == at_ms


def test_a_hold_ends_with_the_time_to_answer(stream: Stream) -> None:
    check_in = a_check_in()
    submit(stream, check_in, DARK, at_ms=DUE_MS - 3 * MINUTE_MS)
    compare(machine(), DUE_MS - 2 * MINUTE_MS)
    compare(machine(), DUE_MS - 1)
    assert Review.objects.count() == 0
    compare(machine(), DUE_MS)
    assert Review.objects.get().opened_ms == DUE_MS


def test_a_match_withdraws_the_review_of_an_earlier_submission(stream: Stream) -> None:
    check_in = a_check_in()
    submit(stream, check_in, UNSURE_FACE)
    compare(machine(), SOON)
    submit(stream, check_in, ADA_FACE, at_ms=SOON + MINUTE_MS)
    compare(machine(), SOON + 2 * MINUTE_MS)
    assert Review.objects.get().stage == Stage.WITHDRAWN
    assert now_of(check_in).verdict == "same"


@pytest.mark.parametrize("order", list(itertools.permutations([ADA_FACE, OTHER_FACE, UNSURE_FACE], 3)))
def test_whatever_else_comes_never_turns_a_match_into_anything_else(stream: Stream, order: tuple[Photo, ...]) -> None:
    check_in = a_check_in()
    for number, picture in enumerate(order):
        submit(stream, check_in, picture, at_ms=SOON + number * MINUTE_MS)
        compare(machine(), SOON + (number + 1) * MINUTE_MS)
    compare(machine(), HELD_MS + HOUR_MS)
    assert (now_of(check_in).stands, check_in.verdict) == (Stands.DECIDED, "same")
    assert len(told()) == 1
    assert Comparison.objects.count() == 3
    assert not Review.objects.exclude(stage=Stage.WITHDRAWN).exists()


@pytest.mark.parametrize("picture", [ADA_FACE, OTHER_FACE])
def test_a_question_that_was_taken_back_meanwhile_stays_so_and_nobody_need_look(stream: Stream, picture: Photo) -> None:
    check_in = a_check_in()
    submit(stream, check_in, picture, at_ms=DUE_MS - 2000)
    CheckIn.objects.update(stands=Stands.CANCELLED)
    compare(machine(), DUE_MS)
    assert now_of(check_in).stands == Stands.CANCELLED
    assert (Review.objects.count(), told(), Comparison.objects.count()) == (0, [], 1)


def test_a_better_submission_takes_the_place_of_one_that_nobody_has_begun_to_look_at(stream: Stream) -> None:
    check_in = a_check_in()
    submit(stream, check_in, OTHER_FACE, at_ms=DUE_MS)
    compare(machine(), DUE_MS + 2000)
    better = submit(stream, check_in, UNSURE_FACE, at_ms=DUE_MS + MINUTE_MS)
    submit(stream, check_in, NO_FACE, at_ms=DUE_MS + 2 * MINUTE_MS)
    compare(machine(), DUE_MS + 3 * MINUTE_MS)
    assert Review.objects.get(stage=Stage.FIRST).submission_id == better.pk
    assert Review.objects.filter(stage=Stage.WITHDRAWN).count() == 1


def test_a_better_submission_is_looked_at_too_where_somebody_has_begun_and_the_same_person_ends_both(
    stream: Stream,
) -> None:
    check_in = a_check_in()
    submit(stream, check_in, OTHER_FACE, at_ms=DUE_MS)
    compare(machine(), DUE_MS + 2000)
    first = Review.objects.get()
    Answer.objects.create(review=first, stage=Stage.FIRST, reviewer_name="Ruth", opened_ms=DUE_MS)
    submit(stream, check_in, UNSURE_FACE, at_ms=DUE_MS + MINUTE_MS)
    compare(machine(), DUE_MS + 2 * MINUTE_MS)
    second = Review.objects.exclude(pk=first.pk).get()
    assert {one.stage for one in Review.objects.all()} == {Stage.FIRST}
    deciding.conclude(second, Move(Stage.DONE, Verdict.SAME), [], now_ms=DUE_MS + HOUR_MS)
    first.refresh_from_db()
    assert first.stage == Stage.WITHDRAWN
    assert now_of(check_in).verdict == "same"


@pytest.mark.parametrize("picture", [ADA_FACE, OTHER_FACE])
def test_no_machine_overrules_what_people_decided(stream: Stream, picture: Photo) -> None:
    check_in = a_check_in()
    submit(stream, check_in, UNSURE_FACE)
    compare(machine(), SOON)
    Review.objects.update(stage=Stage.DONE, verdict="not_same")
    CheckIn.objects.update(stands=Stands.DECIDED, verdict="not_same")
    later = submit(stream, check_in, picture, at_ms=SOON + MINUTE_MS)
    compare(machine(), SOON + 2 * MINUTE_MS)
    assert now_of(check_in).stands == Stands.REVIEW
    assert Review.objects.get(stage=Stage.FIRST).submission_id == later.pk
    assert told() == []


def test_an_engine_that_is_away_is_asked_again_and_then_a_person_looks(stream: Stream) -> None:
    check_in, engine = a_check_in(), PlainEngine()
    engine.away = FacesUnavailableError("the remote matcher does not answer", retry=True)
    submit(stream, check_in, ADA_FACE)
    now_ms = SOON
    for attempt in range(1, comparing.MOST_ATTEMPTS):
        compare(machine(engine), now_ms)
        assert Comparison.objects.count() == 0
        assert Submission.objects.get().attempts == attempt
        now_ms += comparing.RETRY_MS * attempt
    compare(machine(engine), now_ms)
    assert Comparison.objects.get().outcome == Outcome.ERROR
    assert Review.objects.count() == 1
    assert now_ms - SOON < 5 * MINUTE_MS


def test_what_ends_the_process_each_time_goes_to_people_instead_of_ending_it_for_ever(stream: Stream) -> None:
    class Ended(BaseException):
        """As if the process had been killed."""

    def end(submission: Submission, now_ms: int) -> object:
        raise Ended

    check_in, mine, now_ms = a_check_in(), machine(), SOON
    submit(stream, check_in, ADA_FACE)
    mine.look = end
    for _ in range(comparing.MOST_ATTEMPTS):
        with pytest.raises(Ended):
            comparing.step(mine, now_ms)
        assert Comparison.objects.count() == 0
        assert comparing.step(mine, now_ms) == 0  # its lease is not over
        now_ms += comparing.LEASE_MS
    assert comparing.step(mine, now_ms) == 1
    assert Comparison.objects.get().outcome == Outcome.ERROR
    assert Review.objects.count() == 1


def test_an_engine_that_comes_back_compares_what_waited(stream: Stream) -> None:
    check_in, engine = a_check_in(), PlainEngine()
    engine.away = FacesUnavailableError("the remote matcher does not answer", retry=True)
    submit(stream, check_in, ADA_FACE)
    compare(machine(engine), SOON)
    engine.away = None
    compare(machine(engine), SOON + comparing.RETRY_MS)
    assert now_of(check_in).verdict == "same"


def test_a_file_that_is_no_picture_is_left_out_and_told(stream: Stream) -> None:
    check_in = a_check_in()
    row = submit(stream, check_in, DARK, ADA_FACE)
    Submission.objects.filter(pk=row.pk).update(photos=[keep(check_in.person, b"MZ evil"), *row.photos])
    compare(machine(), SOON)
    found = Comparison.objects.get()
    assert (found.outcome, found.body["frame"], len(found.body["qualities"])) == ("match", 2, 3)
    assert "Photograph 1 could not be used" in found.body["sentence"]


def test_the_turn_that_counts_is_the_one_that_was_asked_whatever_the_sender_says(stream: Stream) -> None:
    turns: list[Turn] = []

    class Looking(PlainEngine):
        def verify(
            self, frames: Sequence[Photo], references: Sequence[Reference], turn: Turn = Turn.NONE
        ) -> contract.Comparison:
            turns.append(turn)
            return super().verify(frames, references, turn)

    check_in = a_check_in()
    CheckIn.objects.filter(pk=check_in.pk).update(turn="left")
    row = submit(stream, check_in, ADA_FACE)
    Submission.objects.filter(pk=row.pk).update(turn="")
    compare(machine(Looking()), SOON)
    assert turns == [Turn.LEFT]


def test_photographs_that_are_gone_or_cannot_be_opened_are_for_people(stream: Stream) -> None:
    gone, closed = a_check_in(), a_check_in()
    lost = submit(stream, gone, ADA_FACE)
    submit(stream, closed, ADA_FACE)
    blobs().delete(f"{gone.person_id}/{lost.photos[0]}")
    PersonKey.objects.filter(person_id=closed.person_id).update(wrapped=None)
    compare(machine(), SOON)
    assert [row.outcome for row in Comparison.objects.all()] == ["error", "error"]
    assert Review.objects.count() == 2


def test_of_two_processes_with_one_submission_the_one_whose_lease_is_over_records_nothing(stream: Stream) -> None:
    check_in = a_check_in()
    submit(stream, check_in, ADA_FACE)
    slow = machine()
    look = slow.look

    def slowly(submission: Submission, now_ms: int) -> object:
        found = look(submission, now_ms)
        compare(machine(), SOON + comparing.LEASE_MS)  # another process, when the lease is over
        return found

    slow.look = slowly
    comparing.step(slow, SOON)
    assert Comparison.objects.count() == 1
    assert len(told()) == 1


def test_another_model_makes_its_templates_anew_in_steps_and_keeps_the_old(stream: Stream) -> None:
    people = [ada() for _ in range(5)]
    for person in people:
        enrolled(person, ADA_FACE)
    first, second = machine(), machine(PlainEngine(SECOND_MODEL))
    assert [comparing.derive_some(first, NOON, most=3) for _ in range(3)] == [3, 2, 0]
    assert comparing.derive_some(second, NOON, most=3) == 3
    assert Template.objects.filter(model_sha256=SECOND_MODEL).count() == 3
    check_in = asked(templates.missing(SECOND_MODEL)[0].person)  # somebody whose turn has not come
    submit(stream, check_in, ADA_FACE)
    compare(second, SOON)
    assert now_of(check_in).verdict == "same"
    assert comparing.derive_some(second, NOON) == 1
    assert Template.objects.count() == 10


def test_what_a_model_cannot_use_is_tried_once(stream: Stream) -> None:
    enrolled(ada(), NO_FACE)
    engine = PlainEngine()
    mine = machine(engine)
    assert [comparing.derive_some(mine, NOON) for _ in range(2)] == [1, 0]
    assert engine.enrolled == 1


def test_the_advice_for_one_more_try_is_kept_with_the_check_in_until_when_it_is_waited_for(stream: Stream) -> None:
    check_in = a_check_in()
    submit(stream, check_in, DARK)
    compare(machine(), SOON)
    assert (now_of(check_in).again, check_in.again_until_ms) == (Advice.FIND_LIGHT.value, HELD_MS)
    assert Comparison.objects.get().body["advice"] == [Advice.FIND_LIGHT.value]


@pytest.mark.parametrize(
    "liveness",
    [
        Liveness(turn_asked=Turn.LEFT, turn_seen=False),
        Liveness(turn_asked=Turn.LEFT, turn_seen=None),
        Liveness(turn_asked=Turn.LEFT, turn_seen=True, same_throughout=False),
    ],
)
def test_a_match_without_the_turn_or_with_somebody_else_in_it_is_for_people(stream: Stream, liveness: Liveness) -> None:
    """Somebody may hold a photograph before the camera. Once more, and then people look."""
    check_in, engine = a_check_in(), PlainEngine()
    engine.liveness = liveness
    submit(stream, check_in, ADA_FACE)
    compare(machine(engine), SOON)
    assert now_of(check_in).verdict == ""
    submit(stream, check_in, ADA_FACE, at_ms=SOON + MINUTE_MS)
    compare(machine(engine), SOON + 2 * MINUTE_MS)
    assert now_of(check_in).stands == Stands.REVIEW
    assert Review.objects.count() == 1
