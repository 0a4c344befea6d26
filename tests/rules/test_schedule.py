"""Timetables: windows as a person with a clock on the wall would tell them, in any zone, on any night."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import schedule
from surety.rules.conditions import OneOff, Row, Timetable, Weekday
from surety.rules.schedule import BEGINNING, END, TimetableError, around, windows
from tests.rules.scenes import LONDON, NIGHTS, ms

MINUTE, DAY = 60_000, 86_400_000
ZONES = (
    "Europe/London",
    "America/New_York",
    "America/St_Johns",  # half an hour
    "America/Havana",  # changes at midnight
    "America/Asuncion",  # changed at midnight; the date starts at 01:00
    "Atlantic/Azores",
    "Asia/Beirut",  # changes at midnight
    "Asia/Kathmandu",  # never, and a quarter of an hour
    "Asia/Tehran",  # changed at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Chatham",  # at 02:45
    "Africa/Casablanca",  # for Ramadan, the other way round
    "Pacific/Apia",  # left out a day in December 2011
)


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


# --- against a person who looks at the clock every minute


def clock_readings(zone: str, begin: int, end: int) -> list[tuple[int, dt.datetime]]:
    tz = ZoneInfo(zone)
    return [(at, dt.datetime.fromtimestamp(at / 1000, tz).replace(tzinfo=None)) for at in range(begin, end, MINUTE)]


def active_minutes(timetable: Timetable, readings: list[tuple[int, dt.datetime]]) -> set[int]:
    """Walk the minutes with the clock: from the first that shows a row's start or later until the first that shows its
    end or later. Written for clarity, with none of the code under test."""
    by_date = {dt.date.fromisoformat(one.date) for one in timetable.one_offs}
    active: set[int] = set()
    dates = {shown.date() for _, shown in readings}
    for date in sorted(d + dt.timedelta(days=k) for d in {min(dates)} for k in range(-2, (max(dates) - d).days + 2)):
        weekday = list(Weekday)[date.weekday()]
        one_offs = [one for one in timetable.one_offs if dt.date.fromisoformat(one.date) == date]
        for row in one_offs if date in by_date else [row for row in timetable.rows if row.day is weekday]:
            start, end = (dt.timedelta(hours=int(t[:2]), minutes=int(t[3:])) for t in (row.start, row.end))
            end += dt.timedelta(days=1) if end <= start else dt.timedelta()
            midnight = dt.datetime.combine(date, dt.time())
            begun = next((at for at, shown in readings if shown >= midnight + start), None)
            over = next((at for at, shown in readings if shown >= midnight + end), readings[-1][0] + MINUTE)
            if begun is not None:
                active.update(range(begun, over, MINUTE))
    return active


def changes(zone: str, first_year: int, last_year: int) -> list[int]:
    """The instants (to the hour) at which the zone's offset changes."""
    tz = ZoneInfo(zone)
    begin, end = (int(dt.datetime(y, 1, 1, tzinfo=dt.UTC).timestamp()) for y in (first_year, last_year))
    hours = range(begin, end, 3_600)
    offsets = [dt.datetime.fromtimestamp(at, tz).utcoffset() for at in hours]
    return [at * 1000 for at, before, after in zip(hours[1:], offsets, offsets[1:], strict=False) if before != after]


NAMED_TABLES = (
    NIGHTS.rows,
    tuple(Row(day, "00:00", "24:00") for day in Weekday),
    tuple(Row(day, start, end) for day in Weekday for start, end in (("00:30", "01:30"), ("02:15", "02:45"))),
    tuple(Row(day, "23:30", "00:30") for day in Weekday),
    tuple(Row(day, "01:00", "02:00") for day in Weekday) + tuple(Row(day, "02:00", "03:00") for day in Weekday),
)


@pytest.mark.parametrize("zone", ZONES)
def test_windows_agree_with_the_clock_on_the_wall_over_every_clock_change(zone: str) -> None:
    years = (2011, 2013) if zone == "Pacific/Apia" else (2020, 2023) if zone == "Asia/Tehran" else (2024, 2027)
    nights = changes(zone, *years) or [ms("2026-03-29T00:00Z")]
    for change in nights[:6]:
        begin = change - change % DAY - DAY
        readings = clock_readings(zone, begin - 3 * DAY, begin + 4 * DAY)
        for rows in NAMED_TABLES:
            table = Timetable(zone, rows)
            assert minutes_of(table, begin, begin + 3 * DAY) == {
                at for at in active_minutes(table, readings) if begin <= at < begin + 3 * DAY
            }


def minutes_of(timetable: Timetable, begin: int, end: int) -> set[int]:
    found = windows(timetable, begin, end)
    return {at for w in found for at in range(max(w.start_ms, begin), min(w.end_ms, end), MINUTE)}


times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
rows_ = st.lists(st.builds(Row, st.sampled_from(Weekday), times, times | st.just("24:00")), max_size=6)


@settings(max_examples=40, deadline=None)
@given(zone=st.sampled_from(ZONES), rows=rows_, one_off=st.none() | st.tuples(st.integers(-1, 1), times, times))
def test_any_timetable_agrees_with_the_clock_on_the_wall(
    zone: str, rows: list[Row], one_off: tuple[int, str, str] | None
) -> None:
    change = (changes(zone, 2011, 2013) if zone == "Pacific/Apia" else changes(zone, 2025, 2026)) or [ms("12:00")]
    begin = change[0] - change[0] % DAY - DAY
    ones = ()
    if one_off is not None:
        date = dt.datetime.fromtimestamp(change[0] / 1000, dt.UTC).date() + dt.timedelta(days=one_off[0])
        ones = (OneOff(str(date), one_off[1], one_off[2]),)
    table = Timetable(zone, tuple(rows), ones)
    if not rows and not ones:
        return
    readings = clock_readings(zone, begin - 3 * DAY, begin + 4 * DAY)
    wanted = {at for at in active_minutes(table, readings) if begin <= at < begin + 3 * DAY}
    assert minutes_of(table, begin, begin + 3 * DAY) == wanted


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
