"""From when each period counts: exactly, at the millisecond before and after every border."""

import pytest
from django.test import Client

from surety.rules.facts import Verdict
from surety.server.accounts.models import Role
from surety.server.cases import actions as cases
from surety.server.checkins import reviewing
from surety.server.checkins.models import Review, Stage, Stands, Submission
from surety.server.console.tests import case_cast
from surety.server.errors import ConflictError
from surety.server.records import daily, dues, erasing, queries
from surety.server.records.models import Erased, Erasure, ErasureState
from surety.server.records.tests import retention_cast as cast
from surety.server.records.tests.retention_cast import DAY_MS, T0

pytestmark = pytest.mark.django_db
END = T0 + 100 * DAY_MS
SIX_YEARS = 2_191 * DAY_MS
MACHINE: tuple[str, ...] = ()
TWO = ("Ida", "Ben")

OUTCOMES = [
    # how it stands, the verdict, whose: the kind, and when it goes
    (Stands.ASKED, None, MACHINE, "photo_without_decision", T0 + 28 * DAY_MS),
    (Stands.LAPSED, None, MACHINE, "photo_without_decision", T0 + 28 * DAY_MS),
    (Stands.CANCELLED, None, MACHINE, "photo_without_decision", T0 + 28 * DAY_MS),
    (Stands.NOT_ASKED, None, MACHINE, "photo_without_decision", T0 + 28 * DAY_MS),
    (Stands.SUBMITTED, None, MACHINE, "photo_waiting", END + 28 * DAY_MS),
    (Stands.REVIEW, None, MACHINE, "photo_waiting", END + 28 * DAY_MS),
    (Stands.REVIEW, Verdict.SAME, TWO, "photo_waiting", END + 28 * DAY_MS),  # looked at again
    (Stands.DECIDED, Verdict.SAME, MACHINE, "photo_matched", T0 + 28 * DAY_MS),
    (Stands.DECIDED, Verdict.SAME, ("Ida",), "photo_not_matched", T0 + 28 * DAY_MS),  # by people, or in person
    (Stands.DECIDED, Verdict.CANNOT_TELL, TWO, "photo_not_matched", T0 + 28 * DAY_MS),
    (Stands.DECIDED, Verdict.NOT_SAME, TWO, "photo_not_person", END + SIX_YEARS),
]


def test_every_state_and_verdict_of_a_check_in_is_in_the_table() -> None:
    assert {outcome[0] for outcome in OUTCOMES} == set(Stands)
    assert {outcome[1] for outcome in OUTCOMES if outcome[0] is Stands.DECIDED} == set(Verdict)


@pytest.mark.parametrize(("stands", "verdict", "by", "kind", "due_ms"), OUTCOMES)
def test_photographs_go_by_their_outcome_at_the_exact_millisecond(
    stands: Stands, verdict: Verdict | None, by: tuple[str, ...], kind: str, due_ms: int
) -> None:
    ann = cast.person()
    cast.order(ann, T0, END)
    submission = cast.check_in(ann, stands, T0, verdict=verdict, by=by)
    (name,) = submission.photos
    planned = [going for going in queries.what_goes_when(ann.pk, T0) if going.number]
    assert [(going.kind, going.due_ms) for going in planned] == [(kind, due_ms)]
    daily.run(due_ms - 1)
    assert cast.has_file(ann, name)
    assert Submission.objects.get(pk=submission.pk).photos == [name]
    daily.run(due_ms)
    assert not cast.has_file(ann, name)
    if kind == "photo_not_person":  # it goes with the whole case
        assert Erasure.objects.get(pk=ann.pk).state == ErasureState.DONE
        return
    row = Submission.objects.get(pk=submission.pk)
    assert (row.photos, row.photos_erased_ms) == ([], due_ms)
    told = Erased.objects.get(person_id=ann.pk)
    assert (told.kind, told.due_ms, told.done_ms, told.number) == (kind, due_ms, due_ms, 1)


def test_enrolled_images_go_28_days_after_the_order_with_their_templates() -> None:
    ann = cast.person()
    cast.order(ann, T0, END)
    image = cast.enrolled(ann)
    daily.run(END + 28 * DAY_MS - 1)
    assert cast.has_file(ann, image.sha256)
    daily.run(END + 28 * DAY_MS)
    assert not cast.has_file(ann, image.sha256)
    assert not ann.enrolled_images.exists()
    assert Erased.objects.get(person_id=ann.pk).kind == "enrolled_image"


