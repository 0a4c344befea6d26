"""A fault of many devices is one thing to handle: opened once, with those whom it touches, and nobody lost under it."""

import pytest
from django.db import IntegrityError

from surety.rules.conditions import Trail
from surety.rules.findings import Cause, Evidence, Kind
from surety.server.alerts import actions, incidents, queries
from surety.server.alerts.models import Alert, AlertEvent, Incident, IncidentPerson, Outcome, Status
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS, NOW_MS
from surety.server.audit.queries import verify
from surety.server.cases import actions as cases
from surety.server.cases.checks import DeviceDetails
from surety.server.errors import ConflictError, NotAllowedError, NotFoundError

pytestmark = pytest.mark.django_db
SYSTEM = {"acting_user": None, "now_ms": NOW_MS}
BEGAN = NOW_MS + 60 * MINUTE_MS
FOUND = BEGAN + 30 * MINUTE_MS


def wearer(network="Northtel", model="tag", region="north"):
    ana = cast.person(region)
    order = cast.order(ana, data_kinds=("position", "device"))
    cases.add_condition(order.pk, Trail(), label="trail", effective_from_ms=NOW_MS, **SYSTEM)
    device, _ = cases.register_device(DeviceDetails(protocol="osmand", model=model, network=network), **SYSTEM)
    cases.assign_device(device.pk, ana.pk, from_ms=NOW_MS, **SYSTEM)
    return ana


def silence(of, *, began_ms=BEGAN, cause=Cause.UNKNOWN):
    found = cast.finding(of, Kind.SILENT, at_ms=began_ms + 30 * MINUTE_MS, cause=cause)
    return cast.changed(found, evidence=Evidence((), {"last_heard_ms": began_ms}))


def go_silent(people, **how):
    found = [silence(one, **how) for one in people]
    actions.apply_findings(found, [], now_ms=FOUND)
    return found


def come_back(silences, at_ms):
    ends = [cast.finding(one.person_id, Kind.HEARD_AGAIN, episode=one.episode_id, at_ms=at_ms) for one in silences]
    actions.apply_findings(ends, [], now_ms=at_ms)


@pytest.fixture
def town():
    return [wearer("Northtel" if n < 8 else "Vale", "tag" if n % 2 else "phone") for n in range(16)]


@pytest.fixture
def olga():
    return cast.user("olga", "operator")


def on_desk(user):
    return [alert.person_id for alert in queries.desk(user)]


def test_a_network_that_fails_is_one_incident_and_its_alerts_stand_under_it(town, olga):
    found = go_silent(town[:8])
    other = silence(town[9], began_ms=BEGAN - 90 * MINUTE_MS)
    actions.apply_findings([other], [], now_ms=FOUND)
    incidents.watch(FOUND)
    (incident,) = queries.incidents(olga, queries.Filter())
    assert (incident.group_kind, incident.group_name, incident.cause) == ("network", "Northtel", Cause.NETWORK)
    assert incident.touched == 8
    assert incident.sentence.startswith("Network Northtel: 8 of 8 devices")
    assert on_desk(olga) == [town[9].pk]
    assert sum(queries.counts(olga).values()) == 2
    assert {alert.finding_id for alert in incident.alerts.all()} == {one.id for one in found}
    assert verify().is_sound


def test_whoever_looks_and_however_often_it_is_opened_once(town):
    go_silent(town[:8])
    for _ in range(3):
        incidents.watch(FOUND)
    assert (Incident.objects.count(), IncidentPerson.objects.count()) == (1, 8)
    assert list(Incident.objects.get().events.values_list("action", flat=True)) == ["opened"]


def test_two_that_go_on_can_never_be_the_same(town):
    go_silent(town[:8])
    incidents.watch(FOUND)
    twin = Incident.objects.get()
    twin.pk = "another"
    with pytest.raises(IntegrityError):
        twin.save(force_insert=True)


