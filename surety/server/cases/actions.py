"""The only writer of people, orders, conditions and devices.

Every change is a new version with its effective time. In one transaction stand the change, what the door may accept
(DoorGrant), the notice to the worker (ChangeNotice) and the audit entry. `acting_user` None is the system itself.
Each refusal is a `RefusedError` with one sentence, and leaves everything as it was.
"""

from collections.abc import Mapping

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from surety.rules.conditions import Absence, Body, CheckInDuty
from surety.server.accounts.models import Role, User
from surety.server.accounts.permissions import check_may
from surety.server.cases import checks
from surety.server.cases.checks import OrderTerms, PersonDetails, Told
from surety.server.cases.devices import assign_device, end_assignment, register_device, rotate_secret
from surety.server.cases.everyday import add_everyday_place, remove_everyday_place
from surety.server.cases.models import (
    Caseload,
    Condition,
    ConditionVersion,
    Order,
    OrderStatus,
    OrderVersion,
    Person,
)
from surety.server.cases.order_writing import finish, latest_version, next_version, terms_of, told_of, write_version
from surety.server.cases.people import change_person
from surety.server.cases.reviews import record_review
from surety.server.cases.writing import Stamp, lock_person, note_down, publish, stamp
from surety.server.errors import ConflictError, InvalidError, NotFoundError

__all__ = [
    "add_condition",
    "add_everyday_place",
    "assign_device",
    "assign_officer",
    "change_condition",
    "change_order",
    "change_person",
    "end_assignment",
    "record_order",
    "record_review",
    "record_told",
    "register_device",
    "register_person",
    "release_officer",
    "remove_everyday_place",
    "rotate_secret",
    "set_order_status",
    "terms_of",
    "withdraw_condition",
]


# --- people -----------------------------------------------------------------------------------------------------


def register_person(details: PersonDetails, *, acting_user: User | None, now_ms: int, reason: str = "") -> Person:
    """Record somebody who is to be supervised. An officer who does so becomes responsible for them."""
    check_may(acting_user, "cases.change")
    checks.check_person(details)
    with transaction.atomic():
        if Person.objects.filter(reference=details.reference).exists():
            raise ConflictError(f"The reference {details.reference} is taken.", field="reference")
        person = Person.objects.create(**msgspec.structs.asdict(details), **stamp(acting_user, now_ms, reason))
        if acting_user is not None and acting_user.role == Role.OFFICER:
            Caseload.objects.create(person=person, officer=acting_user, from_ms=now_ms)
        note_down("person.registered", person, acting_user, now_ms, {"reference": person.reference, "reason": reason})
    return person


def assign_officer(
    person_id: str, officer: User, *, acting_user: User | None, now_ms: int, reason: str = ""
) -> Caseload:
    """Make an officer responsible for a person from now on, beside any other."""
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "cases.assign", person)
        if officer.role != Role.OFFICER or not officer.is_active:
            raise InvalidError(f"{officer} is not an active supervising officer.", field="officer")
        if Caseload.objects.filter(person=person, officer=officer, to_ms=None).exists():
            raise ConflictError(f"{officer} is already responsible for {person.reference}.", field="officer")
        row = Caseload.objects.create(person=person, officer=officer, from_ms=now_ms)
        note_down("officer.assigned", person, acting_user, now_ms, {"officer": officer.username, "reason": reason})
    return row


def release_officer(person_id: str, officer: User, *, acting_user: User | None, now_ms: int, reason: str = "") -> None:
    """End an officer's responsibility for a person."""
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "cases.assign", person)
        if not Caseload.objects.filter(person=person, officer=officer, to_ms=None).update(to_ms=now_ms):
            raise ConflictError(f"{officer} is not responsible for {person.reference}.", field="officer")
        note_down("officer.released", person, acting_user, now_ms, {"officer": officer.username, "reason": reason})


# --- orders -----------------------------------------------------------------------------------------------------


