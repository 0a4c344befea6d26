"""The pages of a watch: a one-time code shown once, the key taken away, and how the watch is heard."""

import hashlib
import re

import pytest
from django.conf import settings
from django.test import Client

from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.cases import queries as cases
from surety.server.cases.models import Device, WatchKey
from surety.server.console.case_access import input_text
from surety.server.console.tests.case_cast import ZONE, Case, case, user
from surety.server.console.views_watch import qr_path
from surety.server.timekeeping import now_ms
from surety.stream.asides import DeviceNote
from surety.stream.sql import open_stream

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Case:
    return case(now_ms(), user("olu officer", Role.OFFICER))


def client_of(who: object) -> Client:
    client = Client()
    client.force_login(who)
    return client


def given_a_watch(ana: Case, officer: Client) -> str:
    """The code that the officer is shown."""
    end = {"to_ms": input_text(now_ms(), ZONE), "reason": "a watch instead"}
    assignment = cases.devices_of(ana.person.pk)[0]
    assert officer.post(f"/assignments/{assignment.pk}/end", end).status_code == 302
    form = {"protocol": "native", "model": "Watch 4", "with_secret": "on", "from_ms": input_text(now_ms(), ZONE)}
    answer = officer.post(f"/people/{ana.person.pk}/devices/assign", form)
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.context["code"])


def test_an_officer_gives_somebody_a_watch_and_is_shown_its_code_once(ana: Case):
    officer = client_of(ana.officer)
    code = given_a_watch(ana, officer)
    device = Device.objects.get(protocol="native")
    assert WatchKey.objects.get(device=device).code_sha256 == hashlib.sha256(code.encode()).hexdigest()
    assert device.secret_sha256 == ""
    page = officer.get(f"/watches/{device.pk}").content.decode()
    assert code not in page
    assert "Not yet; its code is good until" in page
    assert f"/watches/{device.pk}" in officer.get(f"/people/{ana.person.pk}/conditions").content.decode()


def test_a_new_code_and_taking_the_key_away(ana: Case):
    officer = client_of(ana.officer)
    first = given_a_watch(ana, officer)
    device = Device.objects.get(protocol="native")
    again = officer.post(f"/watches/{device.pk}", {"do": "code"})
    assert again.status_code == 200
    assert again.headers["Cache-Control"] == "no-store"
    assert again.context["code"] != first
    refused = officer.post(f"/watches/{device.pk}", {"do": "revoke", "reason": ""})
    assert (refused.status_code, "Say why the key is taken away." in refused.content.decode()) == (400, True)
    assert officer.post(f"/watches/{device.pk}", {"do": "revoke", "reason": "stolen"}).status_code == 302
    assert not WatchKey.objects.exists()
    assert Entry.objects.filter(action="watch.key_taken_away", person_id=ana.person.pk).count() == 1


def test_who_has_no_access_sees_nothing_and_an_operator_changes_nothing(ana: Case):
    given_a_watch(ana, client_of(ana.officer))
    device = Device.objects.get(protocol="native")
    assert client_of(user("other officer", Role.OFFICER)).get(f"/watches/{device.pk}").status_code in {403, 404}
    operator = client_of(user("pat operator", Role.OPERATOR))
    page = operator.get(f"/watches/{device.pk}")
    assert (page.status_code, "Make a new code" in page.content.decode()) == (200, False)
    assert operator.post(f"/watches/{device.pk}", {"do": "code"}).status_code == 403


def test_what_was_wrong_at_the_door_is_told(ana: Case):
    officer = client_of(ana.officer)
    given_a_watch(ana, officer)
    device = Device.objects.get(protocol="native")
    stream = open_stream(settings.SURETY)
    at = now_ms() - 60_000
    stream.record_notes(
        [DeviceNote(device.pk, "heard", at, at, 4), DeviceNote(device.pk, "wrong_signature", at, at, 3)]
    )
    stream.close()
    page = officer.get(f"/watches/{device.pk}").content.decode()
    assert "1 min ago" in page
    assert re.search(r"signed with another key</dt><dd>3 times, last", page)


def test_a_qr_code_is_drawn_from_squares_within_its_quiet_zone():
    drawn = qr_path("https://watch.example/watch/#K7M4T-9QXHB")
    squares = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", str(drawn["path"]))]
    size = int(str(drawn["size"]))
    assert (size - 8) % 4 == 1  # ISO/IEC 18004: 21, 25, 29 ... modules, and four of quiet around them
    assert {4, size - 5} <= {x for x, _ in squares} <= set(range(4, size - 4))
