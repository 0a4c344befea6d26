"""The editors of absences, attendance and allowances: what is typed, read back, and stands on the pages."""

import datetime as dt
import re
import zoneinfo

import pytest
from django.test import Client

from surety.rules.conditions import Absence, Attendance, Curfew
from surety.server.accounts.models import Role
from surety.server.cases import queries as cases
from surety.server.cases.models import Condition
from surety.server.console.tests.case_cast import (
    DAY_MS,
    HOME,
    SCHOOL,
    ZONE,
    Case,
    case,
    conditions_called,
    user,
    version_called,
)
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


@pytest.fixture
def officer(ana: Case) -> Client:
    client = Client()
    client.force_login(ana.officer)
    return client


def moment(days: float) -> str:
    """A time in a datetime-local field."""
    at = dt.datetime.fromtimestamp((now_ms() + days * DAY_MS) / 1000, zoneinfo.ZoneInfo(ZONE))
    return at.strftime("%Y-%m-%dT%H:%M")


def absence_form(**changes: object) -> dict[str, object]:
    return {
        "label": "Wedding",
        "absence_kind": "authorised_absence",
        "absence_reason": "a wedding",
        "span-0-start": moment(3),
        "span-0-end": moment(4),
        "span-1-start": "",
        "span-1-end": "",
        "effective_from": "",
        "reason": "",
    } | changes


def attendance_form(**changes: object) -> dict[str, object]:
    return {
        "label": "Course",
        "purpose": "anger management",
        "place-0-name": "Elm Centre",
        "place-0-shape": "circle",
        "place-0-lat": str(SCHOOL[0]),
        "place-0-lon": str(SCHOOL[1]),
        "place-0-radius": "60",
        "min_stay": "60",
        "tolerance": "10",
        "row-0-day": "wed",
        "row-0-start": "10:00",
        "row-0-end": "12:00",
        "minutes": "15",
        "effective_from": "",
        "reason": "",
    } | changes


def body_of(label: str) -> object:
    found = next(c for c in cases.condition_set(_person_of(label)).conditions if c.id == _condition(label).pk)
    return found.body


def _condition(label: str) -> Condition:
    return conditions_called(label)[0]


def _person_of(label: str) -> str:
    return _condition(label).order.person_id


def add(officer: Client, ana: Case, kind: str, form: dict[str, object]):
    return officer.post(f"/orders/{ana.order.pk}/conditions/new/{kind}", form)


# --- absences


def test_leave_once_becomes_an_absence_and_the_page_says_so(ana: Case, officer: Client):
    answer = add(officer, ana, "absence", absence_form())
    assert answer.status_code == 302, answer.context["error"]
    body = body_of("Wedding")
    assert isinstance(body, Absence)
    assert (body.spans[0].start, body.spans[0].end) == (absence_form()["span-0-start"], absence_form()["span-0-end"])
    page = officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    assert "Authorised absence: no need to be where you are ordered to be" in page
    assert "Reason: a wedding." in page


def test_leave_every_week_for_one_condition_names_it(ana: Case, officer: Client):
    times = {"row-0-day": "fri", "row-0-start": "12:00", "row-0-end": "14:00", "applies_to": [ana.curfew_id]}
    form = absence_form(**{"span-0-start": "", "span-0-end": ""}) | times
    assert add(officer, ana, "absence", form).status_code == 302
    body = body_of("Wedding")
    assert isinstance(body, Absence)
    assert body.applies_to == (ana.curfew_id,)
    page = officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    assert "Authorised absence: &quot;Night curfew&quot; need not be kept Friday 12:00-14:00" in page


def test_leave_that_has_begun_holds_from_its_beginning_and_needs_a_reason(ana: Case, officer: Client):
    begun = absence_form(**{"span-0-start": moment(-0.5)})
    refused = add(officer, ana, "absence", begun)
    assert refused.status_code == 422
    assert "reason" in refused.context["error"].sentence
    assert add(officer, ana, "absence", begun | {"reason": "agreed on the telephone"}).status_code == 302
    version = version_called("Wedding")
    assert abs(version.effective_from_ms - (now_ms() - DAY_MS / 2)) < 120_000


def test_more_leave_in_a_later_version_does_not_reach_back_to_the_first(ana: Case, officer: Client):
    add(officer, ana, "absence", absence_form(**{"span-0-start": moment(-0.5)}, reason="told late"))
    condition = _condition("Wedding")
    page = officer.get(f"/conditions/{condition.pk}/edit").content.decode()
    first = re.search(r'name="span-0-start" value="([^"]+)"', page)
    assert first is not None
    later = absence_form(**{"span-0-start": first[1], "span-1-start": moment(8), "span-1-end": moment(9)})
    answer = officer.post(f"/conditions/{condition.pk}/edit", later)
    assert answer.status_code == 302, answer.context["error"]
    assert now_ms() - condition.versions.get(version=2).effective_from_ms < 120_000
    assert "Added: " in officer.get(f"/conditions/{condition.pk}/history").content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"span-0-start": "", "span-0-end": ""}, "days and times"),
        ({"span-0-end": ""}, "until which"),
        ({"absence_reason": ""}, "reason"),
        ({"always": "1"}, "no times"),
        ({"applies_to": ["nothing"]}, "does not have"),
    ],
)
def test_an_absence_that_cannot_stand_is_refused(ana: Case, officer: Client, changes: dict[str, object], said: str):
    answer = add(officer, ana, "absence", absence_form(**changes))
    assert answer.status_code == 422
    assert said in answer.context["error"].sentence
    assert not conditions_called("Wedding")