def record_order(
    person_id: str,
    terms: OrderTerms,
    *,
    acting_user: User | None,
    now_ms: int,
    reason: str = "",
    told: Told | None = None,
) -> Order:
    """Record an order. Nothing is collected under it before the person was told (`told`, or `record_told` later)."""
    checks.check_order(terms)
    checks.check_review(terms.review_due_ms, terms.starts_ms)
    checks.check_effective(terms.starts_ms, now_ms, reason or "recorded after its start")
    if told:
        checks.check_told(told, now_ms)
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "cases.change", person)
        order = Order.objects.create(person=person, **stamp(acting_user, now_ms, reason))
        version = OrderVersion(order=order, version=1, effective_from_ms=terms.starts_ms)
        write_version(version, terms, told, stamp(acting_user, now_ms, reason))
        finish("order.recorded", person, acting_user, now_ms, version)
    return order


def change_order(
    order_id: str,
    terms: OrderTerms,
    *,
    effective_from_ms: int,
    acting_user: User | None,
    now_ms: int,
    reason: str = "",
    told: Told | None = None,
) -> OrderVersion:
    """Vary an order from `effective_from_ms` on. A new kind of data needs the person to be told of it first."""
    checks.check_order(terms)
    if told:
        checks.check_told(told, now_ms)
    with transaction.atomic():
        latest, person = latest_version(order_id, acting_user)
        if terms.review_due_ms != latest.review_due_ms:
            checks.check_review(terms.review_due_ms, max(terms.starts_ms, now_ms))
        _check_widening(latest, terms, told, effective_from_ms)
        version = next_version(latest, effective_from_ms, now_ms, reason)
        write_version(version, terms, told or told_of(latest), stamp(acting_user, now_ms, reason))
        finish("order.changed", person, acting_user, now_ms, version)
    return version


def record_told(order_id: str, told: Told, *, acting_user: User | None, now_ms: int, reason: str = "") -> OrderVersion:
    """Record that the person was told of an order; collection may begin with that instant."""
    checks.check_told(told, now_ms)
    with transaction.atomic():
        latest, person = latest_version(order_id, acting_user)
        if latest.told_ms is not None:
            raise ConflictError("That the person was told is recorded already.", field="told_ms")
        at_ms = max(told.at_ms, latest.effective_from_ms)
        version = next_version(latest, at_ms, now_ms, reason or "the person was told")
        write_version(version, terms_of(latest), told, stamp(acting_user, now_ms, reason))
        finish("order.told", person, acting_user, now_ms, version)
    return version


def set_order_status(
    order_id: str,
    status: OrderStatus,
    *,
    effective_from_ms: int,
    acting_user: User | None,
    now_ms: int,
    reason: str,
) -> OrderVersion:
    """Suspend an order, put it in force again, or end it, from `effective_from_ms` on. Always with a reason."""
    if not reason.strip():
        raise InvalidError("Say why the order is suspended, resumed or ended.", field="reason")
    with transaction.atomic():
        latest, person = latest_version(order_id, acting_user)
        if latest.status == status:
            raise ConflictError(f"The order is {OrderStatus(status).label.lower()} already.", field="status")
        version = next_version(latest, effective_from_ms, now_ms, reason)
        version.status = status
        write_version(version, terms_of(latest), told_of(latest), stamp(acting_user, now_ms, reason))
        finish(f"order.{OrderStatus(status).value}", person, acting_user, now_ms, version)
    return version


def _check_widening(latest: OrderVersion, terms: OrderTerms, told: Told | None, effective_from_ms: int) -> None:
    if set(terms.data_kinds) <= set(latest.data_kinds) or latest.told_ms is None:
        return
    if told is None or told.at_ms > effective_from_ms:
        raise InvalidError("The person must be told before a new kind of data is collected.", field="told_ms")


# --- conditions -------------------------------------------------------------------------------------------------


def add_condition(
    order_id: str,
    body: Body | Mapping[str, object],
    *,
    label: str,
    effective_from_ms: int,
    acting_user: User | None,
    now_ms: int,
    reason: str = "",
) -> Condition:
    """Add a condition to an order, from `effective_from_ms` on and while the order is in force."""
    good = checks.check_body(body)
    if not label.strip() or len(label) > 120:
        raise InvalidError("Give the condition a label of at most 120 letters.", field="label")
    with transaction.atomic():
        latest, person = latest_version(order_id, acting_user)
        if isinstance(good, CheckInDuty):
            _check_no_other_check_ins(person)
        condition = Condition.objects.create(order_id=latest.order_id, label=label.strip())
        version = ConditionVersion(condition=condition, version=1, effective_from_ms=effective_from_ms)
        _write_condition(version, good, person, "condition.added", stamp(acting_user, now_ms, reason))
    return condition


