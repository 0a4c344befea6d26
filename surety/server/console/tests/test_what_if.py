"""Everyday places on the Conditions tab, and what a condition would have raised before it is saved."""

from pathlib import Path

import pytest
from django.test import Client

from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases.models import ConditionVersion, EverydayPlace
from surety.server.console.tests.case_cast import HOME, SCHOOL, Case, case, record_day, user
from surety.server.console.tests.test_editors import curfew_form, zone_form
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(tmp_path: Path) -> Case:
    found = case(now_ms(), user("olu officer", Role.OFFICER))
    record_day(found, now_ms(), tmp_path)
    return found


def client_of(who: object) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.fixture
def officer(ana: Case) -> Client:
    return client_of(ana.officer)


def place_form(**changes: object) -> dict[str, object]:
    where = {"area-shape": "circle", "area-lat": str(HOME[0]), "area-lon": str(HOME[1]), "area-radius": "80"}
    return {"kind": "home", "label": "At Mum's", **where} | changes


# --- everyday places ------------------------------------------------------------------------------------------------


def test_a_place_is_recorded_shown_and_taken_off(ana: Case, officer: Client) -> None:
    answer = officer.post(f"/people/{ana.person.pk}/everyday/new", place_form())
    assert answer.status_code == 302
    place = EverydayPlace.objects.get()
    assert (place.kind, place.label, place.recorded_by_name) == ("home", "At Mum's", "Olu Officer")
    page = officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    assert "At Mum&#x27;s" in page
    assert "recorded" in page
    assert officer.get(f"/everyday/{place.pk}/remove").status_code == 200
    assert officer.post(f"/everyday/{place.pk}/remove", {"reason": "moved"}).status_code == 302
    page = officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    assert "None yet. Ask Ana B." in page
    assert officer.post(f"/everyday/{place.pk}/remove").status_code == 422


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": ""}, "Give the place a name"),
        ({"area-lat": "x"}, "Put At Mum&#x27;s on the map"),
        ({"kind": "palace"}, "what the place is for"),
    ],
)
def test_what_is_no_place_comes_back_with_one_sentence(
    ana: Case, officer: Client, changes: dict, sentence: str
) -> None:
    answer = officer.post(f"/people/{ana.person.pk}/everyday/new", place_form(**changes))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not EverydayPlace.objects.exists()


def test_who_may_not_change_the_case_records_and_removes_none(ana: Case, officer: Client) -> None:
    officer.post(f"/people/{ana.person.pk}/everyday/new", place_form())
    place = EverydayPlace.objects.get()
    for who in (user("nina other", Role.OFFICER), user("oda operator", Role.OPERATOR)):
        client = client_of(who)
        assert client.post(f"/people/{ana.person.pk}/everyday/new", place_form()).status_code in (403, 404)
        assert client.post(f"/everyday/{place.pk}/remove").status_code in (403, 404)
    assert EverydayPlace.objects.get().removed_ms is None


# --- what would this have raised ------------------------------------------------------------------------------------


def over_school(**changes: object) -> dict[str, object]:
    shape = {"area-shape": "circle", "area-lat": str(SCHOOL[0]), "area-lon": str(SCHOOL[1]), "area-radius": "150"}
    return zone_form(name="Station", what_if="1", **shape) | changes


def test_a_proposed_zone_tells_what_it_would_have_raised_and_saves_nothing(ana: Case, officer: Client) -> None:
    before = ConditionVersion.objects.count()
    answer = officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", over_school())
    page = answer.content.decode()
    assert answer.status_code == 200
    assert ConditionVersion.objects.count() == before
    assert "What this would have raised" in page
    assert "It would have raised 1 alert." in page
    assert "<td>zone entered</td>" in page
    assert "<td>On the way</td>" in page
    assert 'value="Station"' in page  # the form is as it was left
    read = Entry.objects.get(action="trail.read", person_id=ana.person.pk)
    assert "a proposed condition" in str(detail_of(read)["purpose"])


def test_a_place_that_the_zone_covers_is_pointed_out(ana: Case, officer: Client) -> None:
    at_school = {"area-lat": str(SCHOOL[0]), "area-lon": str(SCHOOL[1]), "area-radius": "60"}
    officer.post(f"/people/{ana.person.pk}/everyday/new", place_form(kind="worship", label="St Jude", **at_school))
    page = officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", over_school()).content.decode()
    assert "Look again: it would cut off St Jude (worship) at its hours." in page


def test_a_changed_curfew_is_compared_with_the_one_in_force(ana: Case, officer: Client) -> None:
    answer = officer.post(f"/conditions/{ana.curfew_id}/edit", curfew_form(what_if="1"))
    assert answer.status_code == 200, answer.content.decode()[:500]
    assert "The condition that it would replace raised" in answer.content.decode()


def test_a_form_that_cannot_be_read_is_mended_first(ana: Case, officer: Client) -> None:
    answer = officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", over_school(**{"area-lat": "x"}))
    assert answer.status_code == 422
    assert "What this would have raised" not in answer.content.decode()
    assert not Entry.objects.filter(action="trail.read").exists()


def test_saving_is_what_enter_does(ana: Case, officer: Client) -> None:
    page = officer.get(f"/orders/{ana.order.pk}/conditions/new/zone").content.decode()
    form = page.split("data-condition")[1]
    assert form.index("Add this condition") < form.index("What would this have raised?")
