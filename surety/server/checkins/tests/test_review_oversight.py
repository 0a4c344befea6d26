"""Oversight's figures against rows made by hand: what is counted, with which bounds, and what is not told."""

import itertools

import pytest

from surety.rules.facts import Verdict
from surety.server.accounts.models import Role
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS
from surety.server.cases.models import Person
from surety.server.checkins import oversight
from surety.server.checkins.models import Answer, CheckIn, ControlPair, Review, Stage, Stands, Submission
from surety.server.console.tests.test_desk import logged_in
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db
NOW = now_ms()
BEGAN = NOW - 86_400_000
_ids = itertools.count(1)


@pytest.fixture
def ana() -> Person:
    return cast.person("north")


def check_in(of: Person, stands: Stands, verdict: str = "", by: tuple[str, ...] = ()) -> CheckIn:
    return CheckIn.objects.create(
        person=of,
        condition_id="c" * 32,
        condition_version=1,
        asked_ms=BEGAN,
        due_ms=BEGAN + 30 * MINUTE_MS,
        late_until_ms=BEGAN + 240 * MINUTE_MS,
        stands=stands,
        verdict=verdict,
        decided_by_names=list(by),
        decided_ms=BEGAN + MINUTE_MS if verdict else None,
    )


def reviewed(of: CheckIn, verdict: Verdict, minutes: int, stages: int = 1, first: Verdict | None = None) -> Review:
    """A review that was decided after so many minutes by so many people, within the hour or not."""
    sent = Submission.objects.create(
        id=f"{next(_ids):032x}", check_in=of, at_ms=BEGAN, received_ms=BEGAN, photos=["a" * 64]
    )
    decided_ms = BEGAN + minutes * MINUTE_MS
    found = Review.objects.create(
        submission=sent,
        stage=Stage.DONE,
        severity=2,
        opened_ms=BEGAN,
        due_ms=BEGAN + 60 * MINUTE_MS,
        verdict=verdict.value,
        decided_ms=decided_ms,
    )
    for stage in (Stage.FIRST, Stage.SECOND, Stage.ARBITER)[:stages]:
        answered(found, verdict, stage, first)
    return found


def answered(review: Review, answer: Verdict, stage: Stage = Stage.FIRST, first: Verdict | None = None) -> None:
    Answer.objects.create(
        review=review,
        stage=stage,
        reviewer_name="Rita",
        opened_ms=BEGAN,
        first_answer=(first or answer).value,
        first_ms=BEGAN,
        answer=answer.value,
        answered_ms=BEGAN + MINUTE_MS,
    )


def shares() -> dict[str, tuple[int, int]]:
    found = oversight.figures(BEGAN - 1, NOW)
    return {share.name: (share.hits, share.trials) for share in found.shares}


def test_each_share_counts_what_its_definition_says(ana):
    for stands, number in ((Stands.LAPSED, 3), (Stands.ASKED, 1), (Stands.CANCELLED, 5), (Stands.SUBMITTED, 2)):
        for _ in range(number):
            check_in(ana, stands)
    for _ in range(20):
        check_in(ana, Stands.DECIDED, "same")
    for minutes in (10, 20, 70):
        reviewed(check_in(ana, Stands.DECIDED, "same", ("Rita",)), Verdict.SAME, minutes)
    reviewed(check_in(ana, Stands.DECIDED, "same", ("Rita",)), Verdict.SAME, 10, first=Verdict.NOT_SAME)
    reviewed(check_in(ana, Stands.DECIDED, "not_same", ("Rita", "Tom")), Verdict.NOT_SAME, 30, stages=2)
    reviewed(check_in(ana, Stands.DECIDED, "not_same", ("Rita", "Sue")), Verdict.NOT_SAME, 40, stages=3)
    reviewed(check_in(ana, Stands.DECIDED, "cannot_tell", ("Rita", "Tom")), Verdict.CANNOT_TELL, 50, stages=2)
    assert shares() == {
        "Answered": (29, 33),
        "Decided by a clear match": (20, 27),
        "Looked at by people": (7, 29),
        "People said: same person": (4, 7),
        "Two people said: not the same": (2, 7),
        "People could not tell": (1, 7),
        "More than one looked": (3, 7),
        "Two reviewers disagreed": (1, 3),
        "Overdue": (1, 7),
        "Changed after the machine's words": (1, 11),
    }


