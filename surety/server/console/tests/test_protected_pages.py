"""Protected persons on the pages: their own pages for those who may, and not a trace of their place anywhere else."""

import itertools
import math
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from surety.rules.facts import ProtectedFix, Source, encode, fact_id
from surety.server.accounts.models import Role, User
from surety.server.alerts.models import Alert
from surety.server.audit.models import Entry as AuditEntry
from surety.server.cases import protected
from surety.server.cases.checks import Told
from surety.server.cases.models import DoorGrant, ProtectedLink, ProtectedPerson
from surety.server.console.desk_filter import Choice
from surety.server.console.live_feed import Feed, Listener
from surety.server.console.tests.case_cast import HOME, MINUTE_MS, Case, case, record_day, user
from surety.server.monitoring.models import Finding, StoredFact
from surety.server.monitoring.worker import Worker
from surety.server.timekeeping import now_ms
from surety.stream.contract import Entry
from surety.stream.sql import SqliteStream

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
# About 380 m from Ana's home, off every way of hers: its digits stand nowhere else, and on a page they are a leak.
MARKER = (55.1143719, -2.6731846)
NAME, CONTACT, REFERENCE = "Pia Unmistakable", "0800 5550 777", "P-SECRET-1"


class World(NamedTuple):
    """Ana's case with a day of records, and Pia who is protected from her."""

    ana: Case
    link: ProtectedLink
    alert: Alert


@pytest.fixture
def world(tmp_path: Path) -> World:
    now = now_ms()
    ana = case(now, user("olu officer", Role.OFFICER))
    link = link_for(ana, now - 4 * 3_600_000)
    stream = SqliteStream(tmp_path / "theirs.sqlite3")
    theirs = [fix for minute in range(175) for fix in _pia(link, now - (175 - minute) * MINUTE_MS)]
    stream.append([Entry(ana.person.pk, link.pk, "protected", now, tuple(encode(fix) for fix in theirs))])
    worker = Worker(stream)
    while not worker.run_once(now).idle:
        pass
    stream.close()
    record_day(ana, now, tmp_path)
    return World(ana, link, Alert.objects.filter(person=ana.person, kind="protected_near")[0])


def link_for(ana: Case, at_ms: int) -> ProtectedLink:
    again = {"acting_user": None, "now_ms": at_ms}
    details = protected.ProtectedDetails(reference=REFERENCE, name=NAME, contact=CONTACT, region="north")
    pia = protected.register_protected(details, **again)
    terms = protected.LinkTerms(legal_basis="Protection Act, s. 5", alert_m=500, warn_m=1_500)
    consent = protected.Consent(at_ms=at_ms, how="signed form")
    link = protected.propose_link(pia.pk, ana.order.pk, terms, consent, from_ms=at_ms, **again)
    protected.approve_link(link.pk, **again)
    return protected.record_link_told(link.pk, Told(at_ms=at_ms, how="in person", language="en"), **again)


def _pia(link: ProtectedLink, at_ms: int) -> list[ProtectedFix]:
    name = fact_id("unguessable", at_ms)
    return [ProtectedFix(name, link.pk, at_ms, at_ms, *MARKER, 8.0, Source.GNSS)]


def client_of(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


# --- not a trace


def traces(text: str) -> list[str]:
    """Every way in which the place or the person might stand on a page."""
    secrets = [NAME, CONTACT, REFERENCE, "Unmistakable"]
    secrets += [f"{abs(degrees):.{digits}f}" for degrees in MARKER for digits in (4, 5, 6, 7)]
    secrets += [f"{abs(degrees):.7f}".rstrip("0")[:-1] for degrees in MARKER]
    return [secret for secret in secrets if secret in text]


def addresses(world: World) -> list[str]:
    """Every address of this installation, with the parts of this case in it."""
    finding = Finding.objects.filter(kind="protected_near").values_list("pk", flat=True)[0]
    parts = {
        "person_id": [world.ana.person.pk],
        "order_id": [world.ana.order.pk],
        "condition_id": [world.ana.curfew_id, world.ana.zone_id, f"link:{world.link.pk}"],
        "alert_id": list(Alert.objects.values_list("pk", flat=True)),
        "finding_id": [finding],
        "link_id": [world.link.pk],
        "protected_id": [world.link.protected_id],
        "assignment_id": ["1"],
        "kind": ["curfew", "zone", "trail"],
        "action": ["acknowledge"],
    }
    found = []
    for pattern in patterns(get_resolver().url_patterns):
        names = re.findall(r"<(?:\w+:)?(\w+)>", pattern)
        for chosen in itertools.product(*(parts.get(name, ["1"]) for name in names)):
            values = dict(zip(names, chosen, strict=True))
            found.append("/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m, values=values: str(values[m[1]]), pattern))
    return found


def patterns(listed: list[object], before: str = "") -> list[str]:
    found = []
    for one in listed:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            found += patterns(one.url_patterns, path)
        elif isinstance(one, URLPattern) and "^" not in path and "(" not in path and "accounts/" not in path:
            found.append(path)
    return found


def test_the_walk_knows_the_pages_that_show_a_case(world: World) -> None:
    walked = addresses(world)
    person, alert = world.ana.person.pk, world.alert.pk
    for page in ("", "/trail", "/conditions", "/alerts", "/record", "/calendar.ics"):
        assert f"/people/{person}{page}" in walked
    assert {f"/alerts/{alert}/evidence", f"/alerts/{alert}/map.json", f"/alerts/{alert}/pane"} <= set(walked)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_no_page_of_the_supervised_persons_case_shows_where_the_protected_person_is(world: World, role: Role) -> None:
    assert any(bytes(row.body) for row in StoredFact.objects.all())
    who = world.ana.officer if role is Role.OFFICER else user("somebody else", role, "")
    client = client_of(who)
    client.raise_request_exception = True
    shown = 0
    for address in addresses(world):
        if address.startswith("/live/"):
            continue  # a stream without an end; its words are looked at below
        for query in ("", "?from=2000-01-01&to=2100-01-01&purpose=review&hours=200"):
            answer = client.get(address + query)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            shown += answer.status_code == 200
            found = traces(body.decode("utf-8", "replace") + str(answer.headers))
            if role is Role.SUPERVISOR and address.startswith(("/protected", "/links/")):
                found = [one for one in found if one not in (NAME, CONTACT, REFERENCE, "Unmistakable")]
            assert not found, (address, found)
    assert shown > 5


def test_the_live_feed_tells_nothing_of_the_place(world: World) -> None:
    told = Feed(0).catch_up(Listener(world.ana.officer.pk, "no-session", Choice(), 0))
    assert told is not None
    assert world.alert.pk in told.decode()
    assert not traces(told.decode())


def test_what_the_trail_page_reads_is_counted_without_the_protected_persons_positions(world: World) -> None:
    page = client_of(world.ana.officer).get(f"/alerts/{world.alert.pk}/evidence").content.decode()
    assert "do not say who came towards whom" in page
    assert "wherever they are" in page


# --- their own pages


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR, Role.FACE_REVIEWER])
@pytest.mark.parametrize("page", ["", "/new", "/{id}", "/{id}/links/new", "/{id}/devices/new"])
def test_who_has_no_permission_gets_none_of_these_pages(world: World, role: Role, page: str) -> None:
    address = "/protected" + page.format(id=world.link.protected_id)
    assert client_of(user("no access", role)).get(address).status_code in {403, 404}


