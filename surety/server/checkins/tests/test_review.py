"""How people decide a check-in: one look at a time, each for itself, an adverse word by two, a fact at the end."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surety.faces.contract import Outcome
from surety.rules.facts import CheckInDecided, Verdict, decode
from surety.server.accounts.models import Role, User
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS
from surety.server.audit.models import Entry
from surety.server.audit.queries import verify
from surety.server.audit.words import detail_of
from surety.server.cases.models import Caseload
from surety.server.checkins import reviewing, verdicts
from surety.server.checkins.models import Answer, CheckIn, OutFact, Review, Stage, Stands
from surety.server.checkins.tests.review_cast import SENT_MS, waiting
from surety.server.checkins.verdicts import Move, Said, move_after
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError

SAME, NOT_SAME, CANNOT_TELL = Verdict.SAME, Verdict.NOT_SAME, Verdict.CANNOT_TELL
database = pytest.mark.django_db
_times = itertools.count(SENT_MS, MINUTE_MS)


@pytest.fixture
def rita() -> User:
    return cast.user("rita", Role.FACE_REVIEWER, "north")


@pytest.fixture
def tom() -> User:
    return cast.user("tom", Role.FACE_REVIEWER)


@pytest.fixture
def sue() -> User:
    return cast.user("sue", Role.SUPERVISOR, "north")


def opened(region: str = "north", outcome: Outcome = Outcome.NO_MATCH, now_ms: int = SENT_MS) -> Review:
    of = waiting(region, outcome)
    return reviewing.open_review(of, of.comparisons.get(), now_ms)


def say(user: User, verdict: Verdict, first: Verdict | None = None, now_ms: int | None = None) -> Review:
    """Take the next review and answer it."""
    at = {"acting_user": user, "now_ms": now_ms or next(_times)}
    review = reviewing.claim(user, now_ms=at["now_ms"])
    assert review is not None, f"nothing waits for {user}"
    reviewing.uncover(review.pk, **at)
    reviewing.first_answer(review.pk, first or verdict, **at)
    return reviewing.answer(review.pk, verdict, f"The ears tell {user}.", **at)


def facts() -> list[CheckInDecided]:
    return [decode(bytes(row.body)) for row in OutFact.objects.order_by("pk")]


@database
def test_one_persons_same_decides_and_the_fact_names_them(rita):
    review = opened()
    say(rita, SAME)
    check_in = CheckIn.objects.get()
    assert (check_in.stands, check_in.verdict, check_in.decided_by_names) == (Stands.DECIDED, "same", ["rita"])
    (fact,) = facts()
    assert (fact.check_in_id, fact.verdict, fact.deciders) == (check_in.pk, SAME, ("rita",))
    assert fact.at_ms == check_in.decided_ms
    assert OutFact.objects.get().person_id == check_in.person_id
    review.refresh_from_db()
    assert (review.stage, review.verdict, review.held_by) == (Stage.DONE, "same", None)


@database
def test_not_the_same_takes_two_and_until_then_nothing_leaves(rita, tom):
    opened()
    say(rita, NOT_SAME)
    assert (facts(), CheckIn.objects.get().stands) == ([], Stands.REVIEW)
    say(tom, NOT_SAME)
    assert [(fact.verdict, fact.deciders) for fact in facts()] == [(NOT_SAME, ("rita", "tom"))]
    assert CheckIn.objects.get().decided_by_names == ["rita", "tom"]


@database
def test_nobody_answers_twice(rita, tom):
    opened()
    say(rita, NOT_SAME)
    assert reviewing.claim(rita, now_ms=SENT_MS + 1) is None
    say(tom, SAME)
    assert reviewing.claim(tom, now_ms=SENT_MS + 2) is None


@database
def test_two_who_disagree_leave_it_to_a_supervisor_whose_word_has_another_beside_it(rita, tom, sue):
    opened()
    say(rita, NOT_SAME)
    say(tom, SAME)
    assert facts() == []
    assert Review.objects.get().stage == Stage.ARBITER
    say(sue, NOT_SAME)
    assert [(fact.verdict, fact.deciders) for fact in facts()] == [(NOT_SAME, ("rita", "sue"))]


@database
def test_a_reviewer_does_not_arbitrate(rita, tom):
    opened()
    say(rita, NOT_SAME)
    say(tom, CANNOT_TELL)
    wes = cast.user("wes", Role.FACE_REVIEWER)
    assert reviewing.claim(wes, now_ms=SENT_MS) is None


@database
def test_twice_cannot_tell_is_a_decision_and_no_finding(rita, tom):
    opened()
    say(rita, CANNOT_TELL)
    say(tom, CANNOT_TELL)
    assert [(fact.verdict, fact.deciders) for fact in facts()] == [(CANNOT_TELL, ("rita", "tom"))]


stages = (Stage.FIRST, Stage.SECOND, Stage.ARBITER)


@given(st.lists(st.sampled_from(Verdict), min_size=3, max_size=3))
def test_whatever_is_answered_it_ends_and_not_the_same_has_two_people_behind_it(answers):
    said: list[Said] = []
    move = Move(Stage.FIRST)
    for who, answer in enumerate(answers, 1):
        said.append(Said(who, move.stage, answer))
        move = move_after(said)
        if move.stage is Stage.DONE:
            break
    assert move.stage is Stage.DONE
    assert move.verdict is not None
    assert len(move.deciders) >= (2 if move.verdict is NOT_SAME else 1)
    assert all(one.answer is move.verdict for one in said if one.who in move.deciders)


@given(st.sampled_from(Verdict), st.sampled_from(Verdict))
def test_which_of_two_answers_came_first_makes_no_difference_unless_it_was_enough(one, other):
    if SAME not in (one, other):
        moves = [
            move_after([Said(1, Stage.FIRST, a), Said(2, Stage.SECOND, b)]) for a, b in ((one, other), (other, one))
        ]
        assert (moves[0].stage, moves[0].verdict) == (moves[1].stage, moves[1].verdict)


@database
def test_the_first_answer_stays_beside_a_final_one_that_differs(rita):
    opened()
    say(rita, SAME, first=NOT_SAME)
    kept = Answer.objects.get()
    assert (kept.first_answer, kept.answer, kept.reason) == ("not_same", "same", "The ears tell rita.")


@database
def test_the_steps_come_in_order_and_a_refused_one_changes_nothing(rita):
    review = opened()
    at = {"acting_user": rita, "now_ms": SENT_MS}
    reviewing.claim(rita, now_ms=SENT_MS)
    with pytest.raises(NotFoundError, match="Uncover"):
        reviewing.first_answer(review.pk, SAME, **at)
    with pytest.raises(NotFoundError, match="Uncover"):
        reviewing.show(review.pk, "a", **at)
    reviewing.uncover(review.pk, **at)
    with pytest.raises(ConflictError, match="see for yourself first"):
        reviewing.answer(review.pk, SAME, "Why", **at)
    reviewing.first_answer(review.pk, SAME, **at)
    with pytest.raises(ConflictError, match="already"):
        reviewing.first_answer(review.pk, NOT_SAME, **at)
    for verdict, reason in (("maybe", "Why"), (SAME, " "), (SAME, "x" * 2001)):
        with pytest.raises(InvalidError):
            reviewing.answer(review.pk, verdict, reason, **at)
    assert (Answer.objects.get().answer, Answer.objects.get().first_answer, facts()) == ("", "same", [])


@database
def test_a_review_is_held_by_one_for_some_minutes_and_is_then_free_again(rita, tom):
    review = opened()
    reviewing.claim(rita, now_ms=SENT_MS)
    assert reviewing.claim(tom, now_ms=SENT_MS + verdicts.HOLD_MS - 1) is None
    assert reviewing.claim(rita, now_ms=SENT_MS + 1) == review  # coming back is not taking anew
    assert reviewing.claim(tom, now_ms=SENT_MS + verdicts.HOLD_MS) == review
    with pytest.raises(NotFoundError):
        reviewing.uncover(review.pk, acting_user=rita, now_ms=SENT_MS + verdicts.HOLD_MS)
    assert [(e.actor_name, e.action) for e in Entry.objects.filter(action="review.claimed").order_by("seq")] == [
        ("rita", "review.claimed"),
        ("tom", "review.claimed"),
    ]


@database
def test_working_on_it_keeps_it(rita, tom):
    review = opened()
    reviewing.claim(rita, now_ms=SENT_MS)
    later = SENT_MS + verdicts.HOLD_MS - 1
    reviewing.uncover(review.pk, acting_user=rita, now_ms=later)
    assert reviewing.claim(tom, now_ms=later + verdicts.HOLD_MS - 1) is None


@database
def test_what_is_given_back_is_covered_again(rita, tom):
    review = opened()
    at = {"acting_user": rita, "now_ms": SENT_MS}
    reviewing.claim(rita, now_ms=SENT_MS)
    reviewing.uncover(review.pk, **at)
    reviewing.show(review.pk, "frame", **at)
    reviewing.release(review.pk, **at)
    with pytest.raises(NotFoundError):
        reviewing.show(review.pk, "frame", **at)
    assert reviewing.claim(rita, now_ms=SENT_MS) == review
    with pytest.raises(NotFoundError):
        reviewing.show(review.pk, "frame", **at)
    reviewing.release(review.pk, **at)
    assert reviewing.claim(tom, now_ms=SENT_MS) == review


@database
def test_each_opening_and_each_photograph_is_audited_with_who_and_whose_once(rita):
    review = opened()
    at = {"acting_user": rita, "now_ms": SENT_MS}
    reviewing.claim(rita, now_ms=SENT_MS)
    reviewing.uncover(review.pk, **at)
    for picture in ("one", "two", "one"):
        reviewing.show(review.pk, picture, **at)
    person_id = review.submission.check_in.person_id
    kept = Entry.objects.filter(person_id=person_id, actor_name="rita").order_by("seq").values_list("action", flat=True)
    assert list(kept) == ["review.claimed", "photographs.uncovered", "photograph.shown", "photograph.shown"]
    assert verify().is_sound


@database
def test_the_time_with_open_photographs_is_kept(rita):
    review = opened()

    def at(minutes: int) -> dict[str, object]:
        return {"acting_user": rita, "now_ms": SENT_MS + minutes * MINUTE_MS}

    reviewing.claim(rita, now_ms=SENT_MS)
    reviewing.uncover(review.pk, **at(2))
    reviewing.first_answer(review.pk, SAME, **at(3))
    reviewing.answer(review.pk, SAME, "Same ears.", **at(5))
    assert Answer.objects.get().spent_ms == 3 * MINUTE_MS


@database
def test_the_most_urgent_comes_first_and_what_is_overdue_before_all(rita):
    old = opened(outcome=Outcome.INCONCLUSIVE)
    new = opened(outcome=Outcome.INCONCLUSIVE, now_ms=SENT_MS + MINUTE_MS)
    grave = opened(outcome=Outcome.NO_MATCH, now_ms=SENT_MS + 2 * MINUTE_MS)
    assert [review.pk for review in reviewing.open_to(rita)] == [grave.pk, old.pk, new.pk]
    assert reviewing.claim(rita, now_ms=old.due_ms) == old


@database
def test_time_alone_raises_and_never_decides(rita):
    review = opened(outcome=Outcome.INCONCLUSIVE)
    assert reviewing.escalate(now_ms=review.due_ms - 1) == 0
    assert [reviewing.escalate(now_ms=review.due_ms + after) for after in (0, 1, 90 * 86_400_000)] == [1, 0, 0]
    review.refresh_from_db()
    assert (review.severity, review.escalated_ms, review.stage) == (1, review.due_ms, Stage.FIRST)
    assert facts() == []
    assert Entry.objects.get(action="review.overdue").actor_name == "Surety"


@database
def test_another_region_and_other_roles_reach_nothing(rita):
    review = opened("south")
    assert reviewing.claim(rita, now_ms=SENT_MS) is None
    with pytest.raises(NotFoundError):
        reviewing.uncover(review.pk, acting_user=rita, now_ms=SENT_MS)
    for role in set(Role) - {Role.FACE_REVIEWER, Role.SUPERVISOR}:
        with pytest.raises(NotAllowedError):
            reviewing.claim(cast.user(f"some-{role}", role), now_ms=SENT_MS)


@database
def test_who_is_or_was_the_officer_of_a_person_does_not_review_them(tom):
    review = opened()
    person = review.submission.check_in.person
    Caseload.objects.create(person=person, officer=tom, from_ms=0, to_ms=1)
    assert reviewing.claim(tom, now_ms=SENT_MS) is None


@database
def test_who_loses_the_role_while_holding_a_review_is_out(rita):
    review = opened()
    reviewing.claim(rita, now_ms=SENT_MS)
    User.objects.filter(pk=rita.pk).update(region="south")
    rita.refresh_from_db()
    with pytest.raises(NotFoundError):
        reviewing.uncover(review.pk, acting_user=rita, now_ms=SENT_MS)


@database
def test_a_supervisor_has_it_looked_at_again_by_others_and_their_word_takes_its_place(rita, tom, sue):
    opened()
    say(rita, NOT_SAME)
    say(tom, NOT_SAME)
    check_in = CheckIn.objects.get()
    reviewing.reopen(check_in.pk, "A brother says it is him.", acting_user=sue, now_ms=next(_times))
    check_in.refresh_from_db()
    assert (check_in.stands, check_in.verdict) == (Stands.REVIEW, "not_same")
    assert reviewing.claim(rita, now_ms=next(_times)) is None
    say(cast.user("wes", Role.FACE_REVIEWER), SAME)
    assert [fact.verdict for fact in facts()] == [NOT_SAME, SAME]
    assert len({fact.id for fact in facts()}) == 2
    entry = Entry.objects.get(action="review.reopened")
    assert entry.actor_name == "sue"
    assert "A brother says it is him." in str(detail_of(entry))


@database
def test_reopening_takes_a_reason_the_role_and_a_decision(rita, tom, sue):
    opened()
    check_in = CheckIn.objects.get()
    at = {"now_ms": next(_times)}
    with pytest.raises(ConflictError):
        reviewing.reopen(check_in.pk, "Why not", acting_user=sue, **at)
    say(rita, SAME)
    with pytest.raises(InvalidError):
        reviewing.reopen(check_in.pk, " ", acting_user=sue, **at)
    with pytest.raises(NotFoundError):
        reviewing.reopen(check_in.pk, "Mine", acting_user=tom, **at)
    olga = cast.user("olga", Role.OFFICER, "north")
    Caseload.objects.create(person=check_in.person, officer=olga, from_ms=0)
    with pytest.raises(NotAllowedError):
        reviewing.reopen(check_in.pk, "Mine", acting_user=olga, **at)
    assert Review.objects.count() == 1


def test_where_time_runs_fast_a_look_takes_as_long_as_elsewhere():
    assert [verdicts.hold_ms(speed) for speed in (1, 5, 60)] == [600_000, 600_000, 7_200_000]
