"""Timetables: windows as a person with a clock on the wall would tell them, in any zone, on any night."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import schedule
from surety.rules.conditions import OneOff, Pause, Row, Timetable, Weekday
from surety.rules.schedule import BEGINNING, END, Span, TimetableError, Window, around, windows
from tests.rules.scenes import LONDON, NIGHTS, ms

DAY = 86_400_000


def spans(timetable: Timetable, begin: str, end: str) -> list[tuple[str, str]]:
    def shown(at_ms: int) -> str:
        return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%d %H:%M")

    return [(shown(w.start_ms), shown(w.end_ms)) for w in windows(timetable, ms(begin), ms(end))]


def test_a_row_over_midnight_is_one_window() -> None:
    assert spans(NIGHTS, "2026-11-02T12:00Z", "2026-11-03T12:00Z") == [("02 19:00", "03 07:00")]


def test_the_night_the_clocks_go_back_is_an_hour_longer_and_the_other_an_hour_shorter() -> None:
    assert spans(NIGHTS, "2026-10-24T12:00Z", "2026-10-25T12:00Z") == [("24 18:00", "25 07:00")]
    assert spans(NIGHTS, "2026-03-28T12:00Z", "2026-03-29T12:00Z") == [("28 19:00", "29 06:00")]


def test_a_start_that_the_clocks_leave_out_is_the_jump_itself() -> None:
    table = Timetable(LONDON, (Row(Weekday.SUN, "01:30", "04:00"),))
    assert spans(table, "2026-03-29T00:00Z", "2026-03-29T12:00Z") == [("29 01:00", "29 03:00")]


def test_a_time_that_clocks_show_twice_is_its_first_showing() -> None:
    table = Timetable(LONDON, (Row(Weekday.SUN, "01:30", "04:00"),))
    assert spans(table, "2026-10-25T00:00Z", "2026-10-25T12:00Z") == [("25 00:30", "25 04:00")]
    table = Timetable(LONDON, (Row(Weekday.SUN, "00:00", "01:30"),))
    assert spans(table, "2026-10-24T22:00Z", "2026-10-25T12:00Z") == [("24 23:00", "25 00:30")]


def test_a_one_off_stands_in_place_of_its_dates_rows_and_not_of_the_night_before() -> None:
    table = Timetable(LONDON, NIGHTS.rows, (OneOff("2026-11-03", "22:00", "24:00"),))
    assert spans(table, "2026-11-02T12:00Z", "2026-11-04T20:00Z") == [
        ("02 19:00", "03 07:00"),
        ("03 22:00", "04 00:00"),
        ("04 19:00", "05 07:00"),
    ]


def test_rows_to_midnight_and_from_midnight_join() -> None:
    rows = (Row(Weekday.MON, "19:00", "24:00"), Row(Weekday.TUE, "00:00", "07:00"))
    assert spans(Timetable(LONDON, rows), "2026-11-02T12:00Z", "2026-11-04T12:00Z") == [("02 19:00", "03 07:00")]


def test_an_equal_start_and_end_is_a_whole_day() -> None:
    table = Timetable(LONDON, (Row(Weekday.MON, "08:00", "08:00"),))
    assert spans(table, "2026-11-02T00:00Z", "2026-11-05T00:00Z") == [("02 08:00", "03 08:00")]


def test_no_rows_at_all_is_always() -> None:
    (window,) = windows(Timetable("Asia/Tokyo"), 0, 10)
    assert (window.start_ms, window.end_ms) == (BEGINNING, END)


def test_every_hour_of_every_day_is_one_endless_window_even_over_clock_changes() -> None:
    table = Timetable(LONDON, tuple(Row(day, "00:00", "24:00") for day in Weekday))
    assert len(windows(table, ms("2020-01-01T00:00Z"), ms("2030-01-01T00:00Z"))) == 1


def test_a_day_off_ends_the_endless_window_and_starts_it_again() -> None:
    rows = tuple(Row(day, "00:00", "24:00") for day in Weekday)
    table = Timetable("UTC", rows, (OneOff("2026-11-03", "00:00", "06:00"),))
    first, second = windows(table, ms("2026-01-01T00:00Z"), ms("2027-01-01T00:00Z"))
    assert (first.start_ms, first.end_ms) == (BEGINNING, ms("2026-11-03T06:00Z"))
    assert (second.start_ms, second.end_ms) == (ms("2026-11-04T00:00Z"), END)
    assert around(table, ms("2026-11-03T12:00Z")) == second


def test_a_single_date_is_found_from_years_before_and_never_after() -> None:
    table = Timetable(LONDON, (), (OneOff("2026-11-03", "10:00", "11:00"),))
    window = around(table, ms("2019-01-01T00:00Z"))
    assert window is not None
    assert window.start_ms == ms("2026-11-03T10:00Z")
    assert around(table, window.end_ms) is None


def test_a_day_that_a_zone_left_out_has_no_window_of_its_own() -> None:
    table = Timetable("Pacific/Apia", (Row(Weekday.FRI, "09:00", "17:00"),))  # Friday 30 December 2011 never was
    assert spans(table, "2011-12-26T00:00Z", "2012-01-05T00:00Z") == []


def test_overlapping_windows_of_two_places_allow_either() -> None:
    rows = (Row(Weekday.MON, "19:00", "23:00"), Row(Weekday.MON, "22:00", "24:00", "mothers"))
    found = windows(Timetable("UTC", rows), ms("12:00"), ms("+1 12:00"), "home")
    assert [(w.start_ms, w.end_ms, w.places) for w in found] == [
        (ms("19:00"), ms("22:00"), ("home",)),
        (ms("22:00"), ms("23:00"), ("home", "mothers")),
        (ms("23:00"), ms("+1 00:00"), ("mothers",)),
    ]


def test_an_unknown_zone_and_a_date_of_no_calendar_are_told() -> None:
    with pytest.raises(TimetableError, match="Europe/Leeds"):
        schedule.check(Timetable("Europe/Leeds"))
    with pytest.raises(TimetableError, match="2026-02-30"):
        schedule.check(Timetable("UTC", (), (OneOff("2026-02-30", "10:00", "11:00"),)))


times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
rows_ = st.lists(st.builds(Row, st.sampled_from(Weekday), times, times | st.just("24:00")), max_size=6)


@settings(max_examples=100, deadline=None)
@given(rows=rows_.filter(bool), at=st.integers(ms("2026-01-01T00:00Z"), ms("2027-01-01T00:00Z")))
def test_the_same_window_is_found_from_anywhere_in_it(rows: list[Row], at: int) -> None:
    table = Timetable(LONDON, tuple(rows))
    window = around(table, at)
    assert window is not None
    assert window.end_ms > at
    if window.start_ms > BEGINNING:
        assert around(table, window.start_ms) == window
        assert around(table, min(window.end_ms, window.start_ms + 30 * DAY) - 1) == window


# --- first and last dates, exceptions, lockdown, absences


def test_rows_start_from_the_first_to_the_last_date_and_the_last_night_still_ends_in_its_morning() -> None:
    table = Timetable(LONDON, NIGHTS.rows, from_date="2026-11-03", until_date="2026-11-04")
    assert spans(table, "2026-10-01T00:00Z", "2026-12-01T00:00Z") == [
        ("03 19:00", "04 07:00"),
        ("04 19:00", "05 07:00"),
    ]
    assert around(table, ms("2026-11-05T07:00Z")) is None
    assert around(table, ms("2019-11-05T07:00Z")) == around(table, ms("2026-11-03T19:00Z"))


def test_a_one_off_outside_the_dates_of_the_rows_stands() -> None:
    table = Timetable(LONDON, NIGHTS.rows, (OneOff("2026-11-01", "22:00", "23:00"),), from_date="2026-11-03")
    assert spans(table, "2026-10-01T00:00Z", "2026-11-04T00:00Z") == [
        ("01 22:00", "01 23:00"),
        ("03 19:00", "04 07:00"),
    ]


def test_without_rows_the_dates_bound_all_time() -> None:
    table = Timetable("Asia/Kathmandu", from_date="2026-11-03", until_date="2026-11-04")
    assert spans(table, "2000-01-01T00:00Z", "2100-01-01T00:00Z") == [("02 18:15", "04 18:15")]
    assert around(table, ms("2026-11-04T18:15Z")) is None
    (open_end,) = windows(Timetable("UTC", from_date="2026-11-03"), ms("2026-01-01T00:00Z"), END)
    assert (open_end.start_ms, open_end.end_ms) == (ms("2026-11-03T00:00Z"), END)
    (open_start,) = windows(Timetable("UTC", until_date="2026-11-03"), 0, END)
    assert (open_start.start_ms, open_start.end_ms) == (BEGINNING, ms("2026-11-04T00:00Z"))


def test_an_exception_of_a_date_is_that_whole_local_day_and_cuts_the_night_before_at_midnight() -> None:
    table = Timetable(LONDON, NIGHTS.rows, exceptions=(Pause("2026-12-25", "2026-12-25", "Christmas Day"),))
    assert spans(table, "2026-12-24T12:00Z", "2026-12-26T12:00Z") == [
        ("24 19:00", "25 00:00"),
        ("26 00:00", "26 07:00"),
    ]


def test_the_pieces_around_an_exception_are_of_the_nights_that_were_ordered() -> None:
    table = Timetable(LONDON, NIGHTS.rows, exceptions=(Pause("2026-11-02T22:00", "2026-11-02T23:00"),))
    early, late = windows(table, ms("12:00"), ms("+1 12:00"))
    assert (early.start_ms, early.end_ms, early.piece_of_ms) == (ms("19:00"), ms("22:00"), None)
    assert (late.start_ms, late.end_ms, late.ordered_ms) == (ms("23:00"), ms("+1 07:00"), ms("19:00"))
    assert around(table, ms("22:30")) == late
    assert around(table, ms("22:00")) == late
    assert around(table, ms("21:59")) == early


def test_an_exception_may_be_said_to_the_instant_where_clocks_show_a_time_twice() -> None:
    table = Timetable(LONDON, exceptions=(Pause("2026-10-25T01:30Z", "2026-10-25T02:00Z"),))
    before, after = windows(table, ms("2026-10-25T00:00Z"), ms("2026-10-25T03:00Z"))
    assert (before.end_ms, after.start_ms) == (ms("2026-10-25T01:30Z"), ms("2026-10-25T02:00Z"))
    assert (before.start_ms, after.end_ms, after.ordered_ms) == (BEGINNING, END, BEGINNING)


def test_a_week_away_takes_its_nights_and_no_others() -> None:
    away = Pause("2026-11-03", "2026-11-09", "Leave granted by the court")
    table = Timetable(LONDON, NIGHTS.rows, exceptions=(away,))
    assert spans(table, "2026-11-02T12:00Z", "2026-11-11T12:00Z") == [
        ("02 19:00", "03 00:00"),
        ("10 00:00", "10 07:00"),
        ("10 19:00", "11 07:00"),
    ]


def test_an_exception_of_many_years_is_passed_over_at_once() -> None:
    table = Timetable(LONDON, NIGHTS.rows, exceptions=(Pause("2026-11-03", "9000-01-01"),))
    window = around(table, ms("2026-11-04T00:00Z"))
    assert window is not None
    assert window.start_ms == schedule.first_showing(LONDON, dt.date(9000, 1, 2).toordinal(), 0)


def test_days_of_lockdown_in_a_row_are_one_window_over_both_clock_changes() -> None:
    for day in (dt.date(2026, 3, 28), dt.date(2026, 10, 24)):
        ones = tuple(OneOff(str(day + dt.timedelta(days=k)), "00:00", "24:00") for k in range(3))
        (window,) = windows(
            Timetable(LONDON, (), ones), ms(f"{day}T12:00Z"), ms(f"{day + dt.timedelta(days=9)}T12:00Z")
        )
        hours = (window.end_ms - window.start_ms) / 3_600_000
        assert hours == (71 if day.month == 3 else 73)


def test_lockdown_of_one_weekday_is_a_day_of_23_24_or_25_hours() -> None:
    table = Timetable(LONDON, (Row(Weekday.SUN, "00:00", "24:00"),))
    found = windows(table, ms("2026-10-18T12:00Z"), ms("2026-11-02T00:00Z"))
    assert [(w.end_ms - w.start_ms) // 3_600_000 for w in found] == [24, 25, 24]


def test_recurring_and_single_absences_cut_a_night_into_pieces_of_it() -> None:
    shifts = Timetable(LONDON, (Row(Weekday.MON, "21:00", "22:00"),))
    doctor = Span(ms("+1 05:00"), ms("+1 09:00"))
    found = windows(NIGHTS, ms("12:00"), ms("+1 20:00"), "home", (shifts, doctor))
    assert [(w.start_ms, w.end_ms, w.ordered_ms) for w in found] == [
        (ms("19:00"), ms("21:00"), ms("19:00")),
        (ms("22:00"), ms("+1 05:00"), ms("19:00")),
        (ms("+1 19:00"), ms("+2 07:00"), ms("+1 19:00")),
    ]


def test_an_hour_off_each_week_cuts_endless_lockdown_into_pieces_between() -> None:
    church = Timetable(LONDON, (Row(Weekday.SUN, "10:00", "12:00"),))
    piece = around(Timetable(LONDON), ms("2026-11-04T00:00Z"), "", (church,))
    assert piece == Window(ms("2026-11-01T12:00Z"), ms("2026-11-08T10:00Z"), ("",), piece_of_ms=BEGINNING)
    assert around(Timetable(LONDON), ms("2026-11-08T11:00Z"), "", (church,)) == Window(
        ms("2026-11-08T12:00Z"), ms("2026-11-15T10:00Z"), ("",), piece_of_ms=BEGINNING
    )


def test_an_absence_of_long_ago_still_bounds_the_endless_piece_after_it() -> None:
    once = Timetable(LONDON, (), (OneOff("2011-05-05", "10:00", "12:00"),))
    piece = around(Timetable(LONDON), ms("2026-11-04T00:00Z"), "", (once,))
    assert piece == Window(ms("2011-05-05T11:00Z"), END, ("",), piece_of_ms=BEGINNING)


def test_a_window_many_years_ahead_is_found_beside_recurring_leave() -> None:
    church = Timetable(LONDON, (Row(Weekday.SUN, "10:00", "12:00"),))
    once = Timetable(LONDON, (), (OneOff("2039-11-06", "09:00", "11:00"),))  # a Sunday
    window = around(once, ms("2026-11-04T00:00Z"), "", (church,))
    assert window == Window(ms("2039-11-06T09:00Z"), ms("2039-11-06T10:00Z"))


def test_absences_that_touch_are_one_and_absence_at_all_times_leaves_nothing() -> None:
    halves = tuple(Timetable(LONDON, (Row(Weekday.MON, a, b),)) for a, b in (("20:00", "21:00"), ("21:00", "22:00")))
    found = windows(NIGHTS, ms("12:00"), ms("+1 12:00"), "", halves)
    assert [(w.start_ms, w.end_ms) for w in found] == [(ms("19:00"), ms("20:00")), (ms("22:00"), ms("+1 07:00"))]
    assert around(NIGHTS, ms("12:00"), "", (Timetable(LONDON),)) is None
    day, night = (
        Timetable(LONDON, tuple(Row(d, a, b) for d in Weekday)) for a, b in (("06:00", "18:30"), ("18:30", "06:00"))
    )
    assert around(NIGHTS, ms("12:00"), "", (day, night)) is None
    assert around(Timetable(LONDON), ms("12:00"), "", (day, night)) is None


def test_an_absence_may_have_exceptions_of_its_own() -> None:
    shifts = Timetable(LONDON, (Row(Weekday.MON, "20:00", "22:00"),), exceptions=(Pause("2026-11-09", "2026-11-09"),))
    on, off = (windows(NIGHTS, ms(f"+{d} 12:00"), ms(f"+{d + 1} 12:00"), "", (shifts,)) for d in (0, 7))
    assert (len(on), len(off)) == (2, 1)


def test_a_one_off_early_on_a_date_of_a_zone_far_ahead_of_utc_is_found_from_years_before() -> None:
    for day in range(20):  # whatever the date, also where UTC still has the day before
        date = dt.date(2026, 11, 1) + dt.timedelta(days=day)
        table = Timetable("Pacific/Kiritimati", (), (OneOff(str(date), "00:30", "01:30"),))
        window = around(table, ms("2019-01-01T00:00Z"))
        assert window is not None
        assert window.start_ms == ms(f"{date}T00:30Z") - 14 * 3_600_000
        west = Timetable("Etc/GMT+12", (), (OneOff(str(date), "23:30", "24:00"),))
        window = around(west, ms("2019-01-01T00:00Z"))
        assert window is not None
        assert window.start_ms == ms(f"{date}T23:30Z") + 12 * 3_600_000


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (Timetable("UTC", from_date="2026-13-01"), "2026-13-01"),
        (Timetable("UTC", until_date="2026-02-29"), "2026-02-29"),
        (Timetable("UTC", from_date="2026-11-03", until_date="2026-11-02"), "lies before the first"),
        (Timetable("UTC", exceptions=(Pause("2026-11-03", "2026-11-31"),)), "2026-11-31"),
        (Timetable("UTC", exceptions=(Pause("2026-11-03", "2026-11-02"),)), "does not end after it begins"),
        (Timetable("UTC", exceptions=(Pause("2026-11-03T10:00", "2026-11-03T10:00"),)), "does not end after it begins"),
        (Timetable("UTC", from_date="0026-11-03"), "outside the years"),
        (Timetable("UTC", until_date="9999-11-03"), "outside the years"),
    ],
)
def test_dates_and_exceptions_that_cannot_be_are_told(table: Timetable, said: str) -> None:
    with pytest.raises(TimetableError, match=said):
        schedule.check(table)


def test_without_rows_the_place_is_the_callers() -> None:
    assert around(Timetable(LONDON), 0, "home") == Window(BEGINNING, END, ("home",))


def test_an_exception_of_a_day_that_the_zone_left_out_is_good_and_takes_nothing() -> None:
    never = Timetable("Pacific/Apia", exceptions=(Pause("2011-12-30", "2011-12-30"),))
    schedule.check(never)
    assert around(never, ms("2011-12-30T10:00Z")) == Window(BEGINNING, END)


def test_one_date_as_first_and_last_and_as_exception_is_good() -> None:
    day = "2026-11-03"
    schedule.check(
        Timetable("UTC", from_date=day, until_date=day, exceptions=(Pause(day, day), Pause(day, f"{day}T10:00")))
    )


pauses_ = st.lists(
    st.builds(
        lambda day, start, length: Pause(f"2026-03-{27 + day}T{start}", f"2026-04-{1 + length:02d}T{start}"),
        st.integers(0, 4),
        times,
        st.integers(0, 3),
    ),
    max_size=2,
)
tables_ = st.builds(
    Timetable,
    st.sampled_from([LONDON, "America/New_York", "Asia/Kathmandu"]),
    rows_.map(tuple),
    st.just(()),
    st.none() | st.just("2026-03-28"),
    st.none() | st.just("2026-04-02"),
    pauses_.map(tuple),
)
spans_ = st.builds(
    lambda at, length: Span(at, at + length),
    st.integers(ms("2026-03-25T00:00Z"), ms("2026-04-05T00:00Z")),
    st.integers(1, 9 * DAY),
)


@settings(max_examples=150, deadline=None)
@given(table=tables_, absences=st.lists(tables_ | spans_, max_size=3).map(tuple))
def test_absences_leave_what_the_algebra_leaves(table: Timetable, absences: tuple[schedule.Absence, ...]) -> None:
    begin, end = ms("2026-03-20T00:00Z"), ms("2026-04-10T00:00Z")
    taken = [Span(w.start_ms, w.end_ms) for a in absences if isinstance(a, Timetable) for w in windows(a, begin, end)]
    taken += [a for a in absences if isinstance(a, Span)]
    wanted = schedule.clip(schedule.without(windows(table, begin, end), taken), begin, end)
    assert schedule.clip(windows(table, begin, end, "", absences), begin, end) == wanted


def test_lockdown_until_a_date_many_years_ahead_is_one_window_found_in_no_time() -> None:
    rows = tuple(Row(day, "00:00", "24:00") for day in Weekday)
    table = Timetable(LONDON, rows, (OneOff("2046-11-03", "08:00", "09:00"),))
    window = around(table, ms("2026-11-03T12:00Z"))
    assert window is not None
    assert (window.start_ms, window.end_ms) == (BEGINNING, ms("2046-11-03T00:00Z"))
