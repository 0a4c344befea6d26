"""What people do with alerts: who may, in which order, and that a violation takes two."""

import pytest

from surety.rules.findings import Kind
from surety.server.accounts.models import Role, User
from surety.server.alerts import actions, queries
from surety.server.alerts.models import Alert, Outcome, Severity, Status
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS, NOW_MS
from surety.server.audit.models import Entry
from surety.server.audit.queries import verify
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError, RefusedError

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> User:
    return cast.user("sam", Role.OPERATOR, "north")


@pytest.fixture
def sue() -> User:
    return cast.user("sue", Role.SUPERVISOR, "north")


def opened(region: str = "north", kind: Kind = Kind.ZONE_ENTERED, now_ms: int = NOW_MS) -> Alert:
    found = cast.finding(cast.person(region), kind)
    actions.apply_findings([found], [], now_ms=now_ms)
    return Alert.objects.get(finding_id=found.id)


def by(user: User) -> dict[str, object]:
    return {"acting_user": user, "now_ms": NOW_MS + MINUTE_MS}


def trace(alert: Alert) -> tuple[object, ...]:
    """Everything that a refused action must leave as it was."""
    return (
        Alert.objects.filter(pk=alert.pk).values().get(),
        alert.events.count(),
        Entry.objects.count(),
    )


def test_an_alert_is_acknowledged_contacted_noted_and_resolved(sam):
    alert = opened()
    actions.acknowledge(alert.pk, **by(sam))
    actions.record_contact(alert.pk, "phone", reached=False, text="", **by(sam))
    actions.note(alert.pk, "Hospital appointment in the calendar.", **by(sam))
    actions.resolve(alert.pk, Outcome.REASONABLE_EXCUSE, "Hospital letter seen.", **by(sam))
    alert.refresh_from_db()
    assert (alert.status, alert.outcome, alert.decided_by) == (Status.RESOLVED, Outcome.REASONABLE_EXCUSE, sam)
    assert alert.resolved_ms == NOW_MS + MINUTE_MS
    assert [event.action for event in queries.events(alert.pk)] == [
        "opened",
        "acknowledged",
        "contact",
        "note",
        "resolved",
    ]
    assert all(event.actor_name == "sam" for event in queries.events(alert.pk)[1:])
    assert Entry.objects.filter(action__startswith="alert.", subject_id=alert.pk).count() == 5
    assert verify().is_sound


def test_who_acknowledges_becomes_the_owner_and_a_second_acknowledgement_is_refused(sam, sue):
    alert = opened()
    actions.acknowledge(alert.pk, **by(sam))
    before = trace(alert)
    with pytest.raises(ConflictError, match="acknowledged"):
        actions.acknowledge(alert.pk, **by(sue))
    assert trace(alert) == before
    assert Alert.objects.get().owner == sam


def test_a_violation_waits_for_somebody_else(sam, sue):
    alert = opened()
    actions.resolve(alert.pk, Outcome.VIOLATION, "No excuse given.", **by(sam))
    alert.refresh_from_db()
    assert (alert.status, alert.resolved_ms) == (Status.AWAITING_SECOND, None)
    actions.confirm(alert.pk, **by(sue))
    alert.refresh_from_db()
    assert (alert.status, alert.decided_by, alert.confirmed_by) == (Status.RESOLVED, sam, sue)


def test_nobody_confirms_their_own_violation_not_even_a_supervisor(sue):
    alert = opened()
    actions.resolve(alert.pk, Outcome.VIOLATION, "No excuse given.", **by(sue))
    before = trace(alert)
    for attempt in (
        lambda: actions.confirm(alert.pk, **by(sue)),
        lambda: actions.decline(alert.pk, "no", **by(sue)),
    ):
        with pytest.raises(NotAllowedError, match="second person"):
            attempt()
    assert trace(alert) == before


def test_an_operator_does_not_confirm(sam):
    alert = opened()
    other = cast.user("olga", Role.OPERATOR, "north")
    actions.resolve(alert.pk, Outcome.VIOLATION, "No excuse given.", **by(sam))
    with pytest.raises(NotAllowedError):
        actions.confirm(alert.pk, **by(other))


