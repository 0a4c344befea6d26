"""How findings become alerts, and what later facts do to them."""

import time

import pytest

from surety.rules.findings import Cause, Certainty, Kind
from surety.server.accounts.models import Role
from surety.server.alerts import actions
from surety.server.alerts.models import Alert, AlertEvent, Outcome, Severity, Status
from surety.server.alerts.policy import POLICY
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS, NOW_MS
from surety.server.audit.models import Entry
from surety.server.audit.queries import verify

pytestmark = pytest.mark.django_db


def apply(*new, superseded=(), now_ms=NOW_MS):
    actions.apply_findings(new, superseded, now_ms=now_ms)


def events(alert):
    return [event.action for event in alert.events.order_by("pk")]


def test_every_kind_of_finding_has_a_rule():
    assert set(POLICY) == set(Kind)


def test_a_finding_opens_one_alert_with_its_severity_its_time_and_an_audit_entry():
    ana = cast.person()
    apply(cast.finding(ana, Kind.ZONE_ENTERED))
    alert = Alert.objects.get()
    assert (alert.severity, alert.status) == (Severity.CRITICAL, Status.OPEN)
    assert alert.due_ms == NOW_MS + POLICY[Kind.ZONE_ENTERED].due_minutes * MINUTE_MS
    assert alert.sentence
    assert events(alert) == ["opened"]
    assert Entry.objects.filter(action="alert.opened", person_id=ana.pk).count() == 1


@pytest.mark.parametrize("kind", [kind for kind in Kind if POLICY[kind].opens])
def test_a_merely_possible_finding_never_alerts(kind):
    apply(cast.finding(cast.person(), kind, certainty=Certainty.POSSIBLE))
    assert not Alert.objects.exists()


@pytest.mark.parametrize("kind", [kind for kind in Kind if POLICY[kind].clears])
def test_an_end_marks_the_alert_cleared_but_leaves_it_open(kind):
    ana = cast.person()
    apply(cast.finding(ana, Kind.CURFEW_LEFT, episode="e"))
    apply(cast.finding(ana, kind, episode="e", at_ms=NOW_MS + 5))
    alert = Alert.objects.get()
    assert (alert.cleared_ms, alert.status) == (NOW_MS + 5, Status.OPEN)
    assert events(alert) == ["opened", "cleared"]


def test_an_end_without_an_alert_opens_none():
    apply(cast.finding(cast.person(), Kind.ZONE_LEFT))
    assert not Alert.objects.exists()


def test_another_finding_of_the_episode_is_added_and_raises_the_severity():
    ana = cast.person()
    apply(cast.finding(ana, Kind.CANNOT_VERIFY, episode="e", certainty=Certainty.PROBABLE))
    apply(cast.finding(ana, Kind.CURFEW_LEFT, episode="e"), now_ms=NOW_MS + 1)
    alert = Alert.objects.get()
    assert (alert.severity, alert.certainty) == (Severity.SERIOUS, Certainty.ESTABLISHED)
    assert alert.due_ms == NOW_MS + 1 + 30 * MINUTE_MS
    assert events(alert) == ["opened", "finding"]


def test_the_same_finding_again_changes_nothing():
    found = cast.finding(cast.person())
    apply(found)
    apply(found)
    assert events(Alert.objects.get()) == ["opened"]


def test_a_superseded_finding_tells_the_alert_and_does_not_close_it():
    found = cast.finding(cast.person())
    apply(found)
    apply(superseded=[(found.id, "")], now_ms=NOW_MS + 9)
    alert = Alert.objects.get()
    assert (alert.fell_away_ms, alert.status) == (NOW_MS + 9, Status.OPEN)
    assert events(alert) == ["opened", "fell_away"]


