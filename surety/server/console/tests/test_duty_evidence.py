"""What stands on the pages about attendance, allowances and leave, and that each finding of them is derived again."""

from pathlib import Path

import pytest
from django.test import Client

from surety.rules.conditions import Attendance, Circle, OneOff, Place, Timetable
from surety.server.accounts.models import Role
from surety.server.alerts.models import Alert
from surety.server.cases import actions as cases
from surety.server.cases.models import Person
from surety.server.console.tests.case_cast import user
from surety.server.monitoring.explain import rederive
from surety.server.monitoring.models import Finding
from surety.server.monitoring.tests.cast import (
    HOME,
    HOUR_MS,
    MINUTE_MS,
    NIGHT_CURFEW,
    SCHOOL,
    START_MS,
    person,
    replaced,
    send,
    stay,
)
from surety.server.monitoring.tests.test_absences import WEDDING
from surety.server.monitoring.worker import Worker
from surety.stream.sql import SqliteStream

pytestmark = pytest.mark.django_db
SHOP = (51.508, -0.12)  # 900 m from home
SINCE_MS = START_MS + 9 * HOUR_MS
COURSE = Attendance(
    "anger management",
    Place("Elm Centre", Circle(lat_deg=SCHOOL[0], lon_deg=SCHOOL[1], radius_m=80)),
    Timetable("Europe/London", (), (OneOff("2026-03-01", "11:00", "13:00"), OneOff("2026-03-01", "14:00", "16:00"))),
    3_600,
)
HOURS = {
    10: HOME,  # the first appointment is missed
    14: SCHOOL,  # the second kept
    16: HOME,
    20: SHOP,  # within the leave, from 19:30 to 21:30, and after it
    23: HOME,
}


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    """A day with an appointment missed and one kept, and an evening out that went on for too long."""
    stream = SqliteStream(tmp_path / "day.sqlite3")
    who = person(replaced(NIGHT_CURFEW, allowance_day_min=30), COURSE, WEDDING, at_ms=SINCE_MS)
    for hour, until in zip(HOURS, [*list(HOURS)[1:], 24], strict=True):
        send(stream, who, stay(HOURS[hour], START_MS + hour * HOUR_MS, START_MS + until * HOUR_MS))
    worker = Worker(stream)
    while not worker.run_once(START_MS + 24 * HOUR_MS).idle:
        pass
    stream.close()
    return who


@pytest.fixture
def officer(ada: Person) -> Client:
    found = user("olu officer", Role.OFFICER)
    cases.assign_officer(ada.pk, found, acting_user=None, now_ms=SINCE_MS)
    client = Client()
    client.force_login(found)
    return client


def test_the_day_is_concluded_as_it_was(ada: Person):
    found = {row.kind: row for row in Finding.objects.filter(person_id=ada.pk)}
    assert {"attendance_missed", "attendance_kept", "curfew_absent_at_start", "allowance_exceeded"} <= set(found)
    assert found["attendance_missed"].at_ms == START_MS + 13 * HOUR_MS
    absent_ms = START_MS + 21 * HOUR_MS + 30 * MINUTE_MS
    assert found["curfew_absent_at_start"].at_ms == absent_ms
    assert found["allowance_exceeded"].at_ms == absent_ms + 30 * MINUTE_MS


def test_each_of_its_findings_is_derived_again_byte_for_byte(ada: Person):
    for row in Finding.objects.filter(person_id=ada.pk):
        for from_start in (False, True):
            assert rederive(row.pk, from_start=from_start).differences == [], row.kind


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "attendance_missed",
            ("Attend anger management at Elm Centre", "Did not attend anger management"),
        ),
        (
            "allowance_exceeded",
            ("up to 30 minutes a day is tolerated", "Away for more than the 30 minutes"),
        ),
        ("curfew_absent_at_start", ("authorised absence ended at 21:30", "The order tolerates 30 minutes more")),
    ],
)
def test_the_evidence_page_says_what_was_ordered_and_how_it_was_worked_out(
    officer: Client, kind: str, said: tuple[str, ...]
):
    alert = Alert.objects.get(kind=kind)
    answer = officer.get(f"/alerts/{alert.pk}/evidence")
    assert answer.status_code == 200
    for text in said:
        assert text in answer.content.decode()


def test_the_person_s_pages_and_the_desk_s_pane_open(ada: Person, officer: Client):
    for page in ("", "/trail", "/conditions", "/alerts", "/record"):
        assert officer.get(f"/people/{ada.pk}{page}").status_code == 200, page
    for alert in Alert.objects.filter(person=ada):
        assert officer.get(f"/alerts/{alert.pk}/").status_code == 200, alert.kind


def test_before_saving_attendance_it_can_be_asked_what_it_would_have_raised(ada: Person, officer: Client):
    form = {
        "label": "Proposed",
        "what_if": "1",
        "purpose": "work placement",
        "place-0-name": "Elm Centre",
        "place-0-shape": "circle",
        "place-0-lat": str(SCHOOL[0]),
        "place-0-lon": str(SCHOOL[1]),
        "place-0-radius": "60",
        "min_stay": "60",
        "tolerance": "10",
        "minutes": "15",
        "row-0-day": "sun",
        "row-0-start": "10:00",
        "row-0-end": "12:00",
    }
    answer = officer.post(f"/orders/{ada.orders.get().pk}/conditions/new/attendance", form)
    assert answer.status_code == 200
    assert answer.context["what_if"]["said"].startswith("Attend work placement at Elm Centre, Sunday 10:00-12:00")
