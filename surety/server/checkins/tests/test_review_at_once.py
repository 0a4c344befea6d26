"""Several at once on PostgreSQL: one holds a review, an answer counts once, and nobody waits for ever."""

import threading
from collections.abc import Callable, Sequence

import pytest
from django.db import connection

from surety.server.accounts.models import Role
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS
from surety.server.audit.queries import verify
from surety.server.checkins import in_person, oversight, review_queries, reviewing
from surety.server.checkins.models import Answer, CheckIn, OutFact, Review, Stage
from surety.server.checkins.tests.review_cast import SENT_MS
from surety.server.checkins.tests.test_review import SAME, opened
from surety.server.errors import RefusedError
from surety.server.monitoring.tests.test_postgres import postgres  # noqa: F401 - a fixture

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("postgres")]
LONGEST_S = 60


def at_once(doings: Sequence[Callable[[], object]]) -> list[object]:
    """Do these at the same moment, each on a connection of its own; what each gave, or its refusal."""
    given: list[object] = [None] * len(doings)
    gate = threading.Barrier(len(doings))

    def run(place: int) -> None:
        gate.wait()
        try:
            given[place] = doings[place]()
        except RefusedError as error:
            given[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(doings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_S)
        assert not thread.is_alive(), "somebody waits for ever"
    return given


def test_of_six_reviewers_two_get_the_two_reviews_and_no_two_the_same():
    waiting = {opened().pk, opened().pk}
    people = [cast.user(f"reviewer {n}", Role.FACE_REVIEWER) for n in range(6)]
    given = at_once([lambda who=who: reviewing.claim(who, now_ms=SENT_MS) for who in people])
    got = [review.pk for review in given if isinstance(review, Review)]
    assert len(got) == 2
    assert set(got) == waiting
    assert given.count(None) == 4
    late_ms = SENT_MS + 90 * MINUTE_MS
    assert [reviewing.escalate(now_ms=late_ms) for _ in range(2)] == [2, 0]
    sue = cast.user("sue", Role.SUPERVISOR)
    assert review_queries.queue(sue, late_ms).overdue == 2
    assert len(review_queries.overdue(sue, late_ms)) == 2


def test_a_final_answer_that_is_sent_four_times_counts_once():
    review, rita = opened(), cast.user("rita", Role.FACE_REVIEWER)
    at = {"acting_user": rita, "now_ms": SENT_MS}
    reviewing.claim(rita, now_ms=SENT_MS)
    reviewing.uncover(review.pk, **at)
    reviewing.first_answer(review.pk, SAME, **at)
    given = at_once([lambda: reviewing.answer(review.pk, SAME, "The ears.", **at)] * 4)
    assert sum(isinstance(one, Review) for one in given) == 1
    assert (OutFact.objects.count(), Answer.objects.count()) == (1, 1)
    assert verify().is_sound
    told = {share.name: (share.hits, share.trials) for share in oversight.figures(0, 2**45).shares}
    assert told["People said: same person"] == (1, 1)
    assert told["Looked at by people"] == (1, 1)


def test_an_officer_who_records_while_a_reviewer_answers_leaves_one_decision():
    for turn in range(4):
        review, rita = opened(), cast.user(f"rita {turn}", Role.FACE_REVIEWER)
        supervisor = cast.user(f"sue {turn}", Role.SUPERVISOR)
        at = {"acting_user": rita, "now_ms": SENT_MS + MINUTE_MS}
        reviewing.claim(rita, now_ms=SENT_MS)
        reviewing.uncover(review.pk, **at)
        reviewing.first_answer(review.pk, SAME, **at)
        check_in = review.submission.check_in
        seen = {"seen_ms": SENT_MS, "acting_user": supervisor, "now_ms": SENT_MS + MINUTE_MS}
        given = at_once(
            [
                lambda: reviewing.answer(review.pk, SAME, "The ears.", **at),  # noqa: B023 - run within this turn
                lambda: in_person.record(check_in.pk, SAME, "Seen at the office.", **seen),  # noqa: B023 - the same
            ]
        )
        assert sum(isinstance(one, RefusedError) for one in given) == 1, given
        stage = Review.objects.get(pk=review.pk).stage
        decided = CheckIn.objects.get(pk=check_in.pk)
        assert (stage == Stage.DONE) == (decided.decided_by_names == [str(rita)])
