"""What becomes of photographs in the worker: taken once, in any order, and never lost."""

import itertools

import pytest

from surety.rules.facts import CheckInSubmitted, decode
from surety.server.checkins.models import CheckIn, Stands, Submission
from surety.server.checkins.tests.compare_cast import (
    ADA_FACE,
    DUE_MS,
    NOON,
    UNTIL_MS,
    ada,
    answer,
    asked,
    settle,
)
from surety.server.monitoring.models import SetAside, StoredFact
from surety.server.monitoring.sealed import FACT, unseal
from surety.server.monitoring.tests.cast import HOUR_MS, MINUTE_MS, send
from surety.server.monitoring.tests.conftest import stream
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

__all__ = ["stream"]
pytestmark = pytest.mark.django_db
LATER = UNTIL_MS + 24 * HOUR_MS


def stands(check_in: CheckIn) -> str:
    return CheckIn.objects.get(pk=check_in.pk).stands


def test_photographs_become_a_submission_that_waits_for_the_comparison(stream: Stream) -> None:
    check_in = asked(ada())
    fact = answer(check_in, ADA_FACE, ADA_FACE, turn="left", tries=2, forced=True)
    send(stream, check_in.person, [fact])
    settle(Worker(stream), DUE_MS)
    row = Submission.objects.get()
    assert (row.pk, row.check_in_id, tuple(row.photos)) == (fact.id, check_in.pk, fact.photos)
    assert (row.turn, row.tries, row.forced, row.at_ms, row.taken_ms) == ("left", 2, True, fact.at_ms, DUE_MS)
    assert row.next_ms == DUE_MS
    assert stands(check_in) == Stands.SUBMITTED


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_facts_that_come_again_or_in_another_order_make_the_same_submissions(stream: Stream, order: list[int]) -> None:
    check_in = asked(ada())
    facts = [answer(check_in, ADA_FACE, at_ms=NOON + minute * MINUTE_MS) for minute in (1, 2, 3)]
    worker = Worker(stream)
    for place in order:
        send(stream, check_in.person, [facts[place], facts[order[0]]])
        settle(worker, DUE_MS)
    settle(Worker(stream), LATER)
    assert set(Submission.objects.values_list("pk", flat=True)) == {fact.id for fact in facts}
    assert SetAside.objects.count() == 0


@pytest.mark.parametrize(
    ("stood", "at_ms", "stands_now", "waits"),
    [
        (Stands.ASKED, DUE_MS + MINUTE_MS, Stands.SUBMITTED, True),  # late, and still waited for
        (Stands.LAPSED, DUE_MS - MINUTE_MS, Stands.SUBMITTED, True),  # taken in time, and long on its way
        (Stands.ASKED, UNTIL_MS, Stands.ASKED, False),  # too late by its own time
        (Stands.LAPSED, UNTIL_MS + 1, Stands.LAPSED, False),
        (Stands.CANCELLED, NOON + MINUTE_MS, Stands.CANCELLED, False),
        (Stands.NOT_ASKED, NOON + MINUTE_MS, Stands.NOT_ASKED, False),
        (Stands.DECIDED, NOON + MINUTE_MS, Stands.DECIDED, True),
        (Stands.REVIEW, NOON + MINUTE_MS, Stands.REVIEW, True),
    ],
)
def test_the_time_of_the_photographs_decides_not_that_of_their_coming(
    stream: Stream, stood: str, at_ms: int, stands_now: str, *, waits: bool
) -> None:
    check_in = asked(ada(), stands=stood)
    send(stream, check_in.person, [answer(check_in, ADA_FACE, at_ms=at_ms, received_ms=LATER)])
    settle(Worker(stream), LATER)
    assert stands(check_in) == stands_now
    assert (Submission.objects.get().next_ms is not None) is waits


def test_photographs_for_a_question_that_nobody_asked_of_them_are_set_aside_and_stay_a_fact(stream: Stream) -> None:
    theirs = asked(ada("Bo"))
    sender = ada()
    facts = [answer(theirs, ADA_FACE), answer(CheckIn(id="unknown", person=sender), ADA_FACE)]
    send(stream, sender, facts)
    settle(Worker(stream), DUE_MS)
    assert Submission.objects.count() == 0
    assert stands(theirs) == Stands.ASKED
    rows = SetAside.objects.order_by("pk")
    assert [(row.person_id, row.reason) for row in rows] == [(sender.pk, "not_asked")] * 2
    assert {decode(unseal(row.person_id, row.body, FACT)).id for row in rows} == {fact.id for fact in facts}
    assert {row.fact_id for row in StoredFact.objects.filter(person_id=sender.pk)} >= {fact.id for fact in facts}


def test_what_an_officer_saw_themselves_waits_for_no_machine(stream: Stream) -> None:
    check_in = asked(ada())
    seen = CheckInSubmitted("officer", check_in.pk, "", NOON, NOON)
    send(stream, check_in.person, [seen])
    settle(Worker(stream), DUE_MS)
    assert Submission.objects.get().next_ms is None