def _check_no_other_check_ins(person: Person) -> None:
    """What is said of a check-in names no condition, so a person has one check-in duty, or none."""
    kinds = [versions.latest("version").body for versions in _versions_of(person)]
    if any(body is not None and body.get("kind") == "check_in" for body in kinds):
        raise ConflictError("The person has check-ins ordered already; change those instead.", field="body")


def _versions_of(person: Person) -> list[QuerySet[ConditionVersion]]:
    found = Condition.objects.filter(order__person=person)
    return [ConditionVersion.objects.filter(condition=condition) for condition in found]


def change_condition(
    condition_id: str,
    body: Body | Mapping[str, object],
    *,
    effective_from_ms: int,
    acting_user: User | None,
    now_ms: int,
    reason: str = "",
) -> ConditionVersion:
    """Give a condition a new version. One that reaches back needs a reason and makes the rules conclude anew."""
    good = checks.check_body(body)
    with transaction.atomic():
        latest, person = _latest_condition(condition_id, acting_user)
        if latest.body is not None and checks.check_body(latest.body).__class__ is not good.__class__:
            raise InvalidError("A condition stays of its kind; withdraw it and add another.", field="body")
        version = _next_condition(latest, effective_from_ms)
        _write_condition(version, good, person, "condition.changed", stamp(acting_user, now_ms, reason))
    return version


def withdraw_condition(
    condition_id: str, *, effective_from_ms: int, acting_user: User | None, now_ms: int, reason: str = ""
) -> ConditionVersion:
    """End a condition from `effective_from_ms` on. A later change may bring it back."""
    with transaction.atomic():
        latest, person = _latest_condition(condition_id, acting_user)
        if latest.body is None and latest.effective_from_ms <= effective_from_ms:
            raise ConflictError("The condition is withdrawn already.")
        version = _next_condition(latest, effective_from_ms)
        _write_condition(version, None, person, "condition.withdrawn", stamp(acting_user, now_ms, reason))
    return version


def _bodies(person: Person) -> dict[str, Body | None]:
    """What each condition of a person says in its latest version."""
    rows = ConditionVersion.objects.filter(condition__order__person=person).order_by("version")
    return {row.condition_id: None if row.body is None else msgspec.convert(row.body, Body) for row in rows}


def _latest_condition(condition_id: str, acting_user: User | None) -> tuple[ConditionVersion, Person]:
    condition = Condition.objects.filter(pk=condition_id).select_related("order").first()
    if condition is None:
        raise NotFoundError("There is no such condition.")
    person = lock_person(condition.order.person_id)
    check_may(acting_user, "cases.change", person)
    return condition.versions.order_by("-version")[0], person


def _next_condition(latest: ConditionVersion, effective_from_ms: int) -> ConditionVersion:
    return ConditionVersion(
        condition_id=latest.condition_id, version=latest.version + 1, effective_from_ms=effective_from_ms
    )


def _write_condition(
    version: ConditionVersion, body: Body | None, person: Person, action: str, recorded: Stamp
) -> None:
    checks.check_effective(version.effective_from_ms, recorded["recorded_ms"], recorded["reason"])
    if isinstance(body, Absence) and body.applies_to:
        checks.check_covered(body.applies_to, _bodies(person))
    version.body = None if body is None else msgspec.to_builtins(body)
    version.kind = "" if body is None else version.body["kind"]
    for name, value in recorded.items():
        setattr(version, name, value)
    version.save(force_insert=True)
    detail = {
        "condition": version.condition_id,
        "version": version.version,
        "effective_from_ms": version.effective_from_ms,
        "reason": version.reason,
    }
    publish(
        action,
        person,
        version.effective_from_ms,
        acting_user=recorded["recorded_by"],
        now_ms=version.recorded_ms,
        detail=detail,
    )
