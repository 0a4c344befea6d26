"""Check-ins: asked, answered, late, missed, not delivered; and what only people may say of a photograph."""

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import engine, words
from surety.rules.checkins import MOST_OPEN
from surety.rules.conditions import Body, CheckInDuty
from surety.rules.facts import (
    CheckInAsked,
    CheckInDecided,
    CheckInSubmitted,
    Fact,
    Tick,
    Verdict,
    fact_id,
)
from surety.rules.findings import Cause, Certainty, Finding, Kind, to_json
from tests.rules.scenes import HOME, LONDON, curfew, exclusion, kinds, ms, only, order, run, stay, told, trail

CHECK_INS = CheckInDuty(per_day=2)
HEARD = stay(HOME, "12:00", "18:00", every_s=600)


def asked(at: str, due: str, *, which: str = "c-1", delivered: bool | None = True) -> CheckInAsked:
    name = fact_id("check-in", which, "asked", at, due, delivered)
    return CheckInAsked(name, which, ms(at), ms(at), ms(due), delivered)


def submitted(at: str, which: str = "c-1") -> CheckInSubmitted:
    return CheckInSubmitted(fact_id("check-in", which, at), which, "phone", ms(at), ms(at))


def decided(at: str, verdict: Verdict, *deciders: str, which: str = "c-1") -> CheckInDecided:
    return CheckInDecided(fact_id("check-in", which, at, verdict, *deciders), which, ms(at), ms(at), verdict, deciders)


def happened(*facts: Fact, duty: Body = CHECK_INS, until: str = "+3 12:00") -> list[Finding]:
    """What the rules find in these facts, in the order of their own time."""
    return run(order(duty), sorted(facts, key=lambda fact: (fact.at_ms, fact.id)), until)


def test_a_photograph_in_time_is_no_finding() -> None:
    assert happened(*HEARD, asked("13:00", "13:30"), submitted("13:12")) == []


def test_no_photograph_by_the_due_instant_is_missed_at_that_instant_without_any_new_fact() -> None:
    question = asked("13:00", "13:30")
    missed = only(happened(*HEARD, question), Kind.CHECK_IN_MISSED)
    assert (missed.at_ms, missed.condition_id, missed.cause) == (ms("13:30"), "c0", Cause.UNKNOWN)
    assert missed.evidence.fact_ids == (question.id,)
    said = words.sentence(missed, order(CHECK_INS), LONDON)
    assert said == "No photograph asked for at 13:00 had come by 13:30 GMT."


def test_a_photograph_that_comes_late_ends_the_miss() -> None:
    missed, late = happened(*HEARD, asked("13:00", "13:30"), submitted("14:10"))
    assert (late.kind, late.at_ms, late.episode_id) == (Kind.CHECK_IN_LATE, ms("14:10"), missed.id)
    assert "late by 40 minutes" in words.sentence(late, order(CHECK_INS), LONDON)


def test_a_photograph_is_late_only_until_the_ordered_limit() -> None:
    duty = CheckInDuty(per_day=1, late_until_s=3_600)
    facts = [*HEARD, asked("13:00", "13:30"), submitted("14:31")]
    assert kinds(happened(*facts, duty=duty)) == [Kind.CHECK_IN_MISSED]


@pytest.mark.parametrize("heard", [[], stay(HOME, "12:00", "12:50")])
def test_a_device_that_was_silent_all_the_time_cannot_have_missed_anything(heard: list[Fact]) -> None:
    found = happened(*heard, asked("13:00", "13:30", delivered=None))
    assert kinds(found) == [Kind.CHECK_IN_UNDELIVERED]
    assert found[0].cause is Cause.NETWORK
    assert "not a breach" in words.sentence(found[0], order(CHECK_INS), LONDON)


def test_a_silence_that_the_battery_explains_has_that_cause() -> None:
    question = asked("13:00", "13:30", delivered=None)
    found = happened(told("12:50", battery_pct=3), question)
    assert only(found, Kind.CHECK_IN_UNDELIVERED).cause is Cause.EQUIPMENT


def test_a_question_known_not_to_have_got_through_is_undelivered_though_the_device_speaks() -> None:
    found = happened(*HEARD, asked("13:00", "13:30", delivered=False))
    assert kinds(found) == [Kind.CHECK_IN_UNDELIVERED]
    assert found[0].cause is Cause.NETWORK


def test_a_question_that_got_through_counts_also_when_the_device_is_then_silent() -> None:
    assert kinds(happened(asked("13:00", "13:30", delivered=True))) == [Kind.CHECK_IN_MISSED]


