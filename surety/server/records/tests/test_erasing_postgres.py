"""Erasure on PostgreSQL: several processes at once erase each person once, with one certificate."""

import threading

import pytest
from django.db import connection

from surety.server.accounts.models import Role
from surety.server.audit import queries as audit
from surety.server.audit.models import Entry
from surety.server.cases.models import Person
from surety.server.monitoring.tests.test_postgres import postgres
from surety.server.records import daily, erasing
from surety.server.records.models import Erasure, ErasureState
from surety.server.records.tests import retention_cast as cast
from surety.server.records.tests.retention_cast import DAY_MS, T0
from surety.stream.sql import PostgresStream

pytestmark = pytest.mark.postgres
__all__ = ["postgres"]  # the fixture


@pytest.mark.usefixtures("postgres")
def test_three_processes_at_once_erase_each_person_once(postgres: PostgresStream) -> None:
    officer = cast.user("olu", Role.OFFICER)
    people = [cast.person() for _ in range(4)]
    for one in people:
        cast.everything(one, officer)
    now_ms, troubles = T0 + (10 + 2_191) * DAY_MS, []

    def run() -> None:
        try:
            for one in people:
                erasing.begin_due(one.pk, now_ms)
                erasing.finish(one.pk, now_ms)
            daily.run(now_ms)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert troubles == []
    assert set(Erasure.objects.values_list("state", flat=True)) == {ErasureState.DONE}
    assert not Person.objects.exists()
    certified = Entry.objects.filter(action=erasing.CERTIFICATE).values_list("person_id", flat=True)
    assert sorted(certified) == sorted(one.pk for one in people)
    for row in Erasure.objects.all():
        assert row.counts["monitoring.StoredFact"] == 1_200
    assert audit.verify().is_sound
    assert postgres.last_seq() == 0
