"""What every change of a case shares: the person's lock, who wrote it down, and whom it is told to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypedDict

from surety.server.accounts.models import User
from surety.server.audit import actions as audit
from surety.server.audit.actions import Happening
from surety.server.cases.door import rewrite_grants
from surety.server.cases.models import ChangeNotice, Person
from surety.server.errors import NotFoundError


class Stamp(TypedDict):
    """The columns of `Recorded`."""

    recorded_ms: int
    recorded_by: User | None
    recorded_by_name: str
    reason: str


def stamp(acting_user: User | None, now_ms: int, reason: str) -> Stamp:
    """Who wrote a row down, when and why; the name frozen beside the link."""
    name = str(acting_user) if acting_user else audit.SYSTEM_NAME
    return Stamp(recorded_ms=now_ms, recorded_by=acting_user, recorded_by_name=name, reason=reason.strip())


class _Pending:
    """What a large set of changes leaves to its end: whose grants to derive, and the audit entries in order."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.happenings: list[Happening] = []


_pending: ContextVar[_Pending | None] = ContextVar("pending", default=None)


@contextmanager
def together() -> Iterator[None]:
    """For taking over many cases in one transaction, which the caller must have begun: grants once a person and the
    audit entries in one insert, at the end and before the commit. What is recorded is the same."""
    pending = _Pending()
    token = _pending.set(pending)
    try:
        yield
    finally:
        _pending.reset(token)
    for person in pending.people.values():
        rewrite_grants(person)
    audit.record_many(pending.happenings)


def lock_person(person_id: str) -> Person:
    """The person, held until the transaction ends: one writer a person, so versions never race."""
    found = Person.objects.select_for_update().filter(pk=person_id).first()
    if found is None:
        raise NotFoundError("There is no such person.")
    return found


def publish(
    action: str,
    person: Person,
    at_ms: int,
    *,
    acting_user: User | None,
    now_ms: int,
    detail: Mapping[str, object],
) -> None:
    """Tell the door, the worker and the audit log, in that order (the log's head is always the last lock)."""
    pending = _pending.get()
    if pending is None:
        rewrite_grants(person)
    else:
        pending.people[person.pk] = person
    ChangeNotice.objects.create(person_id=person.pk, at_ms=at_ms, recorded_ms=now_ms)
    note_down(action, person, acting_user, now_ms, detail)


def note_down(action: str, person: Person, acting_user: User | None, now_ms: int, detail: Mapping[str, object]) -> None:
    """The audit entry of something done to a person's case."""
    happening = Happening(
        action=action,
        actor=acting_user,
        subject_type="person",
        subject_id=person.pk,
        person_id=person.pk,
        detail=detail,
        at_ms=now_ms,
    )
    pending = _pending.get()
    if pending is None:
        audit.record_many([happening])
    else:
        pending.happenings.append(happening)
