"""One alert for one person and one cause: a device that goes quiet is looked into once, and nothing of it is lost."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surety.rules.findings import Cause, Certainty, Finding, Kind
from surety.server.alerts import actions
from surety.server.alerts.models import Alert, AlertEvent, Outcome, Part, Severity, Status
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS, NOW_MS
from surety.server.audit.queries import verify

pytestmark = pytest.mark.django_db


def apply(*new, superseded=(), now_ms=NOW_MS):
    actions.apply_findings(new, superseded, now_ms=now_ms)


def end_of(begin, kind, at_ms):
    return cast.finding(begin.person_id, kind, episode=begin.episode_id, at_ms=at_ms)


def quiet(person, minutes=0, kinds=(Kind.SILENT, Kind.CANNOT_VERIFY, Kind.CANNOT_VERIFY)):
    return [cast.finding(person, kind, at_ms=NOW_MS + minutes * MINUTE_MS) for kind in kinds]


def events(alert):
    return [event.action for event in alert.events.order_by("pk")]


def test_a_phone_that_goes_quiet_is_one_alert_with_every_finding_in_it():
    ana = cast.person()
    found = quiet(ana)
    apply(*found)
    alert = Alert.objects.get()
    assert events(alert) == ["opened", "folded", "folded"]
    assert set(alert.parts.values_list("finding_id", flat=True)) == {one.id for one in found}


def test_what_another_duty_misses_later_joins_the_alert_that_waits():
    ana = cast.person()
    apply(*quiet(ana, 0, [Kind.SILENT]))
    apply(*quiet(ana, 30, [Kind.CANNOT_VERIFY]), now_ms=NOW_MS + 30 * MINUTE_MS)
    assert Part.objects.filter(alert=Alert.objects.get()).count() == 2


def test_the_alert_clears_only_when_everything_in_it_has_ended():
    silent, unseen = quiet(cast.person(), 0, [Kind.SILENT, Kind.CANNOT_VERIFY])
    apply(silent, unseen)
    apply(end_of(silent, Kind.HEARD_AGAIN, NOW_MS + 5))
    assert Alert.objects.get().cleared_ms is None
    apply(end_of(unseen, Kind.VERIFIED_AGAIN, NOW_MS + 9))
    alert = Alert.objects.get()
    assert (alert.cleared_ms, alert.status) == (NOW_MS + 9, Status.OPEN)
    assert events(alert) == ["opened", "folded", "part_cleared", "cleared"]


def test_two_people_have_two_alerts():
    apply(*quiet(cast.person()), *quiet(cast.person()))
    assert Alert.objects.count() == 2


def test_the_most_urgent_finding_stands_in_front_and_sets_the_clock():
    ana = cast.person()
    apply(*quiet(ana, 0, [Kind.SILENT]))
    apply(cast.finding(ana, Kind.POWERED_OFF, at_ms=NOW_MS + 1))
    alert = Alert.objects.get()
    assert (alert.kind, alert.severity) == (Kind.POWERED_OFF, Severity.SERIOUS)
    assert alert.due_ms == NOW_MS + 60 * MINUTE_MS


@pytest.mark.parametrize("kind", [Kind.ZONE_ENTERED, Kind.CURFEW_LEFT, Kind.STRAP_TAMPER, Kind.SOS])
def test_what_somebody_did_never_hides_in_a_quiet_alert(kind):
    ana = cast.person()
    apply(*quiet(ana), cast.finding(ana, kind))
    assert Alert.objects.filter(kind=kind).count() == 1
    assert Alert.objects.count() == 2


def test_a_quiet_time_after_the_last_one_has_cleared_is_a_new_alert():
    ana = cast.person()
    (silent,) = quiet(ana, 0, [Kind.SILENT])
    apply(silent, end_of(silent, Kind.HEARD_AGAIN, NOW_MS + 5))
    apply(*quiet(ana, 60, [Kind.SILENT]))
    assert Alert.objects.count() == 2


def test_nothing_joins_an_alert_that_somebody_has_concluded():
    ana, olga = cast.person(), cast.user("olga", "operator")
    apply(*quiet(ana, 0, [Kind.SILENT]))
    actions.resolve(Alert.objects.get().pk, Outcome.EQUIPMENT, "exchanged", acting_user=olga, now_ms=NOW_MS)
    apply(*quiet(ana, 30, [Kind.CANNOT_VERIFY]))
    assert Alert.objects.filter(status=Status.OPEN).count() == 1


@pytest.mark.parametrize(("cause", "alerts"), [(Cause.EQUIPMENT, 1), (Cause.UNKNOWN, 2)])
def test_a_low_battery_takes_in_only_what_it_explains(cause, alerts):
    ana = cast.person()
    apply(cast.finding(ana, Kind.BATTERY_LOW), cast.finding(ana, Kind.SILENT, at_ms=NOW_MS + 1, cause=cause))
    assert Alert.objects.count() == alerts


def test_a_cause_that_is_known_of_one_part_is_told_of_the_whole():
    ana = cast.person()
    unseen = cast.finding(ana, Kind.CANNOT_VERIFY)
    apply(unseen, cast.finding(ana, Kind.SILENT, at_ms=NOW_MS + 1, cause=Cause.NETWORK))
    assert Alert.objects.get().cause == Cause.NETWORK


def test_a_finding_told_again_with_another_cause_changes_the_alert():
    ana = cast.person()
    silent = cast.finding(ana, Kind.SILENT)
    apply(silent)
    apply(cast.changed(silent, cause=Cause.NETWORK))
    alert = Alert.objects.get()
    assert (alert.cause, events(alert)) == (Cause.NETWORK, ["opened", "changed"])


def test_a_part_that_falls_away_is_told_and_the_rest_stands():
    silent, unseen = quiet(cast.person(), 0, [Kind.SILENT, Kind.CANNOT_VERIFY])
    apply(silent, unseen)
    apply(superseded=[(silent.id, "")])
    alert = Alert.objects.get()
    assert (alert.fell_away_ms, alert.kind) == (None, Kind.CANNOT_VERIFY)
    assert events(alert)[-1] == "part_fell_away"
    apply(superseded=[(unseen.id, "")])
    assert Alert.objects.get().fell_away_ms == NOW_MS


def test_a_silence_that_takes_anothers_place_takes_its_place_in_the_alert():
    ana = cast.person()
    old, new = cast.finding(ana, Kind.SILENT), cast.finding(ana, Kind.SILENT, at_ms=NOW_MS + MINUTE_MS)
    apply(old)
    apply(new, superseded=[(old.id, new.id)])
    alert = Alert.objects.get()
    assert (alert.fell_away_ms, alert.finding_id) == (None, new.id)


KINDS = [Kind.SILENT, Kind.CANNOT_VERIFY, Kind.NO_LOCATION, Kind.BATTERY_LOW, Kind.BATTERY_FLAT, Kind.CURFEW_LEFT]
ENDS = {
    Kind.SILENT: Kind.HEARD_AGAIN,
    Kind.CANNOT_VERIFY: Kind.VERIFIED_AGAIN,
    Kind.NO_LOCATION: Kind.LOCATED_AGAIN,
    Kind.CURFEW_LEFT: Kind.CURFEW_RETURNED,
}
histories = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 300),
        st.none() | st.integers(1, 90),
        st.sampled_from([Cause.UNKNOWN, Cause.EQUIPMENT]),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(history=histories, data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_in_whatever_order_and_batches_findings_come_none_is_lost_and_none_is_doubled(history, data):
    ana = cast.person()
    begins, ends, gone = [], {}, set()
    for kind, minute, lasts, cause, falls in history:
        begin = cast.finding(ana, kind, at_ms=NOW_MS + minute * MINUTE_MS, cause=cause)
        begins.append(begin)
        if lasts and kind in ENDS:
            ends[begin.id] = end_of(begin, ENDS[kind], begin.at_ms + lasts * MINUTE_MS)
        if falls:
            gone.add(begin.id)
    batches = _batches(begins, ends, data)
    for batch in batches:
        apply(*batch)
    apply(superseded=[(finding_id, "") for finding_id in sorted(gone)])
    _assert_sound(begins, ends, gone)


def _batches(begins: list[Finding], ends: dict[str, Finding], data: st.DataObject) -> list[list[Finding]]:
    """Begins in any order, each end not in an earlier batch than its begin."""
    count = data.draw(st.integers(1, 5), label="batches")
    batches: list[list[Finding]] = [[] for _ in range(count)]
    for begin in data.draw(st.permutations(begins), label="order"):
        at = data.draw(st.integers(0, count - 1), label="batch")
        batches[at].append(begin)
        if begin.id in ends:
            batches[data.draw(st.integers(at, count - 1), label="batch of end")].append(ends[begin.id])
    return batches


def _assert_sound(begins: list[Finding], ends: dict[str, Finding], gone: set[str]) -> None:
    episodes = [one.episode_id for one in begins]
    assert sorted(Part.objects.filter(episode_id__in=episodes).values_list("episode_id", flat=True)) == sorted(episodes)
    for alert in Alert.objects.filter(parts__episode_id__in=episodes).distinct():
        parts = list(alert.parts.all())
        standing = [part for part in parts if part.fell_away_ms is None]
        assert (alert.fell_away_ms is None) == bool(standing)
        assert {part.finding_id for part in parts} - {part.finding_id for part in standing} <= gone
        assert alert.severity == min(part.severity for part in standing or parts)
        over = {part.cleared_ms for part in standing}
        assert alert.cleared_ms == (max(over) if over and None not in over else alert.cleared_ms if not over else None)
        for part in parts:
            assert part.cleared_ms == (ends[part.finding_id].at_ms if part.finding_id in ends else None)
        if Kind.CURFEW_LEFT in {part.kind for part in parts}:
            assert len(parts) == 1
    assert AlertEvent.objects.filter(action="opened").count() == Alert.objects.count()
    assert verify().is_sound


def test_a_merely_possible_doubt_is_folded_nowhere():
    apply(cast.finding(cast.person(), Kind.NO_LOCATION, certainty=Certainty.POSSIBLE))
    assert not Alert.objects.exists()
