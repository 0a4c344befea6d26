"""The evidence of one alert: what a magistrate must find on it, and who may see it."""

from pathlib import Path

import pytest
from django.test import Client

from surety.server.accounts.models import Role
from surety.server.alerts import actions as alerts
from surety.server.alerts.models import Alert
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.console.tests.case_cast import Case, case, record_day, user
from surety.server.monitoring import queries as monitoring
from surety.server.monitoring.models import Finding, FormerFinding
from surety.server.monitoring.sealed import FINDING, seal
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


@pytest.fixture
def alert(ana: Case, tmp_path: Path) -> Alert:
    return record_day(ana, now_ms(), tmp_path)


def page_of(who: object, address: str) -> tuple[int, str]:
    client = Client()
    client.force_login(who)
    answer = client.get(address)
    return answer.status_code, answer.content.decode()


def test_it_tells_the_order_the_records_the_conclusion_the_doubts_and_the_decisions(ana: Case, alert: Alert):
    alerts.acknowledge(alert.pk, acting_user=ana.officer, now_ms=now_ms())
    status, page = page_of(ana.officer, f"/alerts/{alert.pk}/evidence")
    assert status == 200
    for said in (
        "1. What was ordered",
        "Stay out of the zone &quot;School&quot; at all times.",
        "Version 1 of the condition, in force from",
        "Bail Act 1976, section 3",
        "2. What was recorded",
        "the finding rests on it",
        "3. How probable it was, over time",
        "inside from 80%",
        "4. What the rule concludes, and how sure it is",
        "5. What could explain it otherwise",
        "Position errors near tall buildings",
        "gap(s) of over five minutes",
        "6. Who decided what",
        "Olu Officer",
        "No outcome has been decided.",
    ):
        assert said in page, said


def test_the_chart_rises_over_the_threshold_where_the_zone_was_entered(ana: Case, alert: Alert):
    client = Client()
    client.force_login(ana.officer)
    rows = client.get(f"/alerts/{alert.pk}/evidence").context["course_rows"]
    held = [row["held"] for row in rows]
    assert held[0] == "outside"
    assert "inside" in held
    assert max(float(row["p"]) for row in rows) > 0.8


def test_showing_it_is_a_reading_of_the_trail(ana: Case, alert: Alert):
    page_of(ana.officer, f"/alerts/{alert.pk}/evidence")
    assert f"evidence of alert {alert.pk}" in str(detail_of(Entry.objects.get(action="trail.read")))


def test_it_shows_how_the_finding_was_worked_out_and_that_it_is_the_stored_one(ana: Case, alert: Alert):
    client = Client()
    client.force_login(ana.officer)
    answer = client.get(f"/alerts/{alert.pk}/evidence")
    page = answer.content.decode()
    assert "How this was worked out" in page
    assert "Derived again, it is the stored finding, byte for byte." in page
    numbers = monitoring.finding(alert.finding_id).evidence.numbers
    assert f"<td>{numbers['p_inside']:.6f}</td>" in page
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="sketch"' in page
    assert "<style" not in page  # the policy of the pages forbids it
    read = detail_of(Entry.objects.get(action="trail.read"))
    shown = [step[1] for step in answer.context["working"].arithmetic.rows]
    assert len(shown) > 10
    assert read["from_ms"] <= alert.at_ms - 30 * 60_000


def test_a_finding_that_later_facts_took_away_names_what_took_its_place(ana: Case, alert: Alert):
    other = Finding.objects.exclude(pk=alert.finding_id).first()
    Finding.objects.filter(pk=alert.finding_id).update(superseded_ms=now_ms(), superseded_by=other.pk)
    _, page = page_of(ana.officer, f"/alerts/{alert.pk}/evidence")
    assert "It was superseded" in page
    assert other.pk in page


def test_the_page_stands_when_the_finding_cannot_be_derived_again(ana: Case, alert: Alert):
    told = {"finding_id": alert.finding_id, "person_id": ana.person.pk, "replaced_ms": now_ms()}
    FormerFinding.objects.create(body=seal(ana.person.pk, b"?", FINDING), **told)
    status, page = page_of(ana.officer, f"/alerts/{alert.pk}/evidence")
    assert status == 200
    assert "could not be derived again" in page


def test_the_map_of_an_alert_holds_the_zone_and_the_marked_positions(ana: Case, alert: Alert):
    client = Client()
    client.force_login(ana.officer)
    drawing = client.get(f"/alerts/{alert.pk}/map.json").json()
    assert [area["role"] for area in drawing["areas"]] == ["exclusion"]
    assert any(fix["mark"] for fix in drawing["fixes"])
    assert Entry.objects.filter(action="trail.read").exists()


@pytest.mark.parametrize("what", ["evidence", "map.json"])
def test_another_officer_an_administrator_and_an_auditor_see_nothing(alert: Alert, what: str):
    address = f"/alerts/{alert.pk}/{what}"
    assert page_of(user("nina other", Role.OFFICER), address)[0] == 404
    assert page_of(user("ada admin", Role.ADMINISTRATOR), address)[0] == 403
    assert page_of(user("ida auditor", Role.AUDITOR), address)[0] == 403
    assert not Entry.objects.filter(action="trail.read").exists()


@pytest.mark.parametrize("what", ["evidence", "map.json"])
def test_an_alert_that_is_not_there_is_not_found(ana: Case, what: str):
    assert page_of(ana.officer, f"/alerts/{'0' * 32}/{what}")[0] == 404
