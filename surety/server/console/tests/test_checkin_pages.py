"""A person's check-ins on the pages: how each stands, photographs only for a purpose and by whom, images with their
provenance, and a check-in that an officer records themselves.
"""

import io
import re
from typing import NamedTuple

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from surety.server.accounts.models import Role, User
from surety.server.audit import actions as audit
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases import actions as cases
from surety.server.cases.checks import PersonDetails, Told
from surety.server.cases.models import Person
from surety.server.checkins.models import CheckIn, CompareHealth, Comparison, EnrolledImage, Stands, Submission
from surety.server.checkins.tests.compare_cast import keep
from surety.server.checkins.tests.plain_engine import painted
from surety.server.console.tests.case_cast import MINUTE_MS, terms, user
from surety.server.monitoring.tests.cast import order_for
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db
PURPOSE = "The person says that it was not them"


@pytest.fixture(autouse=True)
def _without_a_model(settings: object) -> None:
    settings.SURETY = msgspec.structs.replace(settings.SURETY, faces_engine="none")


class Case(NamedTuple):
    person: Person
    officer: User
    check_in: CheckIn
    sent: Submission


def png(*colour: int) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(painted(*colour)).save(kept, "PNG")
    return kept.getvalue()


@pytest.fixture
def case() -> Case:
    """Ana's officer, a check-in that she answered with two photographs, and an order that covers photographs."""
    at_ms = now_ms() - 60 * MINUTE_MS
    details = PersonDetails(reference="REF 9", given_names="Ana Maria", family_name="Bell", region="north")
    person = cases.register_person(details, acting_user=None, now_ms=at_ms)
    told = Told(at_ms=at_ms, how="in person", language="en")
    kinds = terms(at_ms, data_kinds=("position", "device", "photo"))
    cases.record_order(person.pk, kinds, acting_user=None, now_ms=at_ms, told=told)
    officer = user("ola ficer", Role.OFFICER, "north")
    cases.assign_officer(person.pk, officer, acting_user=None, now_ms=at_ms)
    check_in = CheckIn.objects.create(
        person=person,
        condition_id="c" * 32,
        condition_version=1,
        asked_ms=at_ms,
        due_ms=at_ms + 30 * MINUTE_MS,
        late_until_ms=at_ms + 300 * MINUTE_MS,
        stands=Stands.REVIEW,
    )
    photos = [keep(person, png(10, 200, number)) for number in (1, 2)]
    sent = Submission.objects.create(
        id="5" * 32, check_in=check_in, device_id="d", at_ms=at_ms + MINUTE_MS, received_ms=at_ms, photos=photos
    )
    body = {"sentence": "The similarity is 0.310, between the thresholds."}
    Comparison.objects.create(submission=sent, at_ms=at_ms, outcome="inconclusive", body=body)
    return Case(person, officer, check_in, sent)


def decided(case: Case, verdict: str, *names: str) -> None:
    CheckIn.objects.filter(pk=case.check_in.pk).update(
        stands=Stands.DECIDED, verdict=verdict, decided_by_names=list(names)
    )


