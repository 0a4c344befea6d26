"""Ways that nobody travels: what they amount to, and that a place which was leapt to establishes nothing."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import batch, engine
from surety.rules.facts import Fact, Fix
from surety.rules.findings import Cause, Certainty, Kind, to_json
from surety.rules.plan import Plan
from tests.rules.scenes import HOME, SCHOOL, curfew, exclusion, fix, kinds, ms, only, order, run, stay, trail

LEEDS, YORK, ROME = HOME, (53.96, -1.08), (41.9, 12.5)
MINUTE = 60_000
WATCHED = order(trail(), exclusion(), curfew())


def leaps(facts: list[Fact]) -> list[tuple[Certainty, Cause]]:
    found = run(order(trail()), facts)
    return [(f.certainty, f.cause) for f in found if f.kind is Kind.IMPLAUSIBLE_MOVEMENT]


def at(clock: str, place: tuple[float, float]) -> Fix:
    return fix(ms(clock), place)


def test_one_wild_fix_that_comes_back_is_the_receivers_error_and_only_possible() -> None:
    facts = [*stay(HOME, "12:00", "12:10"), at("12:10", ROME), *stay(HOME, "12:11", "12:30")]
    found = only(run(order(trail()), facts), Kind.IMPLAUSIBLE_MOVEMENT)
    assert (found.certainty, found.cause) == (Certainty.POSSIBLE, Cause.EQUIPMENT)
    assert (found.at_ms, found.known_ms) == (ms("12:10"), ms("12:11"))


def test_a_place_that_is_leapt_to_and_stays_is_probable_and_blames_nobody_yet() -> None:
    facts = [*stay(HOME, "12:00", "12:10"), *stay(YORK, "12:10", "12:30")]
    assert leaps(facts) == [(Certainty.PROBABLE, Cause.UNKNOWN)]


def test_a_flight_is_on_record_as_one_and_no_alert() -> None:
    facts = [*stay(LEEDS, "12:00", "12:10"), *stay(ROME, "14:30", "15:00")]
    found = only(run(order(trail(86_400)), facts), Kind.IMPLAUSIBLE_MOVEMENT)
    assert (found.certainty, found.evidence.numbers["as"]) == (Certainty.POSSIBLE, "aircraft")


def test_fixes_all_through_a_flight_are_one_record() -> None:
    way = [(LEEDS[0] + (ROME[0] - LEEDS[0]) * n / 120, LEEDS[1] + (ROME[1] - LEEDS[1]) * n / 120) for n in range(121)]
    flown: list[Fact] = [fix(ms("13:00") + n * MINUTE, place) for n, place in enumerate(way)]
    found = leaps([*stay(LEEDS, "12:00", "13:00"), *flown])
    assert found
    assert {certainty for certainty, _ in found} == {Certainty.POSSIBLE}
    assert len(found) <= 4


def test_two_places_in_turn_are_two_devices_under_one_name() -> None:
    facts = [at(f"12:{n:02d}", ROME if n % 3 == 2 else HOME) for n in range(20)]
    found = [f for f in run(order(trail()), facts) if f.kind is Kind.IMPLAUSIBLE_MOVEMENT]
    assert [f.certainty for f in found] == [Certainty.POSSIBLE, Certainty.PROBABLE]
    assert found[1].evidence.numbers["returns"] == 3


def test_an_echo_between_houses_is_no_news() -> None:
    near = (HOME[0] + 0.003, HOME[1])
    facts: list[Fact] = [fix(ms("12:00") + n * 1000, near if n == 30 else HOME) for n in range(60)]
    assert leaps(facts) == []


def test_a_wild_fix_in_an_exclusion_zone_breaches_nothing() -> None:
    """The fix says that somebody is deep in the zone; they were 40 km away a minute before and after."""
    facts = [*stay(YORK, "12:00", "12:10"), at("12:10", SCHOOL), *stay(YORK, "12:11", "12:40")]
    found = run(order(trail(), exclusion()), facts)
    entered = [f for f in found if f.kind is Kind.ZONE_ENTERED]
    assert all(f.certainty is Certainty.POSSIBLE for f in entered)


def test_a_place_leapt_to_is_at_most_probable_once_the_next_fixes_agree() -> None:
    facts = [*stay(YORK, "12:00", "12:10"), *stay(SCHOOL, "12:10", "12:40")]
    entered = [f for f in run(order(trail(), exclusion()), facts) if f.kind is Kind.ZONE_ENTERED]
    assert [f.certainty for f in entered] == [Certainty.POSSIBLE, Certainty.PROBABLE]
    assert entered[1].at_ms == ms("12:12")
    assert entered[1].episode_id == entered[0].id


def test_a_wild_fix_at_home_mends_no_absence() -> None:
    facts = [*stay(YORK, "18:00", "20:00"), at("20:00", HOME), *stay(YORK, "20:01", "20:30")]
    found = kinds(run(order(trail(), curfew()), facts))
    assert Kind.CURFEW_ABSENT_AT_START in found
    assert Kind.CURFEW_RETURNED not in found


def test_a_position_that_was_simulated_makes_the_next_hours_places_probable_at_most() -> None:
    mock = Fix("m", "tag", ms("12:05"), ms("12:05"), *HOME, mock=True)
    facts: list[Fact] = [*stay(HOME, "12:00", "12:05"), mock, *stay(SCHOOL, "12:10", "12:40")]
    assert only(run(order(trail(), exclusion()), facts), Kind.ZONE_ENTERED).certainty is Certainty.PROBABLE


places = st.sampled_from([HOME, HOME, SCHOOL, YORK, ROME])


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(places, st.integers(1, 12), st.integers(1, 400)), min_size=1, max_size=25),
    seed=st.integers(0, 5),
)
def test_a_whole_track_of_leaps_at_once_gives_what_single_steps_give(
    steps: list[tuple[tuple[float, float], int, int]], seed: int
) -> None:
    noise, moment, facts = random.Random(seed), ms("12:00"), []
    for place, count, every_s in steps:
        for _ in range(count):
            moment += every_s * 1000
            facts.append(fix(moment, (place[0] + noise.gauss(0, 1e-4), place[1] + noise.gauss(0, 1e-4))))
    plan = Plan(WATCHED)
    _, found = batch.run(engine.start("ada"), batch.track_of(facts), plan)
    assert [to_json(f) for f in found] == [to_json(f) for f in run(WATCHED, facts)]


@pytest.mark.parametrize("metres", [300.0, 900.0])
def test_a_short_leap_settles_without_a_word_and_without_lasting_doubt(metres: float) -> None:
    there = (HOME[0] + metres / 111_195, HOME[1])
    facts: list[Fact] = [fix(ms("12:00") + n * 1000, HOME if n < 30 else there) for n in range(60)]
    state = engine.start("ada")
    plan = Plan(order(trail()))
    for fact in facts:
        state = engine.step(state, fact, plan).state
    assert state.device.leap is None
    assert leaps(facts) == []
