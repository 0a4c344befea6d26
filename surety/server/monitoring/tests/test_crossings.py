"""A possible crossing between sparse fixes: on record, on the trail, and taken back by a fix that arrives later."""

import pytest
from django.test import Client

from surety.server.accounts.models import Role
from surety.server.alerts.models import Alert
from surety.server.cases.models import Person
from surety.server.console.case_access import input_text
from surety.server.console.tests.case_cast import user
from surety.server.monitoring.models import Finding
from surety.server.monitoring.tests.cast import (
    HOUR_MS,
    MINUTE_MS,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    end_order,
    fix,
    person,
    send,
)
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
MORNING = START_MS + 9 * HOUR_MS
THEN = MORNING + 10 * MINUTE_MS
NORTH, SOUTH = (SCHOOL[0] + 0.004, SCHOOL[1]), (SCHOOL[0] - 0.004, SCHOOL[1])
EAST = (SCHOOL[0], SCHOOL[1] + 0.012)


def settle(stream: Stream, now_ms: int) -> None:
    worker = Worker(stream)
    while not worker.run_once(now_ms).idle:
        pass


def crossing(stream: Stream) -> Person:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    send(stream, ada, [fix(MORNING, NORTH), fix(MORNING + 4 * MINUTE_MS, SOUTH)])
    settle(stream, THEN)
    return ada


def test_a_crossing_is_on_record_and_alerts_nobody(stream: Stream) -> None:
    crossing(stream)
    found = Finding.objects.get(kind="zone_crossed")
    assert found.certainty == "possible"
    assert MORNING < found.at_ms < MORNING + 4 * MINUTE_MS
    assert not Alert.objects.exists()


def test_a_late_fix_that_shows_another_way_takes_it_back(stream: Stream) -> None:
    ada = crossing(stream)
    late = fix(MORNING + 2 * MINUTE_MS, EAST, received_ms=THEN)
    send(stream, ada, [late])
    settle(stream, THEN)
    assert Finding.objects.get(kind="zone_crossed").superseded_ms == THEN


def test_the_same_facts_in_order_give_no_crossing_either(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    way = [fix(MORNING, NORTH), fix(MORNING + 2 * MINUTE_MS, EAST), fix(MORNING + 4 * MINUTE_MS, SOUTH)]
    send(stream, ada, way)
    settle(stream, THEN)
    assert not Finding.objects.exists()


def test_the_trail_draws_it_between_its_two_fixes(stream: Stream) -> None:
    ada = crossing(stream)
    client = Client()
    client.force_login(user("olu officer", Role.SUPERVISOR))
    window = {"from": input_text(MORNING - HOUR_MS, "Europe/London"), "to": input_text(THEN, "Europe/London")}
    end_order(ada, THEN)
    answer = client.post(f"/people/{ada.pk}/trail", window | {"purpose": "a question of the court"})
    (drawn,) = answer.context["trail"]["drawing"]["crossings"]
    assert drawn["from"] == pytest.approx([NORTH[1], NORTH[0]])
    assert drawn["to"] == pytest.approx([SOUTH[1], SOUTH[0]])
    assert "Possibly passed through" in drawn["text"]
