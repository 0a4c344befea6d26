"""What every change of an order shares: the version that it follows, the next one, and what is told of it."""

from collections.abc import Mapping

import msgspec

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.cases import checks
from surety.server.cases.checks import OrderTerms, Told
from surety.server.cases.models import Order, OrderVersion, Person
from surety.server.cases.writing import Stamp, lock_person, publish
from surety.server.errors import NotFoundError


def latest_version(order_id: str, acting_user: User | None) -> tuple[OrderVersion, Person]:
    """The version of an order that was recorded last, and its person, held until the transaction ends."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFoundError("There is no such order.")
    person = lock_person(order.person_id)
    check_may(acting_user, "cases.change", person)
    return order.versions.order_by("-version")[0], person


def terms_of(version: OrderVersion) -> OrderTerms:
    """What a version says, to be varied with msgspec.structs.replace."""
    return OrderTerms(
        order_type=version.order_type,
        legal_basis=version.legal_basis,
        issuing_authority=version.issuing_authority,
        decision_sha256=version.decision_sha256,
        starts_ms=version.starts_ms,
        ends_ms=version.ends_ms,
        review_due_ms=version.review_due_ms,
        data_kinds=tuple(version.data_kinds),
    )


def told_of(version: OrderVersion) -> Told | None:
    """That the person was told, as a version says it."""
    if version.told_ms is None:
        return None
    return Told(at_ms=version.told_ms, how=version.told_how, language=version.told_language)


def next_version(latest: OrderVersion, effective_from_ms: int, now_ms: int, reason: str) -> OrderVersion:
    """A version after the latest, of the same status; its terms are still to be written."""
    checks.check_effective(effective_from_ms, now_ms, reason)
    return OrderVersion(
        order_id=latest.order_id,
        version=latest.version + 1,
        effective_from_ms=effective_from_ms,
        status=latest.status,
    )


def write_version(version: OrderVersion, terms: OrderTerms, told: Told | None, recorded: Stamp) -> None:
    """Fill a version in and insert it."""
    for name, value in {**msgspec.structs.asdict(terms), **recorded}.items():
        setattr(version, name, list(value) if name == "data_kinds" else value)
    if told:
        version.told_ms, version.told_how, version.told_language = told.at_ms, told.how, told.language
    version.save(force_insert=True)


def finish(
    action: str,
    person: Person,
    acting_user: User | None,
    now_ms: int,
    version: OrderVersion,
    more: Mapping[str, object] | None = None,
) -> None:
    """Tell the door, the worker and the audit log of a new version."""
    detail = {
        "order": version.order_id,
        "version": version.version,
        "effective_from_ms": version.effective_from_ms,
        "status": str(version.status),
        "reason": version.reason,
        **(more or {}),
    }
    publish(action, person, version.effective_from_ms, acting_user=acting_user, now_ms=now_ms, detail=detail)
