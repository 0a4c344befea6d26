"""What may lie between two sparse fixes: on record with times and a probability, never more than possible."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from surety.rules import batch, engine, kernel, words
from surety.rules.conditions import Circle, Condition, ConditionSet, OneOff, Timetable, Zone, ZoneKind
from surety.rules.crossings import probability
from surety.rules.facts import Fact, Source
from surety.rules.findings import Certainty, Finding, Kind
from surety.rules.movement import Way
from surety.rules.plan import Plan
from tests.rules.scenes import (
    ALWAYS,
    LONDON,
    SCHOOL,
    SCHOOL_HOURS,
    exclusion,
    fix,
    inclusion,
    kinds,
    ms,
    only,
    order,
    run,
)

METRE = 1 / 111_200  # degrees of latitude
NORTH, SOUTH = (SCHOOL[0] + 400 * METRE, SCHOOL[1]), (SCHOOL[0] - 400 * METRE, SCHOOL[1])


def at(clock: str, place: tuple[float, float], **how: object) -> Fact:
    return fix(ms(clock), place, **how)


def crossings(facts: list[Fact], conditions: ConditionSet | None = None) -> list[Finding]:
    found = run(conditions or order(exclusion()), facts)
    return [finding for finding in found if finding.kind is Kind.ZONE_CROSSED]


def test_a_zone_between_two_fixes_is_on_record_with_interpolated_times_and_never_more_than_possible() -> None:
    facts = [at("13:00", NORTH), at("13:04", SOUTH)]
    (crossed,) = crossings(facts)
    assert crossed.certainty is Certainty.POSSIBLE
    assert crossed.at_ms == pytest.approx(ms("13:02"), abs=1_000)
    assert crossed.known_ms == ms("13:04")
    numbers = crossed.evidence.numbers
    assert numbers["entered_ms"] == pytest.approx(ms("13:02") - 45_000, abs=1_500)  # 150 m of 800 m either side
    assert numbers["left_ms"] == pytest.approx(ms("13:02") + 45_000, abs=1_500)
    assert numbers["depth_m"] == pytest.approx(150, abs=3)
    assert 0.8 < float(str(numbers["p_crossed"])) < 1
    assert crossed.evidence.fact_ids == (facts[0].id, facts[1].id)


def test_the_two_fixes_are_named_however_far_apart_they_are() -> None:
    facts = [at("13:00", NORTH), at("13:50", SOUTH)]
    (crossed,) = crossings(facts)
    assert crossed.evidence.fact_ids == (facts[0].id, facts[1].id)


def test_a_fix_between_the_two_that_shows_another_way_takes_the_crossing_away() -> None:
    around = (SCHOOL[0], SCHOOL[1] + 700 * METRE / math.cos(math.radians(SCHOOL[0])))
    assert crossings([at("13:00", NORTH), at("13:02", around), at("13:04", SOUTH)]) == []


def test_nobody_crosses_a_zone_that_they_enter_or_come_from() -> None:
    assert crossings([at("13:00", NORTH), at("13:04", SCHOOL)]) == []
    assert crossings([at("13:00", SCHOOL), at("13:04", SOUTH)]) == []
    inside = [fix(ms("13:00") + 30_000 * n, SCHOOL) for n in range(10)]
    assert crossings([*inside, at("13:10", NORTH), at("13:14", NORTH)]) == []


def test_a_vague_fix_is_no_end_of_a_way() -> None:
    assert crossings([at("13:00", NORTH, accuracy_m=900.0, source=Source.CELL), at("13:04", SOUTH)]) == []


def test_places_to_be_at_are_not_crossed() -> None:
    assert crossings([at("13:00", NORTH), at("13:04", SOUTH)], order(inclusion())) == []


def test_what_is_hardly_probable_is_put_on_no_record() -> None:
    """Two fixes an hour apart, with a kiosk between them."""
    small = Zone(ZoneKind.EXCLUSION, "Kiosk", Circle(*SCHOOL, 15), ALWAYS)
    assert crossings([at("13:00", NORTH), at("13:59", SOUTH)], order(small)) == []
    assert crossings([at("13:00", NORTH), at("13:03", SOUTH)], order(small)) != []


def test_after_the_zones_own_limit_of_not_knowing_a_straight_way_says_nothing() -> None:
    found = run(order(exclusion()), [at("13:00", NORTH), at("14:01", SOUTH)])
    assert Kind.CANNOT_VERIFY in kinds(found)
    assert Kind.ZONE_CROSSED not in kinds(found)


# --- the hours


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        ("+1 07:50", "+1 07:58", False),  # before the hours
        ("+1 07:54", "+1 08:04", True),  # in the zone 07:57 to 08:00:52: the hours begin meanwhile
        ("+1 16:24", "+1 16:38", True),  # they end meanwhile
        ("+1 16:40", "+1 16:44", False),  # after the hours
    ],
)
def test_only_the_part_within_the_hours_counts(first: str, second: str, *, counts: bool) -> None:
    conditions = order(exclusion(SCHOOL_HOURS), since="2026-11-03T05:00Z")
    found = crossings([at(first, NORTH), at(second, SOUTH)], conditions)
    assert bool(found) is counts
    for finding in found:
        assert ms("+1 08:00") <= finding.at_ms < ms("+1 16:30")


def test_hours_that_begin_and_end_between_the_fixes_count() -> None:
    short = exclusion(Timetable(LONDON, one_offs=(OneOff("2026-11-02", "12:58", "13:03"),)))
    (crossed,) = crossings([at("12:50", NORTH), at("13:10", SOUTH)], order(short))
    assert ms("12:58") <= crossed.at_ms < ms("13:03")


def test_a_version_that_began_after_the_crossing_does_not_judge_it() -> None:
    later = ConditionSet("ada", 1, (Condition("c0", 1, ms("13:03"), None, exclusion()),))
    assert crossings([at("13:00", NORTH), at("13:04", SOUTH)], later) == []
    before = Condition("c0", 1, ms("12:00"), ms("13:02"), exclusion())
    after = Condition("c0", 2, ms("13:02"), None, exclusion())
    found = crossings([at("13:00", NORTH), at("13:04", SOUTH)], ConditionSet("ada", 1, (before, after)))
    assert [finding.condition_version for finding in found] == [1, 2]


def test_a_zone_that_was_lifted_after_it_was_crossed_is_still_judged() -> None:
    lifted = ConditionSet("ada", 1, (Condition("c0", 1, ms("12:00"), ms("13:03"), exclusion()),))
    facts = [at("13:00", NORTH), at("13:04", SOUTH)]
    assert len(crossings(facts, lifted)) == 1
    _, found = batch.run(engine.start("ada"), batch.track_of(facts), Plan(lifted))
    assert kinds(found).count(Kind.ZONE_CROSSED) == 1


# --- the probability


def way(length_m: float, lasted_s: float, sigma_m: float = 6.0) -> Way:
    start = kernel.earth_centred(*SCHOOL)
    end = (start[0] + length_m, start[1], start[2])
    return Way(start, end, 0, round(lasted_s * 1000), sigma_m, sigma_m, "f")


lengths = st.floats(20, 20_000)
times = st.floats(20, 36_000)
shares = st.floats(0.01, 0.99)
depths = st.floats(1, 2_000)


@settings(deadline=None)
@given(lengths, times, st.floats(1.01, 20), shares, depths)
def test_more_time_for_detours_makes_the_straight_way_less_probable(
    length_m: float, lasted_s: float, longer: float, share: float, depth_m: float
) -> None:
    shorter, slower = probability(way(length_m, lasted_s), share, depth_m), way(length_m, lasted_s * longer)
    assert probability(slower, share, depth_m) <= shorter + 1e-12
    assume(0.001 < shorter < 0.999 and length_m / lasted_s < 1)
    assert probability(slower, share, depth_m) < shorter


@given(lengths, times, shares, depths, st.floats(1, 5), st.floats(1, 100))
def test_a_deeper_way_is_more_probable_and_vaguer_fixes_make_it_less_so(
    length_m: float, lasted_s: float, share: float, depth_m: float, more: float, vaguer_m: float
) -> None:
    given_way = way(length_m, lasted_s)
    p = probability(given_way, share, depth_m)
    assert 0 <= p <= 1
    assert probability(given_way, share, depth_m * more) >= p
    assert probability(way(length_m, lasted_s, 6.0 + vaguer_m), share, depth_m) <= p


@given(lengths, times, depths)
def test_the_middle_of_the_way_is_where_one_knows_least(length_m: float, lasted_s: float, depth_m: float) -> None:
    assume(lasted_s * 20 * max(length_m / lasted_s, 1.4) > 1_000)  # more room than the errors of the ends
    middle = probability(way(length_m, lasted_s), 0.5, depth_m)
    assert middle <= probability(way(length_m, lasted_s), 0.05, depth_m) + 1e-12


# --- in words


def test_a_crossing_is_told_with_its_times_its_gap_and_its_probability() -> None:
    conditions = order(exclusion())
    crossed = only(run(conditions, [at("13:00", NORTH), at("13:04", SOUTH)]), Kind.ZONE_CROSSED)
    said = words.sentence(crossed, conditions, LONDON)
    assert said.startswith('Possibly passed through the zone "School" about 13:02 GMT (in it 13:01 to 13:02')
    assert "two fixes 4 minutes apart" in said
    assert "no alert" in said
    assert said.endswith(" %.")


def test_every_crossing_is_possible_only() -> None:
    path = [at(f"{13 + n // 60}:{n % 60:02d}", (NORTH, SOUTH)[n // 4 % 2]) for n in range(0, 60, 4)]
    found = crossings(path)
    assert len(found) > 10
    assert {finding.certainty for finding in found} == {Certainty.POSSIBLE}
    assert set(kinds(found)) == {Kind.ZONE_CROSSED}