def test_a_declined_violation_goes_back_to_its_owner(sam, sue):
    alert = opened()
    actions.resolve(alert.pk, Outcome.VIOLATION, "No excuse given.", **by(sam))
    actions.decline(alert.pk, "The bus was late, see the note.", **by(sue))
    alert.refresh_from_db()
    assert (alert.status, alert.outcome, alert.decided_by, alert.owner) == (Status.ACKNOWLEDGED, "", None, sam)
    assert queries.events(alert.pk)[-1].detail["proposal"] == "No excuse given."


def test_a_finding_that_fell_away_is_no_violation(sam, sue):
    alert = opened()
    actions.resolve(alert.pk, Outcome.VIOLATION, "No excuse given.", **by(sam))
    actions.apply_findings([], [(alert.finding_id, "")], now_ms=NOW_MS)
    with pytest.raises(ConflictError, match="took this finding away"):
        actions.confirm(alert.pk, **by(sue))
    other = opened()
    actions.apply_findings([], [(other.finding_id, "")], now_ms=NOW_MS)
    with pytest.raises(ConflictError, match="took this finding away"):
        actions.resolve(other.pk, Outcome.VIOLATION, "x", **by(sam))
    actions.resolve(other.pk, Outcome.FALSE_ALERT, "Fell away.", **by(sam))


def test_a_resolved_alert_is_reopened_with_its_former_outcome_kept(sam):
    alert = opened()
    actions.resolve(alert.pk, Outcome.CHECKED, "Nothing to decide.", **by(sam))
    actions.reopen(alert.pk, "A neighbour called.", **by(sam))
    alert.refresh_from_db()
    assert (alert.status, alert.outcome, alert.owner) == (Status.OPEN, "", sam)
    assert alert.due_ms > NOW_MS + MINUTE_MS
    assert queries.events(alert.pk)[-1].detail == {"outcome": "checked", "outcome_reason": "Nothing to decide."}


def test_a_confirmed_violation_is_reopened_only_by_somebody_who_may_confirm(sam, sue):
    alert = opened()
    actions.resolve(alert.pk, Outcome.VIOLATION, "No excuse given.", **by(sam))
    actions.confirm(alert.pk, **by(sue))
    with pytest.raises(NotAllowedError):
        actions.reopen(alert.pk, "Look again.", **by(sam))
    actions.reopen(alert.pk, "New evidence.", **by(sue))


def test_an_alert_is_taken_and_handed_over_to_somebody_who_may_handle_it(sam, sue):
    alert = opened()
    actions.acknowledge(alert.pk, **by(sam))
    actions.take(alert.pk, **by(sue))
    with pytest.raises(ConflictError, match="yours"):
        actions.take(alert.pk, **by(sue))
    with pytest.raises(InvalidError, match="may not handle"):
        actions.hand_over(alert.pk, cast.user("far", Role.OPERATOR, "south"), text="please", **by(sue))
    actions.hand_over(alert.pk, sam, text="Called twice, no answer.", **by(sue))
    assert Alert.objects.get().owner == sam


