"""Findings as people read them."""

import re

import pytest

from surety.rules import phrases, words
from surety.rules.conditions import Circle, ConditionSet, Curfew, OneOff, Place, Row, Timetable, Weekday
from surety.rules.facts import DeviceEvent, Fact
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind, finding_id
from tests.rules.scenes import (
    HOME,
    HOME_CIRCLE,
    LONDON,
    MOTHERS,
    SCHOOL,
    SCHOOL_HOURS,
    SHOP,
    curfew,
    exclusion,
    inclusion,
    ms,
    order,
    run,
    stay,
    told,
    trail,
)

NIGHT = order(curfew(), trail())


def said(conditions: ConditionSet, facts: list[Fact], until: str | None = None, zone: str = LONDON) -> list[str]:
    return [words.sentence(finding, conditions, zone) for finding in run(conditions, facts, until)]


def test_an_absence_at_the_start_tells_the_last_certain_fix() -> None:
    facts = stay(SHOP, "18:00", "18:56")
    assert said(order(curfew()), facts, "19:00") == [
        "Not at home when the curfew began at 19:00 GMT. Last certain fix 18:55, 610 m away."
    ]


def test_leaving_and_coming_back() -> None:
    facts = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "22:00") + stay(HOME, "22:00", "23:00")
    left, back = said(order(curfew()), facts)
    assert left.startswith("Not at home since 21:0")
    assert left.endswith(", 610 m away.")
    assert re.fullmatch(r"(?:Probably b|Possibly b|B)ack at home since 22:0\d GMT; away for [56]\d minutes\.", back)


def test_a_whole_night_away() -> None:
    assert said(order(curfew()), stay(SHOP, "18:00", "+1 08:00"))[1] == (
        "Not at home at any time from 19:00 on 2 Nov to 07:00 GMT."
    )


def test_not_knowing_says_that_it_is_no_breach() -> None:
    (gap,) = said(order(curfew()), stay(HOME, "18:00", "22:00"), "23:00")
    assert gap == (
        "Cannot verify being at home since 22:14 GMT: no certain fix for 15 minutes. This is not a breach. "
        "Last certain fix 21:59, 100 m inside."
    )


def test_a_late_first_fix_says_what_nobody_knows() -> None:
    (absent,) = said(order(curfew()), stay(SHOP, "19:10", "19:12"), "19:12")
    assert absent == (
        "Probably not at home at 19:10 GMT; nobody can tell for 19:00, when the curfew began. "
        "Last certain fix 19:10, 610 m away."
    )


def test_zones_by_name() -> None:
    visit = stay(HOME, "12:00", "13:00") + stay(SCHOOL, "13:00", "13:30") + stay(HOME, "13:30", "14:00")
    entered, left = said(order(exclusion()), visit)
    assert 'n the zone "School" since 13:0' in entered
    assert re.fullmatch(
        r'(?:Probably o|Possibly o|O)ut of the zone "School" again since 13:3\d GMT; there for [23]\d minutes\.', left
    )
    away = stay(HOME, "12:00", "13:00") + stay(MOTHERS, "13:00", "14:00")
    assert 'ot in the zone "Town" since 13:0' in said(order(inclusion()), away)[0]
    already = said(order(exclusion(SCHOOL_HOURS)), stay(SCHOOL, "+1 07:30", "+1 07:59"), "+1 08:00")[-1]
    assert 'n the zone "School" already when it came into force at 08:00 GMT.' in already


def test_silence_tells_its_cause_before_anything_else_is_thought() -> None:
    (silent,) = said(order(trail()), [told("12:00", battery_pct=4)], "13:00")[1:]
    assert silent.endswith("minutes at 12:30 GMT. Last message 12:00. Battery 4 %. Its battery was low before.")


def test_a_device_that_nobody_wears_shows_where_it_is_and_not_who() -> None:
    reports = [told("20:58", DeviceEvent.OFF_WRIST, battery_pct=12)]
    facts = sorted(
        [*stay(HOME, "18:00", "21:00"), *reports, *stay(SHOP, "21:00", "21:30")], key=lambda f: (f.at_ms, f.id)
    )
    assert said(order(curfew()), facts)[-1].endswith(
        "610 m away. Battery 12 %. The device had reported that it was not worn."
    )


