"""An order's review and its end, watched like any duty: of those who supervise, not of the person."""

from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import engine, words
from surety.rules.conditions import Condition, ConditionSet, OrderStatus, OrderTerm
from surety.rules.facts import ConditionsChanged, Tick
from surety.rules.findings import Certainty, Finding, Kind, to_json
from tests.rules.scenes import LONDON, kinds, ms, only, run

DAY_MS = 86_400_000
IN_FORCE, SUSPENDED, ENDED = OrderStatus.IN_FORCE, OrderStatus.SUSPENDED, OrderStatus.ENDED
Version = tuple[int, int, int, OrderStatus]  # from, review due, end (days after the scene's Monday noon), status


def day(number: int) -> int:
    return ms("12:00") + number * DAY_MS


def ordered(*versions: Version, revision: int = 1) -> ConditionSet:
    """Each version until the next one's time."""
    ends = [day(version[0]) for version in versions[1:]] + [None]
    made = [
        Condition("order:o", i + 1, day(start), end, OrderTerm(day(review), day(over), status))
        for i, ((start, review, over, status), end) in enumerate(zip(versions, ends, strict=True))
    ]
    return ConditionSet("ada", revision, tuple(made))


def told(conditions: ConditionSet, until_day: int) -> list[tuple[Kind, int]]:
    found = run(conditions, [Tick(day(until_day))])
    return [(finding.kind, (finding.at_ms - day(0)) // DAY_MS) for finding in found]


def test_a_review_that_is_not_recorded_is_overdue_at_the_very_instant_it_was_due() -> None:
    conditions = ordered((0, 90, 365, IN_FORCE))
    assert run(conditions, [Tick(day(90) - 1)]) == []
    finding = only(run(conditions, [Tick(day(91))]), Kind.REVIEW_OVERDUE)
    assert (finding.at_ms, finding.certainty) == (day(90), Certainty.ESTABLISHED)
    said = words.sentence(finding, conditions, LONDON)
    assert "was due at 12:00 GMT" in said
    assert "unlawful" in said


def test_a_later_version_with_a_new_date_says_that_it_was_reviewed() -> None:
    conditions = ordered((0, 90, 365, IN_FORCE), (95, 180, 365, IN_FORCE))
    overdue, done = run(conditions, [Tick(day(100))])
    assert (done.kind, done.at_ms, done.episode_id) == (Kind.REVIEW_DONE, day(95), overdue.id)
    assert "overdue for 5 days" in words.sentence(done, conditions, LONDON)
    assert told(conditions, 181)[-1] == (Kind.REVIEW_OVERDUE, 180)


def test_a_review_in_time_is_no_finding() -> None:
    assert told(ordered((0, 90, 365, IN_FORCE), (89, 180, 365, IN_FORCE)), 179) == []


def test_a_version_without_a_new_date_does_not_pass_for_a_review() -> None:
    conditions = ordered((0, 90, 365, IN_FORCE), (95, 90, 400, IN_FORCE), (96, 94, 400, IN_FORCE))
    assert told(conditions, 200) == [(Kind.REVIEW_OVERDUE, 90)]


def test_a_suspended_order_is_still_to_be_reviewed_and_an_ended_one_is_not() -> None:
    assert told(ordered((0, 90, 365, IN_FORCE), (10, 90, 365, SUSPENDED)), 91) == [(Kind.REVIEW_OVERDUE, 90)]
    assert told(ordered((0, 90, 365, IN_FORCE), (10, 90, 365, ENDED)), 400) == [(Kind.ORDER_EXPIRED, 10)]


def test_the_end_of_an_order_is_told_once_and_ends_the_waiting_for_its_review() -> None:
    conditions = ordered((0, 90, 365, IN_FORCE), (370, 90, 365, ENDED))
    assert told(conditions, 800) == [
        (Kind.REVIEW_OVERDUE, 90),
        (Kind.DUTY_ENDED, 365),
        (Kind.ORDER_EXPIRED, 365),
    ]
    expired = only(run(conditions, [Tick(day(366))]), Kind.ORDER_EXPIRED)
    assert "collect the device" in words.sentence(expired, conditions, LONDON)


def test_an_order_that_is_put_in_force_again_ends_again() -> None:
    conditions = ordered((0, 50, 60, IN_FORCE), (10, 50, 60, ENDED), (20, 100, 110, IN_FORCE))
    assert told(conditions, 200) == [
        (Kind.ORDER_EXPIRED, 10),
        (Kind.REVIEW_OVERDUE, 100),
        (Kind.DUTY_ENDED, 110),
        (Kind.ORDER_EXPIRED, 110),
    ]


def test_an_end_that_is_set_into_the_past_is_told_when_that_version_takes_effect() -> None:
    assert told(ordered((0, 90, 365, IN_FORCE), (40, 90, 30, IN_FORCE)), 50) == [(Kind.ORDER_EXPIRED, 40)]


statuses = st.sampled_from([IN_FORCE, IN_FORCE, IN_FORCE, SUSPENDED, ENDED])
varied = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 60), st.integers(1, 90), statuses), max_size=6)


@settings(max_examples=150, deadline=None)
@given(steps=varied, ticks=st.lists(st.integers(0, 400), max_size=12))
def test_any_variations_are_told_the_same_whenever_time_is_looked_at(steps: list[Version], ticks: list[int]) -> None:
    versions, at = [(0, 20, 60, IN_FORCE)], 0
    for gap, review, over, status in steps:
        at += gap
        versions.append((at, at + review, at + over, status))
    conditions = ordered(*versions)
    at_once = [to_json(finding) for finding in run(conditions, [Tick(day(400))])]
    assert [to_json(f) for f in run(conditions, [*(Tick(day(t)) for t in sorted(ticks)), Tick(day(400))])] == at_once


@settings(max_examples=150, deadline=None)
@given(steps=varied)
def test_an_order_known_from_the_start_and_one_varied_as_time_goes_are_told_alike(steps: list[Version]) -> None:
    """Each variation is recorded just when it takes effect, as a live system learns of it."""
    versions, at = [(0, 20, 60, IN_FORCE)], 0
    for gap, review, over, status in steps:
        at += gap
        versions.append((at, at + review, at + over, status))
    state, found = engine.start("ada"), list[Finding]()
    for known in range(1, len(versions) + 1):
        held, begins = ordered(*versions[:known], revision=known), day(versions[known - 1][0])
        fact = ConditionsChanged(f"{known:032d}", begins, begins)
        until = day(versions[known][0]) - 1 if known < len(versions) else day(400)
        for given_now in (fact, Tick(until)):
            step = engine.step(state, given_now, held)
            state = step.state
            found += step.findings
    assert [to_json(finding) for finding in found] == [
        to_json(finding) for finding in run(ordered(*versions), [Tick(day(400))])
    ]
    assert kinds(found).count(Kind.ORDER_EXPIRED) >= 1
