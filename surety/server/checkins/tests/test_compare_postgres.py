"""Taking and comparing on PostgreSQL: the same rows as on SQLite, and two processes at once share what waits."""

import threading
from collections import Counter

import pytest
from django.db import connection

from surety.server.checkins import comparing
from surety.server.checkins.models import CheckIn, Comparison, Review, Submission
from surety.server.checkins.tests.compare_cast import (
    ADA_FACE,
    DUE_MS,
    OTHER_FACE,
    ada,
    answer,
    asked,
    enrolled,
    machine,
    settle,
    told,
)
from surety.server.monitoring.models import SetAside
from surety.server.monitoring.tests.cast import MINUTE_MS, send
from surety.server.monitoring.tests.test_postgres import postgres
from surety.server.monitoring.worker import Worker
from surety.stream.sql import PostgresStream

__all__ = ["postgres"]
pytestmark = pytest.mark.postgres
PEOPLE = 16
LATE_MS = DUE_MS + MINUTE_MS  # nobody is asked to try again


def test_of_two_processes_at_once_each_submission_is_compared_by_one(postgres: PostgresStream) -> None:
    check_ins = [asked(ada(f"P{number}")) for number in range(PEOPLE)]
    for number, check_in in enumerate(check_ins):
        enrolled(check_in.person, ADA_FACE)
        fact = answer(check_in, ADA_FACE if number % 2 else OTHER_FACE, at_ms=LATE_MS)
        send(postgres, check_in.person, [fact, fact])
    send(postgres, check_ins[0].person, [answer(check_ins[1], ADA_FACE, at_ms=LATE_MS)])  # not asked of them
    settle(Worker(postgres), LATE_MS)
    assert (Submission.objects.count(), SetAside.objects.count()) == (PEOPLE, 1)
    errors: list[Exception] = []
    taken: Counter[int] = Counter()

    def work(number: int) -> None:
        mine = machine()
        try:
            while done := comparing.step(mine, LATE_MS, most=2) + comparing.derive_some(mine, LATE_MS):
                taken[number] += done
        except Exception as error:  # noqa: BLE001 - told by the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Counter(Comparison.objects.values_list("submission_id", flat=True)).most_common(1)[0][1] == 1
    assert Comparison.objects.count() == PEOPLE
    assert (len(told()), Review.objects.count()) == (PEOPLE // 2, PEOPLE // 2)
    assert sorted(CheckIn.objects.values_list("stands", flat=True)) == ["decided"] * 8 + ["review"] * 8
