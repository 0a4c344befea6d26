"""A person's pages: who sees whom, what is said, and that a trail is never read unnoticed."""

from pathlib import Path

import pytest
from django.test import Client

from surety.rules.facts import DeviceReport, encode
from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases.models import OrderVersion
from surety.server.console.tests.case_cast import DAY_MS, MINUTE_MS, Case, case, record_day, user
from surety.server.monitoring.models import StoredFact
from surety.server.monitoring.sealed import FACT, seal
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


def client_of(who: object) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.fixture
def officer(ana: Case) -> Client:
    return client_of(ana.officer)


PAGES = ("", "/trail", "/conditions", "/alerts", "/record")


@pytest.mark.parametrize("page", PAGES)
def test_the_officer_sees_every_page_of_their_own_person(ana: Case, officer: Client, page: str):
    answer = officer.get(f"/people/{ana.person.pk}{page}")
    assert answer.status_code == 200
    assert "Ana Maria Berg" in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_to_another_officer_the_person_is_not_there(ana: Case, page: str):
    assert client_of(user("nina other", Role.OFFICER)).get(f"/people/{ana.person.pk}{page}").status_code == 404


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.FACE_REVIEWER, Role.DISCLOSURE_OFFICER])
def test_roles_without_case_access_are_refused(ana: Case, role: Role, page: str):
    assert client_of(user("no access", role)).get(f"/people/{ana.person.pk}{page}").status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_nobody_gets_in_without_a_log_in(ana: Case, page: str):
    answer = Client().get(f"/people/{ana.person.pk}{page}")
    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]


def test_an_operator_of_another_region_does_not_see_the_person(ana: Case):
    there = client_of(user("ola south", Role.OPERATOR, "south"))
    assert there.get(f"/people/{ana.person.pk}").status_code == 404
    assert "AB-1042" not in there.get("/people").content.decode()


@pytest.mark.parametrize("asked", ["berg", "AB-1042", "ana ber", "1042"])
def test_people_are_found_by_name_and_reference(ana: Case, officer: Client, asked: str):
    assert "AB-1042" in officer.get("/people", {"q": asked}).content.decode()


def test_people_are_not_found_by_a_place(ana: Case, officer: Client):
    for asked in ("Home", "School", "55.1168", "55.1168, -2.6690"):
        assert "AB-1042" not in officer.get("/people", {"q": asked}).content.decode()


def test_today_says_what_is_asked_and_the_state_of_the_device(ana: Case, officer: Client, tmp_path: Path):
    record_day(ana, now_ms(), tmp_path)
    page = officer.get(f"/people/{ana.person.pk}").content.decode()
    assert "Be at Home" in page
    assert "Stay out of &quot;School&quot;" in page
    assert "Battery 41 %" in page
    assert "In force." in page


def test_a_trail_is_not_shown_without_a_purpose(ana: Case, officer: Client, tmp_path: Path):
    record_day(ana, now_ms(), tmp_path)
    given = {"from": "2020-01-01T00:00", "to": "2020-01-02T00:00", "purpose": "look"}
    answer = officer.post(f"/people/{ana.person.pk}/trail", given)
    assert "Say what you need the trail for" in answer.content.decode()
    assert not Entry.objects.filter(action="trail.read").exists()


@pytest.mark.parametrize(
    ("from_", "to", "said"),
    [
        ("2026-03-02T00:00", "2026-03-01T00:00", "ends after it begins"),
        ("2026-03-01T00:00", "2026-03-20T00:00", "at most seven days"),
        ("yesterday", "2026-03-20T00:00", "two dates"),
    ],
)
def test_a_window_that_cannot_be_says_why(ana: Case, officer: Client, from_: str, to: str, said: str):
    given = {"from": from_, "to": to, "purpose": "to answer the court"}
    assert said in officer.post(f"/people/{ana.person.pk}/trail", given).content.decode()
    assert not Entry.objects.filter(action="trail.read").exists()


def read_trail(ana: Case, client: Client) -> str:
    page = client.get(f"/people/{ana.person.pk}/trail").context["given"]
    given = {"from": page["from"], "to": page["to"], "purpose": "to answer the court"}
    return client.post(f"/people/{ana.person.pk}/trail", given).content.decode()


