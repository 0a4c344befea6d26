"""Zones: entered, left, already inside when they come into force, and the versions of an order."""

import msgspec

from surety.rules.conditions import Circle, Condition, ConditionSet, Zone, ZoneKind
from surety.rules.facts import Source
from surety.rules.findings import Certainty, Kind
from tests.rules.scenes import (
    ALWAYS,
    HOME,
    MOTHERS,
    SCHOOL,
    SCHOOL_HOURS,
    SHOP,
    START,
    exclusion,
    inclusion,
    kinds,
    ms,
    only,
    order,
    run,
    stay,
)

VISIT = stay(HOME, "12:00", "13:00") + stay(SCHOOL, "13:00", "13:30") + stay(HOME, "13:30", "14:00")


def test_a_visit_to_an_exclusion_zone_is_one_episode() -> None:
    entered, left = run(order(exclusion()), VISIT)
    assert (entered.kind, left.kind) == (Kind.ZONE_ENTERED, Kind.ZONE_LEFT)
    assert left.episode_id == entered.id
    assert ms("13:00") <= entered.at_ms <= ms("13:02")


def test_two_visits_are_two_episodes() -> None:
    again = VISIT + stay(SCHOOL, "14:00", "14:30") + stay(HOME, "14:30", "15:00")
    found = run(order(exclusion()), again)
    assert kinds(found) == [Kind.ZONE_ENTERED, Kind.ZONE_LEFT] * 2
    assert len({finding.episode_id for finding in found}) == 2


def test_a_zone_does_not_count_outside_its_hours() -> None:
    late = stay(HOME, "12:00", "17:00") + stay(SCHOOL, "17:00", "18:00")
    assert run(order(exclusion(SCHOOL_HOURS)), late, "18:00") == []


def test_somebody_already_inside_when_the_hours_start_is_found_without_a_new_fix() -> None:
    found = run(order(exclusion(SCHOOL_HOURS)), stay(SCHOOL, "+1 07:00", "+1 07:50"), "+1 08:00")
    assert [(f.kind, f.at_ms) for f in found if f.kind is Kind.ZONE_ENTERED] == [(Kind.ZONE_ENTERED, ms("+1 08:00"))]


def test_somebody_still_inside_when_the_hours_end_has_not_left() -> None:
    found = run(order(exclusion(SCHOOL_HOURS)), stay(HOME, "12:00", "16:00") + stay(SCHOOL, "16:00", "17:00"))
    assert kinds(found) == [Kind.ZONE_ENTERED, Kind.DUTY_ENDED]
    assert found[1].at_ms == ms("16:30")
    assert found[1].episode_id == found[0].id


def test_an_inclusion_zone_is_left_and_returned_to() -> None:
    facts = stay(HOME, "12:00", "13:00") + stay(MOTHERS, "13:00", "14:00") + stay(HOME, "14:00", "15:00")
    assert kinds(run(order(inclusion()), facts)) == [Kind.INCLUSION_LEFT, Kind.INCLUSION_RETURNED]


def test_somebody_outside_an_inclusion_zone_when_its_hours_start_is_absent() -> None:
    found = run(order(inclusion(SCHOOL_HOURS)), stay(MOTHERS, "+1 07:30", "+1 07:55"), "+1 08:00")
    absent = only(found, Kind.INCLUSION_ABSENT_AT_START)
    assert absent.at_ms == ms("+1 08:00")


def test_no_fix_for_the_allowed_time_cannot_be_verified() -> None:
    found = run(order(exclusion()), stay(HOME, "12:00", "13:00"), "16:00")
    assert [(f.kind, f.at_ms) for f in found] == [(Kind.CANNOT_VERIFY, ms("12:59") + 3_600_000)]


def test_wifi_fixes_inside_a_zone_establish_nothing() -> None:
    there = stay(SCHOOL, "13:00", "15:00", accuracy_m=30.0, source=Source.WIFI)
    found = run(order(exclusion()), stay(HOME, "12:00", "13:00") + there)
    assert all(finding.certainty is not Certainty.ESTABLISHED for finding in found if finding.kind is Kind.ZONE_ENTERED)


