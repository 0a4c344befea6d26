"""A legal hold stops erasure: two people, a reason, an end, to the millisecond."""

import pytest

from surety.rules.facts import Verdict
from surety.server.accounts.models import Role, User
from surety.server.cases.models import Person
from surety.server.checkins.models import Stands, Submission
from surety.server.errors import ConflictError, NotAllowedError
from surety.server.records import daily, erasing, holds, plan, queries
from surety.server.records.models import Erasure, ErasureState, LegalHold
from surety.server.records.tests import retention_cast as cast
from surety.server.records.tests.retention_cast import DAY_MS, T0

pytestmark = pytest.mark.django_db
END = T0 + 100 * DAY_MS
DUE = T0 + 28 * DAY_MS


@pytest.fixture
def ida() -> User:
    return cast.user("ida")


@pytest.fixture
def ben() -> User:
    return cast.user("ben")


@pytest.fixture
def ann() -> Person:
    found = cast.person()
    cast.order(found, T0, END)
    return found


def held(person: Person, ida: User, ben: User | None, ends_ms: int, *kinds: str, at_ms: int = T0) -> LegalHold:
    hold = holds.propose(person.pk, reason="appeal", ends_ms=ends_ms, kinds=kinds, acting_user=ida, now_ms=at_ms)
    return hold if ben is None else holds.decide(hold.pk, approve=True, acting_user=ben, now_ms=at_ms)


def test_a_hold_keeps_what_is_due_until_the_millisecond_of_its_end(ann: Person, ida: User, ben: User) -> None:
    one = cast.check_in(ann, Stands.DECIDED, T0, verdict=Verdict.SAME)
    held(ann, ida, ben, DUE + DAY_MS)
    photographs = [going for going in queries.what_goes_when(ann.pk, T0) if going.kind == "photo_matched"]
    assert [(going.due_ms, going.held_until_ms, going.goes_ms) for going in photographs] == [
        (DUE, DUE + DAY_MS, DUE + DAY_MS)
    ]
    daily.run(DUE + DAY_MS - 1)
    assert Submission.objects.get(pk=one.pk).photos
    daily.run(DUE + DAY_MS)
    assert not Submission.objects.get(pk=one.pk).photos
    # What was held is due from the hold's end on, so that oversight does not count it as late.
    assert plan.on_time(T0, DUE + DAY_MS + 1) == [plan.OnTime("photo_matched", 1, 1)]


def test_a_hold_on_some_kinds_keeps_those_and_the_case_alone(ann: Person, ida: User, ben: User) -> None:
    matched = cast.check_in(ann, Stands.DECIDED, T0, verdict=Verdict.SAME)
    looked_at = cast.check_in(ann, Stands.DECIDED, T0, verdict=Verdict.SAME, by=("Ida",))
    held(ann, ida, ben, T0 + 300 * DAY_MS, "photo_not_matched")
    daily.run(DUE)
    assert not Submission.objects.get(pk=matched.pk).photos
    assert Submission.objects.get(pk=looked_at.pk).photos
    assert holds.held_people("case", DUE) == {ann.pk}
    assert holds.held_people("trail", DUE) == frozenset()


def test_a_proposal_holds_at_once_and_for_fourteen_days_at_the_most(ann: Person, ida: User) -> None:
    hold = held(ann, ida, None, T0 + 300 * DAY_MS)
    assert holds.holding(ann.pk, "case", T0) == T0 + holds.PROPOSAL_MS
    assert holds.holding(ann.pk, "case", T0 + holds.PROPOSAL_MS - 1) is not None
    assert holds.holding(ann.pk, "case", T0 + holds.PROPOSAL_MS) is None
    assert not holds.holds_now(hold, T0 - 1)
    with pytest.raises(ConflictError, match="in time"):
        holds.decide(hold.pk, approve=True, acting_user=cast.user("ben"), now_ms=T0 + holds.PROPOSAL_MS)
    holds.decide(hold.pk, approve=True, acting_user=User.objects.get(username="ben"), now_ms=T0 + holds.PROPOSAL_MS - 1)
    assert holds.holding(ann.pk, "case", T0 + holds.PROPOSAL_MS) == T0 + 300 * DAY_MS


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OFFICER])
def test_nobody_approves_their_own_whatever_role_they_have_by_then(ann: Person, ida: User, role: Role) -> None:
    """People are counted, not roles: a proposer who is given another role is still the same person."""
    ida.role = Role.OFFICER
    ida.save()
    ann.caseloads.create(officer=ida, from_ms=T0)
    hold = held(ann, ida, None, T0 + 30 * DAY_MS)
    ida.role = role
    ida.save()
    with pytest.raises(ConflictError if role == Role.SUPERVISOR else NotAllowedError):
        holds.decide(hold.pk, approve=True, acting_user=ida, now_ms=T0)
    assert LegalHold.objects.get().state == "proposed"


def test_a_hold_is_decided_once_and_declined_holds_no_more(ann: Person, ida: User, ben: User) -> None:
    hold = held(ann, ida, None, T0 + 30 * DAY_MS)
    holds.decide(hold.pk, approve=False, acting_user=ben, now_ms=T0 + 5)
    assert holds.holding(ann.pk, "case", T0 + 5) is None
    for again in (True, False):
        with pytest.raises(ConflictError):
            holds.decide(hold.pk, approve=again, acting_user=ben, now_ms=T0 + 6)
    with pytest.raises(ConflictError):
        holds.lift(hold.pk, acting_user=ben, now_ms=T0 + 6)


def test_a_hold_stops_the_erasure_of_a_case_and_lifted_lets_it_go(ann: Person, ida: User, ben: User) -> None:
    due_ms = END + 2_191 * DAY_MS
    hold = held(ann, ida, ben, due_ms + 90 * DAY_MS, at_ms=due_ms - DAY_MS)
    daily.run(due_ms + DAY_MS)
    assert Erasure.objects.get().state == ErasureState.DUE
    assert Person.objects.filter(pk=ann.pk).exists()
    holds.lift(hold.pk, acting_user=ben, now_ms=due_ms + 2 * DAY_MS)
    daily.run(due_ms + 2 * DAY_MS)
    erasure = Erasure.objects.get()
    assert (erasure.state, erasure.due_ms, erasure.done_ms) == (
        ErasureState.DONE,
        due_ms + 2 * DAY_MS,
        due_ms + 2 * DAY_MS,
    )
    with pytest.raises(Exception, match="no such person"):
        held(ann, ida, None, due_ms + 30 * DAY_MS, at_ms=due_ms + 3 * DAY_MS)


def test_a_hold_that_comes_after_the_key_was_destroyed_is_refused(ann: Person, ida: User) -> None:
    due_ms = END + 2_191 * DAY_MS
    erasing.begin_due(ann.pk, due_ms)
    erasing.advance(ann.pk, due_ms)
    with pytest.raises(ConflictError, match="cannot be stopped any more"):
        held(ann, ida, None, due_ms + DAY_MS, at_ms=due_ms)