def test_a_finding_replaced_within_its_episode_changes_the_alert_and_keeps_its_clock():
    ana = cast.person()
    old = cast.finding(ana, Kind.CURFEW_LEFT, episode="e")
    new = cast.finding(ana, Kind.CURFEW_LEFT, episode="e", at_ms=NOW_MS - MINUTE_MS)
    apply(old)
    apply(new, superseded=[(old.id, new.id)], now_ms=NOW_MS + 9)
    alert = Alert.objects.get()
    assert (alert.fell_away_ms, alert.finding_id, alert.at_ms) == (None, new.id, NOW_MS - MINUTE_MS)
    assert alert.due_ms == NOW_MS + 30 * MINUTE_MS
    assert events(alert) == ["opened", "changed"]


def test_a_finding_that_comes_back_stands_again():
    ana = cast.person()
    found = cast.finding(ana, Kind.CURFEW_LEFT)
    apply(found)
    apply(superseded=[(found.id, "")])
    apply(found)
    alert = Alert.objects.get()
    assert alert.fell_away_ms is None
    assert events(alert) == ["opened", "fell_away", "changed"]


def test_an_end_that_fell_away_leaves_the_alert_uncleared():
    ana = cast.person()
    end = cast.finding(ana, Kind.CURFEW_RETURNED, episode="e")
    apply(cast.finding(ana, Kind.CURFEW_LEFT, episode="e"))
    apply(end)
    apply(superseded=[(end.id, "")])
    alert = Alert.objects.get()
    assert (alert.cleared_ms, alert.cleared_by) == (None, "")
    assert events(alert) == ["opened", "cleared", "uncleared"]


def test_a_decided_violation_whose_finding_falls_away_comes_back_to_people():
    ana = cast.person()
    one, two = cast.user("one", Role.SUPERVISOR), cast.user("two", Role.SUPERVISOR)
    found = cast.finding(ana)
    apply(found)
    alert = Alert.objects.get()
    actions.resolve(alert.pk, Outcome.VIOLATION, "no excuse given", acting_user=one, now_ms=NOW_MS)
    actions.confirm(alert.pk, acting_user=two, now_ms=NOW_MS)
    apply(superseded=[(found.id, "")])
    alert.refresh_from_db()
    assert (alert.status, alert.outcome) == (Status.OPEN, "")
    assert events(alert)[-2:] == ["fell_away", "reopened"]


def test_begin_and_end_in_one_batch_and_in_any_order_give_a_cleared_alert():
    ana = cast.person()
    begin = cast.finding(ana, Kind.CURFEW_LEFT, episode="e")
    end = cast.finding(ana, Kind.CURFEW_RETURNED, episode="e", at_ms=NOW_MS + 1)
    apply(end, begin)
    assert Alert.objects.get().cleared_ms == NOW_MS + 1


def test_a_burst_of_a_thousand_findings_takes_few_queries_and_under_a_second(django_assert_max_num_queries):
    people = [cast.person().pk for _ in range(20)]
    burst = [cast.finding(people[number % 20], at_ms=NOW_MS + number) for number in range(1_000)]
    with django_assert_max_num_queries(80):
        started = time.process_time()
        apply(*burst)
        took_s = time.process_time() - started
    assert (Alert.objects.count(), AlertEvent.objects.count()) == (1_000, 1_000)
    assert took_s < 1
    assert verify().is_sound


def test_an_absence_that_the_order_still_tolerates_is_seen_but_not_in_haste():
    within = cast.finding(cast.person(), Kind.CURFEW_LEFT, numbers={"allowance_left_s": 900.0})
    beyond = cast.finding(cast.person(), Kind.CURFEW_LEFT, numbers={"allowance_left_s": 0.0})
    apply(within, beyond)
    severities = {alert.person_id: alert.severity for alert in Alert.objects.all()}
    assert severities == {within.person_id: Severity.ROUTINE, beyond.person_id: Severity.SERIOUS}


@pytest.mark.parametrize(("cause", "severity"), [(Cause.CHARGING, Severity.NOTICE), (Cause.UNKNOWN, Severity.SERIOUS)])
def test_a_device_off_the_wrist_on_its_charger_is_a_lesser_thing(cause, severity):
    apply(cast.finding(cast.person(), Kind.OFF_WRIST, cause=cause))
    assert Alert.objects.get().severity == severity
