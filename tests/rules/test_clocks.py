"""Nights on which clocks change: what is asked, what is left, and on which day time counts, against clocks on the wall.

The oracle goes minute by minute over a zone's clocks and knows nothing of timetables: a local time is reached when the
clocks have shown it or a later one (so a time that is skipped is reached at the jump, one that is shown twice at its
first showing).
"""

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import msgspec
import pytest

from surety.rules import allowance
from surety.rules.conditions import Absence, AbsenceKind, Curfew, Place, Row, Timetable, Weekday
from surety.rules.findings import Kind
from tests.rules.scenes import HOME, HOME_CIRCLE, SHOP, fix, ms, order, run

MINUTE = 60_000
CHANGES = [  # a zone and a day near a change of its clocks: forward, back, by half an hour, at midnight, a whole day
    ("Europe/London", "2026-03-28"),
    ("Europe/London", "2026-10-24"),
    ("Europe/Dublin", "2026-10-24"),
    ("America/New_York", "2026-03-07"),
    ("America/New_York", "2026-10-31"),
    ("America/St_Johns", "2011-11-05"),
    ("America/Havana", "2026-10-31"),
    ("America/Santiago", "2026-09-05"),
    ("Africa/Cairo", "2026-04-23"),
    ("Africa/Casablanca", "2026-02-14"),
    ("Asia/Beirut", "2026-03-28"),
    ("Asia/Kathmandu", "1985-12-31"),
    ("Asia/Pyongyang", "2018-05-04"),
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Australia/Lord_Howe", "2026-10-03"),
    ("Europe/Istanbul", "2016-09-06"),
    ("Pacific/Apia", "2011-12-29"),
]
WHOLE_NIGHTS = CHANGES[:-1]  # where a whole date is left out, two nights become one, which no date can claim
NIGHT, LEAVE = ("19:00", "07:00"), ("23:30", "01:30")


def clocks(zone: str, day: str) -> list[tuple[int, dt.datetime]]:
    """Each minute of four days and the latest time that clocks have shown by then."""
    at = ms(f"{day}T00:00Z") - 36 * 60 * MINUTE
    shown, latest = [], dt.datetime(1, 1, 1)  # noqa: DTZ001 - times on the wall have no zone
    for _ in range(4 * 1_440):
        local = dt.datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).replace(tzinfo=None)
        latest = max(latest, local)
        shown.append((at, latest))
        at += MINUTE
    return shown


def day_of(latest: dt.datetime, span: tuple[str, str]) -> dt.date | None:
    """The date on whose row of a span over midnight the clocks stand; None outside."""
    start, end = (dt.time.fromisoformat(text) for text in span)
    if latest.time() >= start:
        return latest.date()
    return latest.date() - dt.timedelta(days=1) if latest.time() < end else None


def table(zone: str, span: tuple[str, str]) -> Timetable:
    return Timetable(zone, tuple(Row(day, *span) for day in Weekday))


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_who_is_always_out_is_absent_exactly_while_the_clocks_say_so_and_no_leave_holds(zone: str, day: str) -> None:
    shown = clocks(zone, day)
    first, last = shown[0][0], shown[-1][0]
    duty = Curfew((Place("home", HOME_CIRCLE),), table(zone, NIGHT))
    leave = Absence(AbsenceKind.AUTHORISED, table(zone, LEAVE), reason="work")
    facts = [fix(at, SHOP) for at in range(first - 30 * MINUTE, last, 5 * MINUTE)]
    since = dt.datetime.fromtimestamp((first - 60 * MINUTE) / 1000, dt.UTC).isoformat()
    found = run(order(duty, leave, since=since), facts)
    told = [
        (one.at_ms, one.kind in (Kind.CURFEW_ABSENT_AT_START, Kind.CURFEW_LEFT))
        for one in found
        if one.at_ms > first + 15 * MINUTE and one.at_ms < last - 10 * MINUTE
    ]
    asked = [(at, day_of(now, NIGHT) is not None and day_of(now, LEAVE) is None) for at, now in shown]
    turns = [
        (at, now)
        for (_, before), (at, now) in itertools.pairwise(asked)
        if before != now and first + 15 * MINUTE < at < last - 10 * MINUTE
    ]
    assert told == turns


@pytest.mark.parametrize(("zone", "day"), WHOLE_NIGHTS)
def test_each_minute_away_counts_on_the_date_on_which_its_night_began(zone: str, day: str) -> None:
    nights = table(zone, NIGHT)
    for at, latest in clocks(zone, day)[1_440:]:
        began = day_of(latest, NIGHT)
        if began is not None:
            counted, until_ms = allowance.day_of(nights, at)
            assert dt.date.fromordinal(counted) == began
            assert until_ms > at


@pytest.mark.parametrize(("zone", "day"), WHOLE_NIGHTS)
def test_what_a_night_out_comes_to_is_as_long_as_the_night_was(zone: str, day: str) -> None:
    """Out for the whole of the night over the change, with a fix at its very end: its minutes, no more and no less."""
    shown = clocks(zone, day)
    night = [at for at, latest in shown if day_of(latest, NIGHT) == dt.date.fromisoformat(day)]
    begin, end = night[0], night[-1] + MINUTE
    tolerating = msgspec.structs.replace(
        Curfew((Place("home", HOME_CIRCLE),), table(zone, NIGHT)), allowance_day_min=1_440
    )
    facts = [fix(at, SHOP) for at in range(begin - 30 * MINUTE, end, MINUTE)] + [fix(end + MINUTE, HOME)]
    since = dt.datetime.fromtimestamp((begin - 60 * MINUTE) / 1000, dt.UTC).isoformat()
    found = run(order(tolerating, since=since), facts)
    ending = next(one for one in found if one.kind is Kind.CURFEW_ABSENT_THROUGHOUT)
    assert ending.evidence.numbers["counted_s"] == (end - MINUTE - begin) / 1000
    assert ending.at_ms == end


def test_the_list_has_nights_of_every_length() -> None:
    lengths = set()
    for zone, day in CHANGES:
        night = [at for at, latest in clocks(zone, day) if day_of(latest, NIGHT) == dt.date.fromisoformat(day)]
        lengths.add(len(night))
    assert lengths >= {660, 690, 720, 750, 780}
