"""Curfews: who was where when it counted, and what nobody can know."""

import pytest

from surety.rules.conditions import Circle, Curfew, OneOff, Place, Row, Timetable, Weekday
from surety.rules.facts import Source
from surety.rules.findings import Cause, Certainty, Kind
from tests.rules.scenes import (
    HOME,
    HOME_CIRCLE,
    LONDON,
    MOTHERS,
    NIGHTS,
    SHOP,
    curfew,
    fix,
    kinds,
    ms,
    only,
    order,
    run,
    stay,
)


def test_somebody_who_is_home_all_night_gives_no_finding() -> None:
    assert run(order(curfew()), stay(HOME, "18:00", "+1 08:00"), "+1 12:00") == []


def test_somebody_already_out_when_the_curfew_starts_is_found_without_a_new_fix() -> None:
    found = run(order(curfew()), stay(SHOP, "18:30", "18:56"), "19:00")
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START]
    assert (found[0].at_ms, found[0].known_ms) == (ms("19:00"), ms("19:00"))
    assert found[0].evidence.numbers["last_certain_ms"] == ms("18:55")
    assert found[0].certainty is Certainty.ESTABLISHED
    assert found[0].cause is Cause.BEHAVIOUR


def test_what_is_surer_at_the_very_instant_of_the_start_is_a_finding_of_its_own() -> None:
    """Far off within a minute is doubted when the start wakes the rules; a fix of that same millisecond confirms it."""
    far = (HOME[0] + 0.1, HOME[1])
    leapt = [
        fix(ms(clock), far, accuracy_m=accuracy_m) for clock, accuracy_m in (("18:58", 5), ("18:59", 12), ("19:00", 12))
    ]
    found = run(order(curfew()), stay(HOME, "18:00", "18:58") + leapt, "19:10")
    first, again = (finding for finding in found if finding.kind is Kind.CURFEW_ABSENT_AT_START)
    assert (first.at_ms, again.at_ms) == (ms("19:00"), ms("19:00"))
    assert (first.certainty, again.certainty) == (Certainty.POSSIBLE, Certainty.PROBABLE)
    assert again.episode_id == first.episode_id == first.id != again.id


def test_leaving_during_the_night_and_coming_back_is_one_episode() -> None:
    facts = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "22:00") + stay(HOME, "22:00", "+1 08:00")
    left, back = run(order(curfew()), facts, "+1 12:00")
    assert (left.kind, back.kind) == (Kind.CURFEW_LEFT, Kind.CURFEW_RETURNED)
    assert left.episode_id == back.episode_id == left.id
    assert ms("21:00") <= left.at_ms <= ms("21:03")
    assert ms("22:00") <= back.at_ms <= ms("22:03")


def test_coming_late_is_an_absence_at_the_start_and_a_return() -> None:
    facts = stay(SHOP, "18:00", "19:20") + stay(HOME, "19:20", "+1 08:00")
    assert kinds(run(order(curfew()), facts, "+1 12:00")) == [Kind.CURFEW_ABSENT_AT_START, Kind.CURFEW_RETURNED]


def test_somebody_out_the_whole_night_is_absent_throughout() -> None:
    found = run(order(curfew()), stay(SHOP, "18:00", "+1 08:00"), "+1 12:00")
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START, Kind.CURFEW_ABSENT_THROUGHOUT]
    assert found[1].at_ms == ms("+1 07:00")
    assert found[1].certainty is Certainty.ESTABLISHED
    assert found[1].episode_id == found[0].episode_id


def test_absent_throughout_is_only_possible_where_part_of_the_night_is_unknown() -> None:
    facts = stay(SHOP, "18:00", "23:00") + stay(SHOP, "+1 02:00", "+1 08:00")
    assert only(run(order(curfew()), facts, "+1 12:00"), Kind.CURFEW_ABSENT_THROUGHOUT).certainty is Certainty.POSSIBLE


def test_somebody_still_out_at_the_end_who_was_home_before_ends_with_the_window() -> None:
    found = run(order(curfew()), stay(HOME, "18:00", "+1 05:00") + stay(SHOP, "+1 05:00", "+1 08:00"), "+1 12:00")
    assert kinds(found) == [Kind.CURFEW_LEFT, Kind.DUTY_ENDED]
    assert found[1].evidence.numbers["ended_by"] == "window"


def test_nothing_heard_at_all_cannot_be_verified_and_is_no_breach() -> None:
    found = run(order(curfew()), [], "+1 12:00")
    assert kinds(found) == [Kind.CANNOT_VERIFY, Kind.DUTY_ENDED]
    assert found[0].at_ms == ms("19:15")