def test_a_liaison_of_another_region_finds_nobody(world: World) -> None:
    client = client_of(user("lia elsewhere", Role.VICTIM_LIAISON, "south"))
    assert NAME not in client.get("/protected").content.decode()
    assert client.get(f"/protected/{world.link.protected_id}").status_code == 404


def test_the_liaison_sees_how_the_link_stands_and_that_she_looked_is_written_down(world: World) -> None:
    client = client_of(user("lia liaison", Role.VICTIM_LIAISON, "north"))
    assert client.get("/").headers["Location"] == "/protected"
    page = client.get(f"/protected/{world.link.protected_id}").content.decode()
    assert "In force." in page
    assert CONTACT in page
    assert "AB-1042" in page
    assert "Ana Maria" not in page
    assert not [one for one in traces(page) if one[0].isdigit() and one != CONTACT]
    assert AuditEntry.objects.filter(action="protected.read").count() == 1


def test_from_a_new_person_to_a_link_in_force_by_the_forms(tmp_path: Path) -> None:
    now = now_ms()
    ana = case(now, user("olu officer", Role.OFFICER))
    lia = client_of(user("lia liaison", Role.VICTIM_LIAISON, "north"))
    sue = client_of(user("sue supervisor", Role.SUPERVISOR, "north"))
    who = {"reference": "P-2", "name": NAME, "contact": CONTACT, "language": "en", "time_zone": "Europe/London"}
    assert lia.post("/protected/new", {**who, "region": "north"}).status_code == 302
    pia = ProtectedPerson.objects.get()
    terms = {"legal_basis": "Protection Act, s. 5", "alert_m": "500", "warn_m": "", "consent_how": "signed form"}
    refused = lia.post(f"/protected/{pia.pk}/links/new", {**terms, "supervised": "nobody"})
    assert refused.status_code == 422
    assert "Nobody with this reference" in refused.content.decode()
    assert lia.post(f"/protected/{pia.pk}/links/new", {**terms, "supervised": "AB-1042"}).status_code == 302
    link = ProtectedLink.objects.get()
    assert lia.post(f"/links/{link.pk}/approve", {"reason": "as ordered"}).status_code == 403
    assert sue.post(f"/links/{link.pk}/approve", {"reason": "as ordered"}).status_code == 302
    given = lia.post(f"/protected/{pia.pk}/devices/new", {"protocol": "owntracks", "with_secret": "on"})
    assert "data-secret" in given.content.decode()
    assert not DoorGrant.objects.exclude(link_id="").exists()
    officer = client_of(ana.officer)
    assert "does not hold before they are told" in officer.get(f"/people/{ana.person.pk}/conditions").content.decode()
    assert officer.post(f"/links/{link.pk}/told", {"told_how": "in person", "told_language": "en"}).status_code == 302
    assert DoorGrant.objects.exclude(link_id="").count() == 1
    assert lia.get(f"/links/{link.pk}/withdraw").status_code == 200
    assert lia.post(f"/links/{link.pk}/withdraw").status_code == 302
    link.refresh_from_db()
    assert link.withdrawn_ms is not None
    assert math.isclose(DoorGrant.objects.exclude(link_id="").get().to_ms, link.withdrawn_ms)
    page = lia.get(f"/protected/{pia.pk}").content.decode()
    assert "withdrawn" in page
    assert HOME