def test_a_question_that_got_through_after_all_is_due_when_its_second_word_says() -> None:
    first, second = asked("13:00", "13:30", delivered=False), asked("13:20", "13:50", delivered=True)
    assert happened(*HEARD, first, second, submitted("13:40")) == []
    missed = only(happened(*HEARD, first, second), Kind.CHECK_IN_MISSED)
    assert missed.at_ms == ms("13:50")


def test_another_person_in_the_photograph_takes_two_people_to_say() -> None:
    facts = [*HEARD, asked("13:00", "13:30"), submitted("13:10")]
    for verdict, people in itertools.product(Verdict, [(), ("Ruth",), ("Ruth", "Ruth "), ("Ruth", "Tom")]):
        found = happened(*facts, decided("15:00", verdict, *people))
        adverse = verdict is Verdict.NOT_SAME and people == ("Ruth", "Tom")
        assert kinds(found) == ([Kind.FACE_NOT_VERIFIED] if adverse else [])
    found = happened(*facts, decided("15:00", Verdict.NOT_SAME, "Ruth", "Tom"))
    assert found[0].certainty is Certainty.PROBABLE


def test_people_who_decide_anew_take_it_back() -> None:
    facts = [*HEARD, asked("13:00", "13:30"), submitted("13:10"), decided("15:00", Verdict.NOT_SAME, "Ruth", "Tom")]
    adverse, over = happened(*facts, decided("16:00", Verdict.CANNOT_TELL, "Ruth", "Tom", "Una"))
    assert (over.kind, over.episode_id) == (Kind.DUTY_ENDED, adverse.id)
    assert "decided anew" in words.sentence(over, order(CHECK_INS), LONDON)


def test_people_who_decide_anew_after_weeks_take_it_back_too() -> None:
    both = ("ben", "cleo")
    facts = [asked("13:00", "13:30"), submitted("13:12"), decided("13:40", Verdict.NOT_SAME, *both)]
    said, ended = happened(*HEARD, *facts, decided("+20 13:40", Verdict.SAME, *both), until="+21 12:00")
    assert (ended.kind, ended.episode_id, ended.at_ms) == (Kind.DUTY_ENDED, said.id, ms("+20 13:40"))


def test_people_may_take_weeks_to_decide() -> None:
    facts = [*HEARD, asked("13:00", "13:30"), submitted("13:10")]
    found = happened(*facts, decided("+30 15:00", Verdict.NOT_SAME, "Ruth", "Tom"), until="+31 12:00")
    assert kinds(found) == [Kind.FACE_NOT_VERIFIED]


def test_a_photograph_from_a_device_whose_clock_runs_ahead_or_behind_still_counts() -> None:
    assert happened(*HEARD, submitted("12:58"), asked("13:00", "13:30")) == []
    decision = decided("13:05", Verdict.SAME)
    assert happened(*HEARD, asked("13:00", "13:30"), decision, submitted("13:40")) == []


def test_two_check_ins_that_are_missed_at_one_instant_are_two_findings() -> None:
    found = happened(*HEARD, asked("13:00", "13:30"), asked("13:05", "13:30", which="c-2"))
    assert kinds(found) == [Kind.CHECK_IN_MISSED] * 2
    assert found[0].id != found[1].id


def test_what_the_end_of_the_order_cuts_off_is_missed_by_nobody() -> None:
    facts: list[Fact] = [asked("13:00", "13:30")]
    assert run(order(CHECK_INS, until="13:20"), facts, "15:00") == []
    ended = run(order(CHECK_INS, until="14:00"), facts, "15:00")
    assert kinds(ended) == [Kind.CHECK_IN_MISSED, Kind.DUTY_ENDED]
    assert "no photograph had come until then" in words.sentence(ended[1], order(CHECK_INS, until="14:00"), LONDON)


def test_no_flood_of_photographs_grows_the_state_or_pushes_a_question_out() -> None:
    flood = [submitted("13:05", which=f"x-{i}") for i in range(3 * MOST_OPEN)]
    state, found = engine.start("ada"), []
    for fact in [asked("13:00", "13:30"), *sorted(flood, key=lambda one: one.id), Tick(ms("13:30"))]:
        step = engine.step(state, fact, order(CHECK_INS))
        state, found = step.state, [*found, *step.findings]
        assert all(len(record.open) <= MOST_OPEN for record in state.records)
    assert kinds(found) == [Kind.CHECK_IN_MISSED]


@pytest.mark.parametrize("per_day", [-1, 6])
def test_more_than_five_a_day_cannot_be_ordered(per_day: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "check_in", "per_day": per_day}, Body)


# --- any course of check-ins

minutes = st.integers(0, 300)
names = st.sampled_from(["a", "b", "c"])
people = st.lists(st.sampled_from(["Ruth", "Tom", "Una"]), max_size=3).map(tuple)


