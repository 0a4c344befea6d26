"""Visits read from stored findings: what is open at either end of a report's window does not vanish from it."""

import pytest
from django.test import Client

from surety.rules.visits import Visit
from surety.server.accounts.models import Role
from surety.server.cases.models import Person
from surety.server.console.case_access import input_text
from surety.server.console.tests.case_cast import user
from surety.server.monitoring import queries
from surety.server.monitoring.models import Finding
from surety.server.monitoring.tests.cast import (
    HOME,
    HOUR_MS,
    MINUTE_MS,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    end_order,
    person,
    send,
    stay,
)
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
MORNING = START_MS + 9 * HOUR_MS
IN, OUT, END = MORNING + 30 * MINUTE_MS, MORNING + 60 * MINUTE_MS, MORNING + 90 * MINUTE_MS


@pytest.fixture
def ada(stream: Stream) -> Person:
    found = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    send(stream, found, [*stay(HOME, MORNING, IN), *stay(SCHOOL, IN, OUT), *stay(HOME, OUT, END)])
    worker = Worker(stream)
    while not worker.run_once(END).idle:
        pass
    return found


def within(who: Person, from_ms: int, to_ms: int) -> Visit:
    (visit,) = queries.visits(who.pk, from_ms, to_ms)
    return visit


def test_a_visit_within_the_window_is_whole(ada: Person) -> None:
    visit = within(ada, MORNING, END)
    assert visit.id == Finding.objects.get(kind="zone_entered").episode_id
    assert not visit.open_before
    assert not visit.open_after


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "before", "after"),
    [
        (MORNING, IN + 15 * MINUTE_MS, False, True),
        (IN + 15 * MINUTE_MS, END, True, False),
        (IN + 10 * MINUTE_MS, IN + 20 * MINUTE_MS, True, True),
    ],
)
def test_an_open_end_is_kept_and_marked(ada: Person, from_ms: int, to_ms: int, *, before: bool, after: bool) -> None:
    visit = within(ada, from_ms, to_ms)
    assert (visit.open_before, visit.open_after) == (before, after)


def test_what_ended_before_the_window_or_began_after_it_is_not_in_it(ada: Person) -> None:
    assert queries.visits(ada.pk, MORNING, IN) == []
    assert queries.visits(ada.pk, OUT + 10 * MINUTE_MS, END) == []


def test_what_later_facts_took_away_is_no_visit(ada: Person) -> None:
    Finding.objects.filter(kind="zone_entered").update(superseded_ms=END)
    Finding.objects.filter(kind="zone_left").update(superseded_ms=END)
    assert queries.visits(ada.pk, MORNING, END) == []


def test_the_trail_page_tells_a_visit_that_began_before_its_window(ada: Person) -> None:
    client = Client()
    client.force_login(user("sue supervisor", Role.SUPERVISOR))
    window = {"from": input_text(IN + 10 * MINUTE_MS, "Europe/London"), "to": input_text(END, "Europe/London")}
    end_order(ada, END)
    page = client.post(f"/people/{ada.pk}/trail", window | {"purpose": "a question of the court"}).content.decode()
    assert "In the zone &quot;School&quot; from" in page
    assert "began before" in page
