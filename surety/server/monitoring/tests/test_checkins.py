"""Check-ins in the worker: a miss is an alert without any message, and a photograph that comes late takes it away."""

import pytest

from surety.rules.conditions import CheckInDuty
from surety.rules.facts import CheckInAsked, CheckInDecided, CheckInSubmitted, Verdict, fact_id
from surety.server.alerts.models import Alert
from surety.server.cases.models import Person
from surety.server.monitoring import queries
from surety.server.monitoring.tests.cast import HOME, HOUR_MS, MINUTE_MS, START_MS, person, send, stay
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
NOON = START_MS + 12 * HOUR_MS
DUE_MS = NOON + 30 * MINUTE_MS


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def kinds(who: Person) -> list[str]:
    return [one.kind.value for one in queries.findings(who.pk, 0, 2**60)]


def asked() -> CheckInAsked:
    return CheckInAsked(fact_id("check-in", "c-1"), "c-1", NOON, NOON, DUE_MS, delivered=True)


def submitted(at_ms: int, received_ms: int) -> CheckInSubmitted:
    return CheckInSubmitted(fact_id("check-in", "c-1", at_ms), "c-1", "phone", at_ms, received_ms)


def test_a_miss_is_an_alert_at_the_due_instant_and_a_late_photograph_clears_it(stream: Stream) -> None:
    ada, worker = person(CheckInDuty(per_day=1)), Worker(stream)
    send(stream, ada, [asked()])
    settle(worker, DUE_MS - 1)
    assert kinds(ada) == []
    settle(worker, DUE_MS)
    alert = Alert.objects.get()
    assert (alert.kind, alert.at_ms, alert.cleared_ms) == ("check_in_missed", DUE_MS, None)
    send(stream, ada, [submitted(DUE_MS + HOUR_MS, DUE_MS + HOUR_MS)])
    settle(worker, DUE_MS + HOUR_MS)
    alert.refresh_from_db()
    assert alert.cleared_ms == DUE_MS + HOUR_MS
    assert kinds(ada) == ["check_in_missed", "check_in_late"]


def test_a_photograph_taken_in_time_that_arrives_late_takes_the_miss_away(stream: Stream) -> None:
    ada, worker = person(CheckInDuty(per_day=1)), Worker(stream)
    send(stream, ada, [asked(), *stay(HOME, NOON, NOON + 50 * MINUTE_MS)])
    settle(worker, DUE_MS + 20 * MINUTE_MS)
    assert kinds(ada) == ["check_in_missed"]
    send(stream, ada, [submitted(DUE_MS - MINUTE_MS, DUE_MS + 3 * HOUR_MS)])
    settle(worker, DUE_MS + 3 * HOUR_MS)
    assert kinds(ada) == []
    assert Alert.objects.get().fell_away_ms == DUE_MS + 3 * HOUR_MS


def test_that_the_device_was_silent_all_the_time_is_known_late_too(stream: Stream) -> None:
    """What a fix says that arrives after the miss: the device did hear, or it did not."""
    ada, worker = person(CheckInDuty(per_day=1)), Worker(stream)
    unsure = CheckInAsked(fact_id("check-in", "c-2"), "c-2", NOON, NOON, DUE_MS)
    send(stream, ada, [unsure])
    settle(worker, DUE_MS)
    assert kinds(ada) == ["check_in_undelivered"]
    send(stream, ada, stay(HOME, NOON + 5 * MINUTE_MS, NOON + 10 * MINUTE_MS))
    settle(worker, DUE_MS + HOUR_MS)
    assert kinds(ada) == ["check_in_missed"]


def test_another_person_in_the_photograph_is_an_alert_by_two_peoples_word(stream: Stream) -> None:
    ada, worker = person(CheckInDuty(per_day=1)), Worker(stream)
    at_ms = DUE_MS + HOUR_MS
    said = [
        CheckInDecided(fact_id("c-1", who), "c-1", at_ms, at_ms, Verdict.NOT_SAME, who)
        for who in ((), ("Ruth",), ("Ruth", "Tom"))
    ]
    for verdict, found in zip(said, ([], [], ["face_not_verified"]), strict=True):
        send(stream, ada, [asked(), submitted(NOON + MINUTE_MS, NOON + MINUTE_MS), verdict])
        settle(worker, at_ms)
        assert kinds(ada) == found
    assert Alert.objects.get().kind == "face_not_verified"