def test_a_suspension_until_ended_is_an_absence_without_times(ana: Case, officer: Client):
    form = absence_form(**{"span-0-start": "", "span-0-end": ""}) | {"absence_kind": "suspension", "always": "1"}
    assert add(officer, ana, "absence", form).status_code == 302
    page = officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    assert "Suspended: every curfew, zone, attendance and photo check-in need not be kept at all times" in page
    today = officer.get(f"/people/{ana.person.pk}").context["duties"]
    asked_now = {duty["what"] for duty in today if duty["state"] == "now"}
    assert asked_now == {"Suspended: a wedding", "Carry the device and keep it charged"}


def test_before_saving_it_says_which_zones_an_absence_lifts(ana: Case, officer: Client):
    def preview(**changes: object) -> list[str]:
        answer = officer.post(f"/people/{ana.person.pk}/preview/absence", absence_form(**changes))
        found: list[str] = answer.json()["lines"]
        return found

    assert not any("Look again" in line for line in preview())
    assert any("Look again" in line for line in preview(absence_kind="suspension"))
    assert any("Look again" in line for line in preview(applies_to=[ana.zone_id]))


# --- attendance


def test_a_weekly_course_becomes_an_attendance_and_comes_back_into_the_form(ana: Case, officer: Client):
    answer = add(officer, ana, "attendance", attendance_form())
    assert answer.status_code == 302, answer.context["error"]
    body = body_of("Course")
    assert isinstance(body, Attendance)
    assert (body.purpose, body.min_stay_s, body.tolerance_s) == ("anger management", 3_600, 600)
    condition = _condition("Course")
    page = officer.get(f"/conditions/{condition.pk}/edit").content.decode()
    for text in ('value="anger management"', 'value="Elm Centre"', 'name="min_stay" inputmode="numeric" value="60"'):
        assert text in page
    changed = officer.post(f"/conditions/{condition.pk}/edit", attendance_form(min_stay="45"))
    assert changed.status_code == 302, changed.context["error"]
    history = officer.get(f"/conditions/{condition.pk}/history").content.decode()
    assert "Stay of at least 45 minutes, was 1 hour." in history


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"purpose": ""}, "attends"),
        ({"min_stay": "115"}, "leaves no room"),
        ({"min_stay": "soon"}, "whole number"),
        ({"row-0-start": "", "row-0-end": ""}, "at least one time"),
        ({"place-0-name": ""}, "name"),
    ],
)
def test_attendance_that_cannot_stand_is_refused(ana: Case, officer: Client, changes: dict[str, object], said: str):
    answer = add(officer, ana, "attendance", attendance_form(**changes))
    assert answer.status_code == 422
    assert said in answer.context["error"].sentence


# --- allowance


def test_an_allowance_is_kept_through_the_form_and_its_change_is_told(ana: Case, officer: Client):
    form = {
        "place-0-name": "Home",
        "place-0-shape": "circle",
        "place-0-lat": str(HOME[0]),
        "place-0-lon": str(HOME[1]),
        "place-0-radius": "80",
        "row-0-day": "mon",
        "row-0-start": "19:00",
        "row-0-end": "07:00",
        "minutes": "15",
        "allowance_day": "30",
        "allowance_week": "",
    }
    answer = officer.post(f"/conditions/{ana.curfew_id}/edit", form)
    assert answer.status_code == 302, answer.context["error"]
    found = [c.body for c in cases.condition_set(ana.person.pk).conditions if c.id == ana.curfew_id]
    assert isinstance(found[-1], Curfew)
    assert (found[-1].allowance_day_min, found[-1].allowance_week_min) == (30, 0)
    assert (
        'name="allowance_day" inputmode="numeric" value="30"'
        in officer.get(f"/conditions/{ana.curfew_id}/edit").content.decode()
    )
    history = officer.get(f"/conditions/{ana.curfew_id}/history").content.decode()
    assert "Tolerated away a day: 30 minutes, was nothing." in history
    refused = officer.post(f"/conditions/{ana.curfew_id}/edit", form | {"allowance_week": "20000"})
    assert refused.status_code == 422


@pytest.mark.parametrize("kind", ["absence", "attendance", "curfew"])
def test_each_editor_opens_empty(ana: Case, officer: Client, kind: str):
    assert officer.get(f"/orders/{ana.order.pk}/conditions/new/{kind}").status_code == 200