def test_a_device_event_tells_what_the_device_said() -> None:
    assert said(order(trail()), [told("12:10", DeviceEvent.SOS, battery_pct=62)]) == [
        "Called for help with the SOS button at 12:10 GMT. Battery 62 %."
    ]


def test_the_end_of_a_window_blames_nobody() -> None:
    facts = stay(HOME, "18:00", "+1 05:00") + stay(SHOP, "+1 05:00", "+1 08:00")
    assert said(order(curfew()), facts)[-1] == "The ordered time ended at 07:00 GMT; not back at home by then."


def test_times_are_the_persons_own_with_the_zone_said_once() -> None:
    facts = stay(SHOP, "18:00", "18:56")
    assert said(order(curfew()), facts, "19:00", "Asia/Kathmandu") == [
        "Not at home when the curfew began at 00:45 UTC+0545. Last certain fix 00:40, 610 m away."
    ]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("numbers", [{}, {"window_start_ms": ms("19:00"), "battery_pct": 3.0, "place": "home"}])
def test_every_kind_has_a_sentence_and_an_explanation_even_with_little_to_say(
    kind: Kind, numbers: dict[str, float | str | None]
) -> None:
    at = ms("20:00")
    evidence = Evidence((), numbers)
    name = finding_id("ada", kind, "c0", 1, at)
    finding = Finding(name, kind, "ada", "c0", 1, name, at, at, Certainty.PROBABLE, Cause.UNKNOWN, evidence)
    for conditions in (NIGHT, order(exclusion()), order(inclusion()), ConditionSet("ada", 1, ())):
        sentence = words.sentence(finding, conditions, LONDON)
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "20:00 GMT" in sentence
        assert "None" not in sentence
        assert "nan" not in sentence
        told_lines = words.explanation(finding, conditions, LONDON)
        assert any(line.startswith("Concluded: ") for line in told_lines)
        assert all(line.endswith(".") for line in told_lines)


def test_an_explanation_tells_what_was_ordered_recorded_concluded_and_doubted() -> None:
    (absent,) = run(order(curfew()), stay(SHOP, "18:00", "18:56"), "19:00")
    ordered, recorded, concluded, sure, otherwise = words.explanation(absent, order(curfew()), LONDON)
    assert ordered == "Ordered: Be at home every day 19:00-07:00 (Europe/London)."
    assert recorded == (
        "Recorded: The conclusion rests on 5 records of the device. Last certain fix 18:55, 610 m away. "
        "Its error is about 18 m in 19 cases of 20."
    )
    assert concluded == "Concluded: Not at home when the curfew began at 19:00 GMT. Last certain fix 18:55, 610 m away."
    assert sure.startswith("Established: the records leave little room for another reading. The evidence puts the")
    assert otherwise.startswith("What else could explain it: Position errors")
    assert otherwise.endswith("There may be a reasonable excuse, which no record shows.")


def test_conditions_as_sentences() -> None:
    rows = (*(Row(day, "09:00", "17:00") for day in list(Weekday)[:5]), Row(Weekday.SUN, "10:00", "12:00", "mother's"))
    places = (Place("home", HOME_CIRCLE), Place("mother's", Circle(*MOTHERS, 80)))
    table = Timetable(LONDON, rows, (OneOff("2026-11-02", "21:30", "24:00"),))
    assert words.describe(Curfew(places, table)) == (
        "Be at home or mother's Monday to Friday 09:00-17:00; Sunday 10:00-12:00 at mother's; "
        "on Mon 2 Nov 2026 21:30-24:00 (Europe/London)."
    )
    assert words.describe(exclusion()) == 'Stay out of the zone "School" at all times.'
    assert words.describe(trail(5_400)) == (
        "Carry the device and keep it charged; 90 minutes without a message from it, "
        "or 1 hour without a usable place, is looked into."
    )


@pytest.mark.parametrize(
    ("seconds", "words_of_it"), [(86_400, "1 day"), (5_400, "90 minutes"), (95, "2 minutes"), (59, "59 seconds")]
)
def test_a_length_of_time_is_told_in_its_largest_whole_unit(seconds: int, words_of_it: str) -> None:
    assert phrases.span(seconds) == words_of_it
