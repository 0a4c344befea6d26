"""Leave, suspensions and allowances from the record to the desk: what is recorded late changes what stands."""

import pytest

from surety.rules.conditions import Absence, AbsenceKind, Pause, Timetable
from surety.server.alerts.models import Alert, AlertEvent, Severity
from surety.server.cases import actions as cases
from surety.server.cases.models import Condition, OrderStatus, Person
from surety.server.monitoring import queries
from surety.server.monitoring.models import Finding
from surety.server.monitoring.tests.cast import (
    HOME,
    HOUR_MS,
    MINUTE_MS,
    NIGHT_CURFEW,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    person,
    replaced,
    send,
    stay,
)
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
SHOP = (51.508, -0.12)  # 900 m from home
CURFEW_MS = START_MS + 19 * HOUR_MS  # Sunday 1 March 2026, 19:00
SINCE_MS = CURFEW_MS - 2 * HOUR_MS
EVENING = [
    *stay(HOME, CURFEW_MS - HOUR_MS, CURFEW_MS + HOUR_MS),
    *stay(SHOP, CURFEW_MS + HOUR_MS, CURFEW_MS + 2 * HOUR_MS),
    *stay(HOME, CURFEW_MS + 2 * HOUR_MS, CURFEW_MS + 3 * HOUR_MS),
]
LATER_MS = CURFEW_MS + 4 * HOUR_MS
WEDDING = Absence(
    AbsenceKind.AUTHORISED,
    Timetable("Europe/London"),
    (Pause("2026-03-01T19:30", "2026-03-01T21:30"),),
    reason="a wedding",
)


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def standing(who: Person) -> list[str]:
    return [finding.kind.value for finding in queries.findings(who.pk, 0, 2**60)]


def record_late(who: Person, body: Absence = WEDDING) -> Condition:
    """The officer writes down four hours later what held from the afternoon on."""
    return cases.add_condition(
        who.orders.get().pk,
        body,
        label="Leave",
        effective_from_ms=CURFEW_MS - HOUR_MS,
        acting_user=None,
        now_ms=LATER_MS,
        reason="the officer had agreed to it on the telephone",
    )


def test_leave_recorded_late_takes_the_finding_away_and_its_alert_is_told(stream: Stream) -> None:
    ada = person(NIGHT_CURFEW, at_ms=SINCE_MS)
    send(stream, ada, EVENING)
    worker = Worker(stream)
    settle(worker, CURFEW_MS + 3 * HOUR_MS)
    assert standing(ada) == ["curfew_left", "curfew_returned"]
    record_late(ada)
    settle(worker, LATER_MS)
    assert "curfew_left" not in standing(ada)
    assert Finding.objects.filter(kind="curfew_left", superseded_ms=LATER_MS).count() == 1
    alert = Alert.objects.get(kind="curfew_left")
    assert (alert.fell_away_ms, alert.status) == (LATER_MS, "open")
    assert AlertEvent.objects.get(alert=alert, action="fell_away").text.endswith("Nothing took its place.")


def test_leave_withdrawn_again_brings_the_finding_back(stream: Stream) -> None:
    ada = person(NIGHT_CURFEW, at_ms=SINCE_MS)
    send(stream, ada, EVENING)
    worker = Worker(stream)
    settle(worker, CURFEW_MS + 3 * HOUR_MS)
    before = standing(ada)
    leave = record_late(ada)
    settle(worker, LATER_MS)
    cases.withdraw_condition(
        leave.pk,
        effective_from_ms=CURFEW_MS - HOUR_MS,
        acting_user=None,
        now_ms=LATER_MS + HOUR_MS,
        reason="written down for the wrong person",
    )
    settle(worker, LATER_MS + HOUR_MS)
    assert [kind for kind in standing(ada) if kind != "cannot_verify"] == before
    assert Alert.objects.get(kind="curfew_left").fell_away_ms is None


def test_leave_for_a_curfew_takes_nothing_from_an_exclusion_zone(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=SINCE_MS)
    send(
        stream,
        ada,
        stay(HOME, CURFEW_MS, CURFEW_MS + HOUR_MS) + stay(SCHOOL, CURFEW_MS + HOUR_MS, CURFEW_MS + 2 * HOUR_MS),
    )
    worker = Worker(stream)
    settle(worker, CURFEW_MS + 3 * HOUR_MS)
    record_late(ada)
    settle(worker, LATER_MS)
    assert Finding.objects.filter(kind="zone_entered", superseded_ms=None).count() == 1


def test_an_order_suspended_for_an_hour_asks_nothing_in_it_to_the_second(stream: Stream) -> None:
    """Nothing is collected in it either, so what is known begins anew with the first fix after it."""
    ada = person(NIGHT_CURFEW, at_ms=SINCE_MS)
    order = ada.orders.get()
    begin_ms, end_ms = CURFEW_MS + HOUR_MS + 17_000, CURFEW_MS + 2 * HOUR_MS + 43_000
    for status, from_ms in ((OrderStatus.SUSPENDED, begin_ms), (OrderStatus.IN_FORCE, end_ms)):
        cases.set_order_status(
            order.pk, status, effective_from_ms=from_ms, acting_user=None, now_ms=CURFEW_MS, reason="by the court"
        )
    away_ms = CURFEW_MS + HOUR_MS - 5 * MINUTE_MS
    after_ms = end_ms + 2_000
    send(stream, ada, stay(HOME, CURFEW_MS - HOUR_MS, away_ms) + stay(SHOP, away_ms, begin_ms))
    send(stream, ada, stay(SHOP, after_ms, CURFEW_MS + 3 * HOUR_MS))
    settle(Worker(stream), CURFEW_MS + 3 * HOUR_MS)
    found = [(finding.kind.value, finding.at_ms) for finding in queries.findings(ada.pk, 0, 2**60)]
    assert found[0][0] == "curfew_left"
    assert found[0][1] < begin_ms
    assert found[1:] == [("duty_ended", begin_ms), ("curfew_absent_at_start", after_ms)]


def test_what_leave_takes_away_is_given_back_to_the_allowance(stream: Stream) -> None:
    ada = person(replaced(NIGHT_CURFEW, allowance_day_min=30), at_ms=SINCE_MS)
    send(stream, ada, EVENING)
    worker = Worker(stream)
    settle(worker, CURFEW_MS + 3 * HOUR_MS)
    assert standing(ada) == ["curfew_left", "allowance_exceeded", "curfew_returned"]
    severities = dict(Alert.objects.values_list("kind", "severity"))
    assert severities == {"curfew_left": Severity.ROUTINE, "allowance_exceeded": Severity.SERIOUS}
    record_late(ada)
    settle(worker, LATER_MS)
    assert "allowance_exceeded" not in standing(ada)
    assert Alert.objects.get(kind="allowance_exceeded").fell_away_ms == LATER_MS
