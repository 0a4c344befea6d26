"""The writer of legal holds: what is kept of a person is not erased, for a reason, until an end.

Proposed by one person, approved by another: people are counted, not roles. A proposal holds at once, so that nothing
goes while somebody decides, for fourteen days at the most; an approved hold until its end, at most twelve months on,
or until it is lifted. A longer one is proposed and approved anew.
"""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.cases.writing import lock_person, note_down
from surety.server.errors import ConflictError, InvalidError, NotFoundError
from surety.server.records import vault
from surety.server.records.models import Erasure, ErasureState, HoldState, LegalHold
from surety.server.records.schedule import BY_KIND

DAY_MS = 86_400_000
PROPOSAL_MS = 14 * DAY_MS  # a proposal that nobody decides on must not keep data for good
LONGEST_MS = 366 * DAY_MS  # twelve months, a leap year's too
PURPOSE = "hold"
KINDS: tuple[str, ...] = (
    *("case", "photo_matched", "photo_not_matched", "photo_not_person", "photo_waiting", "photo_without_decision"),
    *("enrolled_image", "trail", "positions_verdict_only"),
)


def propose(
    person_id: str, *, reason: str, ends_ms: int, kinds: Sequence[str] = (), acting_user: User, now_ms: int
) -> LegalHold:
    """Propose a hold on the whole case, or on some kinds. It holds from now on, until somebody decides."""
    if not reason.strip():
        raise InvalidError("Write the reason: which proceeding, or whose order.", field="reason")
    if not now_ms < ends_ms <= now_ms + LONGEST_MS:
        raise InvalidError("A hold ends after now and within twelve months; it can be renewed.", field="ends")
    if unknown := set(kinds) - set(KINDS):
        raise InvalidError(f"There is no kind of data {', '.join(sorted(unknown))}.", field="kinds")
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "records.propose", person)
        if Erasure.objects.filter(pk=person_id, state__in=(ErasureState.STARTED, ErasureState.DONE)).exists():
            raise ConflictError("The erasure has begun already, and cannot be stopped any more.")
        hold = LegalHold.objects.create(
            person_id=person_id,
            kinds=sorted(kinds),
            reason=vault.encrypt_text(person_id, reason.strip(), purpose=PURPOSE),
            ends_ms=ends_ms,
            proposed_ms=now_ms,
            proposed_by=acting_user,
            proposed_by_name=str(acting_user),
        )
        _note("hold.proposed", hold, person, acting_user, now_ms)
    return hold


def decide(hold_id: str, *, approve: bool, acting_user: User, now_ms: int) -> LegalHold:
    """Approve or decline a hold that somebody else proposed."""
    with transaction.atomic():
        hold, person = _locked(hold_id)
        check_may(acting_user, "records.approve", person)
        if hold.state != HoldState.PROPOSED or hold.lifted_ms is not None:
            raise ConflictError("This hold is decided already.")
        if hold.proposed_by_id == acting_user.pk:
            raise ConflictError("You proposed this hold; somebody else approves or declines it.")
        if not holds_now(hold, now_ms):
            raise ConflictError("Nobody decided on this hold in time; propose another one.")
        hold.state = HoldState.APPROVED if approve else HoldState.DECLINED
        hold.decided_ms, hold.decided_by_name = now_ms, str(acting_user)
        hold.save(update_fields=["state", "decided_ms", "decided_by_name"])
        _note("hold.approved" if approve else "hold.declined", hold, person, acting_user, now_ms)
    return hold


def lift(hold_id: str, *, acting_user: User, now_ms: int) -> LegalHold:
    """End a hold, or take a proposal back: what is due goes with the next daily erasure."""
    with transaction.atomic():
        hold, person = _locked(hold_id)
        if not holds_now(hold, now_ms):
            raise ConflictError("This hold is over already.")
        own_proposal = hold.state == HoldState.PROPOSED and hold.proposed_by_id == acting_user.pk
        check_may(acting_user, "records.propose" if own_proposal else "records.approve", person)
        hold.lifted_ms, hold.lifted_by_name = now_ms, str(acting_user)
        hold.save(update_fields=["lifted_ms", "lifted_by_name"])
        _note("hold.lifted", hold, person, acting_user, now_ms)
    return hold