@st.composite
def courses(draw: st.DrawFn) -> list[Fact]:
    def at(minute: int) -> str:
        return f"{12 + minute // 60}:{minute % 60:02d}"

    facts: list[Fact] = []
    for which, minute, lasts in draw(st.lists(st.tuples(names, minutes, st.integers(1, 60)), max_size=5)):
        delivered = draw(st.sampled_from([True, False, None]))
        facts.append(asked(at(minute), at(minute + lasts), which=which, delivered=delivered))
    facts += [submitted(at(m), which) for which, m in draw(st.lists(st.tuples(names, minutes), max_size=4))]
    said = st.tuples(names, minutes, st.sampled_from(Verdict), people)
    facts += [decided(at(m), v, *who, which=which) for which, m, v, who in draw(st.lists(said, max_size=4))]
    facts += [told(at(m), battery_pct=80) for m in draw(st.lists(minutes, max_size=4))]
    return sorted({(fact.at_ms, fact.id): fact for fact in facts}.values(), key=lambda fact: (fact.at_ms, fact.id))


EVERYTHING = order(CHECK_INS, trail(), curfew(), exclusion())
END = "+2 12:00"


@settings(max_examples=200, deadline=None)
@given(course=courses(), ticks=st.lists(st.integers(0, 600), max_size=8))
def test_any_course_is_told_the_same_with_ticks_saves_and_repetitions(course: list[Fact], ticks: list[int]) -> None:
    plain = [to_json(finding) for finding in run(EVERYTHING, course, END)]
    moments = [Tick(ms("12:00") + minute * 60_000) for minute in ticks]
    mixed = sorted([*course, *moments], key=lambda fact: (fact.at_ms, getattr(fact, "id", "")))
    state, found = engine.start("ada"), list[bytes]()
    for fact in [*mixed, Tick(ms(END))]:
        step = engine.step(engine.decode_state(engine.encode_state(state)), fact, EVERYTHING)
        again = engine.step(step.state, fact, EVERYTHING)
        assert again.findings == ()
        state = step.state
        found += [to_json(finding) for finding in step.findings]
    assert found == plain


def test_a_question_told_again_after_it_was_settled_is_not_missed() -> None:
    answered = [asked("13:00", "13:30"), submitted("13:12"), decided("13:14", Verdict.SAME)]
    assert happened(*HEARD, *answered, asked("13:20", "13:50")) == []


@settings(max_examples=300, deadline=None)
@given(course=courses())
def test_nothing_adverse_comes_of_machines_doubt_or_questions_that_never_arrived(course: list[Fact]) -> None:
    found = run(EVERYTHING, course, END)
    ids = [finding.id for finding in found]
    assert len(ids) == len(set(ids))
    for finding in found:
        which = finding.evidence.numbers.get("check_in")
        of_it = [fact for fact in course if getattr(fact, "check_in_id", "") == which]
        if finding.kind is Kind.FACE_NOT_VERIFIED:
            assert any(
                isinstance(fact, CheckInDecided) and fact.verdict is Verdict.NOT_SAME and len(set(fact.deciders)) >= 2
                for fact in of_it
            )
        if finding.kind is Kind.CHECK_IN_MISSED:
            questions = [fact for fact in of_it if isinstance(fact, CheckInAsked) and fact.at_ms < finding.at_ms]
            answers = [fact for fact in of_it if isinstance(fact, CheckInSubmitted)]
            assert any(question.delivered is not False for question in questions)
            assert not any(questions[0].at_ms <= answer.at_ms < finding.at_ms for answer in answers)
        if finding.kind is Kind.CHECK_IN_UNDELIVERED:
            assert finding.cause is not Cause.BEHAVIOUR


def taken_back(at: str, due: str, which: str = "c-1") -> CheckInAsked:
    name = fact_id("check-in", which, "taken back", at)
    return CheckInAsked(name, which, ms(at), ms(at), ms(due), taken_back=True)


def test_a_question_that_is_taken_back_is_never_missed_and_may_still_be_answered() -> None:
    question, back = asked("13:00", "13:30"), taken_back("13:10", "13:30")
    assert happened(*HEARD, question, back) == []
    assert happened(*HEARD, back, question) == []
    assert happened(*HEARD, question, back, submitted("14:00")) == []


def test_what_was_missed_already_is_not_taken_back() -> None:
    found = happened(*HEARD, asked("13:00", "13:30"), taken_back("14:00", "13:30"))
    assert kinds(found) == [Kind.CHECK_IN_MISSED]


def test_one_question_taken_back_leaves_the_others() -> None:
    two = asked("13:00", "13:30"), asked("15:00", "15:30", which="c-2")
    found = happened(*HEARD, *two, taken_back("13:10", "13:30"))
    assert [(one.kind, one.at_ms) for one in found] == [(Kind.CHECK_IN_MISSED, ms("15:30"))]