def test_a_picture_that_is_also_an_enrolled_image_stays_for_that() -> None:
    ann = cast.person()
    cast.order(ann, T0, END)
    image = cast.enrolled(ann)
    submission = cast.check_in(ann, Stands.DECIDED, T0, verdict=Verdict.SAME)
    Submission.objects.filter(pk=submission.pk).update(photos=[image.sha256])
    daily.run(T0 + 28 * DAY_MS)
    assert Submission.objects.get(pk=submission.pk).photos == []
    assert cast.has_file(ann, image.sha256)


@pytest.mark.parametrize("with_order", [True, False])
def test_the_case_goes_six_years_after_the_last_order_or_without_one_after_registration(*, with_order: bool) -> None:
    ann = cast.person()
    if with_order:
        cast.order(ann, T0, END)
    due_ms = (END if with_order else T0) + SIX_YEARS
    daily.run(due_ms - 1)
    assert queries.what_goes_when(ann.pk, due_ms - 1)
    assert not Erasure.objects.exists()
    daily.run(due_ms)
    assert queries.what_goes_when(ann.pk, due_ms) == []
    erasure = Erasure.objects.get(pk=ann.pk)
    assert (erasure.state, erasure.due_ms, erasure.done_ms) == (ErasureState.DONE, due_ms, due_ms)


def test_a_new_order_extends_the_case_and_an_early_end_shortens_it() -> None:
    ann = cast.person()
    cast.order(ann, T0, END)
    later = cast.order(ann, END + DAY_MS, END + 50 * DAY_MS)
    assert dues.case_end(ann.pk) == END + 50 * DAY_MS
    cases.set_order_status(
        later.pk, "ended", effective_from_ms=END + 9 * DAY_MS, acting_user=None, now_ms=END + 9 * DAY_MS, reason="spent"
    )
    assert dues.case_end(ann.pk) == END + 9 * DAY_MS


def test_an_order_that_ended_before_it_began_ends_then_and_a_suspended_one_at_its_end() -> None:
    ann, bea = cast.person(), cast.person()
    never = cast.order(ann, T0 + 5 * DAY_MS, END)
    cases.set_order_status(
        never.pk, "ended", effective_from_ms=T0 + DAY_MS, acting_user=None, now_ms=T0 + DAY_MS, reason="quashed"
    )
    assert dues.case_end(ann.pk) == T0 + DAY_MS
    paused = cast.order(bea, T0, END)
    cases.set_order_status(
        paused.pk, "suspended", effective_from_ms=T0 + DAY_MS, acting_user=None, now_ms=T0 + DAY_MS, reason="ill"
    )
    assert dues.case_end(bea.pk) == END


def test_a_case_that_was_due_and_got_a_new_order_before_it_went_stays() -> None:
    ann = cast.person()
    due_ms = T0 + SIX_YEARS

    erasing.begin_due(ann.pk, due_ms)
    cast.order(ann, due_ms - DAY_MS, due_ms + 30 * DAY_MS)
    daily.run(due_ms)
    assert not Erasure.objects.exists()
    assert queries.what_goes_when(ann.pk, due_ms)


def test_when_photographs_are_erased_the_page_says_so_and_nobody_is_asked_to_look_again() -> None:
    ann, ida = cast.person(), case_cast.user("ida", Role.SUPERVISOR)
    cast.order(ann, T0, END)
    one = cast.check_in(ann, Stands.DECIDED, T0, verdict=Verdict.CANNOT_TELL, by=TWO)
    Review.objects.create(submission=one, severity=2, opened_ms=T0, due_ms=T0, decided_ms=T0, stage=Stage.DONE)
    Submission.objects.filter(pk=one.pk).update(device_id="watch")
    daily.run(T0 + 28 * DAY_MS)
    with pytest.raises(ConflictError, match="not kept any more"):
        reviewing.reopen(one.check_in_id, "contested", acting_user=ida, now_ms=T0 + 28 * DAY_MS)
    client = Client()
    client.force_login(ida)
    page = client.get(f"/people/{ann.pk}/check-ins").content.decode()
    assert "Photographs, which were erased at the end of their time" in page
