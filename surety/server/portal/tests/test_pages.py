"""What a person sees on their own page, and that it is theirs alone."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from pytest_django.fixtures import Settings

from surety.rules.findings import Certainty, Kind
from surety.server.accounts.models import Role
from surety.server.alerts.models import Outcome, Status
from surety.server.alerts.policy import POLICY
from surety.server.audit import actions as audit
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases import actions
from surety.server.cases.checks import PersonDetails, Told
from surety.server.cases.models import Person
from surety.server.checkins.models import CheckIn, Stands, Submission
from surety.server.console.tests.case_cast import Case, case, record_day, terms, user
from surety.server.monitoring import reading
from surety.server.portal import check_in_rows, finding_words, kept_rows, order_rows, urls
from surety.server.portal.tests.portal_cast import logged_in
from surety.server.records.schedule import BY_STORE, RULES, Whose
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db
PAGES = [f"/my/{name}" for name in ("today", "order", "trail", "record", "photos", "readers", "kept")]
MOST_BYTES = 30_000  # of a page with its style sheet


def told_at(at_ms: int) -> Told:
    return Told(at_ms=at_ms, how="by hand", language="en")


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


def text_of(client: object, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", re.sub(r'value="\w{64}"', "", answer.content.decode()))


def somebody_else() -> Person:
    details = PersonDetails(reference="CD-77", given_names="Noor", family_name="Elsewhere", region="north", phone="")
    return actions.register_person(details, acting_user=None, now_ms=now_ms())


def test_today_says_what_is_asked_and_whether_they_are_inside(ana: Case, tmp_path: Path):
    record_day(ana, now_ms(), tmp_path)
    page = text_of(logged_in(ana.person), "/my/today")
    assert "Be at Home." in page
    assert "Stay out of the zone School." in page
    assert "No photo is asked of you now." in page
    assert "Olu Officer" in page


def test_without_a_fresh_position_it_is_said_that_nobody_can_tell(ana: Case):
    assert "We cannot tell now where you are. That is no breach." in text_of(logged_in(ana.person), "/my/today")


def test_an_order_is_told_with_its_right_its_review_and_the_week(ana: Case):
    page = text_of(logged_in(ana.person), "/my/order")
    for words in ("This order is in force.", "Alderbeck Magistrates&#x27; Court", "Bail Act 1976, section 3"):
        assert words in page
    assert "Next review by" in page
    assert page.count("from 19:00 to 07:00") == 7
    assert "Stay out of the zone School." in page


def test_an_order_whose_review_does_not_come_is_told_as_it_is(ana: Case):
    """Due in 60 days; a week of grace, a fortnight of verdicts alone, and then nothing."""
    now, day_ms = now_ms(), 86_400_000
    given = terms(now, data_kinds=("position", "photo"))
    again = {"acting_user": None, "now_ms": now}
    actions.change_order(ana.order.pk, given, effective_from_ms=now, told=told_at(now), **again)

    def told(days: int) -> tuple[str, bool]:
        (order,) = order_rows.orders(ana.person, now + days * day_ms)
        return order["state"], "photos of you" in dict(order["rows"])["What may be collected"]

    assert told(66) == ("This order is in force.", True)
    assert told(68) == ("This order is in force.", False)
    assert told(79) == ("This order is in force.", False)
    order = actions.record_order(ana.person.pk, terms(now, ends_ms=now + 200 * day_ms), told=told_at(now), **again)
    states = [one["state"] for one in order_rows.orders(ana.person, now + 90 * day_ms)]
    assert states == ["This order is paused. Nothing is collected.", "This order is over. Nothing is collected."]
    assert order.pk != ana.order.pk


def test_their_trail_is_shown_by_quarters_and_their_reading_is_noted(ana: Case, tmp_path: Path):
    record_day(ana, now_ms(), tmp_path)
    client = logged_in(ana.person)
    page = text_of(client, "/my/trail")
    shown = re.findall(r"<bdi dir=\"ltr\">5\d\.\d{5}, -2", page)
    assert shown
    note = Entry.objects.filter(action="trail.read").latest("seq")
    assert (note.person_id, note.actor_name) == (ana.person.pk, "The person themselves")
    picture = client.get("/my/trail.svg")
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert f"{len(shown)} positions, numbered as in the table." in picture.content.decode()


def test_a_day_that_is_none_or_lies_too_far_back_is_today(ana: Case):
    client = logged_in(ana.person)
    usual = text_of(client, "/my/trail")
    for day in ("x", "1999-01-01", "2999-01-01", "0001-01-01", "99999-01-01"):
        assert text_of(client, f"/my/trail?day={day}&part=9") == usual


def test_alerts_and_decisions_are_told_with_their_reason_and_by_whom(ana: Case, tmp_path: Path):
    alert = record_day(ana, now_ms(), tmp_path)
    client = logged_in(ana.person)
    page = text_of(client, "/my/record")
    assert "You were in the zone School." in page
    assert "Nothing is decided yet." in page
    alert.status, alert.outcome, alert.outcome_reason = Status.RESOLVED, Outcome.REASONABLE_EXCUSE, "Fetched her child"
    alert.decided_by, alert.resolved_ms = ana.officer, now_ms()
    alert.save()
    page = text_of(client, "/my/record")
    assert "Decided: you had a good reason" in page
    assert "Fetched her child" in page
    assert "By your officer" in page


def test_a_reason_is_not_told_before_a_second_person_confirmed(ana: Case, tmp_path: Path):
    alert = record_day(ana, now_ms(), tmp_path)
    alert.status, alert.outcome, alert.outcome_reason = Status.AWAITING_SECOND, Outcome.VIOLATION, "No excuse given"
    alert.save()
    page = text_of(logged_in(ana.person), "/my/record")
    assert "A second person must confirm. Nothing is decided yet." in page
    assert "No excuse given" not in page


def test_of_a_protected_person_nothing_is_told(ana: Case, tmp_path: Path):
    alert = record_day(ana, now_ms(), tmp_path)
    alert.kind, alert.status, alert.outcome = Kind.PROTECTED_NEAR, Status.RESOLVED, Outcome.VIOLATION
    alert.outcome_reason = "was near Vera Vale in Mill Lane"
    alert.save()
    page = text_of(logged_in(ana.person), "/my/record")
    assert "About the distance that you must keep." in page
    assert "Mill Lane" not in page
    assert {kind for kind in Kind if kind.value.startswith("protected")} == finding_words.UNTOLD


def test_every_kind_of_finding_has_words():
    assert set(POLICY) == set(Kind)
    assert set(Kind) - set(finding_words.SAID) == finding_words.UNTOLD
    assert set(finding_words.SURE) == set(Certainty)


def test_every_kind_of_data_of_a_person_has_words(ana: Case):
    of_people = {store.kind for store in BY_STORE.values() if store.whose is Whose.PERSON}
    told = {rule.name for rule in RULES if rule.name in of_people or rule.name.startswith(("photo_", "positions_"))}
    assert set(kept_rows.KINDS) >= told - {"message_log"} - {"protected_positions"}
    page = text_of(logged_in(ana.person), "/my/kept")
    assert "the rest of your file" in page
    assert re.search(r"Erased: on \d+ \w+ 20\d\d", page)


def test_who_read_what_is_told_with_the_reason_and_by_role(ana: Case, settings: Settings):
    audit.record(
        action="trail.read", actor=ana.officer, subject_type="person", subject_id=ana.person.pk,
        person_id=ana.person.pk, detail={"from_ms": 0, "to_ms": 60_000, "purpose": "a call from the school"},
        at_ms=now_ms(),
    )  # fmt: skip
    client = logged_in(ana.person)
    page = text_of(client, "/my/readers")
    for words in ("Where you were", "your officer", "a call from the school", "from 1 Jan 1970, 01:00"):
        assert words in page
    cards = page.split("</main>")[0]
    assert "Olu Officer" not in cards
    named = {name: getattr(settings.SURETY, name) for name in settings.SURETY.__struct_fields__}
    settings.SURETY = type(settings.SURETY)(**{**named, "portal_names": True})
    assert "Olu Officer" in text_of(client, "/my/readers").split("</main>")[0]


def test_check_ins_are_told_and_only_ones_own_photographs_open(ana: Case):
    now, other = now_ms(), somebody_else()
    theirs = {"condition_id": "c", "condition_version": 1, "asked_ms": now, "due_ms": now + 1, "late_until_ms": now + 2}
    row = CheckIn.objects.create(person=ana.person, stands=Stands.DECIDED, verdict="cannot_tell", **theirs)
    Submission.objects.create(id="s1", check_in=row, at_ms=now, received_ms=now, photos=["ab" * 32])
    page = text_of(logged_in(ana.person), "/my/photos")
    assert "Nobody can tell from this photo. That is no breach." in page
    address = re.findall(r'href="(/my/photos/\w+)"', page)[0]
    stranger = logged_in(other)
    assert stranger.get(address).status_code == 404
    assert stranger.get(reverse("my-photo", args=[check_in_rows._key(other, "ab" * 32)])).status_code == 404
    assert not Entry.objects.filter(action="photograph.shown").exists()


def test_nobody_finds_anything_of_somebody_else_at_any_address(ana: Case, tmp_path: Path):
    alert = record_day(ana, now_ms(), tmp_path)
    stranger = logged_in(somebody_else())
    hers = ("Home", "School", "AB-1042", "Berg", "Alderbeck", "Olu Officer", ana.person.pk, alert.pk)
    given = {"token": ana.person.pk, "key": alert.pk}
    asked = {"person": ana.person.pk, "person_id": ana.person.pk, "reference": "AB-1042", "portal_person_id": "x"}
    for pattern in urls.urlpatterns:
        names = list(pattern.pattern.converters)
        address = reverse(str(pattern.name), args=[given[name] for name in names])
        assert not {"person_id", "reference", "id"} & set(names)
        if pattern.name == "my-leave":
            continue
        body = stranger.get(address, asked).content.decode()
        assert not [word for word in hers if word in body], address


def test_every_address_is_guarded_by_the_session_or_comes_before_it():
    for pattern in urls.urlpatterns:
        assert pattern.callback.login_required is False
    guarded = {p.name for p in urls.urlpatterns if getattr(p.callback, "of_the_person", False)}
    assert {reverse(str(name)) for name in guarded - {"my-photo", "my-map", "my-leave"}} == set(PAGES)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_small_needs_no_script_and_is_never_kept(ana: Case, tmp_path: Path, address: str):
    record_day(ana, now_ms(), tmp_path)
    answer = logged_in(ana.person).get(address)
    page = answer.content.decode()
    sheet = finders.find("portal/my.css")
    assert sheet is not None
    assert len(answer.content) + len(Path(str(sheet)).read_bytes()) < MOST_BYTES
    assert "<script" not in page
    assert "style=" not in page
    assert answer.headers["Cache-Control"] == "no-store"


def test_whoever_was_erased_is_logged_out(ana: Case):
    other = somebody_else()
    client = logged_in(other)
    other.delete()
    assert client.get("/my/today").headers["Location"] == "/my/"


def test_somebody_without_an_order_is_told_that_nothing_is_collected():
    client = logged_in(somebody_else())
    assert "No order is recorded. Nothing is collected." in text_of(client, "/my/order")
    for address in PAGES:
        text_of(client, address)
    assert detail_of(Entry.objects.filter(action="trail.read").latest("seq"))["purpose"] == "their own page"


def test_who_reads_at_the_command_line_is_somebody_and_not_the_system(ana: Case):
    reading.note_reading(ana.person.pk, (0, 60_000), "an inquiry", command="explain", now_ms=now_ms())
    page = text_of(logged_in(ana.person), "/my/readers").split("</main>")[0]
    assert "an inquiry" in page
    assert "The system itself" not in page
