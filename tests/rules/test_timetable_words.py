"""Timetables as the person will read them."""

import pytest

from surety.rules.conditions import OneOff, Pause, Row, Timetable, Weekday
from surety.rules.timetable_words import pause_words, timetable
from tests.rules.scenes import LONDON, NIGHTS

WEEKEND = (Row(Weekday.SAT, "00:00", "24:00"), Row(Weekday.SUN, "00:00", "00:00"))
LOCKDOWN = tuple(Row(day, "00:00", "24:00", "home") for day in Weekday)
SINGLE = (OneOff("2026-11-07", "00:00", "24:00"), OneOff("2026-11-05", "22:00", "24:00", "mothers"))
AWAY = Pause("2026-11-03", "2026-11-09")
CHRISTMAS = Pause("2026-12-25", "2026-12-25", "Christmas Day")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (Timetable(LONDON), "at all times"),
        (Timetable(LONDON, until_date="2026-11-05"), "at all times until Thu 5 Nov 2026 (Europe/London)"),
        (
            Timetable(LONDON, exceptions=(CHRISTMAS,)),
            "at all times (Europe/London), except all day Fri 25 Dec 2026 (Christmas Day)",
        ),
        (
            Timetable(LONDON, NIGHTS.rows, from_date="2026-11-03", until_date="2026-12-04"),
            "every day 19:00-07:00 from Tue 3 Nov 2026 to Fri 4 Dec 2026 (Europe/London)",
        ),
        (
            Timetable(LONDON, NIGHTS.rows, from_date="2026-11-03", until_date="2026-11-03"),
            "every day 19:00-07:00 on Tue 3 Nov 2026 only (Europe/London)",
        ),
        (Timetable(LONDON, WEEKEND), "all day Saturday, Sunday (Europe/London)"),
        (Timetable(LONDON, LOCKDOWN), "all day every day at home (Europe/London)"),
        (
            Timetable(LONDON, NIGHTS.rows[:1], SINGLE),
            "Monday 19:00-07:00; on Thu 5 Nov 2026 22:00-24:00 at mothers; all day on Sat 7 Nov 2026 (Europe/London)",
        ),
        (
            Timetable(LONDON, (), SINGLE[:1], exceptions=(Pause("2026-12-24T18:00", "2026-12-26"), AWAY)),
            (
                "all day on Sat 7 Nov 2026 (Europe/London), except all day from Tue 3 Nov 2026 to Mon 9 Nov 2026, "
                "Thu 24 Dec 2026 18:00 to Sat 26 Dec 2026 24:00"
            ),
        ),
        (
            Timetable(LONDON, exceptions=(Pause("2026-10-25", "2026-10-25T01:30Z"),)),
            "at all times (Europe/London), except Sun 25 Oct 2026 00:00 to Sun 25 Oct 2026 01:30 GMT",
        ),
    ],
)
def test_a_timetable_is_told_with_its_dates_and_exceptions(table: Timetable, said: str) -> None:
    assert timetable(table) == said


def test_days_of_lockdown_in_a_row_are_told_as_one_stretch_and_no_others_are() -> None:
    days = [OneOff(f"2026-11-{day:02d}", "00:00", "24:00") for day in (3, 4, 5, 8)]
    night = OneOff("2026-11-06", "19:00", "07:00")
    assert timetable(Timetable(LONDON, (), (*days, night))) == (
        "all day from Tue 3 Nov 2026 to Thu 5 Nov 2026; on Fri 6 Nov 2026 19:00-07:00; all day on Sun 8 Nov 2026"
        " (Europe/London)"
    )


def test_lockdown_at_two_places_is_two_stretches() -> None:
    days = (OneOff("2026-11-03", "00:00", "24:00", "home"), OneOff("2026-11-04", "00:00", "24:00", "mothers"))
    assert timetable(Timetable(LONDON, (), days)) == (
        "all day on Tue 3 Nov 2026 at home; all day on Wed 4 Nov 2026 at mothers (Europe/London)"
    )


def test_the_same_hours_of_several_days_are_told_together() -> None:
    classes = tuple(Pause(f"2026-11-{day:02d}T18:00", f"2026-11-{day:02d}T20:00", "Class") for day in (2, 9))
    nights = tuple(Pause(f"2026-11-{day:02d}T18:00", f"2026-11-{day + 1:02d}T02:00") for day in (3, 5))
    days = (Pause("2026-11-04", "2026-11-04"), Pause("2026-12-24", "2026-12-24"))
    assert timetable(Timetable(LONDON, NIGHTS.rows, exceptions=(*nights, *days, *classes))) == (
        "every day 19:00-07:00 (Europe/London), except 18:00-20:00 on Mon 2 Nov 2026, Mon 9 Nov 2026 (Class), "
        "18:00-02:00 on Tue 3 Nov 2026, Thu 5 Nov 2026, all day Wed 4 Nov 2026, Thu 24 Dec 2026"
    )


