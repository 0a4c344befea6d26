"""How people come to their own page, and how nobody else does."""

import hashlib
import re
import threading
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings

from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.cases import actions
from surety.server.cases.checks import PersonDetails
from surety.server.cases.models import Person
from surety.server.checkins.tests.test_prompts import Service
from surety.server.console.tests.case_cast import Case, case, user
from surety.server.portal import codes, limits
from surety.server.portal.models import Attempt, LogInCode, WatchLink
from surety.server.portal.tests.portal_cast import logged_in
from surety.server.timekeeping import now_ms

# The library of messages looks for a module of old Pythons when it is loaded.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")]


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    found = Service()
    url = f"json://{found.host}/?to={{phone}}"
    settings.SURETY = type(settings.SURETY)(**{**_fields(settings.SURETY), "message_url": url})
    yield found
    found.server.shutdown()
    found.server.server_close()


def _fields(of: object) -> dict[str, object]:
    return {name: getattr(of, name) for name in of.__struct_fields__}


def sent(service: Service) -> str:
    """The code in the last message, once every message has left."""
    both = threading.Barrier(2)  # reached when both threads have nothing else to do
    for done in [codes._leaving.submit(both.wait, 10) for _ in range(2)]:
        done.result()
    return re.findall(rb"\b(\d{6})\b", service.heard[-1][2])[0].decode()