def logged_in(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def tab(case: Case) -> str:
    return f"/people/{case.person.pk}/check-ins"


def test_the_tab_tells_what_was_asked_what_came_and_how_it_stands(case: Case) -> None:
    text = page(logged_in(case.officer), tab(case))
    assert "A person looks at the photographs" in text
    assert "2 photographs" in text
    assert "Open 2 photographs" in text


def test_the_machines_words_wait_until_people_have_decided(case: Case) -> None:
    client = logged_in(case.officer)
    assert "between the thresholds" not in page(client, tab(case))
    decided(case, "same", "Ruth Reviewer")
    text = page(client, tab(case))
    assert "between the thresholds" in text
    assert "The same person" in text
    assert "Decided by Ruth Reviewer." in text


def test_the_record_tells_that_it_was_compared_and_not_what_the_machine_said(case: Case) -> None:
    audit.record(
        action="check_in.compared",
        actor=None,
        subject_type="check_in",
        subject_id=case.check_in.pk,
        person_id=case.person.pk,
        detail={"outcome": "inconclusive", "similarity": 0.31},
        at_ms=now_ms(),
    )
    text = page(logged_in(case.officer), f"/people/{case.person.pk}/record")
    assert "Check-in compared by the machine" in text
    assert "inconclusive" not in text
    assert "0.31" not in text


def test_without_a_comparing_process_the_tab_says_that_photographs_wait(case: Case) -> None:
    assert "Nothing compares photographs now" in page(logged_in(case.officer), tab(case))


def test_who_sees_the_case_sees_how_check_ins_stand_and_no_photograph(case: Case) -> None:
    operator = logged_in(user("oli operator", Role.OPERATOR, "north"))
    text = page(operator, tab(case))
    assert "A person looks at the photographs" in text
    assert "Open 2" not in text
    for address in (f"/check-ins/{case.check_in.pk}/photographs", f"/people/{case.person.pk}/images"):
        assert operator.get(address).status_code == 403


@pytest.mark.parametrize("role", [Role.OFFICER, Role.FACE_REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR, Role.OPERATOR])
def test_who_has_nothing_to_do_with_the_person_finds_nothing(case: Case, role: Role) -> None:
    client = logged_in(user("some body", role, "south"))
    assert client.get(tab(case)).status_code in {403, 404}
    for address in (
        f"/check-ins/{case.check_in.pk}/photographs",
        f"/check-ins/{case.check_in.pk}/record",
        f"/people/{case.person.pk}/images",
        f"/people/{case.person.pk}/images/new",
        f"/submissions/{case.sent.pk}/1/enrol",
    ):
        for answer in (client.get(address), client.post(address, {"purpose": PURPOSE})):
            assert answer.status_code in {403, 404}, address
    if role is Role.OFFICER:  # another's case looks like none
        assert client.get(f"/check-ins/{case.check_in.pk}/photographs").status_code == 404
    assert not Entry.objects.filter(action="photographs.opened").exists()


def opened(client: Client, case: Case) -> list[str]:
    answer = client.post(f"/check-ins/{case.check_in.pk}/photographs", {"purpose": PURPOSE})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    return re.findall(r'src="(/photographs/[^"]+)"', answer.content.decode())


def test_photographs_open_for_a_purpose_that_is_written_down_and_come_encoded_anew(case: Case) -> None:
    client = logged_in(case.officer)
    first = page(client, f"/check-ins/{case.check_in.pk}/photographs")
    assert "<img" not in first
    addresses = opened(client, case)
    assert len(addresses) == 2
    entry = Entry.objects.get(action="photographs.opened")
    assert (entry.person_id, entry.actor_name, entry.subject_id) == (case.person.pk, "Ola Ficer", case.check_in.pk)
    assert PURPOSE in str(detail_of(entry))
    picture = client.get(addresses[0])
    assert (picture["Content-Type"], picture["Cache-Control"]) == ("image/jpeg", "no-store")
    assert picture.content.startswith(b"\xff\xd8")
    assert "Photographs opened" in page(client, f"/people/{case.person.pk}/record")


def test_photographs_of_several_tries_say_of_which_they_are(case: Case) -> None:
    second = [keep(case.person, png(10, 210, 3))]
    later_ms = case.sent.at_ms + MINUTE_MS
    Submission.objects.create(
        id="6" * 32, check_in=case.check_in, device_id="d", at_ms=later_ms, received_ms=later_ms, photos=second
    )
    shown = logged_in(case.officer).post(f"/check-ins/{case.check_in.pk}/photographs", {"purpose": PURPOSE})
    labels = re.findall(r"Photograph \d of \d, try \d", shown.content.decode())
    wanted = ["Photograph 1 of 2, try 1", "Photograph 2 of 2, try 1", "Photograph 1 of 1, try 2"]
    assert list(dict.fromkeys(labels)) == wanted


@pytest.mark.parametrize("purpose", ["", "  look  "])
def test_without_a_purpose_nothing_opens(case: Case, purpose: str) -> None:
    answer = logged_in(case.officer).post(f"/check-ins/{case.check_in.pk}/photographs", {"purpose": purpose})
    assert answer.status_code == 422
    assert b"<img" not in answer.content
    assert not Entry.objects.filter(action="photographs.opened").exists()


def test_an_address_is_good_for_the_one_who_opened_it_and_for_minutes(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = logged_in(case.officer)
    [address, _] = opened(client, case)
    colleague = user("col league", Role.SUPERVISOR, "north")
    assert logged_in(colleague).get(address).status_code == 404
    assert client.get(address[:-2] + "xx").status_code == 404
    cases.release_officer(case.person.pk, case.officer, acting_user=None, now_ms=now_ms())
    assert client.get(address).status_code == 404
    cases.assign_officer(case.person.pk, case.officer, acting_user=None, now_ms=now_ms())
    assert client.get(address).status_code == 200
    monkeypatch.setattr("surety.server.checkins.opening.GOOD_FOR_S", -1)
    assert client.get(address).status_code == 404


def upload(client: Client, case: Case, *files: bytes, **changes: str) -> object:
    given = {"source": "Taken at the office", "basis": "Consent", **changes}
    images = [SimpleUploadedFile(f"{number}.png", data) for number, data in enumerate(files, 1)]
    return client.post(f"/people/{case.person.pk}/images/new", given | {"images": images}, follow=True)


def test_images_are_added_with_their_provenance_and_their_quality_is_told_at_once(case: Case) -> None:
    client = logged_in(case.officer)
    answer = upload(client, case, png(1, 2, 3), png(4, 5, 6))
    text = answer.content.decode()
    assert EnrolledImage.objects.filter(person=case.person).count() == 2
    assert "No face model is here" in text
    assert "Taken at the office" in text
    assert "Not measured yet" in text


@pytest.mark.parametrize(
    ("files", "changes", "sentence"),
    [
        ((), {}, "Choose at least one image."),
        ((b"%PDF-1.4 no picture",), {}, "1.png:"),
        ((png(1, 2, 3),), {"basis": ""}, "Basis is missing."),
        ((png(1, 2, 3),) * 2, {}, "enrolled already"),
        (tuple(png(1, 2, n) for n in range(9)), {}, "At most 8 images"),
    ],
)
def test_a_refused_upload_says_what_to_mend_and_keeps_nothing(
    case: Case, files: tuple[bytes, ...], changes: dict[str, str], sentence: str
) -> None:
    answer = upload(logged_in(case.officer), case, *files, **changes)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert EnrolledImage.objects.count() == 0


def test_an_image_is_replaced_and_removed_with_its_history(case: Case) -> None:
    client = logged_in(case.officer)
    upload(client, case, png(1, 2, 3))
    [image] = EnrolledImage.objects.all()
    given = {"source": "Office", "basis": "Consent", "reason": "Older than a year", "images": []}
    given["images"] = [SimpleUploadedFile("new.png", png(7, 8, 9))]
    assert client.post(f"/images/{image.pk}/replace", given).status_code == 302
    newer = EnrolledImage.objects.get(removed_ms=None)
    assert client.post(f"/images/{newer.pk}/remove", {"reason": ""}).status_code == 422
    assert client.post(f"/images/{newer.pk}/remove", {"reason": "Blurred"}).status_code == 302
    text = page(client, tab(case))
    assert "Removed and replaced: 2" in text
    assert "Replaced. Older than a year" in text
    assert "No image yet" in text


def test_only_a_photograph_that_people_decided_is_offered_and_taken_for_enrolment(case: Case) -> None:
    client = logged_in(case.officer)
    address = f"/submissions/{case.sent.pk}/2/enrol"
    for verdict, names in (("same", ()), ("not_same", ("Ruth", "Tom"))):
        decided(case, verdict, *names)
        assert "Enrol photograph" not in page(client, tab(case))
        assert client.post(address, {"basis": "Order"}).status_code == 422
    decided(case, "same", "Ruth Reviewer")
    assert "Enrol photograph 2" in page(client, tab(case))
    assert client.post(address, {"basis": "Order of 1 March"}).status_code == 302
    assert "Ruth Reviewer" in EnrolledImage.objects.get().source


def test_an_officer_records_a_check_in_without_a_camera(case: Case) -> None:
    client = logged_in(case.officer)
    address = f"/check-ins/{case.check_in.pk}/record"
    assert client.post(address, {"verdict": "not_same", "reason": "x"}).status_code == 422
    assert client.post(address, {"verdict": "same", "reason": "The camera is broken"}).status_code == 302
    text = page(client, tab(case))
    assert "Seen by Ola Ficer: The camera is broken" in text
    assert "Record it without a camera" not in text


def test_without_an_order_for_photographs_the_tab_says_so_and_offers_no_form(case: Case) -> None:
    details = PersonDetails(reference="REF 10", given_names="Bo", family_name="Cole", region="north")
    other = cases.register_person(details, acting_user=None, now_ms=now_ms())
    order_for(other, at_ms=now_ms())
    cases.assign_officer(other.pk, case.officer, acting_user=None, now_ms=now_ms())
    client = logged_in(case.officer)
    text = page(client, f"/people/{other.pk}/check-ins")
    assert "No order in force lets photographs" in text
    assert "Add images" not in text


def test_the_order_form_offers_photographs(case: Case) -> None:
    text = page(logged_in(case.officer), f"/people/{case.person.pk}/orders/new")
    assert 'value="photo"' in text
    assert "Photographs of the person, for check-ins" in text


def test_an_order_that_is_varied_to_take_photographs_needs_the_person_to_be_told_first(case: Case) -> None:
    details = PersonDetails(reference="REF 11", given_names="Cy", family_name="Dow", region="north")
    other = cases.register_person(details, acting_user=None, now_ms=now_ms() - MINUTE_MS)
    order = order_for(other, at_ms=now_ms() - MINUTE_MS)
    cases.assign_officer(other.pk, case.officer, acting_user=None, now_ms=now_ms())
    client = logged_in(case.officer)
    form = client.get(f"/orders/{order.pk}/change").context["form"]
    given = {name: form[name].value() or "" for name in form.fields if name != "decision_file"}
    given |= {"data_kinds": ["position", "device", "photo"], "reason": "Check-ins"}
    answer = client.post(f"/orders/{order.pk}/change", given)
    assert (answer.status_code, "must be told" in answer.content.decode()) == (422, True)
    assert client.post(f"/orders/{order.pk}/change", given | {"told_how": "In person"}).status_code == 302
    assert "Add images" in page(client, f"/people/{other.pk}/check-ins")


def test_the_desk_and_the_reviewers_are_told_that_there_is_no_model_or_that_nothing_compares(case: Case) -> None:
    reviewer, officer = logged_in(user("rae viewer", Role.FACE_REVIEWER, "north")), logged_in(case.officer)
    pages = ((officer, "/"), (reviewer, "/review/"))
    for client, address in pages:
        assert "face model" not in page(client, address)
    Submission.objects.update(next_ms=1)
    Comparison.objects.all().delete()
    for client, address in pages:
        assert "Nothing compares photographs now" in page(client, address)
    CompareHealth.objects.create(name="compare:1", process_id=1, at_ms=now_ms(), sentence="no model")
    for client, address in pages:
        assert "There is no face model here: people look at every check-in." in page(client, address)
    CompareHealth.objects.update(engine="onnx", at_ms=now_ms())
    for client, address in pages:
        assert "face model" not in page(client, address)
