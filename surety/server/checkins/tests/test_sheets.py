"""Sheets: what a watch shows of today and tomorrow, by the person's clocks, in their language, and when it is anew."""

import datetime as dt
import json
import string
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Circle,
    Curfew,
    Exemption,
    Place,
    Row,
    Timetable,
    Trail,
    Weekday,
    Zone,
    ZoneKind,
)
from surety.server.cases import actions as cases
from surety.server.cases import queries as known
from surety.server.cases.models import Condition, Person
from surety.server.checkins import wording
from surety.server.checkins.asker import Asker
from surety.server.checkins.models import Sheet
from surety.server.checkins.tests.asking_cast import DAY_MS, HOUR_MS, KEY, MINUTE_MS, MONDAY_MS, duty, somebody
from surety.server.notices.models import Notice
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
HOME = Place("Home", Circle(51.5, -0.1, 100))
NIGHTS = Curfew((HOME,), Timetable("Europe/London", tuple(Row(day, "19:00", "07:00") for day in Weekday)))
SCHOOL = Zone(ZoneKind.EXCLUSION, "School", Circle(51.52, -0.1, 150), Timetable("Europe/London"))
NINE_MS = MONDAY_MS + 9 * HOUR_MS


def sheet(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Sheet.objects.get(person=person).body)
    return found


def shown(person: Person) -> list[tuple[str, str]]:
    """The duties as a clock in London shows them."""

    def clock(at_ms: int) -> str:
        return f"{dt.datetime.fromtimestamp(at_ms / 1000, ZoneInfo('Europe/London')):%a %H:%M}"

    return [(one["text"], f"{clock(one['from_ms'])} - {clock(one['to_ms'])}") for one in sheet(person)["duties"]]


def test_the_duties_of_today_and_tomorrow_are_told_with_their_times(stream: Stream) -> None:
    ada = somebody(NIGHTS, SCHOOL, Trail(charge_min_a_day=60), duty(3))
    Asker(stream, KEY).run_once(NINE_MS)
    photo = "Send a photo of yourself when you are asked. Up to 3 times a day, each within 30 minutes"
    assert shown(ada) == [
        ("Be at Home", "Sun 19:00 - Mon 07:00"),
        ("Carry the device and charge it for 1 hour a day", "Mon 00:00 - Wed 00:00"),
        ('Stay out of "School"', "Mon 00:00 - Wed 00:00"),
        (photo, "Mon 07:00 - Mon 22:00"),
        ("Be at Home", "Mon 19:00 - Tue 07:00"),
        (photo, "Tue 07:00 - Tue 22:00"),
        ("Be at Home", "Tue 19:00 - Wed 07:00"),
    ]
    assert {one["kind"] for one in sheet(ada)["duties"]} == {"curfew", "trail", "zone", "check_in"}
    assert (sheet(ada)["language"], sheet(ada)["time_zone"], sheet(ada)["push_key"]) == ("en", "Europe/London", "")
    assert Sheet.objects.get().renew_ms == MONDAY_MS + DAY_MS


def test_it_never_says_when_a_photograph_will_be_asked_for(stream: Stream) -> None:
    work = Exemption("Work", Timetable("Europe/London", tuple(Row(day, "12:00", "13:00") for day in Weekday)))
    ada = somebody(duty(5, exempt=(work,)))
    Asker(stream, KEY).run_once(NINE_MS)
    assert [when for _, when in shown(ada)] == [
        "Mon 07:00 - Mon 11:30",
        "Mon 13:00 - Mon 22:00",
        "Tue 07:00 - Tue 11:30",
        "Tue 13:00 - Tue 22:00",
    ]


def test_it_is_in_the_persons_language_and_in_english_where_there_is_no_other(stream: Stream) -> None:
    ada, ben = somebody(NIGHTS), somebody(NIGHTS)
    Person.objects.filter(pk=ada.pk).update(language="es-MX")
    Person.objects.filter(pk=ben.pk).update(language="cy")
    Asker(stream, KEY).run_once(NINE_MS)
    assert shown(ada)[0][0] == "Esté en Home"
    assert shown(ben)[0][0] == "Be at Home"
    assert sheet(ben)["language"] == "cy"


def test_a_changed_case_new_words_and_midnight_write_it_anew_and_nothing_else_does(stream: Stream) -> None:
    ada, asker = somebody(NIGHTS), Asker(stream, KEY)
    asker.run_once(NINE_MS)
    first = Sheet.objects.get()
    asker.run_once(NINE_MS + MINUTE_MS)
    assert Sheet.objects.get().made_ms == first.made_ms
    cases.withdraw_condition(
        Condition.objects.get().pk, effective_from_ms=NINE_MS, acting_user=None, now_ms=NINE_MS, reason="Over"
    )
    asker.run_once(NINE_MS + 2 * MINUTE_MS)
    assert shown(ada) == [("Be at Home", "Sun 19:00 - Mon 07:00")]
    Notice.objects.create(
        person_id=ada.pk, finding_id="f" * 32, kind="near_zone", at_ms=NINE_MS, sentence="You are near the school.",
        queued_ms=NINE_MS, expires_ms=NINE_MS + HOUR_MS,
    )  # fmt: skip
    asker.run_once(NINE_MS + 3 * MINUTE_MS)
    assert sheet(ada)["words"] == [{"text": "You are near the school.", "at_ms": NINE_MS}]
    asker.run_once(MONDAY_MS + DAY_MS + MINUTE_MS)
    assert Sheet.objects.get().made_ms == MONDAY_MS + DAY_MS + MINUTE_MS
    assert sheet(ada)["words"]
    asker.run_once(MONDAY_MS + 2 * DAY_MS)
    assert sheet(ada)["words"] == []


def test_leave_is_told_and_cuts_what_it_covers(stream: Stream) -> None:
    ada = somebody(NIGHTS, Absence(AbsenceKind.SUSPENSION, Timetable("Europe/London"), reason="Appeal"))
    Asker(stream, KEY).run_once(NINE_MS)
    assert [text for text, _ in shown(ada)] == ["Your conditions are suspended: Appeal"]


def test_who_gives_the_watch_back_has_no_sheet_and_who_has_none_never_had_one(stream: Stream) -> None:
    ada, _, asker = somebody(NIGHTS), somebody(NIGHTS, watch=False), Asker(stream, KEY)
    asker.run_once(NINE_MS)
    assert [one.person_id for one in Sheet.objects.all()] == [ada.pk]
    row = known.devices_of(ada.pk)[0]
    cases.end_assignment(row.pk, to_ms=NINE_MS + 1, acting_user=None, now_ms=NINE_MS + 1)
    asker.run_once(NINE_MS + 2)
    assert not Sheet.objects.exists()


def test_every_language_says_everything_with_the_same_names_in_it() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english = wording.catalogue("en")
    assert wording.languages() == ("en", "es")
    for tag in wording.languages():
        found = wording.catalogue(tag)
        assert found.keys() == english.keys()
        assert all(names(found[key]) == names(english[key]) for key in english)