def test_reading_a_trail_is_an_audit_entry_with_its_window_and_purpose(ana: Case, officer: Client, tmp_path: Path):
    record_day(ana, now_ms(), tmp_path)
    read_trail(ana, officer)
    entry = Entry.objects.get(action="trail.read")
    assert entry.person_id == ana.person.pk
    assert entry.actor_name == str(ana.officer)
    assert "to answer the court" in str(detail_of(entry))
    assert "to answer the court" not in entry.detail  # it lies under the person's key
    assert "from_ms" in entry.detail


def test_every_reading_is_an_entry_of_its_own(ana: Case, officer: Client):
    read_trail(ana, officer)
    read_trail(ana, officer)
    assert Entry.objects.filter(action="trail.read").count() == 2


def test_the_trail_shows_the_positions_and_names_the_gap(ana: Case, officer: Client, tmp_path: Path):
    record_day(ana, now_ms(), tmp_path)
    page = read_trail(ana, officer)
    assert "Nothing recorded for 31 minutes: where the person was is not known." in page
    assert "cell tower" in page
    assert "250 m" in page
    assert "late" in page


def test_the_record_shows_who_read_the_trail_and_why(ana: Case, officer: Client):
    read_trail(ana, officer)
    page = officer.get(f"/people/{ana.person.pk}/record").content.decode()
    assert "Trail read" in page
    assert "to answer the court" in page
    assert "Order recorded" in page


def test_a_role_that_may_not_read_trails_is_refused_before_anything_is_read(ana: Case):
    auditor = client_of(user("ida auditor", Role.AUDITOR))
    assert auditor.post(f"/people/{ana.person.pk}/trail", {"purpose": "to answer the court"}).status_code == 403
    assert not Entry.objects.filter(action="trail.read").exists()


def test_conditions_say_what_is_asked_and_under_which_authority(ana: Case, officer: Client):
    page = officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    assert "Be at Home every day 19:00-07:00 (Europe/London)." in page
    assert "Bail Act 1976, section 3" in page
    assert "leaflet handed over" in page


def test_who_may_only_look_is_offered_no_change(ana: Case):
    page = (
        client_of(user("op north", Role.OPERATOR, "north")).get(f"/people/{ana.person.pk}/conditions").content.decode()
    )
    assert "Add a zone" not in page
    assert "Assign a device" not in page


def test_the_device_says_when_its_battery_will_be_flat_at_its_own_rate(ana: Case, officer: Client):
    now = now_ms()
    for step in range(40):  # from 60 % down by 6 % an hour
        at_ms = now - (40 - step) * 5 * MINUTE_MS
        report = DeviceReport(f"r{step}", ana.device.pk, at_ms, at_ms, int(60 - step / 2), charging=False)
        kept = {"at_ms": at_ms, "received_ms": at_ms, "processed_ms": at_ms}
        kept["body"] = seal(ana.person.pk, encode(report), FACT)
        StoredFact.objects.create(fact_id=report.id, person_id=ana.person.pk, **kept)
    page = officer.get(f"/people/{ana.person.pk}").content.decode()
    assert "Battery 40 %" in page
    assert "flat about" in page


def test_a_trail_is_closed_while_a_review_is_overdue_beyond_its_days_of_grace(officer: Client, ana: Case):
    now = now_ms()
    overdue_ms = now - 8 * DAY_MS
    OrderVersion.objects.filter(order=ana.order).update(review_due_ms=overdue_ms)
    before = Entry.objects.filter(action="trail.read").count()
    answer = officer.post(f"/people/{ana.person.pk}/trail", {"purpose": "to prepare the hearing"})
    assert "no trail is read until a review is recorded" in answer.content.decode()
    assert "trail" not in answer.context
    assert Entry.objects.filter(action="trail.read").count() == before
    assert "Verdicts only, as its review is overdue" in officer.get(f"/people/{ana.person.pk}").content.decode()


@pytest.mark.parametrize(
    ("late_days", "said"),
    [(1, "In force, but its review is overdue"), (8, "Verdicts only"), (22, "Suspended, as its review did not come")],
)
def test_a_late_review_is_told_with_what_happens_next(officer: Client, ana: Case, late_days: int, said: str):
    OrderVersion.objects.filter(order=ana.order).update(review_due_ms=now_ms() - late_days * DAY_MS)
    assert said in officer.get(f"/people/{ana.person.pk}").content.decode()
