"""The only reader of protected persons and their links for pages."""

from surety.server.accounts.models import User
from surety.server.accounts.permissions import Scope, may, scope_of
from surety.server.cases import links, queries
from surety.server.cases.models import Order, Person, ProtectedAssignment, ProtectedLink, ProtectedPerson
from surety.server.errors import NotFoundError
from surety.server.records import vault


def access_protected(protected_id: str, user: User) -> ProtectedPerson:
    """The protected person, for a user who may. Somebody out of reach looks like nobody."""
    found = ProtectedPerson.objects.filter(pk=protected_id).first()
    if found is None or not may(user, "protected.view", found):
        raise NotFoundError("There is no such protected person among those you may see.")
    return found


def protected_people(user: User) -> list[ProtectedPerson]:
    """Everybody protected whom the user may see, by name."""
    if scope_of(user, "protected.view") is Scope.NONE:
        return []
    found = ProtectedPerson.objects.filter(region=user.region) if user.region else ProtectedPerson.objects.all()
    listed = list(found)
    vault.warm(one.pk for one in listed)
    return sorted(listed, key=lambda one: (one.name.casefold(), one.reference))


def links_of(protected_id: str) -> list[ProtectedLink]:
    """The links of a protected person, the newest first."""
    found = ProtectedLink.objects.filter(protected_id=protected_id).select_related("order__person", "protected")
    return list(found.prefetch_related("order__versions").order_by("-recorded_ms", "pk"))


def access_link(link_id: str, user: User) -> ProtectedLink:
    """A link, for a user who may see its protected person."""
    found = ProtectedLink.objects.filter(pk=link_id).select_related("order__person", "protected").first()
    if found is None or not may(user, "protected.view", found.protected):
        raise NotFoundError("There is no such link among those you may see.")
    return found


def link_of_case(link_id: str, user: User) -> tuple[ProtectedLink, Person]:
    """A link for those who work with the supervised person, who learn nothing of the protected one by it."""
    found = ProtectedLink.objects.filter(pk=link_id).select_related("order__person").first()
    if found is None or not may(user, "cases.view", found.order.person):
        raise NotFoundError("There is no such link among those you may see.")
    return found, found.order.person


def links_under(order: Order) -> list[ProtectedLink]:
    """The links under one order that are proposed or in force."""
    return list(ProtectedLink.objects.filter(order=order, ended_ms=None, withdrawn_ms=None).order_by("recorded_ms"))


def in_force_now(link: ProtectedLink, now_ms: int) -> bool:
    """Whether the door takes positions under a link now, and the rules judge them."""
    spans = links.spans(link, queries.in_force(link.order.versions.all()))
    return any(span.from_ms <= now_ms < span.to_ms for span in spans)


def devices_of(protected_id: str) -> list[ProtectedAssignment]:
    """Which devices a protected person carries or carried, the latest first."""
    rows = ProtectedAssignment.objects.filter(protected_id=protected_id).select_related("device")
    return list(rows.order_by("-from_ms"))


def assignment(assignment_id: int, user: User) -> ProtectedAssignment:
    """One assignment, for a user who may see who carries the device."""
    found = ProtectedAssignment.objects.filter(pk=assignment_id).select_related("protected", "device").first()
    if found is None or not may(user, "protected.view", found.protected):
        raise NotFoundError("There is no such assignment.")
    return found


def order_to_link(reference: str, user: User, now_ms: int) -> Order | None:
    """The order in force of the supervised person with a reference, in the user's region."""
    person = Person.objects.filter(reference=reference.strip()).first()
    if person is None or not may(user, "protected.change", person):
        return None
    version = queries.order_at(person.pk, now_ms)
    return version.order if version is not None else None
