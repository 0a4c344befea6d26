"""Restriction zones: passing through is allowed, staying is not, and no unknown time counts as a stay."""

from surety.rules import words
from surety.rules.conditions import Circle, Condition, ConditionSet, Timetable, Zone, ZoneKind
from surety.rules.facts import Fact, Source
from surety.rules.findings import Certainty, Kind
from tests.rules.scenes import (
    ALWAYS,
    HOME,
    LONDON,
    SCHOOL,
    SCHOOL_HOURS,
    kinds,
    ms,
    only,
    order,
    run,
    stay,
)

EDGE = (SCHOOL[0] + 130 / 111_200, SCHOOL[1])  # 20 m within the edge: gone in seconds


def station(timetable: Timetable = ALWAYS, minutes: int = 30, radius_m: float = 150.0) -> Zone:
    area = Circle(*SCHOOL, radius_m)
    return Zone(ZoneKind.RESTRICTION, "Station", area, timetable, max_stay_s=minutes * 60)


def there(begin: str, end: str, place: tuple[float, float] = SCHOOL, every_s: int = 60) -> list[Fact]:
    return stay(place, begin, end, every_s)


BEFORE = stay(HOME, "12:00", "13:00")


def test_passing_through_and_a_short_stay_find_nothing() -> None:
    facts = BEFORE + there("13:00", "13:28") + stay(HOME, "13:28", "15:00")
    assert run(order(station()), facts, "15:00") == []


def test_the_limit_is_passed_by_the_clock_and_needs_no_new_fix() -> None:
    overstayed = only(run(order(station()), BEFORE + there("13:00", "13:31"), "13:40"), Kind.RESTRICTION_OVERSTAYED)
    assert overstayed.at_ms == overstayed.known_ms
    assert ms("13:30") <= overstayed.at_ms <= ms("13:31")
    assert overstayed.evidence.numbers["stayed_since_ms"] == overstayed.at_ms - 30 * 60_000
    assert overstayed.certainty is Certainty.ESTABLISHED


def test_a_stay_ends_when_the_person_is_certainly_outside() -> None:
    facts = BEFORE + there("13:00", "14:00") + stay(HOME, "14:00", "15:00")
    overstayed, left = run(order(station()), facts)
    assert (overstayed.kind, left.kind) == (Kind.RESTRICTION_OVERSTAYED, Kind.RESTRICTION_LEFT)
    assert left.episode_id == overstayed.id
    assert ms("14:00") <= left.at_ms <= ms("14:03")


def test_near_the_edge_the_next_fix_settles_whether_the_limit_was_passed() -> None:
    """Twenty metres from the edge nobody knows, a minute after the last fix, that the person did not walk out."""
    facts = BEFORE + there("13:00", "13:35", EDGE, every_s=70)
    found = only(run(order(station()), facts), Kind.RESTRICTION_OVERSTAYED)
    assert found.at_ms < found.known_ms <= found.at_ms + 70_000
    until_then = [fact for fact in facts if fact.at_ms < found.at_ms]
    assert run(order(station()), until_then, "13:45") == []


def test_whoever_is_outside_at_the_first_fix_after_the_limit_has_not_overstayed() -> None:
    facts = BEFORE + there("13:00", "13:30", EDGE, every_s=240) + stay(HOME, "13:32", "15:00")
    assert Kind.RESTRICTION_OVERSTAYED not in kinds(run(order(station()), facts, "15:00"))


def test_a_gap_of_more_than_five_minutes_never_counts_and_breaks_the_stay() -> None:
    gap = BEFORE + there("13:00", "13:20") + there("13:27", "13:56")
    assert Kind.RESTRICTION_OVERSTAYED not in kinds(run(order(station()), gap, "14:00"))
    longer = BEFORE + there("13:00", "13:20") + there("13:27", "14:10")
    assert only(run(order(station()), longer), Kind.RESTRICTION_OVERSTAYED).at_ms == ms("13:57")


def test_a_gap_of_up_to_five_minutes_between_two_certain_fixes_counts() -> None:
    facts = BEFORE + there("13:00", "13:40", every_s=300)
    found = only(run(order(station()), facts, "13:50"), Kind.RESTRICTION_OVERSTAYED)
    assert ms("13:30") <= found.at_ms <= ms("13:40")


def test_silence_inside_is_not_a_stay() -> None:
    found = run(order(station()), BEFORE + there("13:00", "13:10"), "15:00")
    assert kinds(found) == [Kind.CANNOT_VERIFY]


def test_wifi_and_cell_fixes_alone_are_no_stay() -> None:
    weak = stay(SCHOOL, "13:00", "15:00", accuracy_m=30.0, source=Source.WIFI)
    assert Kind.RESTRICTION_OVERSTAYED not in kinds(run(order(station()), BEFORE + weak, "15:00"))


def test_only_time_within_the_hours_counts() -> None:
    early = there("+1 07:00", "+1 08:40")
    hours = order(station(SCHOOL_HOURS), since="2026-11-03T07:00Z")
    assert only(run(hours, early), Kind.RESTRICTION_OVERSTAYED).at_ms == ms("+1 08:30")
    late = stay(HOME, "+1 08:00", "+1 16:05") + there("+1 16:05", "+1 17:00")
    assert run(hours, late, "+1 17:00") == []


def test_the_end_of_the_hours_ends_a_stay_without_blame() -> None:
    hours = order(station(SCHOOL_HOURS), since="2026-11-03T15:00Z")
    found = run(hours, there("+1 15:00", "+1 17:00"))
    assert kinds(found) == [Kind.RESTRICTION_OVERSTAYED, Kind.DUTY_ENDED]


def test_a_shorter_limit_counts_from_when_it_was_ordered() -> None:
    conditions = ConditionSet(
        "ada",
        1,
        (
            Condition("c0", 1, ms("12:00"), ms("13:20"), station(minutes=60)),
            Condition("c0", 2, ms("13:20"), None, station(minutes=15)),
        ),
    )
    found = only(run(conditions, BEFORE + there("13:00", "13:50")), Kind.RESTRICTION_OVERSTAYED)
    assert (found.at_ms, found.condition_version) == (ms("13:35"), 2)


def test_each_stay_has_its_own_limit() -> None:
    away = stay(HOME, "13:25", "13:40")
    facts = BEFORE + there("13:00", "13:25") + away + there("13:40", "14:05") + stay(HOME, "14:05", "14:30")
    assert run(order(station()), facts, "14:30") == []


def test_a_stay_is_told_in_words() -> None:
    conditions = order(station())
    found = run(conditions, BEFORE + there("13:00", "14:00") + stay(HOME, "14:00", "14:30"))
    overstayed, left = (words.sentence(finding, conditions, LONDON) for finding in found)
    assert overstayed.startswith('In the zone "Station" for longer than the 30 minutes allowed, at 13:3')
    assert ": there since 13:0" in overstayed
    assert left.startswith('Out of the zone "Station" again since 14:0')
    assert "too long by 3" in left
    assert words.describe(station()) == (
        'Do not stay in the zone "Station" for longer than 30 minutes at a time, at all times.'
    )
