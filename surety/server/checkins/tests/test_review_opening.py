"""What the machine does not clearly match is for people to look at, in time."""

import pytest

from surety.faces.contract import Outcome
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS
from surety.server.audit.models import Entry
from surety.server.checkins.models import Review, Stage, Stands
from surety.server.checkins.reviewing import open_review
from surety.server.checkins.tests import review_cast
from surety.server.checkins.tests.review_cast import ASKED_MS, SENT_MS, compared, submission

pytestmark = pytest.mark.django_db


def test_a_review_is_due_an_hour_after_an_answer_in_time_and_two_after_a_late_one():
    ana = cast.person("north")
    in_time, late = submission(ana), submission(ana, sent_ms=ASKED_MS + 45 * MINUTE_MS)
    due = [open_review(of, compared(of), SENT_MS).due_ms for of in (in_time, late)]
    assert due == [SENT_MS + 60 * MINUTE_MS, SENT_MS + 120 * MINUTE_MS]


def test_no_match_comes_before_what_the_machine_could_not_tell_and_no_comparison_is_a_review_too():
    ana = cast.person("south")
    outcomes = (Outcome.NO_MATCH, Outcome.INCONCLUSIVE, Outcome.ERROR)
    found = [open_review(of, compared(of, outcome), SENT_MS) for outcome in outcomes if (of := submission(ana))]
    without = open_review(submission(ana), None, SENT_MS)
    assert [review.severity for review in (*found, without)] == [2, 3, 3, 3]
    assert {review.region for review in found} == {"south"}


def test_the_same_submission_is_reviewed_once_however_often_it_is_asked_for():
    of = review_cast.waiting()
    first = open_review(of, None, SENT_MS)
    assert open_review(of, None, SENT_MS + 1) == first
    assert Review.objects.count() == 1
    of.check_in.refresh_from_db()
    assert (of.check_in.stands, first.stage) == (Stands.REVIEW, Stage.FIRST)
    entry = Entry.objects.get(action="review.opened")
    assert (entry.person_id, entry.subject_id) == (of.check_in.person_id, first.pk)