def _locked(hold_id: str) -> tuple[LegalHold, Person]:
    found = LegalHold.objects.filter(pk=hold_id).first()
    if found is None:
        raise NotFoundError("There is no such hold.")
    person = lock_person(found.person_id)
    return LegalHold.objects.select_for_update().get(pk=hold_id), person


def _note(action: str, hold: LegalHold, person: Person, user: User, now_ms: int) -> None:
    what = ", ".join(BY_KIND[kind].words for kind in hold.kinds) or "everything that is kept"
    detail = {"hold": hold.pk, "what": what, "ends_ms": hold.ends_ms}
    note_down(action, person, user, now_ms, detail)


# --- readers ----------------------------------------------------------------------------------------------------


def until_ms(hold: LegalHold) -> int:
    """Until when a hold holds, or held."""
    ends = [hold.ends_ms]
    if hold.lifted_ms is not None:
        ends.append(hold.lifted_ms)
    if hold.state == HoldState.PROPOSED:
        ends.append(hold.proposed_ms + PROPOSAL_MS)
    if hold.state == HoldState.DECLINED:
        ends.append(hold.decided_ms or hold.proposed_ms)
    return min(ends)


def holds_now(hold: LegalHold, now_ms: int) -> bool:
    """Whether it holds at this instant."""
    return hold.proposed_ms <= now_ms < until_ms(hold)


def standing(person_ids: Iterable[str], now_ms: int) -> dict[str, list[LegalHold]]:
    """The holds that stand, by person."""
    rows = _perhaps(now_ms).filter(person_id__in=list(person_ids))
    found: dict[str, list[LegalHold]] = {}
    for hold in rows:
        if holds_now(hold, now_ms):
            found.setdefault(hold.person_id, []).append(hold)
    return found


def all_standing(now_ms: int) -> list[LegalHold]:
    """Every hold that stands, the next to end first."""
    return sorted((hold for hold in _perhaps(now_ms) if holds_now(hold, now_ms)), key=until_ms)


def _perhaps(now_ms: int) -> QuerySet[LegalHold]:
    undecided = Q(state=HoldState.PROPOSED, proposed_ms__gt=now_ms - PROPOSAL_MS)
    return LegalHold.objects.filter(undecided | Q(state=HoldState.APPROVED), lifted_ms=None, ends_ms__gt=now_ms)


def covers(hold: LegalHold, kind: str) -> bool:
    """Whether a hold keeps this kind. Whatever it keeps, the case as a whole stays: its key opens the rest."""
    return not hold.kinds or kind in hold.kinds or kind == "case"


def holding(person_id: str, kind: str, now_ms: int, known: dict[str, list[LegalHold]] | None = None) -> int | None:
    """Until when a kind of data of a person is held; None: it is not."""
    rows = (standing([person_id], now_ms) if known is None else known).get(person_id, [])
    return max((until_ms(hold) for hold in rows if covers(hold, kind)), default=None)


def free_ms(person_id: str, kind: str, due_ms: int, now_ms: int) -> int:
    """From when something that was due at an instant might go: then, or at the end of the last hold that kept it."""
    over = [until_ms(hold) for hold in LegalHold.objects.filter(person_id=person_id) if covers(hold, kind)]
    return max([due_ms, *(end_ms for end_ms in over if end_ms <= now_ms)])


def held_people(kind: str, now_ms: int) -> frozenset[str]:
    """Everybody of whom a kind of data is held now: for what thins out many people at once."""
    return frozenset(hold.person_id for hold in all_standing(now_ms) if covers(hold, kind))


def reason_of(hold: LegalHold) -> str:
    """Why it was proposed. Raises vault.KeyDestroyedError."""
    return vault.decrypt_text(hold.person_id, bytes(hold.reason), purpose=PURPOSE)


def access_hold(hold_id: str, user: User) -> LegalHold:
    """A hold, for a user who may see the case. Raises NotFoundError."""
    hold = LegalHold.objects.filter(pk=hold_id).first()
    if hold is None:
        raise NotFoundError("There is no such hold.")
    cases.access_person(hold.person_id, user)
    return hold
