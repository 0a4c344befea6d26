"""Exceptions in the editor, read from calendar files too, and a person's duties as a calendar file."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from icalendar import Calendar

from surety.rules.conditions import Pause
from surety.rules.intervals import Span
from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.cases import actions
from surety.server.cases.models import ConditionVersion
from surety.server.console import exception_form
from surety.server.console.tests.case_cast import DAY_MS, ZONE, Case, case, conditions_called, user
from surety.server.console.tests.test_editors import client_of, curfew_form
from surety.server.console.views_person import cases_body
from surety.server.errors import InvalidError
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


@pytest.fixture
def officer(ana: Case) -> Client:
    return client_of(ana.officer)


def day(days: int) -> dt.date:
    return (dt.datetime.now(tz=dt.UTC) + dt.timedelta(days=days)).date()


def ics(*events: str) -> SimpleUploadedFile:
    parts = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return SimpleUploadedFile("holidays.ics", f"BEGIN:VCALENDAR\r\n{parts}END:VCALENDAR\r\n".encode())


def holiday(days: int, more: str = "") -> str:
    return f"SUMMARY:Holiday\r\nDTSTART;VALUE=DATE:{day(days):%Y%m%d}{more}"


def latest(condition_id: str) -> ConditionVersion:
    return ConditionVersion.objects.filter(condition_id=condition_id).order_by("-version")[0]


# --- lines of text


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("2026-12-25", Pause("2026-12-25", "2026-12-25")),
        ("  2026-12-25   Christmas Day ", Pause("2026-12-25", "2026-12-25", "Christmas Day")),
        ("2026-12-24 18:00 to 2026-12-26 12:00 Leave", Pause("2026-12-24T18:00", "2026-12-26T12:00", "Leave")),
        ("2026-12-24 18:00 to 22:00", Pause("2026-12-24T18:00", "2026-12-24T22:00")),
        ("2026-12-24 to 2026-12-26", Pause("2026-12-24", "2026-12-26")),
        ("2026-12-24T18:00 to 2026-12-26", Pause("2026-12-24T18:00", "2026-12-26")),
        ("2026-10-25 01:30Z to 02:00 To and fro", Pause("2026-10-25T01:30Z", "2026-10-25T02:00", "To and fro")),
        ("2026-05-01: 1st of May", Pause("2026-05-01", "2026-05-01", "1st of May")),
        ("2026-05-01 to 2026-05-02, to rest", Pause("2026-05-01", "2026-05-02", "to rest")),
        ("2026-05-01 : : odd", Pause("2026-05-01", "2026-05-01", ": odd")),
    ],
)  # fmt: skip
def test_a_line_is_an_exception_and_the_exception_that_line_again(text: str, pause: Pause):
    assert exception_form.pauses_of(text) == (pause,)
    assert exception_form.pauses_of(exception_form.text_of([pause])) == (pause,)


@pytest.mark.parametrize(
    "line",
    [
        "Christmas",
        "25.12.2026",
        "2026-12-25 18:00",
        "2026-12-25 18:00 Dinner",
        "2026-12-25 25:00 to 26:00",
        "2026-12-25 1800",
        "2026-12-25 to Boxing Day",
    ],
)
def test_a_line_that_says_nothing_clear_is_refused_with_its_number(line: str):
    with pytest.raises(InvalidError, match="Line 2 of the exceptions"):
        exception_form.pauses_of(f"2026-01-01\n{line}")


def test_of_a_file_only_what_is_new_is_added():
    term = Span(now_ms(), now_ms() + 90 * DAY_MS)
    text, new = exception_form.with_file(f"{day(5)} Holiday", ics(holiday(5), holiday(6)), ZONE, term)
    assert (text.splitlines(), new) == ([f"{day(5)} Holiday", f"{day(6)} Holiday"], 1)


# --- the editor


def test_dates_and_exceptions_are_saved_told_and_come_back_into_the_form(ana: Case, officer: Client):
    form = curfew_form(
        from_date=str(day(1)), until_date=str(day(60)), exceptions=f"{day(9)} Funeral\n{day(20)} 10:00 to 12:00"
    )
    assert officer.post(f"/conditions/{ana.curfew_id}/edit", form).status_code == 302
    table = latest(ana.curfew_id).body["timetable"]
    assert (table["from_date"], table["until_date"]) == (str(day(1)), str(day(60)))
    assert [pause["start"] for pause in table["exceptions"]] == [str(day(9)), f"{day(20)}T10:00"]
    page = officer.get(f"/conditions/{ana.curfew_id}/history").content.decode()
    assert f"except all day {day(9):%a} {day(9).day} {day(9):%b %Y} (Funeral)" in page
    assert "Exceptions added: " in page
    fields = officer.get(f"/conditions/{ana.curfew_id}/edit").context["fields"]
    assert (fields.from_date, fields.until_date) == (str(day(1)), str(day(60)))
    assert fields.exceptions == f"{day(9)} Funeral\n{day(20)} 10:00 to 12:00"


def test_whole_days_of_lockdown_are_said_in_words(ana: Case, officer: Client):
    form = curfew_form(**{"row-0-start": "00:00", "row-0-end": "00:00"})
    lines = officer.post(f"/people/{ana.person.pk}/preview/curfew", form).json()["lines"]
    assert lines[0] == "Be at Home all day Monday (Europe/London)."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exceptions": "some day"}, "Line 1 of the exceptions"),
        ({"exceptions": "2026-02-30"}, "2026-02-30"),
        ({"exceptions": "2026-12-25 to 2026-12-24"}, "The exception from 2026-12-25 to 2026-12-24 does not end"),
        ({"from_date": "2026-12-25", "until_date": "2026-12-24"}, "The last date, 2026-12-24, lies before the first"),
    ],
)
def test_dates_that_cannot_stand_are_refused_and_kept_as_typed(
    ana: Case, officer: Client, changes: dict[str, object], said: str
):
    answer = officer.post(f"/conditions/{ana.curfew_id}/edit", curfew_form(**changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert all(getattr(answer.context["fields"], name) == value for name, value in changes.items())
    assert latest(ana.curfew_id).version == 1


def test_a_calendar_file_is_shown_before_anything_is_saved(ana: Case, officer: Client):
    weekly = "SUMMARY:Class\r\nDTSTART:20260105T180000\r\nDURATION:PT2H\r\nRRULE:FREQ=WEEKLY"
    form = curfew_form(
        calendar=ics(holiday(9), holiday(10, "\r\nRRULE:FREQ=YEARLY"), weekly), exceptions=f"{day(5)} Visit"
    )
    answer = officer.post(f"/conditions/{ana.curfew_id}/edit", form)
    assert answer.status_code == 200
    assert "events were read from holidays.ics" in answer.content.decode()
    lines = answer.context["fields"].exceptions.splitlines()
    assert lines[0] == f"{day(5)} Visit"
    assert f"{day(9)} Holiday" in lines
    assert f"{day(10)} Holiday" in lines
    assert sum(line.endswith("Class") for line in lines) in (11, 12)  # the order has 80 days to go
    assert latest(ana.curfew_id).version == 1
    form = curfew_form(exceptions=answer.context["fields"].exceptions)
    assert officer.post(f"/conditions/{ana.curfew_id}/edit", form).status_code == 302
    assert len(latest(ana.curfew_id).body["timetable"]["exceptions"]) == len(lines)


def test_a_calendar_file_can_be_read_into_a_new_condition(ana: Case, officer: Client):
    answer = officer.post(f"/orders/{ana.order.pk}/conditions/new/curfew", curfew_form(calendar=ics(holiday(9))))
    assert answer.status_code == 200
    assert "1 event was read from holidays.ics" in answer.content.decode()
    assert not conditions_called("Curfew")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (SimpleUploadedFile("a.ics", b"Dear Sir"), "The calendar file cannot be used. The line"),
        (SimpleUploadedFile("a.ics", b"x" * 1_000_001), "larger than 1 MB"),
        (ics("SUMMARY:Bells\r\nDTSTART:20260301T100000\r\nRRULE:FREQ=SECONDLY"), "Bells&quot; (20260301) repeats"),
        (ics("DTSTART;VALUE=DATE:19990101"), "no event in the time of the order"),
    ],
)  # fmt: skip
def test_a_calendar_file_that_cannot_be_read_is_refused_in_one_sentence(
    ana: Case, officer: Client, file: SimpleUploadedFile, said: str
):
    file.seek(0)
    answer = officer.post(f"/conditions/{ana.curfew_id}/edit", curfew_form(calendar=file))
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_dates_are_checked_by_whoever_writes_a_condition(ana: Case):
    body = cases_body(latest(ana.curfew_id).body)
    table = {"zone": ZONE, "one_offs": [{"date": "2026-02-30", "start": "10:00", "end": "12:00"}]}
    raw = {"kind": "curfew", "places": [{"name": "Home", "area": body.places[0].area}], "timetable": table}
    with pytest.raises(InvalidError, match="2026-02-30"):
        actions.change_condition(ana.curfew_id, raw, effective_from_ms=now_ms(), acting_user=None, now_ms=now_ms())


# --- the download


def test_the_download_is_what_is_asked_and_stands_on_the_record(ana: Case, officer: Client):
    answer = officer.get(f"/people/{ana.person.pk}/calendar.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["Cache-Control"] == "no-store"
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in events} == {"Be at Home", 'Stay out of "School"'}
    assert 79 <= sum(event["SUMMARY"] == "Be at Home" for event in events) <= 82
    entry = Entry.objects.get(action="calendar.downloaded")
    assert (entry.person_id, entry.actor_name) == (ana.person.pk, str(ana.officer))
    assert "Calendar of duties downloaded" in officer.get(f"/people/{ana.person.pk}/record").content.decode()


def test_leave_is_not_in_the_calendar(ana: Case, officer: Client):
    begin = now_ms() + DAY_MS
    span = {"start": str(day(2)), "end": str(day(8))}
    leave = {
        "kind": "absence",
        "absence_kind": "authorised_absence",
        "timetable": {"zone": ZONE},
        "spans": [span],
        "reason": "A wedding",
    }
    before = officer.get(f"/people/{ana.person.pk}/calendar.ics").content.count(b"SUMMARY:Be at Home")
    actions.add_condition(
        ana.order.pk, leave, label="Leave", effective_from_ms=begin, acting_user=None, now_ms=now_ms()
    )
    after = officer.get(f"/people/{ana.person.pk}/calendar.ics").content.count(b"SUMMARY:Be at Home")
    assert before - after == 6  # seven days, whose first and last night keep a piece each


def test_the_conditions_page_offers_the_calendar(ana: Case, officer: Client):
    assert (
        f"/people/{ana.person.pk}/calendar.ics" in officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    )


def test_where_nothing_is_asked_there_is_no_calendar_and_no_entry(ana: Case, officer: Client):
    for condition_id in (ana.curfew_id, ana.zone_id):
        actions.withdraw_condition(condition_id, effective_from_ms=now_ms(), acting_user=None, now_ms=now_ms())
    assert officer.get(f"/people/{ana.person.pk}/calendar.ics").status_code == 404
    assert not Entry.objects.filter(action="calendar.downloaded").exists()


def test_nobody_without_access_to_the_person_gets_the_calendar(ana: Case):
    address = f"/people/{ana.person.pk}/calendar.ics"
    assert client_of(user("nina other", Role.OFFICER)).get(address).status_code == 404
    assert client_of(user("ada admin", Role.ADMINISTRATOR)).get(address).status_code == 403
    assert Client().get(address).status_code == 302
    assert not Entry.objects.filter(action="calendar.downloaded").exists()