def test_a_time_of_more_than_a_day_is_told_with_both_its_ends() -> None:
    away = (Pause("2026-11-03T18:00", "2026-11-04T19:00"), Pause("2026-11-06T18:00", "2026-11-08T02:00"))
    assert timetable(Timetable(LONDON, exceptions=away)).endswith(
        "except Tue 3 Nov 2026 18:00 to Wed 4 Nov 2026 19:00, Fri 6 Nov 2026 18:00 to Sun 8 Nov 2026 02:00"
    )


def test_a_long_list_is_cut_and_the_rest_counted() -> None:
    holidays = tuple(Pause(f"2026-{month:02d}-01", f"2026-{month:02d}-02") for month in range(1, 13))
    assert "more" not in timetable(Timetable(LONDON, NIGHTS.rows, exceptions=holidays))
    more = (*holidays, Pause("2027-02-01", "2027-02-02"))
    said = timetable(Timetable(LONDON, NIGHTS.rows, exceptions=more))
    assert said.endswith("to Mon 2 Nov 2026, and 2 more, the last on Tue 2 Feb 2027")
    days = tuple(Pause(f"2026-{month:02d}-01", f"2026-{month:02d}-01") for month in range(1, 13))
    said = timetable(Timetable(LONDON, NIGHTS.rows, exceptions=(*days, Pause("2027-02-01", "2027-02-01"))))
    assert said.endswith("Sun 1 Nov 2026, and 2 more, the last on Mon 1 Feb 2027")


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ("mon tue", "Monday, Tuesday"),
        ("mon tue wed", "Monday to Wednesday"),
        ("tue wed thu fri", "Tuesday to Friday"),
        ("mon tue thu", "Monday, Tuesday, Thursday"),
        ("sun mon sat", "Monday, Saturday, Sunday"),
        ("mon wed thu fri sat sun", "Monday, Wednesday, Thursday, Friday, Saturday, Sunday"),
        ("sun sat fri thu wed tue mon", "every day"),
    ],
)
def test_days_that_follow_one_another_are_a_stretch_of_the_week(days: str, said: str) -> None:
    rows = tuple(Row(Weekday(day), "19:00", "07:00") for day in days.split())
    assert timetable(Timetable(LONDON, rows)) == f"{said} 19:00-07:00 (Europe/London)"


def test_lines_at_different_hours_are_told_one_after_the_other_and_the_dates_after_the_last() -> None:
    rows = tuple(Row(day, f"{20 + i}:00", "06:00") for i, day in enumerate(list(Weekday)[:3]))
    assert timetable(Timetable(LONDON, rows, from_date="2026-11-03")) == (
        "Monday 20:00-06:00; Tuesday 21:00-06:00; Wednesday 22:00-06:00 from Tue 3 Nov 2026 (Europe/London)"
    )


def test_two_days_of_lockdown_at_a_place_are_a_stretch_there() -> None:
    days = tuple(OneOff(f"2026-11-{day:02d}", "00:00", "24:00", "mothers") for day in (4, 3))
    assert timetable(Timetable(LONDON, (), days)) == (
        "all day from Tue 3 Nov 2026 to Wed 4 Nov 2026 at mothers (Europe/London)"
    )


def test_many_single_nights_are_cut_with_the_last_of_them() -> None:
    nights = tuple(OneOff(f"2026-{month:02d}-01", "19:00", "07:00") for month in range(1, 13))
    said = timetable(Timetable(LONDON, (), (*nights, OneOff("2027-02-01", "19:00", "07:00"))))
    assert said.endswith("on Sun 1 Nov 2026 19:00-07:00; and 2 more, the last on Mon 1 Feb 2027 (Europe/London)")


@pytest.mark.parametrize(
    ("pause", "said"),
    [
        (Pause("2026-11-03T18:00", "2026-11-04T18:00"), "18:00-18:00 on Tue 3 Nov 2026"),
        (Pause("2026-11-03T18:00", "2026-11-03T20:00", "Visit"), "18:00-20:00 on Tue 3 Nov 2026 (Visit)"),
        (Pause("2026-11-03", "2026-11-03T20:00"), "Tue 3 Nov 2026 00:00 to Tue 3 Nov 2026 20:00"),
        (Pause("2026-11-03T18:00", "2026-11-03"), "Tue 3 Nov 2026 18:00 to Tue 3 Nov 2026 24:00"),
        (Pause("2026-10-25T01:30Z", "2026-10-25T03:00"), "Sun 25 Oct 2026 01:30 GMT to Sun 25 Oct 2026 03:00"),
        (Pause("2026-10-25T00:30", "2026-10-25T01:30Z"), "Sun 25 Oct 2026 00:30 to Sun 25 Oct 2026 01:30 GMT"),
    ],
)
def test_one_exception_is_told_as_it_was_written(pause: Pause, said: str) -> None:
    assert pause_words(pause, LONDON) == said
