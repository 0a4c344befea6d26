"""Timetables across every change of clocks of twenty zones, against somebody who looks at the clock every minute.

The oracle walks the minutes of UTC and reads what the clock on the wall shows, in the order in which it shows it; it
knows nothing of offsets, gaps and folds, and shares no line with the code under test.
"""

import bisect
import datetime as dt
import functools
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules.conditions import OneOff, Pause, Row, Timetable, Weekday
from surety.rules.schedule import windows
from tests.rules.scenes import NIGHTS

pytestmark = pytest.mark.slow

MINUTE, DAY = 60_000, 86_400_000
YEARS = {  # of each zone those in which something happens that happens nowhere else
    "Europe/London": (2024, 2028),
    "America/New_York": (2006, 2009),  # the dates of the changes moved
    "America/St_Johns": (2010, 2013),  # by two rules, once at one minute past midnight
    "America/Havana": (2024, 2027),  # at midnight
    "America/Asuncion": (2023, 2026),  # at midnight, until it stopped in 2024
    "America/Sao_Paulo": (2016, 2020),  # at midnight, until it stopped in 2019
    "America/Caracas": (2007, 2017),  # half an hour back in 2007, and forth in 2016
    "Atlantic/Azores": (2024, 2027),
    "Europe/Istanbul": (2014, 2018),  # stayed on summer time from 2016
    "Europe/Dublin": (2024, 2026),  # where winter is the exception
    "Asia/Beirut": (2022, 2025),  # at midnight; in 2023 they could not agree
    "Asia/Gaza": (2021, 2027),  # around Ramadan
    "Asia/Kathmandu": (1985, 1987),  # a quarter of an hour, once
    "Asia/Tehran": (2019, 2023),  # at midnight, until it stopped in 2022
    "Asia/Pyongyang": (2015, 2019),  # half an hour, there and back
    "Australia/Lord_Howe": (2024, 2027),  # by half an hour
    "Pacific/Chatham": (2024, 2027),  # at 02:45
    "Pacific/Apia": (2010, 2013),  # left out a day in December 2011
    "Pacific/Kwajalein": (1992, 1994),  # left out a day in August 1993
    "Africa/Casablanca": (2018, 2027),  # for Ramadan, the other way round, since 2018
    "Africa/El_Aaiun": (2024, 2027),
    "Antarctica/Troll": (2024, 2027),  # by two hours
}
MIDNIGHTS = tuple(Row(day, "00:00", "24:00") for day in Weekday)
SMALL = tuple(Row(day, start, end) for day in Weekday for start, end in (("00:30", "01:30"), ("02:15", "02:45")))
HOURLY = tuple(Row(day, f"{h:02d}:00", f"{h + 1:02d}:00", str(h % 2)) for day in Weekday for h in range(6))
TABLES = (NIGHTS.rows, MIDNIGHTS, MIDNIGHTS[::2], SMALL, tuple(Row(day, "23:30", "00:30") for day in Weekday), HOURLY)


class Wall:
    """The clock on a wall, read every minute from `begin` until before `end`."""

    def __init__(self, zone: str, begin: int, end: int) -> None:
        tz = ZoneInfo(zone)
        self.minutes = range(begin, end, MINUTE)
        shown = [dt.datetime.fromtimestamp(at / 1000, tz).replace(tzinfo=None) for at in self.minutes]
        self.dates = [min(shown).date() + dt.timedelta(days=k) for k in range((max(shown) - min(shown)).days + 2)]
        self._latest = list(itertools.accumulate(shown, max))  # the latest time that it has shown so far

    def first(self, date: dt.date, minute: int) -> int:
        """The first minute at which it shows that time or a later one."""
        place = bisect.bisect_left(self._latest, dt.datetime.combine(date, dt.time()) + dt.timedelta(minutes=minute))
        return self.minutes[place] if place < len(self.minutes) else self.minutes[-1] + MINUTE

    def between(self, first: tuple[dt.date, int], last: tuple[dt.date, int]) -> set[int]:
        return set(range(self.first(*first), self.first(*last), MINUTE))

    def active(self, table: Timetable) -> dict[str, set[int]]:
        """The minutes of each place."""
        found: dict[str, set[int]] = {}
        for date in self.dates:
            for row in rows_of(table, date):
                start, end = minutes(row.start), minutes(row.end)
                end += 1440 if end <= start else 0
                found.setdefault(row.place, set()).update(self.between((date, start), (date, end)))
        for pause in table.exceptions:
            out = self.between(moment(pause.start, whole=0), moment(pause.end, whole=1440))
            found = {place: active - out for place, active in found.items()}
        return found


def rows_of(table: Timetable, date: dt.date) -> list[Row | OneOff]:
    one_offs = [one for one in table.one_offs if one.date == str(date)]
    if one_offs:
        return list(one_offs)
    if (table.from_date or "0") <= str(date) <= (table.until_date or "9"):
        return [row for row in table.rows if row.day is list(Weekday)[date.weekday()]]
    return []


def minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def moment(text: str, whole: int) -> tuple[dt.date, int]:
    date, _, time = text.partition("T")
    return dt.date.fromisoformat(date), minutes(time) if time else whole