ATTEMPTS = {
    "note": lambda pk, user: actions.note(pk, " ", **by(user)),
    "method": lambda pk, user: actions.record_contact(pk, "telepathy", reached=False, text="", **by(user)),
    "contact": lambda pk, user: actions.record_contact(pk, "phone", reached=True, text="", **by(user)),
    "outcome": lambda pk, user: actions.resolve(pk, "guilty", "x", **by(user)),
    "reason": lambda pk, user: actions.resolve(pk, Outcome.CHECKED, " ", **by(user)),
    "too long": lambda pk, user: actions.note(pk, "x" * 5_000, **by(user)),
    "not proposed": lambda pk, user: actions.confirm(pk, **by(user)),
    "not resolved": lambda pk, user: actions.reopen(pk, "why", **by(user)),
    "no word": lambda pk, user: actions.hand_over(pk, user, text="", **by(user)),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_refused_action_says_why_in_one_sentence_and_changes_nothing(name, sue):
    alert = opened()
    before = trace(alert)
    with pytest.raises(RefusedError) as refused:
        ATTEMPTS[name](alert.pk, sue)
    assert refused.value.sentence.endswith(".")
    assert trace(alert) == before


@pytest.mark.parametrize(
    ("role", "region"),
    [
        (Role.OPERATOR, "south"),
        (Role.OFFICER, "north"),
        (Role.ADMINISTRATOR, ""),
        (Role.AUDITOR, ""),
        (Role.FACE_REVIEWER, ""),
    ],
)
def test_somebody_without_access_cannot_tell_that_the_alert_exists(role, region):
    alert = opened()
    outsider = cast.user("outsider", role, region)
    before = trace(alert)
    for attempt in (
        lambda: actions.acknowledge(alert.pk, **by(outsider)),
        lambda: actions.acknowledge("0" * 32, **by(outsider)),
        lambda: queries.alert(alert.pk, outsider),
    ):
        with pytest.raises(NotFoundError, match="no such alert"):
            attempt()
    assert not queries.desk(outsider).exists()
    assert trace(alert) == before


def test_an_officer_handles_the_alerts_of_the_caseload():
    olga = cast.user("olga", Role.OFFICER)
    found = cast.finding(cast.person(officer=olga))
    actions.apply_findings([found], [], now_ms=NOW_MS)
    opened()
    assert [alert.finding_id for alert in queries.desk(olga)] == [found.id]
    actions.acknowledge(queries.desk(olga)[0].pk, **by(olga))


def test_the_desk_shows_the_most_severe_first_then_whose_time_is_up_first(sam):
    late = opened(kind=Kind.ZONE_ENTERED, now_ms=NOW_MS + MINUTE_MS)
    notice = opened(kind=Kind.BATTERY_LOW)
    first = opened(kind=Kind.ZONE_ENTERED)
    serious = opened(kind=Kind.CURFEW_LEFT)
    assert list(queries.desk(sam)) == [first, late, serious, notice]
    assert queries.order_reason(first, NOW_MS) == "Critical, due in 10 min"
    assert queries.order_reason(first, NOW_MS + 200 * MINUTE_MS) == "Critical, overdue by 3 h"


def test_the_desk_is_filtered(sam):
    mine, other = opened(), opened(kind=Kind.CURFEW_LEFT)
    actions.acknowledge(mine.pk, **by(sam))

    def shown(**chosen):
        return set(queries.desk(sam, queries.Filter(**chosen)))

    assert shown(owner="me") == {mine}
    assert shown(owner="nobody") == {other}
    assert shown(owner=str(sam.pk)) == {mine}
    assert shown(severities=(Severity.SERIOUS,)) == {other}
    assert shown(statuses=(Status.ACKNOWLEDGED,)) == {mine}
    assert shown(person_id=other.person_id) == {other}
    assert shown(region="south") == set()
    assert shown(cleared=True) == set()
    assert shown(cleared=False) == {mine, other}
    assert queries.counts(sam)[Severity.CRITICAL] == 1


def test_the_feed_tells_what_changed_since_and_only_what_the_user_may_see(sam):
    start = queries.last_event_id()
    north, _south = opened(), opened("south")
    changed = queries.changes_since(start, sam)
    assert list(changed.alerts) == [north]
    assert changed.last_event_id == queries.last_event_id()
    assert queries.changes_since(changed.last_event_id, sam).alerts == ()
    actions.note(north.pk, "Called.", **by(sam))
    assert list(queries.changes_since(changed.last_event_id, sam).alerts) == [north]


def test_a_long_feed_is_read_in_pieces_without_a_gap(sam):
    alerts = [opened() for _ in range(7)]
    seen, at = set(), 0
    for _ in range(10):
        piece = queries.changes_since(at, sam, limit=3)
        seen |= set(piece.alerts)
        at = piece.last_event_id
    assert seen == set(alerts)


def test_the_desk_takes_few_queries_however_long_it_is(sam, django_assert_max_num_queries):
    for _ in range(20):
        opened()
    with django_assert_max_num_queries(1):
        assert all(
            alert.person.short_name and (alert.owner is None or alert.owner.username) for alert in queries.desk(sam)
        )
