"""The keeper does each job in its own time, and one that fails keeps no other from being done."""

import pytest
from django.db import OperationalError

from surety.server.keeper import jobs
from surety.server.keeper.jobs import AFTER_FAILURE_MS, Job, Keeper

HERE = "surety.server.keeper.tests.test_jobs"
calls: list[tuple[str, int]] = []
pytestmark = pytest.mark.django_db


def often(now_ms: int) -> int | None:
    calls.append(("often", now_ms))
    return None


def chosen(now_ms: int) -> int | None:
    calls.append(("chosen", now_ms))
    return now_ms + 70


def broken(now_ms: int) -> int | None:
    calls.append(("broken", now_ms))
    raise ValueError


def away(now_ms: int) -> int | None:
    raise OperationalError(now_ms)


@pytest.fixture(autouse=True)
def _empty() -> None:
    calls.clear()


def test_each_job_is_done_in_its_own_time_and_says_when_it_wants_to_be_next() -> None:
    keeper = Keeper([Job("often", f"{HERE}:often", 100), Job("chosen", f"{HERE}:chosen", 100)])
    assert keeper.run_once(1_000) == 1_070
    assert keeper.run_once(1_070) == 1_100
    assert keeper.run_once(1_099) == 1_100
    assert keeper.run_once(1_100) == 1_140
    assert calls == [("often", 1_000), ("chosen", 1_000), ("chosen", 1_070), ("often", 1_100)]


def test_a_job_that_fails_is_tried_again_in_a_minute_and_the_others_go_on() -> None:
    keeper = Keeper([Job("broken", f"{HERE}:broken", 10), Job("often", f"{HERE}:often", AFTER_FAILURE_MS)])
    assert keeper.run_once(0) == AFTER_FAILURE_MS
    assert calls == [("broken", 0), ("often", 0)]


def test_where_the_database_is_away_the_caller_waits() -> None:
    with pytest.raises(OperationalError):
        Keeper([Job("away", f"{HERE}:away", 10)]).run_once(0)


def test_every_job_that_is_listed_can_be_found() -> None:
    assert len({job.name for job in jobs.JOBS}) == len(jobs.JOBS)
    Keeper()
