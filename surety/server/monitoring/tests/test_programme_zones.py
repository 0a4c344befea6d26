"""A programme-wide zone through the worker: no breach before the person was told, one from then on."""

import pytest

from surety.server.accounts.models import Role, User
from surety.server.alerts.models import Alert
from surety.server.cases import programmes
from surety.server.cases.checks import Told
from surety.server.monitoring.models import Finding
from surety.server.monitoring.tests.cast import HOUR_MS, MINUTE_MS, SCHOOL, SCHOOL_ZONE, START_MS, person, send, stay
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
MORNING = START_MS + 9 * HOUR_MS


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def zone_in_force(now_ms: int) -> tuple[int, User]:
    ida, jo = (User.objects.create(username=name, role=Role.SUPERVISOR) for name in ("ida", "jo"))
    terms = programmes.Terms(
        legal_basis="An Act", zone=SCHOOL_ZONE, order_types=("community",), starts_ms=now_ms - HOUR_MS
    )
    version = programmes.propose_zone("Schools", terms, acting_user=ida, now_ms=now_ms)
    return programmes.confirm_version(version.pk, acting_user=jo, now_ms=now_ms).pk, jo


def test_nobody_breaches_a_zone_that_they_were_not_told_of(stream: Stream) -> None:
    ada, ben = person(at_ms=START_MS), person(name="Ben", at_ms=START_MS)
    version, jo = zone_in_force(MORNING - HOUR_MS)
    worker = Worker(stream)
    for who in (ada, ben):
        send(stream, who, stay(SCHOOL, MORNING, MORNING + 20 * MINUTE_MS))
    settle(worker, MORNING + 20 * MINUTE_MS)
    assert not Finding.objects.exists()
    at_ms = MORNING + 20 * MINUTE_MS
    told = Told(at_ms=at_ms, how="by telephone", language="en")
    programmes.record_told(version, [ada.pk], told, acting_user=jo, now_ms=at_ms)
    send(stream, ada, stay(SCHOOL, at_ms, at_ms + 5 * MINUTE_MS))
    send(stream, ben, stay(SCHOOL, at_ms, at_ms + 5 * MINUTE_MS))
    settle(worker, at_ms + 5 * MINUTE_MS)
    finding = Finding.objects.get()
    assert (finding.person_id, finding.kind) == (ada.pk, "zone_entered")
    assert finding.at_ms >= at_ms
    assert Alert.objects.get().person_id == ada.pk


def test_a_withdrawn_zone_ends_what_is_going_on(stream: Stream) -> None:
    ada = person(at_ms=START_MS)
    version, jo = zone_in_force(MORNING - HOUR_MS)
    told = Told(at_ms=MORNING - 20 * MINUTE_MS, how="letter", language="en")
    programmes.record_told(version, [ada.pk], told, acting_user=jo, now_ms=MORNING - 20 * MINUTE_MS)
    worker = Worker(stream)
    send(stream, ada, stay(SCHOOL, MORNING - 10 * MINUTE_MS, MORNING + 5 * MINUTE_MS))
    settle(worker, MORNING + 5 * MINUTE_MS)
    assert [one.kind for one in Finding.objects.order_by("at_ms")] == ["zone_entered"]
    zone_id = programmes.ProgrammeZoneVersion.objects.get().zone_id
    programmes.withdraw_zone(zone_id, acting_user=jo, now_ms=MORNING + 6 * MINUTE_MS, reason="no longer needed")
    settle(worker, MORNING + 7 * MINUTE_MS)
    assert [one.kind for one in Finding.objects.order_by("at_ms")] == ["zone_entered", "duty_ended"]