def test_an_old_fix_elsewhere_is_not_knowledge_at_the_start() -> None:
    found = run(order(curfew(900)), stay(SHOP, "17:00", "18:30"), "20:00")
    assert kinds(found) == [Kind.CANNOT_VERIFY]


def test_a_first_certain_fix_elsewhere_after_an_unknown_start_is_at_most_probable() -> None:
    found = run(order(curfew()), stay(SHOP, "19:10", "19:30"), "19:30")
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START]
    assert found[0].certainty is Certainty.PROBABLE
    assert found[0].at_ms >= ms("19:10")


def test_an_old_fix_elsewhere_that_is_confirmed_in_the_window_is_a_breach() -> None:
    """The presence itself does not change, so nothing but the waiting duty makes anybody look."""
    found = run(order(curfew()), stay(SHOP, "17:00", "18:30") + stay(SHOP, "19:05", "19:06"), "19:10")
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START]
    assert found[0].at_ms == ms("19:05")


def test_a_gap_is_told_and_ends_with_the_next_certain_fix() -> None:
    facts = stay(HOME, "18:00", "22:00") + stay(HOME, "23:00", "+1 08:00")
    gap, again = run(order(curfew()), facts, "+1 12:00")
    assert (gap.kind, again.kind) == (Kind.CANNOT_VERIFY, Kind.VERIFIED_AGAIN)
    assert gap.at_ms == ms("21:59") + 900_000
    assert again.at_ms == ms("23:00")
    assert again.episode_id == gap.id


def test_cell_fixes_alone_neither_verify_nor_breach() -> None:
    far = stay(MOTHERS, "19:00", "23:00", accuracy_m=900.0, source=Source.CELL)
    found = run(order(curfew()), stay(HOME, "18:00", "19:00") + far, "23:00")
    assert kinds(found) == [Kind.CANNOT_VERIFY]


def test_simulated_positions_prove_nothing() -> None:
    facts = stay(HOME, "18:00", "19:00")
    facts += [type(f)(**{**_fields(f), "mock": True}) for f in stay(SHOP, "19:00", "20:00")]
    assert kinds(run(order(curfew()), facts, "20:00")) == [Kind.MOCK_LOCATION, Kind.CANNOT_VERIFY]


def _fields(fact: object) -> dict[str, object]:
    return {name: getattr(fact, name) for name in fact.__struct_fields__}


def test_the_first_night_starts_when_its_own_row_says() -> None:
    table = Timetable(LONDON, NIGHTS.rows, (OneOff("2026-11-02", "21:30", "07:00"),))
    facts = stay(SHOP, "18:00", "21:00") + stay(HOME, "21:00", "+1 08:00")
    assert run(order(curfew(timetable=table)), facts, "+1 12:00") == []
    (absent,) = run(order(curfew(timetable=table)), stay(SHOP, "18:00", "21:31"), "21:30")
    assert absent.at_ms == ms("21:30")


PLACES = (Place("home", HOME_CIRCLE), Place("mothers", Circle(*MOTHERS, 100)))


def test_each_night_has_its_own_place() -> None:
    rows = (Row(Weekday.MON, "19:00", "07:00"), Row(Weekday.TUE, "19:00", "07:00", "mothers"))
    there = order(Curfew(PLACES, Timetable(LONDON, rows)))
    right = stay(HOME, "18:00", "+1 12:00") + stay(MOTHERS, "+1 12:00", "+2 08:00")
    assert run(there, right, "+2 12:00") == []
    (absent, _) = run(there, stay(HOME, "18:00", "+2 08:00"), "+2 12:00")
    assert (absent.kind, absent.at_ms) == (Kind.CURFEW_ABSENT_AT_START, ms("+1 19:00"))
    assert absent.evidence.numbers["place"] == "mothers"


def test_either_place_will_do_where_their_windows_overlap() -> None:
    rows = (Row(Weekday.MON, "19:00", "07:00"), Row(Weekday.MON, "19:00", "07:00", "mothers"))
    either = order(Curfew(PLACES, Timetable(LONDON, rows)))
    assert run(either, stay(MOTHERS, "18:00", "+1 08:00"), "+1 12:00") == []
    assert run(either, stay(HOME, "18:00", "+1 08:00"), "+1 12:00") == []
    assert kinds(run(either, stay(SHOP, "18:00", "20:00"), "20:00")) == [Kind.CURFEW_ABSENT_AT_START]


