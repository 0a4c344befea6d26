"""Calendars as other programs write them, read as exceptions and as dates; and what is refused, with what words."""

import datetime as dt
import time

import pytest

from surety.ical.errors import CalendarError
from surety.ical.lines import MAX_BYTES
from surety.ical.timetables import exceptions, one_offs
from surety.rules.intervals import Span
from tests.rules.scenes import LONDON, ms

TERM = Span(ms("2026-01-01T00:00Z"), ms("2027-01-01T00:00Z"))
OUTLOOK = """BEGIN:VTIMEZONE
TZID:Mitteleuropa
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def ics(*events: str, before: str = "") -> bytes:
    parts = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{before}{parts}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def read(*events: str, before: str = "", term: Span | None = TERM) -> list[tuple[str, str]]:
    return [(pause.start, pause.end) for pause in exceptions(ics(*events, before=before), LONDON, term)]


def test_a_day_of_a_calendar_is_that_date_and_its_end_is_not_included():
    event = "SUMMARY:Christmas\\, and\\n more\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227"
    (pause,) = exceptions(ics(event), "Asia/Tokyo", TERM)
    assert (pause.start, pause.end, pause.name) == ("2026-12-25", "2026-12-26", "Christmas, and more")


def test_a_day_without_an_end_is_one_day_and_a_length_counts_days():
    assert read("DTSTART;VALUE=DATE:20261225") == [("2026-12-25", "2026-12-25")]
    assert read("DTSTART;VALUE=DATE:20261225\nDURATION:P1W") == [("2026-12-25", "2026-12-31")]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (":20261224T180000", ":20261226T120000", ("2026-12-24T18:00", "2026-12-26T12:00")),  # floating
        (":20260624T180000Z", ":20260624T190000Z", ("2026-06-24T19:00", "2026-06-24T20:00")),
        (";TZID=Asia/Kathmandu:20260624T180000", ":20260624T190000Z", ("2026-06-24T13:15", "2026-06-24T20:00")),
        (";TZID=/Europe/Paris:20260624T180000", ":20260624T180000Z", ("2026-06-24T17:00", "2026-06-24T19:00")),
        (";TZID=W. Europe Standard Time:20260624T180000", ":20260624T190000", ("2026-06-24T17:00", "2026-06-24T19:00")),
        (":20260624T000000", ":20260624T235959", ("2026-06-24T00:00", "2026-06-25T00:00")),
        (":20261025T013000", ":20261025T020000", ("2026-10-25T01:30", "2026-10-25T02:00")),  # the first showing
        (":20261025T013000Z", ":20261025T020000Z", ("2026-10-25T01:30Z", "2026-10-25T02:00")),  # the second
        (":20260329T013000", ":20260329T040000", ("2026-03-29T02:30", "2026-03-29T04:00")),  # the offset before
    ],
)  # fmt: skip
def test_times_are_local_to_the_order_whatever_zone_they_were_written_in(start: str, end: str, said: tuple[str, str]):
    assert read(f"DTSTART{start}\nDTEND{end}") == [said]


def test_a_length_is_days_of_the_clock_and_hours_as_long_as_they_are():
    assert read("DTSTART:20261024T180000\nDURATION:P1D") == [("2026-10-24T18:00", "2026-10-25T18:00")]
    assert read("DTSTART:20261024T180000\nDURATION:PT24H") == [("2026-10-24T18:00", "2026-10-25T17:00")]


def test_a_zone_that_the_file_defines_is_followed_on_both_sides_of_its_changes():
    events = [f"DTSTART;TZID=Mitteleuropa:2026{day}T120000\nDURATION:PT1H" for day in ("0328", "0329", "1024", "1025")]
    assert [start for start, _ in read(*events, before=OUTLOOK)] == [
        "2026-03-28T11:00",
        "2026-03-29T11:00",
        "2026-10-24T11:00",
        "2026-10-25T11:00",
    ]


def test_of_an_hour_shown_twice_or_never_the_files_own_zone_takes_the_same_as_iana_does():
    for clock in ("1025T023000", "0329T023000", "0329T020000", "0329T030000", "1025T020000", "1025T030000"):
        own, iana = (
            read(f"DTSTART;TZID={zone}:2026{clock}\nDURATION:PT10H", before=OUTLOOK)
            for zone in ("Mitteleuropa", "Europe/Berlin")
        )
        assert own == iana


# --- repetitions


def starts(*lines: str, term: Span | None = TERM) -> list[str]:
    return [start for start, _ in read("\n".join(lines), term=term)]


def test_every_week_is_at_the_same_time_of_the_clock_across_a_change_of_clocks():
    found = starts("DTSTART:20261018T100000", "DURATION:PT2H", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert found == ["2026-10-18T10:00", "2026-10-25T10:00", "2026-11-01T10:00"]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("FREQ=DAILY;UNTIL=20260304T100000Z", ["01", "02", "03", "04"]),
        ("FREQ=DAILY;UNTIL=20260304T095959Z", ["01", "02", "03"]),
        ("FREQ=DAILY;UNTIL=20260304", ["01", "02", "03", "04"]),
        ("FREQ=DAILY;INTERVAL=10", ["01", "11", "21", "31"]),
        ("FREQ=WEEKLY;BYDAY=SU,TU;COUNT=4", ["01", "03", "08", "10"]),
        ("FREQ=MONTHLY;BYDAY=1SU", ["01"]),
        ("FREQ=MONTHLY;BYDAY=MO,SU;BYSETPOS=1,-1", ["01", "30"]),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1,-1", ["01", "31"]),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,SA", ["01", "07", "15", "21", "29"]),
    ],
)
def test_rules_of_repetition(rule: str, found: list[str]):
    march = Span(ms("2026-03-01T00:00Z"), ms("2026-03-31T23:00Z"))
    read_back = starts("DTSTART:20260301T100000", "DURATION:PT1H", f"RRULE:{rule}", term=march)
    assert read_back == [f"2026-03-{day}T10:00" for day in found]


def test_a_birthday_of_long_ago_comes_each_year_of_the_term_and_a_leap_day_in_leap_years():
    assert starts("DTSTART;VALUE=DATE:19480404", "RRULE:FREQ=YEARLY") == ["2026-04-04"]
    years = Span(ms("2027-06-01T00:00Z"), ms("2030-01-01T00:00Z"))
    assert starts("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY", term=years) == ["2028-02-29"]


def test_dates_are_left_out_and_added_and_single_ones_moved_or_cancelled():
    series = (
        "UID:a\nDTSTART:20260302T100000\nDTEND:20260302T110000\nRRULE:FREQ=DAILY;COUNT=5\n"
        "EXDATE:20260303T100000,20260304T100000\nRDATE:20260401T090000"
    )
    moved = "UID:a\nRECURRENCE-ID:20260305T100000\nDTSTART:20260305T200000\nDTEND:20260305T230000"
    cancelled = "UID:a\nRECURRENCE-ID:20260306T100000\nSTATUS:CANCELLED\nDTSTART:20260306T100000"
    other = "UID:b\nDTSTART:20260305T100000\nDTEND:20260305T110000"
    assert read(series, moved, cancelled, other) == [
        ("2026-03-02T10:00", "2026-03-02T11:00"),
        ("2026-03-05T10:00", "2026-03-05T11:00"),
        ("2026-03-05T20:00", "2026-03-05T23:00"),
        ("2026-04-01T09:00", "2026-04-01T10:00"),
    ]


def test_cancelled_events_and_what_is_no_event_are_passed_over():
    todo = "BEGIN:VTODO\nDTSTART:20260301T100000\nEND:VTODO\n"
    alarm = "DTSTART;VALUE=DATE:20260302\nBEGIN:VALARM\nTRIGGER:-PT10M\nEND:VALARM"
    assert read("STATUS:CANCELLED\nDTSTART;VALUE=DATE:20260301", alarm, before=todo) == [("2026-03-02", "2026-03-02")]


def test_only_what_meets_the_term_is_taken_and_no_more_than_two_years_of_it():
    daily = ("DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=DAILY")
    assert starts(*daily, term=Span(ms("2026-03-02T12:00Z"), ms("2026-03-04T00:00Z"))) == ["2026-03-02", "2026-03-03"]
    assert len(starts(*daily, term=Span(ms("2026-01-01T00:00Z"), ms("2099-01-01T00:00Z")))) == 731


def test_the_same_event_twice_is_one():
    event = "DTSTART;VALUE=DATE:20260301"
    assert len(read(event, event)) == 1


# --- as dates


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("20261102T190000", "20261103T070000", [("2026-11-02", "19:00", "07:00")]),
        ("20261102T190000", "20261102T230000", [("2026-11-02", "19:00", "23:00")]),
        ("20261102T190000", "20261103T000000", [("2026-11-02", "19:00", "24:00")]),
        ("20261102T190000", "20261103T190000", [("2026-11-02", "19:00", "19:00")]),
        ("20261102T000000", "20261103T000000", [("2026-11-02", "00:00", "24:00")]),
        (
            "20261102T190000",
            "20261104T200000",
            [("2026-11-02", "19:00", "24:00"), ("2026-11-03", "00:00", "24:00"), ("2026-11-04", "00:00", "20:00")],
        ),
        ("20260328T190000", "20260329T013000", [("2026-03-28", "19:00", "02:30")]),
    ],
)
def test_events_become_windows_of_dates(start: str, end: str, found: list[tuple[str, str, str]]):
    read_back = one_offs(ics(f"DTSTART:{start}\nDTEND:{end}"), LONDON, TERM, "home")
    assert [(one.date, one.start, one.end) for one in read_back] == found
    assert {one.place for one in read_back} == {"home"}


def test_days_become_days_of_lockdown():
    read_back = one_offs(ics("DTSTART;VALUE=DATE:20261102\nDTEND;VALUE=DATE:20261104"), LONDON, TERM)
    assert [(one.date, one.start, one.end) for one in read_back] == [
        ("2026-11-02", "00:00", "24:00"),
        ("2026-11-03", "00:00", "24:00"),
    ]


def test_a_window_that_ends_in_an_hour_shown_twice_is_refused_where_only_the_second_is_meant():
    with pytest.raises(
        CalendarError, match=r'"Visit" \(20261025\) begins or ends in an hour that the clocks show twice'
    ):
        one_offs(ics("SUMMARY:Visit\nDTSTART:20261025T003000Z\nDTEND:20261025T013000Z"), LONDON, TERM)


# --- refusals


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("SUMMARY:Odd\nDTSTART:20260301T100000\nRRULE:FREQ=SECONDLY", r'the event "Odd" \(20260301\) .*repeats other'),
        ("DTSTART:20260301T100000\nRRULE:FREQ=MINUTELY", r'"without a name" \(20260301\) .*repeats other than'),
        ("DTSTART:20260301T100000\nRRULE:FREQ=HOURLY", "repeats other than"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=DAILY;BYSECOND=1,2", "a rule with BYSECOND"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=YEARLY;RSCALE=CHINESE", "a rule with RSCALE"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=DAILY;INTERVAL=0", "cannot be read"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=DAILY;COUNT=0", "cannot be read"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101", "cannot be read"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=WEEKLY;BYDAY=2MO", "cannot be read"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=MONTHLY;BYSETPOS=0;BYDAY=MO", "cannot be read"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=YEARLY;BYMONTH=5L", "cannot be read"),
        ("DTSTART:20260301T100000\nRRULE:", "repeats other than"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=WEEKLY;BYDAY=MO", "starts at a time that its own rule does not name"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "more than one rule"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "more than one rule"),
        ("DTSTART:20260301T100000\nRRULE:FREQ=DAILY\nEXDATE:20260302", "mixes days and times in EXDATE"),
        ("DTSTART:20260301T100000\nDTEND;VALUE=DATE:20260302", "mixes days and times in DTEND"),
        ("DTSTART:20260301T100000\nRDATE:20260301T100000Z/PT1H", "RDATE .* is no time"),
        ("DTSTART:20260301T100000\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260301T100000", "save it as two events"),
        ("DTSTART:20260301T100000", "no end after its start"),
        ("DTSTART:20260301T100000\nDTEND:20260301T090000", "no end after its start"),
        ("DTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260301", "no end after its start"),
        ("DTSTART:20260301T100000\nDURATION:-PT1H", "which is none"),
        ("DTSTART:20260301T100000\nDURATION:P1Y", 'the length "P1Y"'),
        ("DTSTART:20260301T100000\nDURATION:P9999W", "is longer than"),
        ("DTSTART:20260301T100030\nDURATION:PT1H", "to the minute"),
        ("DTSTART:20260229T100000\nDURATION:PT1H", '"20260229T100000", which is no time'),
        ("DTSTART:99991231T100000\nDURATION:PT1H", "outside the years"),
        ("DTSTART;TZID=Mars/Olympus:20260301T100000\nDURATION:PT1H", 'the time zone "Mars/Olympus"'),
        ("SUMMARY:No start", r'"No start" \(no date\) has no start'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_the_event_and_the_reason(event: str, said: str):
    with pytest.raises(CalendarError, match=said):
        exceptions(ics(event), LONDON, TERM)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no whole calendar"),
        (b"Dear Sir or Madam", "cannot be read"),
        (b"\x89PNG\r\n\x1a\n\xff\xd8", "not text"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\n", "no whole calendar"),
        (b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\n", "out of place"),
        (b"DTSTART:20260301\r\n", "out of place"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 50, "out of place"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "holds no event; choose another"),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", "no whole calendar"),
        (b"x" * (MAX_BYTES + 1), "larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_calendar_is_refused(data: bytes, said: str):
    with pytest.raises(CalendarError, match=said):
        exceptions(data, LONDON, TERM)


def test_nothing_in_the_term_is_said_and_not_taken_for_an_empty_calendar():
    with pytest.raises(CalendarError, match="no event in the time of the order"):
        read("DTSTART;VALUE=DATE:20251225")


def test_what_repeats_needs_a_term_and_what_does_not_needs_none():
    assert read("DTSTART;VALUE=DATE:20251225", term=None) == [("2025-12-25", "2025-12-25")]
    with pytest.raises(CalendarError, match="give the order a start"):
        read("DTSTART;VALUE=DATE:20251225\nRRULE:FREQ=YEARLY", term=None)


def test_too_many_events_are_refused():
    many = [
        f"DTSTART:202603{d:02d}T{h:02d}{m:02d}00\nDURATION:PT1M"
        for d in range(1, 15)
        for h in range(24)
        for m in range(0, 60, 15)
    ]
    with pytest.raises(CalendarError, match=r"1,344 events .* 1,000 are taken"):
        read(*many)
    with pytest.raises(CalendarError, match="more than 5,000 events"):
        read(*many * 4)
    with pytest.raises(CalendarError, match="fills 3,660 days"):
        one_offs(ics("DTSTART;VALUE=DATE:20260101\nDURATION:P3660D"), LONDON, TERM)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        f"FREQ=DAILY;INTERVAL={10**30}",
        pytest.param("FREQ=DAILY", marks=pytest.mark.slow),
        pytest.param("FREQ=DAILY;BYMONTH=3;BYMONTHDAY=1,31;BYSETPOS=1", marks=pytest.mark.slow),
        pytest.param("FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=1,30", marks=pytest.mark.slow),
    ],
)
def test_rules_that_hardly_ever_match_and_those_of_centuries_cost_little(rule: str):
    began = time.process_time()
    with pytest.raises(CalendarError, match=r"repeats so often|cannot be read"):
        read(*[f"DTSTART:17010301T100000\nDURATION:PT1H\nRRULE:{rule}"] * 2_000)
    assert time.process_time() - began < 20  # some seconds, and slow machines; without a bound it would be minutes


def test_a_zone_that_changes_its_clocks_without_end_is_refused():
    bomb = OUTLOOK.replace("FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "FREQ=SECONDLY")
    event = "DTSTART;TZID=Mitteleuropa:20260301T100000\nDURATION:PT1H"
    with pytest.raises(CalendarError, match="repeats other than"):
        read(event, before=bomb)
    with pytest.raises(CalendarError, match="of which a part is missing"):
        read(event, before="BEGIN:VTIMEZONE\nTZID:Mitteleuropa\nEND:VTIMEZONE\n")
    with pytest.raises(CalendarError, match='offset "nonsense"'):
        read(event, before=OUTLOOK.replace("+0200", "nonsense"))


def test_dates_sort_by_when_they_are():
    assert read("DTSTART:20260301T090000Z\nDURATION:PT1H", "DTSTART;VALUE=DATE:20260301") == [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T09:00", "2026-03-01T10:00"),
    ]
    assert dt.date.fromisoformat("2026-03-01").isoweekday() == 7  # as the rules above take for granted
