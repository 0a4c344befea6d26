"""Asking on PostgreSQL: several processes at once ask once, each question with its fact."""

import threading

import pytest
from django.db import connection

from surety.rules.facts import CheckInAsked, decode
from surety.server.checkins import asking_queries, prompts
from surety.server.checkins.asker import Asker
from surety.server.checkins.models import CheckIn, OutFact, Sheet
from surety.server.checkins.tests.asking_cast import KEY, MINUTE_MS, MONDAY_MS, duty, somebody
from surety.server.checkins.tests.test_asking import planned
from surety.server.checkins.tests.test_recompute import Still
from surety.server.monitoring.tests.test_postgres import postgres
from surety.stream.sql import PostgresStream

pytestmark = pytest.mark.postgres
__all__ = ["postgres"]  # the fixture


def test_three_processes_at_once_ask_once_and_lose_nothing(postgres: PostgresStream, postgres_url: str) -> None:
    people = [somebody(duty(5)) for _ in range(4)]
    instants = sorted({at_ms for person in people for at_ms in planned(person)})
    troubles: list[Exception] = []

    def ask() -> None:
        log = PostgresStream(postgres_url)
        try:
            asker = Asker(log, KEY)
            for now_ms in [MONDAY_MS, *instants, instants[-1] + MINUTE_MS]:
                asker.run_once(now_ms)
                asker.beat(now_ms)
                prompts.deliver(now_ms)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
            troubles.append(error)
        finally:
            log.close()
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert troubles == []
    assert sorted(CheckIn.objects.values_list("asked_ms", flat=True)) == sorted(
        at_ms for person in people for at_ms in planned(person)
    )
    assert not OutFact.objects.filter(sent_ms=None).exists()
    facts = [decode(body) for record in postgres.read(0, 10_000) for body in record.entry.facts]
    asked = {fact.check_in_id: fact for fact in facts if isinstance(fact, CheckInAsked) and fact.delivered is None}
    assert len(asked) == 20
    assert len({fact.id for fact in facts if isinstance(fact, CheckInAsked) and fact.delivered is None}) == 20
    assert Sheet.objects.count() == 4
    assert asking_queries.asking(Still()).people == 4
