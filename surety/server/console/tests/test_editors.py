"""The editors: every change a new version, one sentence for every refusal, nothing for who may not."""

import hashlib
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.cases import queries as cases
from surety.server.cases.models import Condition, ConditionVersion, Device, Order, OrderVersion, Person
from surety.server.console.case_access import input_text
from surety.server.console.tests.case_cast import DAY_MS, HOME, ZONE, Case, case, user, version_called
from surety.server.console.views_person import cases_body
from surety.server.records.models import Document
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


@pytest.fixture
def officer(ana: Case) -> Client:
    return client_of(ana.officer)


def client_of(who: object) -> Client:
    client = Client()
    client.force_login(who)
    return client


def at(days: float = 0) -> str:
    return input_text(now_ms() + int(days * DAY_MS), ZONE)


def zone_form(**changes: object) -> dict[str, object]:
    return {
        "label": "Station",
        "name": "Station",
        "zone_kind": "exclusion",
        "area-shape": "polygon",
        "area-corners": "55.1200, -2.6600\n55.1210, -2.6600\n55.1210, -2.6580",
        "minutes": "60",
        "effective_from": at(),
        "reason": "",
    } | changes


def curfew_form(**changes: object) -> dict[str, object]:
    return {
        "label": "Curfew",
        "place-0-name": "Home",
        "place-0-shape": "circle",
        "place-0-lat": str(HOME[0]),
        "place-0-lon": str(HOME[1]),
        "place-0-radius": "80",
        "row-0-day": "mon",
        "row-0-start": "19:00",
        "row-0-end": "07:00",
        "minutes": "15",
        "effective_from": at(),
        "reason": "",
    } | changes


# --- zones ----------------------------------------------------------------------------------------------------------


def test_a_zone_drawn_as_a_polygon_becomes_a_condition(ana: Case, officer: Client):
    answer = officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", zone_form())
    assert answer.status_code == 302, answer.context["error"]
    body = version_called("Station").body
    assert body["area"]["ring"] == [[-2.66, 55.12], [-2.66, 55.121], [-2.658, 55.121]]


def test_a_form_that_was_open_for_long_still_means_now_and_needs_no_reason(ana: Case, officer: Client):
    page = officer.get(f"/orders/{ana.order.pk}/conditions/new/zone").content.decode()
    assert 'name="effective_from" aria-describedby="from-hint" value=""' in page  # an old "now" is never sent back
    before = now_ms()
    answer = officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", zone_form(effective_from=""))
    assert answer.status_code == 302, answer.context["error"]
    version = version_called("Station")
    assert before <= version.effective_from_ms <= now_ms()


def test_a_part_left_out_inside_a_zone_is_kept(ana: Case, officer: Client):
    hole = "\n\n55.1203, -2.6597\n55.1204, -2.6597\n55.1204, -2.6595"
    form = zone_form(**{"area-corners": str(zone_form()["area-corners"]) + hole})
    officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", form)
    assert len(version_called("Station").body["area"]["holes"]) == 1