def test_a_kill_in_the_middle_leaves_nothing_and_the_next_look_does_it_all(town, monkeypatch):
    go_silent(town[:8])

    def killed(_self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(incidents._Events, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            incidents.watch(FOUND)
    assert not Incident.objects.exists()
    assert not Alert.objects.filter(folded=True).exists()
    incidents.watch(FOUND)
    assert Alert.objects.filter(folded=True).count() == 8


def test_whoever_falls_silent_with_them_and_is_found_later_joins(town):
    go_silent(town[:6])
    incidents.watch(FOUND)
    go_silent(town[6:8], began_ms=BEGAN + 10 * MINUTE_MS)
    incidents.watch(FOUND + 10 * MINUTE_MS)
    assert Incident.objects.get().people.count() == 8
    assert Alert.objects.filter(folded=True).count() == 8


def test_a_battery_that_was_flat_before_is_not_the_networks(town, olga):
    go_silent(town[:7])
    go_silent(town[7:8], cause=Cause.EQUIPMENT)
    incidents.watch(FOUND)
    assert Incident.objects.get().people.count() == 7
    assert on_desk(olga) == [town[7].pk]


def test_what_else_is_found_of_a_touched_person_stands_by_itself(town, olga):
    go_silent(town[:8])
    incidents.watch(FOUND)
    actions.apply_findings([cast.finding(town[0], Kind.STRAP_TAMPER, at_ms=FOUND)], [], now_ms=FOUND)
    actions.apply_findings([cast.finding(town[1], Kind.POWERED_OFF, at_ms=FOUND)], [], now_ms=FOUND)
    incidents.watch(FOUND + MINUTE_MS)
    assert sorted(on_desk(olga)) == sorted([town[0].pk, town[1].pk])


def test_a_duty_that_cannot_be_verified_meanwhile_is_explained_too(town, olga):
    go_silent(town[:8])
    incidents.watch(FOUND)
    actions.apply_findings([cast.finding(town[0], Kind.CANNOT_VERIFY, at_ms=FOUND)], [], now_ms=FOUND)
    incidents.watch(FOUND + MINUTE_MS)
    assert on_desk(olga) == []
    assert Alert.objects.get(person=town[0]).parts.count() == 2


def test_an_alert_that_somebody_works_on_stays_with_them(town, olga):
    found = go_silent(town[:8])
    mine = Alert.objects.get(finding_id=found[0].id)
    actions.acknowledge(mine.pk, acting_user=olga, now_ms=FOUND)
    incidents.watch(FOUND)
    assert on_desk(olga) == [town[0].pk]


def test_when_it_is_over_those_who_are_still_silent_come_back_each_with_a_clock_of_their_own(town, olga):
    found = go_silent(town[:8])
    incidents.watch(FOUND)
    back = FOUND + 60 * MINUTE_MS
    come_back(found[:7], back)
    incidents.watch(back + MINUTE_MS)
    assert Incident.objects.get().ended_ms is None  # the rest has time to follow
    over = back + 11 * MINUTE_MS
    incidents.watch(over)
    incident = Incident.objects.get()
    assert incident.ended_ms == over
    assert on_desk(olga) == [town[7].pk]
    alert = Alert.objects.get(person=town[7])
    assert (alert.status, alert.due_ms, alert.incident_id) == (Status.OPEN, over + 60 * MINUTE_MS, incident.pk)
    assert [event.action for event in alert.events.order_by("pk")] == ["opened", "under_incident", "incident_over"]
    assert "7 of 8 devices are well again" in queries.incident_events(incident.pk)[-1].text


def test_a_second_outage_of_the_same_network_is_a_second_incident(town):
    found = go_silent(town[:8])
    incidents.watch(FOUND)
    come_back(found, FOUND + 20 * MINUTE_MS)
    incidents.watch(FOUND + 23 * MINUTE_MS)
    later = BEGAN + 240 * MINUTE_MS
    again = [silence(one, began_ms=later) for one in town[:8]]
    actions.apply_findings(again, [], now_ms=later + 30 * MINUTE_MS)
    incidents.watch(later + 30 * MINUTE_MS)
    assert Incident.objects.count() == 2


def test_no_machine_closes_an_alert_and_one_person_resolves_what_cleared_under_it(town, olga):
    found = go_silent(town[:8])
    incidents.watch(FOUND)
    come_back(found, FOUND + 20 * MINUTE_MS)
    incidents.watch(FOUND + 23 * MINUTE_MS)
    incident = Incident.objects.get()
    assert set(Alert.objects.values_list("status", flat=True)) == {Status.OPEN}
    incidents.resolve(incident.pk, "Northtel says: a mast failed", acting_user=olga, now_ms=FOUND + 30 * MINUTE_MS)
    assert set(Alert.objects.values_list("status", "outcome")) == {(Status.RESOLVED, Outcome.EQUIPMENT)}
    assert set(Alert.objects.values_list("decided_by", flat=True)) == {olga.pk}
    incident.refresh_from_db()
    assert (incident.status, incident.owner) == (Status.RESOLVED, olga)
    assert verify().is_sound


def test_a_person_may_end_it_by_hand_and_all_stand_on_the_desk_again(town, olga):
    go_silent(town[:8])
    incidents.watch(FOUND)
    incidents.end(Incident.objects.get().pk, "not the network", acting_user=olga, now_ms=FOUND + MINUTE_MS)
    incidents.watch(FOUND + 2 * MINUTE_MS)  # and it does not begin again by itself
    assert len(on_desk(olga)) == 8


def test_it_cannot_be_resolved_while_it_goes_on_nor_without_a_reason_nor_by_who_may_not(town, olga):
    go_silent(town[:8])
    incidents.watch(FOUND)
    incident = Incident.objects.get()
    with pytest.raises(ConflictError):
        incidents.resolve(incident.pk, "why", acting_user=olga, now_ms=FOUND)
    with pytest.raises(NotFoundError):
        incidents.note(incident.pk, "why", acting_user=cast.user("south", "operator", "south"), now_ms=FOUND)
    with pytest.raises((NotAllowedError, NotFoundError)):
        incidents.acknowledge(incident.pk, acting_user=cast.user("ada", "auditor"), now_ms=FOUND)
    assert incidents.acknowledge(incident.pk, acting_user=olga, now_ms=FOUND).owner == olga


def test_another_region_sees_its_own_people_alone(town, olga):
    far = [wearer("Northtel", region="south") for _ in range(4)]
    go_silent([*town[:8], *far])
    incidents.watch(FOUND)
    south = cast.user("south", "operator", "south")
    (incident,) = queries.incidents(south, queries.Filter())
    assert incident.touched == 4
    assert {one.person.pk for one in queries.touched_people(incident, south)} == {one.pk for one in far}


def test_few_queries_for_many_people(django_assert_max_num_queries):
    many = [wearer() for _ in range(60)]
    go_silent(many)
    with django_assert_max_num_queries(150):
        incidents.watch(FOUND)
    assert Alert.objects.filter(folded=True).count() == 60
    assert AlertEvent.objects.filter(action="under_incident").count() == 60


def test_a_quiet_desk_costs_two_looks(django_assert_num_queries):
    with django_assert_num_queries(2):
        incidents.watch(NOW_MS)
