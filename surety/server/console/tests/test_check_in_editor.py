"""The editor of photo check-ins: what is typed, read back, refused in one sentence, and stands on the pages."""

import pytest
from django.test import Client

from surety.rules.conditions import CheckInDuty, Weekday
from surety.server.accounts.models import Role
from surety.server.cases import queries as cases
from surety.server.cases.models import ConditionVersion
from surety.server.console.tests.case_cast import ZONE, Case, case, conditions_called, user
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


def form(**changes: str) -> dict[str, str]:
    week = {
        f"row-{i}-{part}": value
        for i, day in enumerate(Weekday)
        for part, value in (("day", day.value), ("start", "07:00"), ("end", "22:00"))
    }
    return {
        "label": "Photo check-ins",
        "per_day": "3",
        "how": "unforeseen",
        "fixed": "",
        "response": "30",
        "late": "24",
        "apart": "60",
        "exempt": "Work mon-fri 09:00-17:00\nMass, sun 10:00 to 11:30",
        "exceptions": "2026-12-25 Christmas Day",
        "effective_from": "",
        "reason": "",
        **week,
    } | changes


def post(officer: Client, ana: Case, **changes: str) -> str:
    order = cases.orders(ana.person.pk)[0]
    response = officer.post(f"/orders/{order.pk}/conditions/new/check_in", form(**changes), follow=True)
    return response.content.decode()


def duty() -> CheckInDuty:
    condition = conditions_called("Photo check-ins")[0]
    found = [one for one in cases.condition_set(condition.order.person_id).conditions if one.id == condition.pk][-1]
    assert isinstance(found.body, CheckInDuty)
    return found.body


def test_what_is_typed_is_ordered_and_said_in_plain_words(officer: Client, ana: Case) -> None:
    page = post(officer, ana)
    body = duty()
    assert (body.per_day, body.response_s, body.late_until_s, body.apart_s) == (3, 1_800, 86_400, 3_600)
    assert [(one.name, len(one.timetable.rows)) for one in body.exempt] == [("Work", 5), ("Mass", 1)]
    assert (body.timetable.zone, body.timetable.exceptions[0].name) == (ZONE, "Christmas Day")
    assert "Photographs are asked for at times that are not told before, every day 07:00-22:00" in page
    assert "Never during: Work (Monday to Friday 09:00-17:00); Mass (Sunday 10:00-11:30)." in page


def test_the_form_comes_back_as_it_was_ordered_and_changes_are_told(officer: Client, ana: Case) -> None:
    post(officer, ana)
    condition = conditions_called("Photo check-ins")[0]
    page = officer.get(f"/conditions/{condition.pk}/edit").content.decode()
    assert "Work mon-fri 09:00-17:00\nMass sun 10:00-11:30" in page
    assert 'name="per_day" inputmode="numeric" value="3"' in page
    changed = form(per_day="2", how="fixed", fixed="08:00, 20:30", exempt="", reason="Does well")
    history = officer.post(f"/conditions/{condition.pk}/edit", changed, follow=True).content.decode()
    assert "Photographs a day: up to 2, was 3." in history
    assert "Asked for at 08:00 and 20:30, was at times that are not told before." in history
    assert "No longer left out: Work, Monday to Friday 09:00-17:00" in history
    assert duty().fixed == ("08:00", "20:30")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"per_day": "6"}, "Write how many photographs a day are asked for as a whole number from 0 to 5."),
        ({"per_day": "many"}, "Write how many photographs a day are asked for as a whole number from 0 to 5."),
        ({"response": "2"}, "Write the minutes to answer as a whole number from 5 to 1,440."),
        ({"late": "100"}, "Write the hours in which it may come late as a whole number from 0 to 72."),
        ({"how": "fixed", "fixed": "9 am"}, "is not a time; write the fixed times as 09:00, 14:30."),
        ({"how": "fixed", "fixed": "09:00"}, "Give 3 fixed times, as so many are asked for a day."),
        ({"exempt": "Work always"}, "Line 1 of the exemptions is &quot;Work always&quot;; write what it is"),
        ({"exempt": "Work foo 09:00-17:00"}, "Line 1 of the exemptions"),
        ({"apart": "300"}, "On a Monday only 2 of 3 photographs fit into what is allowed, 300 minutes apart"),
        ({"exempt": "Life every day 00:00-24:00"}, "The exemptions leave no time in which a photograph could be asked"),
        ({"exceptions": "Christmas"}, "Line 1 of the exceptions"),
    ],
)
def test_what_cannot_stand_is_refused_in_one_sentence(
    officer: Client, ana: Case, changes: dict[str, str], sentence: str
) -> None:
    assert sentence in post(officer, ana, **changes)
    assert not ConditionVersion.objects.filter(kind="check_in").exists()


def test_the_live_sentence_says_what_the_person_will_read_and_that_no_order_allows_it(
    officer: Client, ana: Case
) -> None:
    lines = officer.post(f"/people/{ana.person.pk}/preview/check_in", form()).json()["lines"]
    assert lines[0].startswith("Answer with a photograph of yourself when asked, up to 3 times a day")
    assert "Look again: no order in force lets photographs be taken, so none would be asked for." in lines


def test_it_stands_among_the_duties_of_today(officer: Client, ana: Case) -> None:
    post(officer, ana, exempt="")
    page = officer.get(f"/people/{ana.person.pk}").content.decode()
    assert "Answer with a photograph when asked, up to 3 times" in page
    # From seven, or from now on where it is later: the duty begins when it is recorded.
    assert " to 22:00" in page or "not today" in page


def test_leave_may_name_check_ins(officer: Client, ana: Case) -> None:
    post(officer, ana)
    condition = conditions_called("Photo check-ins")[0]
    order = cases.orders(ana.person.pk)[0]
    page = officer.get(f"/orders/{order.pk}/conditions/new/absence").content.decode()
    assert f'value="{condition.pk}"' in page
    wanted = {
        "label": "Clinic", "absence_kind": "authorised_absence", "absence_reason": "in hospital", "always": "1",
        "applies_to": condition.pk, "effective_from": "", "reason": "",
    }  # fmt: skip
    told = officer.post(f"/orders/{order.pk}/conditions/new/absence", wanted, follow=True).content.decode()
    assert "Authorised absence: &quot;Photo check-ins&quot; need not be kept at all times." in told
