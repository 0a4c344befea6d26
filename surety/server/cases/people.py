"""The writer of who a person is, once they are recorded (actions.py records them)."""

import msgspec
from django.db import transaction

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.cases import checks
from surety.server.cases.checks import PersonDetails
from surety.server.cases.models import Person
from surety.server.cases.writing import lock_person, note_down
from surety.server.errors import ConflictError


def details_of(person: Person) -> PersonDetails:
    """Who a person is now."""
    values = {name: getattr(person, name) for name in PersonDetails.__struct_fields__}
    return PersonDetails(**values | {"no_fixed_abode": bool(values["no_fixed_abode"])})


def change_person(
    person_id: str, details: PersonDetails, *, acting_user: User | None, now_ms: int, reason: str
) -> Person:
    """Put right who somebody is. The audit entry tells which fields changed, never what they say."""
    checks.check_person(details)
    checks.check_reason(reason)
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "cases.change", person)
        before = msgspec.structs.asdict(details_of(person))
        changed = [name for name, value in msgspec.structs.asdict(details).items() if value != before[name]]
        if "reference" in changed:
            raise ConflictError("A reference stays as it is: the record is found by it.", field="reference")
        for name in changed:
            setattr(person, name, getattr(details, name))
        person.save(update_fields=changed)
        note_down("person.changed", person, acting_user, now_ms, {"changed": sorted(changed), "reason": reason.strip()})
    return person