def test_a_zone_is_read_from_a_geojson_file(ana: Case, officer: Client):
    ring = [[-2.66, 55.12], [-2.658, 55.12], [-2.658, 55.121], [-2.66, 55.12]]
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file = SimpleUploadedFile("zone.geojson", json.dumps({"type": "FeatureCollection", "features": [shape]}).encode())
    form = zone_form(**{"area-corners": "", "area-file": file})
    assert officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", form).status_code == 302
    assert len(version_called("Station").body["area"]["ring"]) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not json", "not GeoJSON"),
        (b'{"type": "Point", "coordinates": [1, 2]}', "holds no polygon"),
        (b'{"type": "Polygon", "coordinates": [[["x"]]]}', "not written as GeoJSON"),
    ],
)
def test_a_file_that_is_no_zone_is_refused_in_one_sentence(ana: Case, officer: Client, content: bytes, said: str):
    form = zone_form(**{"area-corners": "", "area-file": SimpleUploadedFile("zone.geojson", content)})
    answer = officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", form)
    assert answer.status_code == 422
    assert said in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"area-corners": "55.12, -2.66\n55.13, -2.66"}, "at least three corners"),
        ({"area-corners": "55.12, -2.66\nnorth\n55.13, -2.66"}, "Line 2 of the zone"),
        ({"area-corners": "95, -2.66\n55.13, -2.66\n55.13, -2.6"}, "no place on Earth"),
        ({"area-shape": "circle"}, "Put the zone"),
        ({"area-shape": "circle", "area-lat": "55", "area-lon": "-2", "area-radius": "3"}, "10 m to 200 km"),
        ({"area-shape": "circle", "area-lat": "nan", "area-lon": "-2", "area-radius": "30"}, "no place on Earth"),
        ({"name": ""}, "Give the zone a name"),
        ({"minutes": "soon"}, "whole number"),
        ({"effective_from": "soon"}, "day and time"),
        ({"label": ""}, "label"),
        ({"zone_kind": "other"}, "zone_kind"),
        ({"zone_kind": "restriction", "stay": "a while"}, "whole number"),
        ({"zone_kind": "restriction", "stay": "0"}, "1 minute to 1,440"),
        ({"warn": "near"}, "whole number"),
        ({"warn": "6000"}, "0 m (not at all) to 5,000 m"),
        ({"row-0-day": "mon", "row-0-start": "09:00", "row-0-end": ""}, "lacks its day"),
        ({"row-0-day": "mon", "row-0-start": "9 am", "row-0-end": "10:00"}, "9 am&quot; is not a time"),
    ],
)
def test_a_zone_that_cannot_stand_is_refused_and_keeps_what_was_typed(
    ana: Case, officer: Client, changes: dict[str, object], said: str
):
    before = Condition.objects.count()
    answer = officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", zone_form(**changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "There is something to mend" in page
    assert said in page
    assert Condition.objects.count() == before


def test_a_zone_to_pass_through_keeps_its_limit_through_the_form(ana: Case, officer: Client):
    form = zone_form(zone_kind="restriction", stay="20")
    assert officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", form).status_code == 302
    version = version_called("Station")
    assert (version.body["zone_kind"], version.body["max_stay_s"]) == ("restriction", 1_200)
    assert officer.get(f"/conditions/{version.condition_id}/edit").context["fields"].stay == "20"
    page = officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    assert "Do not stay in the zone &quot;Station&quot; for longer than 20 minutes at a time" in page
    assert officer.post(f"/conditions/{version.condition_id}/edit", form | {"stay": "45"}).status_code == 302
    history = officer.get(f"/conditions/{version.condition_id}/history").content.decode()
    assert "A stay may last 45 minutes, was 20 minutes." in history


def test_the_distance_within_which_the_person_is_warned_is_kept_and_its_change_told(ana: Case, officer: Client):
    form = zone_form(warn="150")
    assert officer.post(f"/orders/{ana.order.pk}/conditions/new/zone", form).status_code == 302
    version = version_called("Station")
    assert version.body["warn_m"] == 150
    assert officer.get(f"/conditions/{version.condition_id}/edit").context["fields"].warn == "150"
    assert officer.post(f"/conditions/{version.condition_id}/edit", form | {"warn": "0"}).status_code == 302
    history = officer.get(f"/conditions/{version.condition_id}/history").content.decode()
    assert "The person is warned not at all, was within 150 m." in history


# --- curfews --------------------------------------------------------------------------------------------------------