def test_every_figure_links_to_a_definition_that_is_there(ana):
    found = oversight.figures(BEGAN, NOW)
    assert {share.definition for share in (*found.shares, *found.controls)} | {"time"} == set(oversight.DEFINITIONS)


def test_the_time_to_decision_is_told_with_bounds_from_ten_on(ana):
    for minutes in range(1, 10):
        reviewed(check_in(ana, Stands.DECIDED, "same", ("Rita",)), Verdict.SAME, minutes)
    assert [wait.told for wait in oversight.figures(BEGAN, NOW).waits] == [False, False]
    reviewed(check_in(ana, Stands.DECIDED, "same", ("Rita",)), Verdict.SAME, 10)
    half, most = oversight.figures(BEGAN, NOW).waits
    assert (half.minutes, half.low, half.high) == (5, 2, 9)  # the order statistics 5, 2 and 9 of ten
    assert (most.number, most.minutes, most.high) == (10, 10, 10)


def control(group: str, answers: tuple[Verdict, ...], *, same: bool = True) -> None:
    for answer in answers:
        pair = ControlPair.objects.create(name=str(next(_ids)), source="s", same=same, group=group, loaded_ms=0)
        review = Review.objects.create(control=pair, stage=Stage.DONE, severity=2, opened_ms=BEGAN, due_ms=NOW)
        answered(review, answer)


def test_errors_of_reviewers_are_told_by_group_and_overall_and_touch_no_other_figure(ana):
    control("a", (Verdict.SAME,) * 8 + (Verdict.NOT_SAME,) * 2)
    control("a", (Verdict.NOT_SAME,) * 9 + (Verdict.CANNOT_TELL, Verdict.SAME), same=False)
    control("b", (Verdict.NOT_SAME,))
    found = {(s.group, s.definition): (s.hits, s.trials, s.told) for s in oversight.figures(BEGAN, NOW).controls}
    assert found == {
        ("All", "false_not_same"): (3, 11, True),
        ("All", "false_same"): (1, 11, True),
        ("All", "control_unsure"): (1, 22, True),
        ("a", "false_not_same"): (2, 10, True),
        ("a", "false_same"): (1, 11, True),
        ("a", "control_unsure"): (1, 21, True),
        ("b", "false_not_same"): (1, 1, False),
        ("b", "false_same"): (0, 0, False),
        ("b", "control_unsure"): (0, 1, False),
    }
    assert all(trials == 0 for _, trials in shares().values())


def test_what_lies_outside_the_window_counts_not(ana):
    reviewed(check_in(ana, Stands.DECIDED, "same", ("Rita",)), Verdict.SAME, 10)
    control("a", (Verdict.SAME,))
    late = oversight.figures(BEGAN + 60 * MINUTE_MS, NOW)
    assert late.asked == 0
    assert {share.trials for share in (*late.shares, *late.controls)} == {0}


def test_the_page_is_for_supervisors_and_auditors_and_names_nobody(ana):
    for _ in range(12):
        reviewed(check_in(ana, Stands.DECIDED, "same", ("Rita",)), Verdict.SAME, 15)
    control("women, forties", (Verdict.SAME,) * 3)
    allowed = {Role.SUPERVISOR, Role.AUDITOR}
    for role in Role:
        client, _ = logged_in(f"some {role}", role)
        answer = client.get("/oversight/")
        assert answer.status_code == (200 if role in allowed else 403)
        if role in allowed:
            html = answer.content.decode()
            assert "12 of 12" in html
            assert "73.5% to 100.0%" in html  # Clopper and Pearson of 12 of 12
            assert html.count("too few to tell") >= 3
            assert [word for word in (ana.pk, ana.reference, ana.family_name, "Rita") if word in html] == []
            assert '<a href="/oversight/"' in html
            for key in oversight.DEFINITIONS:
                assert f'id="def-{key}"' in html


def test_an_unknown_window_is_the_usual_one(ana):
    client, _ = logged_in("audra", Role.AUDITOR)
    assert "<strong>30</strong>" in client.get("/oversight/?days=31").content.decode()
    assert "<strong>7</strong>" in client.get("/oversight/?days=7").content.decode()
