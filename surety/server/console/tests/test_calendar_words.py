"""What pages say of a timetable's dates and exceptions: today's duties, and what a change changed."""

import datetime as dt

import pytest

from surety.rules.conditions import Condition, ConditionSet, Pause, Row, Timetable, Weekday, Zone, ZoneKind
from surety.server.console.case_words import body_changes
from surety.server.console.tests.case_cast import EVERY_NIGHT, SCHOOL_ZONE, ZONE
from surety.server.console.today import duties_today

LOCKDOWN = Timetable(ZONE, tuple(Row(day, "00:00", "24:00") for day in Weekday))


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)


def zone(table: Timetable) -> Zone:
    return Zone(ZoneKind.EXCLUSION, "School", SCHOOL_ZONE.area, table)


def today(table: Timetable, now: str = "2026-11-02T12:00Z") -> tuple[str, str]:
    conditions = ConditionSet("p", 1, (Condition("c", 1, 0, None, zone(table)),))
    (told,) = duties_today(conditions, at(now), ZONE)
    return told["when"], told["state"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (Timetable(ZONE), ("all day", "now")),
        (LOCKDOWN, ("all day", "now")),
        (EVERY_NIGHT, ("19:00 (Sun) to 07:00; 19:00 to 07:00 (Tue)", "later")),
        (
            Timetable(ZONE, exceptions=(Pause("2026-11-02T10:00", "2026-11-02T13:00"),)),
            ("until 10:00; from 13:00", "later"),
        ),
        (Timetable(ZONE, until_date="2026-11-01"), ("not today", "none")),
        (Timetable(ZONE, exceptions=(Pause("2026-11-02", "2026-11-02"),)), ("not today", "none")),
    ],
)
def test_today_says_whole_days_and_what_an_exception_leaves(table: Timetable, said: tuple[str, str]) -> None:
    assert today(table) == said


def test_changed_dates_and_exceptions_are_told() -> None:
    before = Timetable(ZONE, EVERY_NIGHT.rows, exceptions=(Pause("2026-12-25", "2026-12-25"),))
    after = Timetable(ZONE, EVERY_NIGHT.rows, until_date="2026-12-31", exceptions=(Pause("2026-12-26", "2026-12-27"),))
    assert body_changes(zone(before), zone(after)) == [
        "The weekly lines hold until Thu 31 Dec 2026, before without first or last date.",
        "Exception added: all day from Sat 26 Dec 2026 to Sun 27 Dec 2026.",
        "Exception removed: all day Fri 25 Dec 2026.",
    ]


def test_an_exception_to_always_is_not_told_as_a_change_from_always() -> None:
    after = Timetable(ZONE, from_date="2026-11-02", exceptions=(Pause("2026-12-25", "2026-12-25"),))
    assert body_changes(zone(Timetable(ZONE)), zone(after)) == [
        "It holds from Mon 2 Nov 2026, before without first or last date.",
        "Exception added: all day Fri 25 Dec 2026.",
    ]
