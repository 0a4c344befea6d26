"""The desk's pages from outside: who sees what, in which order, and what a refused action says."""

import pytest
from django.test import Client

from surety.rules.findings import Certainty, Kind
from surety.server.accounts.actions import enrol_totp
from surety.server.accounts.models import Role, User
from surety.server.alerts import actions
from surety.server.alerts.models import Alert, Status
from surety.server.alerts.tests import cast
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases.models import Person

pytestmark = pytest.mark.django_db
NOW_MS = cast.NOW_MS


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk's clock stands five minutes after the cast's."""
    for module in ("views_desk", "templatetags.surety_ui", "live_feed"):
        monkeypatch.setattr(f"surety.server.console.{module}.now_ms", lambda: NOW_MS + 5 * cast.MINUTE_MS)


def logged_in(name: str, role: Role, region: str = "") -> tuple[Client, User]:
    user = cast.user(name, role, region)
    enrol_totp(user, "JBSWY3DPEHPK3PXP", now_ms=NOW_MS)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client, user


def alert_about(person: Person, kind: Kind = Kind.ZONE_ENTERED, certainty: Certainty = Certainty.ESTABLISHED) -> Alert:
    finding = cast.finding(person, kind, certainty=certainty)
    actions.apply_findings([finding], [], now_ms=NOW_MS)
    return Alert.objects.get(finding_id=finding.id)


def test_the_list_is_most_severe_first_and_says_so() -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    battery = alert_about(cast.person(), Kind.BATTERY_LOW)
    zone = alert_about(cast.person(), Kind.ZONE_ENTERED)
    html = client.get("/").content.decode()
    assert html.index(f"row-{zone.pk}") < html.index(f"row-{battery.pk}")
    assert "Most severe first" in html


def test_somebody_elses_region_is_not_on_the_desk_and_not_behind_an_address() -> None:
    client, _ = logged_in("olga", Role.OPERATOR, "north")
    far = alert_about(cast.person("south"))
    assert far.pk not in client.get("/").content.decode()
    for address in (f"/alerts/{far.pk}/", f"/alerts/{far.pk}/pane"):
        assert client.get(address).status_code == 404
    assert client.post(f"/alerts/{far.pk}/do/acknowledge").status_code == 404


def test_an_officer_sees_their_caseload_alone() -> None:
    client, officer = logged_in("otto", Role.OFFICER)
    theirs, other = alert_about(cast.person(officer=officer)), alert_about(cast.person())
    html = client.get("/").content.decode()
    assert theirs.pk in html
    assert other.pk not in html


@pytest.mark.parametrize(
    ("role", "address"),
    [
        (Role.ADMINISTRATOR, "/desk/rows"),
        (Role.AUDITOR, "/desk/rows"),
        (Role.OPERATOR, "/second-person/"),
        (Role.OPERATOR, "/audit/"),
        (Role.AUDITOR, "/users/"),
        (Role.SUPERVISOR, "/refused/"),
        (Role.ADMINISTRATOR, "/live/alerts"),
    ],
)
def test_a_page_that_is_not_for_the_role_says_so(role: Role, address: str) -> None:
    client, _ = logged_in("somebody", role)
    answer = client.get(address)
    assert answer.status_code == 403
    assert "not for your role" in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "leads_to"),
    [
        (Role.AUDITOR, "/audit/"),
        (Role.ADMINISTRATOR, "/users/"),
        (Role.FACE_REVIEWER, "/review/"),
        (Role.DISCLOSURE_OFFICER, ""),
    ],
)
def test_after_log_in_each_role_starts_where_its_work_is(role: Role, leads_to: str) -> None:
    client, _ = logged_in("somebody", role)
    answer = client.get("/")
    assert answer.get("Location", "") == leads_to
    if not leads_to:
        assert f"You are logged in as {role.label.lower()}" in answer.content.decode()


def test_without_a_log_in_nothing_is_shown() -> None:
    for address in ("/", "/desk/rows", "/live/alerts", "/audit/", "/users/", "/refused/", "/second-person/"):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert "/accounts/login/" in answer["Location"]


def test_a_resolution_without_outcome_and_reason_names_both_and_keeps_what_was_typed() -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    alert = alert_about(cast.person())
    answer = client.post(f"/alerts/{alert.pk}/do/resolve", {"reason": "  "})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose an outcome." in html
    assert "Give the reason for the outcome." in html
    answer = client.post(f"/alerts/{alert.pk}/do/resolve", {"reason": "He was at work."})
    assert "He was at work." in answer.content.decode()
    alert.refresh_from_db()
    assert alert.status == Status.OPEN


def test_whoever_proposes_a_violation_cannot_confirm_it() -> None:
    client, _ = logged_in("sven", Role.SUPERVISOR)
    alert = alert_about(cast.person())
    client.post(f"/alerts/{alert.pk}/do/resolve", {"outcome": "violation", "reason": "No excuse."})
    answer = client.post(f"/alerts/{alert.pk}/do/confirm")
    assert answer.status_code == 403
    assert "you proposed this one" in answer.content.decode()
    assert "somebody else must decide" in client.get(f"/alerts/{alert.pk}/").content.decode()
    other, _ = logged_in("sara", Role.SUPERVISOR)
    assert other.post(f"/alerts/{alert.pk}/do/confirm").status_code == 302
    alert.refresh_from_db()
    assert alert.status == Status.RESOLVED


def test_an_action_on_an_alert_that_has_moved_on_is_refused_with_the_reason() -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    alert = alert_about(cast.person())
    assert client.post(f"/alerts/{alert.pk}/do/acknowledge").status_code == 302
    answer = client.post(f"/alerts/{alert.pk}/do/acknowledge", headers={"X-Fragment": "pane"})
    assert answer.status_code == 409
    assert "it cannot be acknowledged" in answer.content.decode()


def test_looking_at_an_alert_is_one_entry_in_the_audit_log_not_one_a_click() -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    alert = alert_about(cast.person())
    for _ in range(3):
        client.get(f"/alerts/{alert.pk}/pane")
    entry = Entry.objects.get(action="trail.read", person_id=alert.person_id)
    assert f"alert {alert.pk}" in str(detail_of(entry))


def test_a_filter_that_nobody_knows_shows_everything() -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    alert = alert_about(cast.person())
    html = client.get("/?severity=banana&state=%00&page=-3&owner=7").content.decode()
    assert f"row-{alert.pk}" in html


def test_what_people_write_is_shown_as_text_and_never_as_markup() -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    alert = alert_about(cast.person())
    client.post(f"/alerts/{alert.pk}/do/note", {"text": "<script>alert(1)</script>"})
    html = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_no_page_carries_inline_script_or_style() -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    alert_about(cast.person())
    for address in ("/", "/styleguide/", "/accounts/login/", "/nowhere"):
        html = client.get(address).content.decode()
        assert " style=" not in html, address
        assert "<style" not in html, address
        assert "<script>" not in html, address
        assert " onclick=" not in html, address


def test_a_quiet_device_is_one_row_whose_pane_tells_every_finding_and_which_has_ended() -> None:
    client, _ = logged_in("olga", Role.OPERATOR)
    ana = cast.person()
    silent, unseen = cast.finding(ana, Kind.SILENT), cast.finding(ana, Kind.CANNOT_VERIFY, at_ms=NOW_MS + 1)
    actions.apply_findings([silent, unseen], [], now_ms=NOW_MS)
    end = cast.finding(ana, Kind.HEARD_AGAIN, episode=silent.episode_id, at_ms=NOW_MS + 2)
    actions.apply_findings([end], [], now_ms=NOW_MS)
    (row,) = client.get("/").context["page"].alerts
    pane = client.get(f"/alerts/{row.pk}/pane").content.decode()
    assert "2 findings of one cause" in pane
    assert pane.count("goes on") == 1
    assert pane.count("ended at") == 1
    assert "It has not cleared yet" in pane
    for part in (silent, unseen):
        assert f"/alerts/{row.pk}/evidence?finding={part.id}" in pane