def test_a_week_with_nights_a_first_night_and_two_addresses_becomes_a_curfew(ana: Case, officer: Client):
    second = {f"place-3-{name}": curfew_form()[f"place-0-{name}"] for name in ("shape", "lat", "lon", "radius")}
    rows = {"row-7-day": "sat", "row-7-start": "20:00", "row-7-end": "00:00", "row-7-place": "Mother"}
    night = {"night-0-day": "2030-01-05", "night-0-start": "16:00", "night-0-end": "07:00"}
    form = curfew_form(**second, **rows, **night, **{"place-3-name": "Mother"})
    assert officer.post(f"/orders/{ana.order.pk}/conditions/new/curfew", form).status_code == 302
    body = version_called("Curfew").body
    assert [place["name"] for place in body["places"]] == ["Home", "Mother"]
    assert [row["day"] for row in body["timetable"]["rows"]] == ["mon", "sat"]
    assert body["timetable"]["one_offs"][0]["date"] == "2030-01-05"
    assert body["timetable"]["zone"] == ZONE


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"row-0-start": "", "row-0-end": ""}, "at least one time"),
        ({"place-0-name": ""}, "Give each address a name"),
        ({"row-0-place": "Elsewhere"}, "Elsewhere"),
        ({"night-0-day": "2030-02-30", "night-0-start": "16:00", "night-0-end": "07:00"}, "2030-02-30"),
    ],
)
def test_a_curfew_that_cannot_stand_is_refused(ana: Case, officer: Client, changes: dict[str, object], said: str):
    answer = officer.post(f"/orders/{ana.order.pk}/conditions/new/curfew", curfew_form(**changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_the_form_of_a_condition_says_the_same_condition_again(ana: Case, officer: Client):
    """Opening an editor and saving it unchanged gives a version that says what the last one said."""
    for condition_id in (ana.curfew_id, ana.zone_id):
        fields = officer.get(f"/conditions/{condition_id}/edit").context["fields"]
        form = {"minutes": fields.minutes, "effective_from": fields.effective_from, "name": fields.name}
        form |= {"zone_kind": fields.zone_kind}
        form |= {f"area-{name}": getattr(fields.area, name) for name in ("shape", "lat", "lon", "radius", "corners")}
        for place in fields.places:
            form |= {
                f"place-{place.index}-{n}": getattr(place.area, n) for n in ("shape", "lat", "lon", "radius", "corners")
            }
            form[f"place-{place.index}-name"] = place.name
        for row in fields.rows:
            form |= {f"row-{row.index}-{part}": getattr(row, part) for part in ("day", "start", "end", "place")}
        assert officer.post(f"/conditions/{condition_id}/edit", form).status_code == 302
        first, second = ConditionVersion.objects.filter(condition_id=condition_id).order_by("version")
        assert cases_body(second.body) == cases_body(first.body)


def test_a_change_is_a_new_version_and_the_history_says_what_changed(ana: Case, officer: Client):
    form = curfew_form(**{"place-0-radius": "120", "reason": "the court varied it"})
    assert officer.post(f"/conditions/{ana.curfew_id}/edit", form).status_code == 302
    page = officer.get(f"/conditions/{ana.curfew_id}/history").content.decode()
    assert "Version 2, from" in page
    assert "The area of Home: radius 120 m, was 80 m." in page
    assert "Removed: Tuesday to Sunday 19:00-07:00" in page
    assert "the court varied it" in page
    assert "Version 1, from" in page


def test_a_change_that_reaches_back_needs_a_reason(ana: Case, officer: Client):
    form = curfew_form(effective_from=at(-1))
    answer = officer.post(f"/conditions/{ana.curfew_id}/edit", form)
    assert answer.status_code == 422
    assert "takes effect in the past needs a reason" in answer.content.decode()
    assert (
        officer.post(f"/conditions/{ana.curfew_id}/edit", form | {"reason": "wrong since yesterday"}).status_code == 302
    )


def test_a_condition_is_withdrawn_with_a_reason_only(ana: Case, officer: Client):
    address = f"/conditions/{ana.zone_id}/withdraw"
    assert officer.post(address, {"effective_from": at(), "reason": " "}).status_code == 422
    assert officer.post(address, {"effective_from": at(), "reason": "the school moved"}).status_code == 302
    assert "Withdrawn." in officer.get(f"/conditions/{ana.zone_id}/history").content.decode()


# --- the sentence beside the editor ---------------------------------------------------------------------------------


def preview(client: Client, ana: Case, kind: str, form: dict[str, object]) -> dict[str, object]:
    return client.post(f"/people/{ana.person.pk}/preview/{kind}", form).json()


def test_the_sentence_that_the_person_will_read_follows_the_form(ana: Case, officer: Client):
    lines = preview(officer, ana, "curfew", curfew_form())["lines"]
    assert lines[0] == "Be at Home Monday 19:00-07:00 (Europe/London)."


def test_a_form_that_is_not_finished_says_what_is_missing(ana: Case, officer: Client):
    assert "Give the zone a name" in str(preview(officer, ana, "zone", zone_form(name=""))["error"])


def test_an_exclusion_zone_over_the_curfew_address_is_pointed_out(ana: Case, officer: Client):
    over_home = {"area-shape": "circle", "area-lat": str(HOME[0]), "area-lon": str(HOME[1]), "area-radius": "300"}
    lines = preview(officer, ana, "zone", zone_form(**over_home))["lines"]
    assert "this zone covers Home" in str(lines)
    assert "covers" not in str(preview(officer, ana, "zone", zone_form())["lines"])
    to_pass = over_home | {"zone_kind": "restriction", "stay": "20"}
    assert "this zone covers Home" in str(preview(officer, ana, "zone", zone_form(**to_pass))["lines"])


def test_a_warning_that_would_come_at_home_is_pointed_out(ana: Case, officer: Client):
    near = {"area-shape": "circle", "area-lat": str(HOME[0] + 0.009), "area-lon": str(HOME[1]), "area-radius": "500"}
    assert "warned at home" in str(preview(officer, ana, "zone", zone_form(**near, warn="600"))["lines"])
    assert "warned at home" not in str(preview(officer, ana, "zone", zone_form(**near, warn="100"))["lines"])


# --- people, orders, devices ----------------------------------------------------------------------------------------

PERSON = {
    "reference": "NEW-1",
    "given_names": "Bo",
    "family_name": "Lind",
    "language": "pl",
    "time_zone": ZONE,
    "phone": "",
    "region": "north",
}


def order_form(**changes: object) -> dict[str, object]:
    return {
        "order_type": "bail",
        "legal_basis": "Bail Act 1976, section 3",
        "issuing_authority": "Alderbeck Magistrates' Court",
        "decision_sha256": "ab" * 32,
        "data_kinds": ["position", "device"],
        "starts_ms": at(),
        "ends_ms": at(80),
        "review_due_ms": at(60),
        "reason": "",
    } | changes


def test_a_person_an_order_and_that_they_were_told_are_recorded_one_after_the_other(ana: Case, officer: Client):
    officer.post("/people/new", PERSON)
    bo = Person.objects.get(reference="NEW-1")
    assert officer.post(f"/people/{bo.pk}/orders/new", order_form()).status_code == 302
    order = Order.objects.get(person=bo)
    assert cases.order_at(bo.pk, now_ms() + 1000) is None
    told = {"told_ms": at(), "told_how": "in person, with an interpreter", "told_language": "pl"}
    assert officer.post(f"/orders/{order.pk}/told", told).status_code == 302
    assert cases.order_at(bo.pk, now_ms() + 1000) is not None


def test_record_fields_are_changed_by_whoever_keeps_the_case_and_shown_to_nobody_else(ana: Case, officer: Client):
    operator = Client()
    operator.force_login(user("oda", Role.OPERATOR, "north"))
    address, record = f"/people/{ana.person.pk}/change", f"/people/{ana.person.pk}/record"
    fields = {"date_of_birth": "1990-12-31", "nationality": "Ruritanian", "address": "1 High Street"}
    form = PERSON | {"reference": "AB-1042", "reason": "she showed a passport"} | fields
    assert officer.post(address, form | {"date_of_birth": "31.12."}).status_code == 422
    assert officer.post(address, form | {"reference": "X"}).status_code == 422
    assert officer.post(address, form).status_code == 302
    page = officer.get(record).content.decode()
    assert all(value in page for value in (*fields.values(), "Who the person is was changed"))
    entry = Entry.objects.get(action="person.changed")
    assert not [value for value in (*fields.values(), "Lind") if value in str(entry.detail)]
    page_of_operator = operator.get(record).content.decode()
    assert "Who the person is was changed" in page_of_operator
    assert not [value for value in fields.values() if value in page_of_operator]
    assert operator.get(address).status_code == 403


def test_a_reference_that_is_taken_is_refused_at_its_field(officer: Client):
    answer = officer.post("/people/new", PERSON | {"reference": "AB-1042"})
    assert answer.status_code == 422
    assert "AB-1042 is taken" in answer.context["form"].errors["reference"][0]


@pytest.mark.parametrize(
    "missing",
    ["legal_basis", "issuing_authority", "decision_sha256", "data_kinds", "ends_ms", "review_due_ms"],
)
def test_an_order_without_a_part_of_its_authority_is_refused(ana: Case, officer: Client, missing: str):
    before = Order.objects.count()
    answer = officer.post(f"/people/{ana.person.pk}/orders/new", order_form(**{missing: ""}))
    assert answer.status_code == 422
    assert answer.context["form"].errors[missing]
    assert Order.objects.count() == before


DECISION = b"%PDF-1.7 the signed decision"


def decided(officer: Client, ana: Case, data: bytes = DECISION, name: str = "Berg 2026.pdf") -> int:
    form = order_form(decision_sha256="", decision_file=SimpleUploadedFile(name, data))
    return officer.post(f"/people/{ana.person.pk}/orders/new", form).status_code


def test_the_signed_decision_is_kept_under_the_persons_key_with_its_hash(ana: Case, officer: Client):
    assert decided(officer, ana) == 302
    version = OrderVersion.objects.get(decision_sha256=hashlib.sha256(DECISION).hexdigest())
    history = officer.get(f"/orders/{version.order_id}/history").content.decode()
    address = re.search(r'href="(/documents/[0-9a-f]{32})">Berg 2026.pdf</a>', history)
    assert address
    answer = officer.get(address[1])
    assert (answer.content, answer.headers["Content-Type"]) == (DECISION, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="decision-AB-1042.pdf"'
    read = Entry.objects.get(action="document.read")
    assert (read.person_id, read.actor_name) == (ana.person.pk, "Olu Officer")


def test_a_decision_is_opened_by_who_sees_the_case_and_by_nobody_else(ana: Case, officer: Client):
    decided(officer, ana)
    stranger = Client()
    stranger.force_login(user("sol stranger", Role.OFFICER, "south"))
    assert stranger.get(f"/documents/{Document.objects.get().pk}").status_code == 404
    assert officer.get(f"/documents/{'0' * 32}").status_code == 404
    assert not Entry.objects.filter(action="document.read").exists()


def test_a_file_that_is_no_document_is_refused_and_no_order_stands_without_it(ana: Case, officer: Client):
    before = Order.objects.count()
    assert decided(officer, ana, b"\x7fELF\x00\x01", "decision.pdf") == 422
    assert (Order.objects.count(), Document.objects.count()) == (before, 0)


def test_what_is_missing_is_named_where_it_is_told(ana: Case, officer: Client):
    page = officer.post(f"/orders/{ana.order.pk}/review", {"outcome": "", "statement": "fine"}).content.decode()
    assert "What came of it is missing." in page
    assert "This field is required" not in page


def test_an_order_is_varied_suspended_and_its_versions_say_so(ana: Case, officer: Client):
    variation = order_form(
        effective_from_ms=at(), reason="varied on appeal", starts_ms=at(-7), ends_ms=at(40), review_due_ms=at(30)
    )
    assert officer.post(f"/orders/{ana.order.pk}/change", variation).status_code == 302
    suspend = {"status": "suspended", "effective_from_ms": at(), "reason": "in hospital"}
    assert officer.post(f"/orders/{ana.order.pk}/status", suspend).status_code == 302
    page = officer.get(f"/orders/{ana.order.pk}/history").content.decode()
    assert "Status: Suspended, was In force." in page
    assert "Ends: " in page
    assert "in hospital" in page


def test_a_new_device_shows_its_secret_once_and_is_not_cached(ana: Case, officer: Client):
    end = {"to_ms": at(), "reason": "battery worn out"}
    assignment = cases.devices_of(ana.person.pk)[0]
    assert officer.post(f"/assignments/{assignment.pk}/end", end).status_code == 302
    form = {
        "protocol": "owntracks",
        "model": "Phone",
        "with_secret": "on",
        "from_ms": at(),
        "identifier": "",
        "reason": "",
    }
    answer = officer.post(f"/people/{ana.person.pk}/devices/assign", form)
    device = Device.objects.get(model="Phone")
    secret = answer.context["secret"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret in answer.content.decode()
    assert device.identifier in answer.content.decode()
    assert hashlib.sha256(secret.encode()).hexdigest() == device.secret_sha256
    assert secret not in officer.get(f"/people/{ana.person.pk}/conditions").content.decode()


def test_a_device_that_somebody_wears_is_not_given_to_another(ana: Case, officer: Client):
    form = {"protocol": "osmand", "identifier": ana.device.identifier, "from_ms": at(), "model": "", "reason": ""}
    answer = officer.post(f"/people/{ana.person.pk}/devices/assign", form)
    assert answer.status_code == 422
    assert "assigned already" in answer.content.decode()


# --- who may not ----------------------------------------------------------------------------------------------------


def addresses(ana: Case) -> list[str]:
    assignment = cases.devices_of(ana.person.pk)[0]
    return [
        f"/people/{ana.person.pk}/orders/new",
        f"/people/{ana.person.pk}/devices/assign",
        f"/orders/{ana.order.pk}/change",
        f"/orders/{ana.order.pk}/told",
        f"/orders/{ana.order.pk}/status",
        f"/orders/{ana.order.pk}/conditions/new/zone",
        f"/conditions/{ana.zone_id}/edit",
        f"/conditions/{ana.zone_id}/withdraw",
        f"/assignments/{assignment.pk}/end",
    ]


def test_every_editor_opens_for_the_officer(ana: Case, officer: Client):
    assert {address: officer.get(address).status_code for address in addresses(ana)} == dict.fromkeys(
        addresses(ana), 200
    )


def test_no_editor_opens_for_who_may_only_look(ana: Case):
    operator = client_of(user("op north", Role.OPERATOR, "north"))
    for address in [*addresses(ana), "/people/new"]:
        assert operator.get(address).status_code == 403, address
        assert operator.post(address, zone_form()).status_code == 403, address


def test_no_editor_or_history_opens_for_another_officer(ana: Case):
    other = client_of(user("nina other", Role.OFFICER))
    histories = [f"/orders/{ana.order.pk}/history", f"/conditions/{ana.zone_id}/history"]
    for address in [*addresses(ana), *histories]:
        assert other.get(address).status_code == 404, address
    assert other.post(f"/people/{ana.person.pk}/preview/zone", zone_form()).status_code == 404


def test_what_is_not_there_is_not_found(ana: Case, officer: Client):
    none = "0" * 32
    for address in (
        f"/orders/{none}/change", f"/orders/{none}/history", f"/conditions/{none}/edit", "/assignments/999999/end",
        f"/orders/{ana.order.pk}/conditions/new/spell", f"/people/{none}",
    ):  # fmt: skip
        assert officer.get(address).status_code == 404, address


def test_a_review_is_recorded_from_the_orders_page_and_brings_a_lapsed_order_back(ana: Case, officer: Client):
    OrderVersion.objects.filter(order=ana.order).update(review_due_ms=now_ms() - 30 * DAY_MS)
    assert cases.order_at(ana.person.pk, now_ms()) is None
    address = f"/orders/{ana.order.pk}/review"
    assert address in officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    given = {"outcome": "continues", "statement": "Nothing less would do as things stand.", "next_due_ms": at(40)}
    assert officer.post(address, given | {"statement": "fine"}).status_code == 422
    assert officer.post(address, given | {"next_due_ms": at(130)}).status_code == 422
    assert cases.order_at(ana.person.pk, now_ms()) is None
    answer = officer.post(address, given, follow=True).content.decode()
    assert "It goes on as it is. Nothing less would do as things stand." in answer
    assert cases.order_at(ana.person.pk, now_ms()) is not None


def test_a_review_may_end_the_order_without_a_date(ana: Case, officer: Client):
    given = {"outcome": "ends", "statement": "The risk is gone, so it must end.", "next_due_ms": ""}
    assert officer.post(f"/orders/{ana.order.pk}/review", given).status_code == 302
    assert cases.order_at(ana.person.pk, now_ms()) is None