def answered(table: Timetable, begin: int, end: int) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for window in windows(table, begin, end):
        span = range(max(window.start_ms, begin), min(window.end_ms, end), MINUTE)
        for place in window.places:
            found.setdefault(place, set()).update(span)
    return found


def agree(table: Timetable, wall: Wall, begin: int, end: int) -> None:
    """The same minutes, of each place; the minutes around them are there for what begins before and ends after."""
    wanted = {place: {at for at in found if begin <= at < end} for place, found in wall.active(table).items()}
    assert answered(table, begin, end) == {place: found for place, found in wanted.items() if found}


@functools.lru_cache
def changes(zone: str, first_year: int, last_year: int) -> list[int]:
    """The hours in which the clocks of a zone change."""
    tz = ZoneInfo(zone)
    begin, end = (int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp()) for year in (first_year, last_year))
    hours = range(begin, end, 3_600)
    offsets = [dt.datetime.fromtimestamp(at, tz).utcoffset() for at in hours]
    return [at * 1000 for at, a, b in zip(hours[1:], offsets, offsets[1:], strict=False) if a != b]


def about(change: int) -> tuple[int, int]:
    """Three days of UTC around an instant."""
    begin = change - change % DAY - DAY
    return begin, begin + 3 * DAY


def walled(zone: str, begin: int, end: int) -> Wall:
    return Wall(zone, begin - 3 * DAY, end + DAY)


@pytest.mark.parametrize("zone", YEARS)
def test_windows_agree_with_the_clock_on_the_wall_over_every_change(zone: str) -> None:
    found = changes(zone, *YEARS[zone])
    assert found
    for change in found:
        begin, end = about(change)
        wall = walled(zone, begin, end)
        for rows in TABLES:
            agree(Timetable(zone, rows), wall, begin, end)


@pytest.mark.parametrize("zone", YEARS)
def test_dates_and_exceptions_agree_with_it_too(zone: str) -> None:
    for change in changes(zone, *YEARS[zone])[-4:]:
        begin, end = about(change)
        wall = walled(zone, begin, end)
        day = dt.datetime.fromtimestamp(change / 1000, ZoneInfo(zone)).date()
        before, after = day - dt.timedelta(days=1), day + dt.timedelta(days=1)
        agree(Timetable(zone, MIDNIGHTS, from_date=str(day)), wall, begin, end)
        agree(Timetable(zone, NIGHTS.rows, until_date=str(before)), wall, begin, end)
        agree(Timetable(zone, NIGHTS.rows, (OneOff(str(day), "00:00", "24:00"),)), wall, begin, end)
        agree(Timetable(zone, MIDNIGHTS, exceptions=(Pause(str(day), str(day)),)), wall, begin, end)
        for start, stop in (("00:30", "02:30"), ("02:00", "03:00"), ("23:30", "23:45")):
            pause = Pause(f"{day}T{start}", f"{day}T{stop}")
            agree(Timetable(zone, MIDNIGHTS, exceptions=(pause,)), wall, begin, end)
            agree(
                Timetable(zone, HOURLY, exceptions=(Pause(f"{before}T{start}", f"{after}T{stop}"),)), wall, begin, end
            )


@pytest.mark.slow
@pytest.mark.parametrize("zone", YEARS)
def test_windows_agree_with_it_over_every_change_of_a_lifetime(zone: str) -> None:
    for change in changes(zone, 1972, 2037):  # from then on clocks differ by whole minutes everywhere
        begin, end = about(change)
        wall = walled(zone, begin, end)
        for rows in TABLES:
            agree(Timetable(zone, rows), wall, begin, end)


times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
days = st.integers(-1, 1)
one_offs = st.lists(st.tuples(days, times, times | st.just("24:00")), max_size=2)
pauses = st.lists(st.tuples(days, times, st.integers(1, 2), times), max_size=2)


@settings(max_examples=120, deadline=None)
@given(
    zone=st.sampled_from(list(YEARS)),
    rows=st.lists(st.builds(Row, st.sampled_from(Weekday), times, times | st.just("24:00"), st.sampled_from("ab"))),
    one_offs=one_offs,
    pauses=pauses,
    which=st.integers(0, 7),
)
def test_any_timetable_agrees_with_the_clock_on_the_wall(
    zone: str,
    rows: list[Row],
    one_offs: list[tuple[int, str, str]],
    pauses: list[tuple[int, str, int, str]],
    which: int,
) -> None:
    found = changes(zone, *YEARS[zone])
    begin, end = about(found[which % len(found)])

    def date(offset: int) -> str:
        return str(dt.datetime.fromtimestamp(begin / 1000, dt.UTC).date() + dt.timedelta(days=1 + offset))

    ones = tuple(OneOff(date(day), start, stop) for day, start, stop in one_offs)
    out = tuple(Pause(f"{date(day)}T{a}", f"{date(day + length)}T{b}") for day, a, length, b in pauses)
    if rows or ones:
        agree(Timetable(zone, tuple(rows), ones, exceptions=out), walled(zone, begin, end), begin, end)
