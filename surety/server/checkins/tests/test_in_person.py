"""A check-in that an officer records without a camera: answered in time for the rules, never against the person."""

import pytest

from surety.rules.facts import CheckInDecided, CheckInSubmitted, Verdict
from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.checkins import comparing, in_person, outbox
from surety.server.checkins.models import Answer, CheckIn, Review, Stage, Stands, Submission
from surety.server.checkins.tests.compare_cast import (
    DUE_MS,
    NOON,
    OTHER_FACE,
    UNTIL_MS,
    ada,
    asked,
    compare,
    enrolled,
    machine,
    settle,
    submit,
    told,
)
from surety.server.console.tests.case_cast import user
from surety.server.errors import ConflictError, InvalidError, NotAllowedError
from surety.server.monitoring import queries as monitoring
from surety.server.monitoring.tests.cast import HOUR_MS, MINUTE_MS
from surety.server.monitoring.tests.conftest import stream
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

__all__ = ["stream"]
pytestmark = pytest.mark.django_db
SEEN_MS = NOON + 10 * MINUTE_MS


def record(check_in: CheckIn, verdict: Verdict = Verdict.SAME, **changes: object) -> CheckIn:
    values: dict[str, object] = {"reason": "The camera is broken", "seen_ms": SEEN_MS, "now_ms": DUE_MS}
    values |= changes
    who = values.pop("who", None) or user("sue", Role.SUPERVISOR)
    reason = values.pop("reason")
    return in_person.record(check_in.pk, verdict, reason, acting_user=who, **values)


def test_an_officer_who_saw_them_records_it_and_the_rules_are_told_both_facts(stream: Stream) -> None:
    check_in = record(asked(ada()))
    assert (check_in.stands, check_in.verdict, check_in.decided_by_names) == (Stands.DECIDED, "same", ["Sue"])
    came, decision = told()
    assert isinstance(came, CheckInSubmitted)
    assert isinstance(decision, CheckInDecided)
    assert (came.at_ms, came.photos, came.device_id) == (SEEN_MS, (), "")
    assert (decision.verdict, decision.deciders) == (Verdict.SAME, ("sue",))
    outbox.pump(stream, DUE_MS)
    settle(Worker(stream), DUE_MS)
    assert Submission.objects.get().next_ms is None
    assert comparing.step(machine(), DUE_MS) == 0
    check_in.refresh_from_db()
    assert check_in.stands == Stands.DECIDED
    assert monitoring.findings(check_in.person_id, 0, 2**60) == []
    entry = Entry.objects.get(action="check_in.recorded_in_person")
    assert "The camera is broken" in str(detail_of(entry))
    assert "camera" not in entry.detail


def test_that_it_was_somebody_else_is_never_said_here() -> None:
    with pytest.raises(InvalidError):
        record(asked(ada()), Verdict.NOT_SAME)
    assert told() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "  "},
        {"seen_ms": NOON - 1},
        {"seen_ms": DUE_MS + 1},
        {"seen_ms": UNTIL_MS, "now_ms": UNTIL_MS + HOUR_MS},
    ],
)
def test_it_takes_a_reason_and_a_time_between_the_question_and_now(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        record(asked(ada()), **changes)
    assert told() == []


@pytest.mark.parametrize("stands", [Stands.DECIDED, Stands.CANCELLED, Stands.NOT_ASKED])
def test_what_is_decided_or_taken_back_is_not_recorded(stands: str) -> None:
    with pytest.raises(ConflictError):
        record(asked(ada(), stands=stands))


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.FACE_REVIEWER, Role.OFFICER, Role.AUDITOR])
def test_who_does_not_answer_for_the_person_records_nothing(role: Role) -> None:
    with pytest.raises(NotAllowedError):
        record(asked(ada()), who=user("some body", role))


def test_it_ends_a_review_that_nobody_has_answered_and_leaves_one_that_somebody_has(stream: Stream) -> None:
    first, second = asked(ada()), asked(ada())
    for check_in in (first, second):
        enrolled(check_in.person, OTHER_FACE)
        submit(stream, check_in)
        compare(machine(), DUE_MS)
    answered = Review.objects.get(submission__check_in=second)
    Answer.objects.create(
        review=answered, stage=Stage.FIRST, reviewer_name="Ruth", opened_ms=DUE_MS, answer="not_same", reason="Ears"
    )
    record(first, who=user("sue", Role.SUPERVISOR))
    assert Review.objects.get(submission__check_in=first).stage == Stage.WITHDRAWN
    with pytest.raises(ConflictError, match="they decide"):
        record(second, who=user("tom", Role.SUPERVISOR))
    answered.refresh_from_db()
    assert answered.stage == Stage.FIRST
