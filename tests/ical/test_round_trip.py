"""What is written as a calendar is read back as the same windows, in any zone, across its changes of clocks."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from surety.ical import timetables, writing
from surety.ical.events import read, span_of
from surety.rules import schedule
from surety.rules.conditions import (
    Attendance,
    Condition,
    Curfew,
    OneOff,
    Pause,
    Place,
    Row,
    Timetable,
    Weekday,
    Zone,
    ZoneKind,
)
from surety.rules.intervals import BEGINNING, END, Span
from tests.rules.scenes import HOME_CIRCLE, LONDON, NIGHTS, SCHOOL_CIRCLE, ms

DAY = schedule.DAY_MS
CHANGES = (  # a zone, and a day about which its clocks change or its rules do
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/El_Aaiun", "2026-03-22"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Havana", "2026-03-08"),
    ("Asia/Tehran", "2022-03-22"),
    ("Pacific/Apia", "2011-12-30"),
    ("Asia/Kathmandu", "2026-06-01"),
    ("America/Caracas", "2016-05-01"),
    ("Europe/Istanbul", "2016-11-06"),
    ("Asia/Gaza", "2026-03-28"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Europe/Dublin", "2026-10-25"),
    ("UTC", "2026-06-01"),
)
times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
rows = st.lists(st.builds(Row, st.sampled_from(Weekday), times, times | st.just("24:00")), max_size=5).map(tuple)


def curfew(table: Timetable, begin: int, end: int | None = None) -> Condition:
    return Condition("night", 1, begin, end, Curfew((Place("home", HOME_CIRCLE),), table))


def written(condition: Condition, term: Span) -> bytes:
    return writing.calendar_of([condition], "A-1042", "Duties", term, term.start_ms)


def around(day: str) -> Span:
    at = ms(f"{day}T00:00Z")
    return Span(at - 6 * DAY, at + 6 * DAY)


@settings(max_examples=60, deadline=None)
@given(change=st.sampled_from(CHANGES), rows=rows, own_rules=st.booleans())
@example(change=CHANGES[1], rows=NIGHTS.rows, own_rules=True)
@example(change=CHANGES[9], rows=(), own_rules=True)
def test_windows_come_back_as_events_exceptions_and_dates(
    *, change: tuple[str, str], rows: tuple[Row, ...], own_rules: bool
) -> None:
    zone, day = change
    term, table = around(day), Timetable(zone, rows)
    data = written(curfew(table, term.start_ms), term)
    if own_rules:  # no program knows the name, so it must follow the rules that the file brings along
        data = data.replace(f"TZID={zone}".encode(), b"TZID=Own").replace(f"TZID:{zone}".encode(), b"TZID:Own")
    asked = schedule.clip(schedule.windows(table, *term), *term)
    wanted = [Span(window.start_ms, window.end_ms) for window in asked]
    if not wanted:
        assert b"BEGIN:VEVENT" not in data
        return
    assert [span_of(one, zone) for one in read(data, zone, None)] == wanted
    free = Timetable(zone, exceptions=timetables.exceptions(data, zone, None))
    assert schedule.clip(schedule.windows(free, *term), *term) == schedule.without(
        schedule.clip([schedule.Window(BEGINNING, END)], *term), wanted
    )
    dates = Timetable(zone, (), timetables.one_offs(data, zone, None))
    assert schedule.merge(Span(w.start_ms, w.end_ms) for w in schedule.windows(dates, *term)) == schedule.merge(wanted)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_the_rules_written_for_a_zone_are_those_of_the_zone_to_the_minute(zone: str, day: str) -> None:
    """Read by the file's own rules alone, each quarter of an hour about a change is the instant that it is."""
    begin = ms(f"{day}T00:00Z") - 2 * DAY
    instants = range(begin, begin + 4 * DAY, 15 * 60_000)
    rules = writing.time_zone(zone, begin, begin + 4 * DAY)
    tz = zoneinfo.ZoneInfo(zone)
    events, wanted = "", []
    for at in instants:
        local = dt.datetime.fromtimestamp(at / 1000, tz)
        if local.fold == 0:  # of two showings the first is read
            events += f"BEGIN:VEVENT\r\nDTSTART;TZID=Own:{local:%Y%m%dT%H%M00}\r\nDURATION:PT1M\r\nEND:VEVENT\r\n"
            wanted.append(at)
    own = rules.to_ical().decode().replace(f"TZID:{zone}", "TZID:Own")
    data = f"BEGIN:VCALENDAR\r\n{own}{events}END:VCALENDAR\r\n".encode()
    assert [span_of(one, zone).start_ms for one in read(data, zone, None)] == wanted


