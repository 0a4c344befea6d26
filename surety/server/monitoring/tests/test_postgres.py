"""The worker on PostgreSQL: the same statements, the same exactly-once, and two workers at a time."""

import threading
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection, connections

from surety.server.alerts.models import Alert
from surety.server.monitoring import queries, stored
from surety.server.monitoring.actions import LostOwnershipError
from surety.server.monitoring.explain import rederive
from surety.server.monitoring.models import Finding, PersonState, SetAside
from surety.server.monitoring.tests.cast import (
    HOME,
    HOUR_MS,
    MINUTE_MS,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    TRAIL,
    fix,
    person,
    send,
    stay,
)
from surety.server.monitoring.verifying import verify_person
from surety.server.monitoring.worker import Worker
from surety.server.project.settings import _database
from surety.stream.contract import Entry
from surety.stream.sql import PostgresStream

pytestmark = pytest.mark.postgres
MORNING = START_MS + 9 * HOUR_MS
JOURNEY = [
    *stay(HOME, MORNING, MORNING + 5 * MINUTE_MS),
    *stay(SCHOOL, MORNING + 9 * MINUTE_MS, MORNING + 13 * MINUTE_MS),
]


@pytest.fixture
def postgres(postgres_url: str, django_db_blocker: pytest.FixtureRequest) -> Iterator[PostgresStream]:
    """Django and the log on a new database of their own; SQLite again afterwards."""
    before, kept = connections["default"], dict(connections.settings["default"])
    connections.settings["default"].update(_database(postgres_url), OPTIONS={})
    connections["default"] = connections.create_connection("default")
    log = PostgresStream(postgres_url)
    try:
        with django_db_blocker.unblock():
            call_command("migrate", verbosity=0)
            yield log
            connection.close()
    finally:
        log.close()
        connections.settings["default"].clear()
        connections.settings["default"].update(kept)
        connections["default"] = before


def settle(worker: Worker, now_ms: int) -> None:
    """Step until nothing is left to do."""
    while not worker.run_once(now_ms).idle:
        pass


def test_facts_in_any_order_become_findings_once(postgres: PostgresStream) -> None:
    ada = person(SCHOOL_ZONE, TRAIL, at_ms=MORNING - MINUTE_MS)
    worker = Worker(postgres)
    send(postgres, ada, JOURNEY[:3])
    settle(worker, MORNING + 50 * MINUTE_MS)
    send(postgres, ada, [*reversed(JOURNEY), *JOURNEY])
    postgres.append([Entry(ada.pk, "device", "osmand", MORNING, (b"\xc1",))])
    settle(worker, MORNING + 30 * MINUTE_MS)
    assert len(queries.trail(ada.pk, MORNING, MORNING + HOUR_MS)) == len(JOURNEY)
    standing = Finding.objects.filter(superseded_ms=None).order_by("at_ms")
    assert [finding.kind for finding in standing] == ["zone_entered", "silent"]
    assert Finding.objects.exclude(superseded_ms=None).count() == 1
    assert Alert.objects.filter(fell_away_ms=None).count() == 2
    assert SetAside.objects.count() == 1
    assert PersonState.objects.get().head_ms == JOURNEY[-1].at_ms
    worker.beat(MORNING)
    worker.beat(MORNING + 1)


def test_of_two_workers_at_the_same_time_each_fact_is_taken_by_one(postgres: PostgresStream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    journey = [fix(MORNING + second * 1000, HOME) for second in range(300)]
    send(postgres, ada, journey)
    lost: list[int] = []

    def work() -> None:
        worker = Worker(postgres, records_a_step=10)
        try:
            while True:
                try:
                    if worker.run_once(MORNING + HOUR_MS // 2).idle:
                        return
                except LostOwnershipError:
                    lost.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(queries.trail(ada.pk, MORNING, MORNING + HOUR_MS)) == len(journey)


def test_everything_is_derived_again_in_one_view_while_the_worker_goes_on(postgres: PostgresStream) -> None:
    ada = person(SCHOOL_ZONE, TRAIL, at_ms=MORNING - MINUTE_MS)
    worker = Worker(postgres)
    send(postgres, ada, JOURNEY)
    settle(worker, MORNING + 50 * MINUTE_MS)
    send(postgres, ada, stay(HOME, MORNING + 20 * MINUTE_MS, MORNING + 50 * MINUTE_MS))  # late: it changes findings
    errors: list[Exception] = []

    def work() -> None:
        try:
            settle(Worker(postgres), MORNING + 51 * MINUTE_MS)
        except Exception as error:  # noqa: BLE001 - told by the test
            errors.append(error)
        finally:
            connection.close()

    with stored.frozen_view():
        before = Finding.objects.count()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()  # the view holds nobody up
        assert Finding.objects.count() == before
        assert sum(len(rows) for rows in stored.fact_rows(ada.pk)) == PersonState.objects.get().facts
    assert errors == []
    assert Finding.objects.exclude(superseded_ms=None).exists()
    report = verify_person(ada.pk)
    assert (report.waits, report.differences) == ("", [])
    for row in Finding.objects.all():
        assert rederive(row.pk).differences == []
    replaced_one = Finding.objects.exclude(superseded_by="").first()
    assert replaced_one is None or replaced_one.pk in Finding.objects.get(pk=replaced_one.superseded_by).replaces
