"""That everything of a person is erased because a court or an authority ordered it: two people, and a reason.

The order itself must have ended, so that nothing is being collected any more. It happens with the next daily erasure.
"""

from django.db import transaction

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.cases.models import Person
from surety.server.cases.writing import lock_person, note_down
from surety.server.errors import ConflictError, InvalidError
from surety.server.records import dues
from surety.server.records.models import Erasure, ErasureState

BEGUN = (ErasureState.DUE, ErasureState.STARTED, ErasureState.DONE)
LONGEST_BASIS = 200


def propose(person_id: str, basis: str, *, acting_user: User, now_ms: int) -> Erasure:
    """Propose it. `basis`: who ordered it and under which number; it stays on record, so it may name nobody."""
    basis = basis.strip()
    if not 1 <= len(basis) <= LONGEST_BASIS:
        raise InvalidError(
            "Write who ordered it and under which number, in up to 200 letters, without a name.", field="basis"
        )
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "records.propose", person)
        _check(person, now_ms)
        if _names(person, basis):
            raise InvalidError("Leave the person's name out: this sentence stays when they are erased.", field="basis")
        found = Erasure.objects.select_for_update().filter(pk=person_id).first()
        if found is not None and found.state in (*BEGUN, ErasureState.PROPOSED):
            raise ConflictError(f"That is on record already: {found.get_state_display()}.")
        row, _ = Erasure.objects.update_or_create(
            person_id=person_id,
            defaults={
                "state": ErasureState.PROPOSED,
                "basis": basis,
                "due_ms": now_ms,
                "proposed_by": acting_user,
                "proposed_by_name": str(acting_user),
                "confirmed_by_name": "",
            },
        )
        note_down("erasure.proposed", person, acting_user, now_ms, {"basis": basis})
    return row


def decide(person_id: str, *, confirm: bool, acting_user: User, now_ms: int) -> Erasure:
    """Confirm or decline what somebody else proposed. Confirmed, it is due from now on."""
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "records.approve", person)
        row = Erasure.objects.select_for_update().filter(pk=person_id, state=ErasureState.PROPOSED).first()
        if row is None:
            raise ConflictError("No erasure of this person waits for a second person.")
        if row.proposed_by_id == acting_user.pk:
            raise ConflictError("You proposed this erasure; somebody else confirms or declines it.")
        if confirm:
            _check(person, now_ms)
        row.state = ErasureState.DUE if confirm else ErasureState.DECLINED
        row.due_ms, row.confirmed_by_name = now_ms, str(acting_user)
        row.save()
        action = "erasure.confirmed" if confirm else "erasure.declined"
        note_down(action, person, acting_user, now_ms, {"basis": row.basis})
    return row


def _check(person: Person, now_ms: int) -> None:
    end_ms = dues.case_end(person.pk)
    if end_ms is not None and end_ms > now_ms:
        raise ConflictError("An order has not ended yet. End it first: nothing may be collected of who is erased.")


def _names(person: Person, text: str) -> bool:
    words = {*person.given_names.split(), *person.family_name.split()}
    return any(word.casefold() in text.casefold().split() for word in words)