def test_the_same_night_is_the_same_event_whenever_the_calendar_is_made_and_of_nobody_else() -> None:
    condition = curfew(NIGHTS, ms("2026-10-01T00:00Z"))

    def uids(day: str, person: str) -> list[str]:
        data = writing.calendar_of([condition], person, "Duties", Span(ms(f"{day}T21:00Z"), ms("2026-11-09T00:00Z")), 0)
        return [str(event["UID"]) for event in Calendar.from_ical(data).walk("VEVENT")]

    monday, tuesday = uids("2026-11-02", "A-1042"), uids("2026-11-03", "A-1042")
    assert tuesday == monday[1:]
    assert not set(monday) & set(uids("2026-11-02", "B-2"))
    assert len(set(monday)) == len(monday) == 7


def test_each_version_asks_only_while_it_holds_and_a_trail_asks_for_no_time() -> None:
    early = curfew(NIGHTS, ms("2026-11-02T12:00Z"), ms("2026-11-03T23:00Z"))
    late = Condition(
        "night", 2, ms("2026-11-03T23:00Z"), None, Curfew((Place("home", HOME_CIRCLE),), Timetable(LONDON))
    )
    data = writing.calendar_of([early, late], "A", "Duties", Span(ms("2026-11-01T00:00Z"), ms("2026-11-05T00:00Z")), 0)
    assert [span_of(one, LONDON) for one in read(data, LONDON, None)] == [
        Span(ms("2026-11-02T19:00Z"), ms("2026-11-03T07:00Z")),
        Span(ms("2026-11-03T19:00Z"), ms("2026-11-03T23:00Z")),
        Span(ms("2026-11-03T23:00Z"), ms("2026-11-05T00:00Z")),
    ]


def test_the_file_says_what_is_asked_and_nowhere_where_that_is() -> None:
    zone = Condition("z", 3, BEGINNING, None, Zone(ZoneKind.EXCLUSION, "School", SCHOOL_CIRCLE, NIGHTS))
    places = (Place("home", HOME_CIRCLE), Place("mothers", HOME_CIRCLE))
    table = Timetable(
        LONDON, (), (OneOff("2026-11-02", "20:00", "22:00"), OneOff("2026-11-02", "20:00", "22:00", "mothers"))
    )
    both = Condition("c", 1, BEGINNING, None, Curfew(places, table))
    data = writing.calendar_of([zone, both], "A", "Duties of A", Span(ms("12:00"), ms("+1 12:00")), ms("12:00"))
    first, second = Calendar.from_ical(data).walk("VEVENT")
    assert (first["SUMMARY"], second["SUMMARY"]) == ('Stay out of "School"', "Be at home or mothers")
    assert first["CLASS"] == "PRIVATE"
    assert first["SEQUENCE"] == 3
    assert first["DESCRIPTION"] == (
        'Stay out of the zone "School" every day 19:00-07:00 (Europe/London).\n'
        "A copy made on 2026-11-02. What counts is the order."
    )
    for secret in (b"53.8", b"-1.5", b"GEO", b"LOCATION", b"A-1042"):
        assert secret not in data


def test_attendance_is_an_appointment_with_its_purpose() -> None:
    table = Timetable(LONDON, (Row(Weekday.MON, "14:00", "16:00"),))
    body = Attendance("Course", Place("Clinic", HOME_CIRCLE), table, 3_600)
    data = written(Condition("course", 1, ms("12:00"), None, body), Span(ms("12:00"), ms("+1 12:00")))
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    assert event["SUMMARY"] == "Course at Clinic"
    assert [span_of(one, LONDON) for one in read(data, LONDON, None)] == [Span(ms("14:00"), ms("16:00"))]


def test_no_more_than_two_years_are_written() -> None:
    data = written(curfew(NIGHTS, ms("2026-01-01T12:00Z")), Span(ms("2026-01-01T12:00Z"), ms("2090-01-01T00:00Z")))
    assert data.count(b"BEGIN:VEVENT") == 731
    assert len(data) < 400_000


def test_exceptions_leave_a_hole_in_the_calendar() -> None:
    table = Timetable(LONDON, NIGHTS.rows, exceptions=(Pause("2026-11-03T22:00", "2026-11-04T12:00"),))
    data = written(curfew(table, ms("12:00")), Span(ms("12:00"), ms("+3 12:00")))
    ends = [span_of(one, LONDON).end_ms for one in read(data, LONDON, None)]
    assert ends == [ms("+1 07:00"), ms("+1 22:00"), ms("+3 07:00")]
