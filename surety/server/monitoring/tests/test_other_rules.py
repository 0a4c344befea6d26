"""States that another version of the rules wrote: an update loses nothing and judges nothing again."""

import pytest

from surety.rules import engine
from surety.server.cases.models import Person
from surety.server.monitoring import queries
from surety.server.monitoring.models import PersonState, SetAside, Snapshot
from surety.server.monitoring.tests.cast import (
    HOME,
    HOUR_MS,
    MINUTE_MS,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    TRAIL,
    fix,
    opened,
    person,
    rewrite,
    send,
    stay,
)
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
OTHER_RULES = b"2020.1.1\x00 written long ago"
MORNING = START_MS + 9 * HOUR_MS
NOON = MORNING + 2 * HOUR_MS
JOURNEY = [
    *stay(HOME, MORNING, MORNING + 5 * MINUTE_MS),
    *stay(SCHOOL, MORNING + 9 * MINUTE_MS, MORNING + 13 * MINUTE_MS),
]


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def findings(who: Person) -> list[tuple[str, int]]:
    return [(finding.kind.value, finding.at_ms) for finding in queries.findings(who.pk, 0, 2**60)]


def test_a_state_of_other_rules_is_made_anew_from_the_facts(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, TRAIL)
    send(stream, ada, JOURNEY)
    settle(Worker(stream), MORNING + 13 * MINUTE_MS)
    state, before = engine.decode_state(opened(PersonState.objects.get())), findings(ada)
    rewrite(PersonState.objects.get(), OTHER_RULES)
    send(stream, ada, [fix(MORNING + 14 * MINUTE_MS, SCHOOL)])
    settle(Worker(stream), MORNING + 14 * MINUTE_MS)
    again = engine.decode_state(opened(PersonState.objects.get()))
    assert findings(ada) == before
    assert again.watches == state.watches
    assert again.at_ms == MORNING + 14 * MINUTE_MS


def test_snapshots_of_other_rules_are_passed_over_when_something_comes_late(stream: Stream) -> None:
    ada, bea = person(SCHOOL_ZONE, TRAIL), person(SCHOOL_ZONE, TRAIL)
    late, last = fix(MORNING + 90 * MINUTE_MS, HOME), fix(NOON, HOME)
    send(stream, ada, [*JOURNEY, last])
    send(stream, bea, [*JOURNEY, late, last])
    settle(Worker(stream), NOON)
    for row in Snapshot.objects.filter(person_id=ada.pk):
        rewrite(row, OTHER_RULES)
    send(stream, ada, [late])
    settle(Worker(stream), NOON)
    assert set(findings(ada)) == set(findings(bea))
    assert not SetAside.objects.exists()


def test_a_state_that_cannot_be_made_anew_is_kept_as_it_is(stream: Stream) -> None:
    ada = person(TRAIL)
    send(stream, ada, JOURNEY)
    settle(Worker(stream), MORNING + 13 * MINUTE_MS)

    class Failing:
        start = staticmethod(engine.start)
        encode_state, decode_state = staticmethod(engine.encode_state), staticmethod(engine.decode_state)

        def step(self, *_: object) -> engine.Step:
            raise ValueError("not today")

    rewrite(PersonState.objects.get(), OTHER_RULES)
    send(stream, ada, [fix(NOON, HOME)])
    settle(Worker(stream, rules=Failing()), NOON)
    assert opened(PersonState.objects.get()) == OTHER_RULES
    assert SetAside.objects.filter(person_id=ada.pk).exists()