def test_what_was_merely_possible_is_told_again_once_it_is_more() -> None:
    """Fixes of no known kind first, good ones later: the desk hears of it although the presence does not change."""
    edge = (SCHOOL[0] + 130 / 111_200, SCHOOL[1])  # 20 m inside
    vague = stay(edge, "13:00", "13:20", accuracy_m=None, source=Source.UNKNOWN)
    good = stay(SCHOOL, "13:20", "14:00")
    found = run(order(exclusion()), stay(HOME, "12:00", "13:00") + vague + good)
    first, again = (finding for finding in found if finding.kind is Kind.ZONE_ENTERED)
    assert first.certainty is Certainty.POSSIBLE
    assert again.certainty is not Certainty.POSSIBLE
    assert again.episode_id == first.episode_id == first.id
    assert again.evidence.numbers["began_ms"] == first.at_ms
    assert again.at_ms > first.at_ms


def test_a_place_near_the_edge_is_not_established() -> None:
    near = (SCHOOL[0] + 145 / 111_200, SCHOOL[1])
    found = run(order(exclusion()), stay(HOME, "12:00", "13:00") + stay(near, "13:00", "14:00"))
    assert [f.certainty for f in found if f.kind is Kind.ZONE_ENTERED] in (
        [],
        [Certainty.PROBABLE],
        [Certainty.POSSIBLE],
    )


# --- versions


def with_times(since: str, until: str | None, version: int = 1, zone: Zone | None = None) -> Condition:
    return Condition("c0", version, ms(since), None if until is None else ms(until), zone or exclusion())


def test_a_fact_meets_the_version_that_was_in_force_at_its_own_time() -> None:
    conditions = ConditionSet("ada", 1, (with_times("13:10", None),))
    entered = only(run(conditions, VISIT), Kind.ZONE_ENTERED)
    assert entered.at_ms >= ms("13:10")
    assert run(ConditionSet("ada", 1, (with_times("12:00", "12:50"),)), VISIT, "15:00") == []


def test_a_condition_that_ends_during_a_visit_ends_the_episode_without_blame() -> None:
    found = run(ConditionSet("ada", 1, (with_times("12:00", "13:20"),)), VISIT, "15:00")
    assert kinds(found) == [Kind.ZONE_ENTERED, Kind.DUTY_ENDED]
    assert found[1].at_ms == ms("13:20")
    assert found[1].evidence.numbers["ended_by"] == "condition"


def test_a_suspension_ends_the_episode_and_a_new_one_begins_with_its_end() -> None:
    conditions = ConditionSet("ada", 1, (with_times("12:00", "13:10"), with_times("13:20", None)))
    found = run(conditions, VISIT)
    assert kinds(found) == [Kind.ZONE_ENTERED, Kind.DUTY_ENDED, Kind.ZONE_ENTERED, Kind.ZONE_LEFT]


def test_a_new_version_of_the_same_zone_goes_on_with_the_same_episode() -> None:
    longer = msgspec.structs.replace(exclusion(), unknown_after_s=7_200)
    conditions = ConditionSet("ada", 1, (with_times("12:00", "13:10"), with_times("13:10", None, 2, longer)))
    entered, left = run(conditions, VISIT)
    assert (entered.condition_version, left.condition_version) == (1, 2)
    assert left.episode_id == entered.id


def test_a_zone_that_is_moved_away_ends_the_visit() -> None:
    moved = Zone(ZoneKind.EXCLUSION, "School", Circle(*MOTHERS, 150), ALWAYS)
    conditions = ConditionSet("ada", 1, (with_times("12:00", "13:10"), with_times("13:10", None, 2, moved)))
    assert kinds(run(conditions, VISIT)) == [Kind.ZONE_ENTERED, Kind.ZONE_LEFT]


def test_what_was_learnt_of_an_area_outlives_a_change_of_another_condition() -> None:
    other = Condition("c1", 1, ms("13:05"), None, inclusion())
    conditions = ConditionSet("ada", 1, (with_times("12:00", None), other))
    assert kinds(run(conditions, VISIT)) == [Kind.ZONE_ENTERED, Kind.ZONE_LEFT]


def test_nothing_is_watched_before_an_order_or_after_it() -> None:
    assert run(order(exclusion(), inclusion(), since=START, until="12:30"), VISIT, "+9 12:00") == []
    assert run(ConditionSet("ada", 1, ()), VISIT + stay(SHOP, "14:00", "15:00"), "+9 12:00") == []
