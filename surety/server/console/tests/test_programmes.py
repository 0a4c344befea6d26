"""Programme-wide zones on pages: two people, and then each person who was told."""

import pytest
from django.test import Client

from surety.server.accounts.models import Role, User
from surety.server.cases import queries
from surety.server.cases.models import ProgrammeTold, ProgrammeZone, ProgrammeZoneVersion
from surety.server.console.tests.case_cast import Case, case, now_ms, user

pytestmark = pytest.mark.django_db
FORM = {
    "label": "Match days",
    "name": "Stadium",
    "legal_basis": "Football Spectators Act 1989, s. 14",
    "order_types": ["community", "bail"],
    "region": "",
    "zone_kind": "exclusion",
    "warn": "200",
    "area-shape": "circle",
    "area-lat": "55.12",
    "area-lon": "-2.66",
    "area-radius": "300",
    "row-0-day": "sat",
    "row-0-start": "12:00",
    "row-0-end": "19:00",
    "time_zone": "Europe/London",
    "minutes": "60",
    "reason": "the season begins",
}


def client_of(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


@pytest.fixture
def ida() -> Client:
    return client_of(user("ida supervisor", Role.SUPERVISOR))


@pytest.fixture
def adi() -> Client:
    return client_of(user("adi admin", Role.ADMINISTRATOR))


def proposed(by: Client) -> ProgrammeZone:
    answer = by.post("/programme-zones/new", FORM)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return ProgrammeZone.objects.get()


def confirmed(by: Client, other: Client) -> ProgrammeZone:
    zone = proposed(by)
    other.post(f"/programme-zones/{zone.pk}/do", {"do": "confirm", "reason": "checked"})
    return zone


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_was_proposed_waits_and_says_so(adi: Client, ida: Client):
    zone = proposed(adi)
    version = ProgrammeZoneVersion.objects.get()
    assert (version.state, version.order_types, version.body["warn_m"]) == ("proposed", ["bail", "community"], 200)
    assert "waits for a second person" in page(ida, "/programme-zones")
    said = page(ida, f"/programme-zones/{zone.pk}")
    assert "Stay out of the zone &quot;Stadium&quot;" in said
    assert ">Confirm<" in said
    own = page(adi, f"/programme-zones/{zone.pk}")
    assert ">Confirm<" not in own
    assert "Take it back" in own


def test_a_second_person_confirms_and_the_proposer_cannot(adi: Client, ida: Client):
    zone = proposed(ida)
    ida.post(f"/programme-zones/{zone.pk}/do", {"do": "confirm"})
    assert ProgrammeZoneVersion.objects.get().state == "proposed"
    adi.post(f"/programme-zones/{zone.pk}/do", {"do": "confirm"})
    assert ProgrammeZoneVersion.objects.get().state == "proposed"
    client_of(user("jo supervisor", Role.SUPERVISOR)).post(f"/programme-zones/{zone.pk}/do", {"do": "confirm"})
    assert ProgrammeZoneVersion.objects.get().state == "confirmed"


def test_an_officer_records_that_their_person_was_told_and_it_is_among_the_conditions(
    ana: Case, adi: Client, ida: Client
):
    zone = confirmed(adi, ida)
    officer = client_of(ana.officer)
    address = f"/people/{ana.person.pk}/conditions"
    before = page(officer, address)
    assert "Programme-wide zones" in before
    assert "Binds nobody who was not told" in before
    told = {"person": ana.person.pk, "how": "in person", "language": "en", "back": "person"}
    answer = officer.post(f"/programme-zones/{zone.pk}/told", told)
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert "Binds from" in page(officer, address)
    held = [one for one in queries.condition_set(ana.person.pk).conditions if one.id == zone.pk]
    assert len(held) == 1


def test_everybody_who_was_not_told_yet_is_recorded_at_once(ana: Case, adi: Client, ida: Client):
    zone = confirmed(adi, ida)
    assert "not told yet" in page(ida, f"/programme-zones/{zone.pk}").lower()
    ida.post(f"/programme-zones/{zone.pk}/told", {"everybody": "1", "how": "letter", "language": "en"})
    assert [row.person_id for row in ProgrammeTold.objects.all()] == [ana.person.pk]
    assert "1 person was told" in " ".join(page(ida, f"/programme-zones/{zone.pk}").split())


def test_an_administrator_sees_no_people_and_records_nothing(ana: Case, adi: Client, ida: Client):
    zone = confirmed(adi, ida)
    assert ana.person.reference not in page(adi, f"/programme-zones/{zone.pk}")
    assert adi.post(f"/programme-zones/{zone.pk}/told", {"everybody": "1"}).status_code == 403
    assert not ProgrammeTold.objects.exists()


def test_a_change_is_a_new_version_told_in_words_and_a_withdrawal_needs_a_reason(adi: Client, ida: Client):
    zone = confirmed(adi, ida)
    changed = FORM | {"area-radius": "500", "reason": "the north stand"}
    assert adi.post(f"/programme-zones/{zone.pk}/change", changed).status_code == 302
    assert "radius 500 m, was 300 m" in page(ida, f"/programme-zones/{zone.pk}")
    ida.post(f"/programme-zones/{zone.pk}/do", {"do": "withdraw", "reason": ""})
    assert ProgrammeZoneVersion.objects.filter(body=None).count() == 0
    ida.post(f"/programme-zones/{zone.pk}/do", {"do": "withdraw", "reason": "the season is over"})
    assert "Withdrawn" in page(ida, f"/programme-zones/{zone.pk}")


def test_the_form_that_cannot_stand_comes_back_as_it_was(ida: Client):
    answer = ida.post("/programme-zones/new", FORM | {"order_types": [], "legal_basis": "An Act"})
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose the types of orders" in said
    assert "An Act" in said


def test_nothing_but_order_types_and_region_can_be_chosen(ida: Client):
    said = page(ida, "/programme-zones/new").lower()
    for trait in ("national", "religio", "ethnic", "gender", "date of birth"):
        assert trait not in said


def test_whoever_has_no_part_in_supervision_sees_no_zones(ida: Client):
    reviewer = client_of(user("fay reviewer", Role.FACE_REVIEWER))
    assert reviewer.get("/programme-zones").status_code == 403
    assert client_of(user("olu officer", Role.OFFICER)).get("/programme-zones/new").status_code == 403