BY_TURNS = Timetable(
    LONDON,
    tuple(
        row for day in Weekday for row in (Row(day, "19:00", "23:00", "home"), Row(day, "23:00", "07:00", "mothers"))
    ),
)


def test_an_absence_that_runs_on_when_the_place_changes_is_one() -> None:
    there = order(Curfew(PLACES, BY_TURNS))
    found = run(there, stay(SHOP, "18:00", "+1 01:00") + stay(MOTHERS, "+1 01:00", "+1 08:00"), "+1 12:00")
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START, Kind.CURFEW_RETURNED]
    assert found[1].evidence.numbers["place"] == "mothers"
    assert found[0].episode_id == found[1].episode_id


def test_who_is_at_the_next_place_when_it_becomes_the_place_is_back_then() -> None:
    there = order(Curfew(PLACES, BY_TURNS))
    found = run(there, stay(HOME, "18:00", "21:00") + stay(MOTHERS, "21:00", "+1 08:00"), "+1 12:00")
    assert kinds(found) == [Kind.CURFEW_LEFT, Kind.CURFEW_RETURNED]
    assert found[1].at_ms == ms("23:00")


def test_who_stays_at_the_first_place_when_it_no_longer_counts_is_absent_then() -> None:
    found = run(order(Curfew(PLACES, BY_TURNS)), stay(HOME, "18:00", "23:30"), "23:30")
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START]
    assert found[0].at_ms == ms("23:00")


def test_what_cannot_be_verified_goes_on_when_the_place_changes() -> None:
    found = run(
        order(Curfew(PLACES, BY_TURNS)), stay(HOME, "18:00", "22:00") + stay(MOTHERS, "23:40", "23:50"), "23:50"
    )
    assert kinds(found) == [Kind.CANNOT_VERIFY, Kind.VERIFIED_AGAIN]


@pytest.mark.parametrize(
    "days", [("2026-10-24", "2026-10-25", "2026-10-26"), ("2026-03-28", "2026-03-29", "2026-03-30")]
)
def test_days_of_lockdown_in_a_row_are_one_window_over_a_change_of_clocks_too(days: tuple[str, ...]) -> None:
    table = Timetable(LONDON, (), tuple(OneOff(day, "00:00", "24:00") for day in days))
    since, until = f"{days[0]}T00:00Z", f"{days[2]}T12:00Z"
    begin = ms(since) - (3_600_000 if days[0].startswith("2026-10") else 0)
    facts = [fix(at, SHOP) for at in range(begin - 600_000, ms(until), 60_000)]
    found = run(order(curfew(timetable=table), since="2026-01-01T00:00Z"), facts, until)
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START]
    assert found[0].at_ms == begin


def test_a_late_return_says_how_late() -> None:
    facts = stay(SHOP, "18:00", "19:20") + stay(HOME, "19:20", "+1 08:00")
    _, back = run(order(curfew()), facts, "+1 12:00")
    assert back.evidence.numbers["late_s"] == (back.at_ms - ms("19:00")) / 1000
    left_and_back = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "22:00") + stay(HOME, "22:00", "+1 08:00")
    _, back = run(order(curfew()), left_and_back, "+1 12:00")
    assert "late_s" not in back.evidence.numbers


@pytest.mark.parametrize(("out", "expected"), [("00:30Z", Kind.CURFEW_LEFT), ("07:30Z", None)])
def test_the_night_the_clocks_go_back_ends_by_the_clock_on_the_wall(out: str, expected: Kind | None) -> None:
    since = "2026-10-24T12:00Z"
    leaves = f"2026-10-25T{out}"
    facts = stay(HOME, since, leaves) + stay(SHOP, leaves, "2026-10-25T09:00Z")
    found = run(order(curfew(), since=since), facts, "2026-10-25T10:00Z")
    assert (found[0].kind if found else None) is expected


def test_a_finding_names_the_fixes_and_the_numbers_it_rests_on() -> None:
    facts = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "22:00")
    left = only(run(order(curfew()), facts), Kind.CURFEW_LEFT)
    assert left.evidence.fact_ids[-1] == fix(left.at_ms, SHOP).id
    numbers = left.evidence.numbers
    assert numbers["window_start_ms"] == ms("19:00")
    assert numbers["window_end_ms"] == ms("+1 07:00")
    clearance, p_inside = numbers["clearance_m"], numbers["p_inside"]
    assert isinstance(clearance, float)
    assert isinstance(p_inside, float)
    assert -620 < clearance < -560
    assert p_inside <= 0.05