def wrong_one(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def asked_by(client: Client, reference: str) -> list[tuple[int, str, str]]:
    """What a browser is answered to a reference, and to a code that cannot be right."""
    first = client.post("/my/ask", {"reference": reference})
    page = client.get(first.headers["Location"])
    last = client.post("/my/code", {"code": "12345x"})
    pages = [re.sub(r'value="\w{64}"', "", one.content.decode()) for one in (page, last)]
    return [(first.status_code, first.headers["Location"], ""), (200, "", pages[0]), (last.status_code, "", pages[1])]


def test_a_code_by_message_opens_the_page_once(ana: Case, service: Service):
    client = Client()
    client.post("/my/ask", {"reference": "ab-1042 "})
    code = sent(service)
    assert client.post("/my/code", {"code": code}).headers["Location"] == "/my/today"
    page = client.get("/my/today")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert "Be at Home." in page.content.decode()
    other = Client()
    other.post("/my/ask", {"reference": "AB-1042"})
    assert other.post("/my/code", {"code": code}).status_code == 400  # used, and another took its place
    entry = Entry.objects.get(action="portal.logged_in")
    assert (entry.person_id, entry.actor_id, entry.actor_name) == (ana.person.pk, None, "The person themselves")


def test_a_code_is_kept_as_a_keyed_hash_alone(ana: Case, service: Service):
    Client().post("/my/ask", {"reference": "AB-1042"})
    code, row = sent(service), LogInCode.objects.get()
    assert code not in str(row.__dict__)
    assert len(row.code_hmac) == 64
    assert row.expires_ms - row.made_ms == 600_000
    assert not Entry.objects.filter(detail__contains=code).exists()


def test_the_answer_is_the_same_whether_or_not_a_reference_exists(ana: Case, service: Service):
    assert asked_by(Client(), "AB-1042") == asked_by(Client(), "ZZ-9999")


def test_five_wrong_codes_use_a_code_up_and_are_told_to_the_audit_log(ana: Case, service: Service):
    client = Client()
    client.post("/my/ask", {"reference": "AB-1042"})
    code = sent(service)
    for _ in range(5):
        assert client.post("/my/code", {"code": wrong_one(code)}).status_code == 400
    assert client.post("/my/code", {"code": code}).status_code == 400
    assert Entry.objects.filter(action="portal.code_used_up", person_id=ana.person.pk).count() == 1


def test_wrong_codes_before_the_right_one_are_counted(ana: Case, service: Service):
    client = Client()
    client.post("/my/ask", {"reference": "AB-1042"})
    code = sent(service)
    client.post("/my/code", {"code": wrong_one(code)})
    assert client.post("/my/code", {"code": code}).status_code == 302
    assert '"wrong_before":1' in Entry.objects.get(action="portal.logged_in").detail


def test_a_code_is_good_for_ten_minutes(ana: Case, service: Service):
    client = Client()
    client.post("/my/ask", {"reference": "AB-1042"})
    code = sent(service)
    LogInCode.objects.update(expires_ms=limits.machine_ms())
    assert client.post("/my/code", {"code": code}).status_code == 400


def test_a_person_is_sent_three_codes_in_a_quarter_of_an_hour(ana: Case, service: Service):
    for _ in range(5):
        Client().post("/my/ask", {"reference": "AB-1042"})
    assert Entry.objects.filter(action="portal.code_sent").count() == 3


def test_an_address_that_asks_or_guesses_too_often_is_told_to_wait(ana: Case):
    client = Client()
    answers = [client.post("/my/ask", {"reference": f"XX-{number}"}).status_code for number in range(21)]
    assert answers == [302] * 20 + [429]
    answers = [client.post("/my/paper", {"code": f"{number}"}).status_code for number in range(31)]
    assert answers == [400] * 30 + [429]
    code = codes.make_paper_code(ana.person.pk, acting_user=None, now_ms=now_ms())
    assert client.post("/my/paper", {"code": code}).status_code == 429
    assert Client(REMOTE_ADDR="10.0.0.9").post("/my/paper", {"code": code}).status_code == 302


def test_an_officer_hands_over_a_code_on_paper_which_is_shown_and_good_once(ana: Case):
    officer = Client()
    officer.force_login(ana.officer)
    assert "Make a code" in officer.get(f"/people/{ana.person.pk}/own-page").content.decode()
    made = officer.post(f"/people/{ana.person.pk}/own-page")
    assert made.headers["Cache-Control"] == "no-store"
    code = made.context["code"]
    assert code not in officer.get(f"/people/{ana.person.pk}/own-page").content.decode()
    assert Entry.objects.get(action="portal.code_made").actor_id == ana.officer.pk
    assert Client().post("/my/paper", {"code": code.lower().replace("-", " ")}).status_code == 302
    assert Client().post("/my/paper", {"code": code}).status_code == 400


def test_only_who_keeps_the_case_makes_a_code(ana: Case):
    for role in (Role.OFFICER, Role.OPERATOR, Role.ADMINISTRATOR, Role.AUDITOR):
        other = Client()
        other.force_login(user(f"some {role}", role))
        assert other.post(f"/people/{ana.person.pk}/own-page").status_code in {403, 404}
    assert not LogInCode.objects.exists()


def test_a_link_of_a_watch_opens_the_page_by_its_button_once(ana: Case):
    at_ms = limits.machine_ms()
    sha256 = hashlib.sha256(b"a-token").hexdigest()
    WatchLink.objects.create(
        token_sha256=sha256, asked_sha256="x", person=ana.person, device_id="d", made_ms=at_ms, expires_ms=at_ms + 9_000
    )
    client = Client()
    assert client.get("/my/watch/a-token").status_code == 200
    assert client.get("/my/today").status_code == 302
    assert Client().post("/my/watch/another").status_code == 400
    assert client.post("/my/watch/a-token").headers["Location"] == "/my/today"
    assert "Be at Home." in client.get("/my/today").content.decode()
    assert Client().post("/my/watch/a-token").status_code == 400
    assert '"by":"watch"' in Entry.objects.get(action="portal.logged_in").detail


def test_a_session_ends_after_half_an_hour_of_nothing_and_at_log_out(ana: Case):
    client = logged_in(ana.person)
    cookie = client.cookies["surety_my"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/my/", True, "Lax")
    assert client.post("/my/leave").status_code == 302
    assert client.get("/my/today").headers["Location"] == "/my/"
    assert Entry.objects.filter(action="portal.logged_out").count() == 1


def test_a_session_is_not_longer_than_eight_hours(ana: Case, monkeypatch: pytest.MonkeyPatch):
    client = logged_in(ana.person)
    later = limits.machine_ms() + 8 * 3_600_000 + 1
    monkeypatch.setattr(limits, "machine_ms", lambda: later)
    assert client.get("/my/today").status_code == 302


def test_staff_in_the_same_browser_are_somebody_else(ana: Case):
    client = logged_in(ana.person)
    client.force_login(ana.officer)
    assert client.get("/my/today").status_code == 200
    assert client.get("/people").status_code == 200
    client.post("/my/leave")
    assert client.get("/people").status_code == 200
    assert client.get("/my/today").status_code == 302


def test_a_person_is_nobody_to_the_console(ana: Case):
    client = logged_in(ana.person)
    for address in ("/", "/people", f"/people/{ana.person.pk}", "/map/config.json", "/audit/"):
        assert client.get(address).headers["Location"].startswith("/accounts/login/"), address


def test_staff_cannot_open_anybodys_own_page(ana: Case):
    client = Client()
    client.force_login(ana.officer)
    assert client.get("/my/today").headers["Location"] == "/my/"


def test_what_ran_out_is_deleted_a_day_later(ana: Case, monkeypatch: pytest.MonkeyPatch):
    codes.make_paper_code(ana.person.pk, acting_user=None, now_ms=now_ms())
    limits.address_may(limits.ASKED, "10.0.0.1", limits.machine_ms())
    codes.tidy(now_ms())
    assert (LogInCode.objects.count(), Attempt.objects.count()) == (1, 1)
    later = limits.machine_ms() + 5 * limits.DAY_MS
    monkeypatch.setattr(limits, "machine_ms", lambda: later)
    codes.tidy(now_ms())
    assert (LogInCode.objects.count(), Attempt.objects.count()) == (0, 0)


def test_somebody_without_a_number_gets_the_same_page_and_no_message(service: Service):
    details = PersonDetails(reference="CD-1", given_names="No", family_name="Phone", region="", phone="")
    actions.register_person(details, acting_user=None, now_ms=now_ms())
    assert Client().post("/my/ask", {"reference": "CD-1"}).headers["Location"] == "/my/code"
    assert not service.heard
    assert Person.objects.count() == 1
    assert django_settings.SURETY.message_url
