"""An incident on the desk: one row, its people, and what can be done; for those who may see them."""

import re

import pytest

from surety.rules.findings import Kind
from surety.server.accounts.models import Role, User
from surety.server.alerts import actions as alerts
from surety.server.alerts import incidents
from surety.server.alerts.models import Alert, Incident, Status
from surety.server.alerts.tests.cast import finding
from surety.server.alerts.tests.test_incidents import FOUND, come_back, go_silent, wearer
from surety.server.cases.models import Person
from surety.server.console import live_feed
from surety.server.console.desk_filter import Choice
from surety.server.console.live_feed import Feed, Listener
from surety.server.console.tests.test_desk import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("views_desk", "views_incident", "templatetags.surety_ui", "live_feed"):
        monkeypatch.setattr(f"surety.server.console.{module}.now_ms", lambda: FOUND + 60_000)


@pytest.fixture
def town() -> list[Person]:
    return [wearer("Northtel" if n < 7 else "Vale") for n in range(14)]


@pytest.fixture
def outage(town: list[Person]) -> Incident:
    go_silent(town[:7])
    incidents.watch(FOUND)
    return Incident.objects.get()


def test_it_is_one_row_with_its_count_cause_first(town: list[Person], outage: Incident) -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    html = client.get("/").content.decode()
    row = html[html.index(f"row-{outage.pk}") :]
    assert row.index("Network") < row.index("7 people")
    assert "Network Northtel: 7 of 7 devices fell silent" in row
    assert html.count('<li class="row ') == 1


def test_a_call_for_help_stands_before_it_and_is_the_one_that_is_open(town: list[Person], outage: Incident) -> None:
    for kind, who in ((Kind.SOS, town[8]), (Kind.INCLUSION_LEFT, town[9])):
        alerts.apply_findings([finding(who, kind, at_ms=FOUND)], [], now_ms=FOUND)
    client, _ = logged_in("olga", Role.OPERATOR)
    html = client.get("/").content.decode()
    sos, absent = (Alert.objects.get(person=who) for who in (town[8], town[9]))
    rows = re.findall(r'<li class="row [^>]*data-id="(\w+)"', html)
    assert rows == [sos.pk, outage.pk, absent.pk]
    assert f"/alerts/{sos.pk}/do" in html[html.index('id="pane"') :]


def test_its_pane_says_why_it_is_no_coincidence_and_whom_it_touches(town: list[Person], outage: Incident) -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    for address in (f"/incidents/{outage.pk}/", f"/incidents/{outage.pk}/pane"):
        html = client.get(address).content.decode()
        assert "7 did. The probability of that is less than one in" in html
        assert all(person.reference in html for person in town[:7])
        assert town[8].reference not in html
    alert = Alert.objects.filter(folded=True).first()
    assert alert is not None
    assert f"/incidents/{outage.pk}/" in client.get(f"/alerts/{alert.pk}/pane").content.decode()


def test_it_is_acknowledged_noted_and_resolved_when_it_is_over(town: list[Person], outage: Incident) -> None:
    client, user = logged_in("olga", Role.OPERATOR)
    do = f"/incidents/{outage.pk}/do"
    assert client.post(f"{do}/acknowledge").status_code == 302
    assert client.post(f"{do}/acknowledge", headers={"X-Fragment": "pane"}).status_code == 409
    assert client.post(f"{do}/note", {"text": "Northtel is told"}).status_code == 302
    refused = client.post(f"{do}/end", {"reason": ""}, headers={"X-Fragment": "pane"})
    assert refused.status_code == 422
    assert "Say why it is over." in refused.content.decode()
    assert client.post(f"{do}/end", {"reason": "Northtel says so"}).status_code == 302
    assert client.post(f"{do}/resolve", {"reason": "A mast failed"}).status_code == 302
    outage.refresh_from_db()
    assert (outage.status, outage.owner) == (Status.RESOLVED, user)
    assert client.post(f"{do}/vanish").status_code == 404


def test_whom_it_does_not_touch_it_does_not_show(outage: Incident) -> None:
    south, _ = logged_in("sara", Role.OPERATOR, "south")
    auditor, _ = logged_in("ada", Role.AUDITOR)
    assert outage.pk not in south.get("/").content.decode()
    assert south.get(f"/incidents/{outage.pk}/").status_code == 404
    assert south.post(f"/incidents/{outage.pk}/do/acknowledge").status_code == 404
    assert auditor.get(f"/incidents/{outage.pk}/").status_code == 403


def test_an_open_desk_sees_the_rows_go_and_the_incident_come_and_afterwards_the_silent_come_back(
    town: list[Person],
) -> None:
    _, user = logged_in("olga", Role.OPERATOR)
    found = go_silent(town[:7])
    feed = Feed()
    listener = _listening(user)
    incidents.watch(FOUND)
    change = _told(feed, listener)
    incident = Incident.objects.get()
    assert [row["id"] for row in change["rows"]] == [incident.pk]
    assert change["rows"][0]["say"].startswith("New incident: Network Northtel")
    assert sorted(change["gone"]) == sorted(Alert.objects.values_list("pk", flat=True))
    back = FOUND + 3_600_000
    come_back(found[:6], back)
    incidents.watch(back + 11 * 60_000)
    rows = [row["id"] for row in _told(feed, listener)["rows"]]
    assert Alert.objects.get(person=town[6]).pk in rows


def _listening(user: User) -> Listener:
    return Listener(user.pk, "", Choice(), 0)


def _told(feed: Feed, listener: Listener) -> dict:
    ((_, message),) = feed.poll([listener])
    data = message.decode().split("data: ")[1].strip()
    return live_feed.msgspec.json.decode(data)
