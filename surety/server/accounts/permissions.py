"""Who may do what, to whom: one table, every role by every permission.

Being an administrator gives no sight of any case. Django's `is_superuser` and groups are not consulted.
"""

import enum
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from surety.server.accounts.models import Role, User
from surety.server.errors import NotAllowedError

if TYPE_CHECKING:
    from surety.server.cases.models import Person, ProtectedPerson

View = Callable[..., HttpResponseBase]


class Scope(enum.StrEnum):
    """Whose cases a permission reaches."""

    NONE = "none"
    CASELOAD = "caseload"  # people the user is responsible for now
    REGION = "region"  # people of the user's region; a user without one works for all regions
    ALL = "all"  # not about one person


PERMISSIONS = {
    "cases.view": "see a person's order, conditions and devices",
    "cases.change": "record and change orders, conditions and devices",
    "cases.assign": "make an officer responsible for a person",
    "alerts.handle": "acknowledge, contact, note, resolve, hand over",
    "alerts.confirm": "confirm or decline an adverse outcome that somebody else proposed",
    "trail.read": "read where a person was, for a stated purpose",
    "protected.view": "see a protected person and how their link to a supervised person stands",
    "protected.change": "record protected persons, their consent, links and devices",
    "protected.approve": "approve a link to a protected person that somebody else proposed",
    "audit.read": "read and check the audit log",
    "admin.users": "create users, change roles, reset second factors",
    "programmes.view": "see the zones that hold for a whole programme",
    "programmes.propose": "propose a zone for a whole programme, and withdraw one",
    "programmes.confirm": "confirm or decline a zone for a whole programme that somebody else proposed",
    "checkins.enrol": "record the images that a person is compared with, and a check-in without a camera",
    "checkins.review": "decide whether the photographs of a check-in show the expected person",
    "checkins.arbitrate": "decide a check-in on which two reviewers disagree",
    "oversight.read": "read the figures of oversight, which name nobody under supervision",
    "records.propose": "propose a legal hold, or that an authority's order to erase is carried out",
    "records.approve": "approve, decline or lift what somebody else proposed about keeping and erasing",
}

NO, CASELOAD, REGION, ALL = Scope.NONE, Scope.CASELOAD, Scope.REGION, Scope.ALL
_COLUMNS = tuple(PERMISSIONS)
TABLE: Mapping[Role, Mapping[str, Scope]] = {
    role: dict(zip(_COLUMNS, scopes, strict=True))
    for role, scopes in {
        # cases: view, change, assign; alerts: handle, confirm; trail; protected: view, change, approve; audit; users;
        # programmes: view, propose, confirm; checkins: enrol, review, arbitrate; oversight; records: propose, approve
        Role.OFFICER: (
            *(CASELOAD, CASELOAD, NO, CASELOAD, NO, CASELOAD, *(NO,) * 5, ALL, NO, NO, CASELOAD, NO, NO, NO),
            *(CASELOAD, NO),
        ),
        Role.OPERATOR: (REGION, NO, NO, REGION, NO, REGION, *(NO,) * 5, ALL, *(NO,) * 8),
        Role.FACE_REVIEWER: (*(NO,) * 15, REGION, *(NO,) * 4),
        Role.SUPERVISOR: (*(REGION,) * 9, NO, NO, ALL, ALL, ALL, *(REGION,) * 3, ALL, REGION, REGION),
        Role.VICTIM_LIAISON: (*(NO,) * 6, REGION, REGION, *(NO,) * 12),
        Role.DISCLOSURE_OFFICER: (NO,) * 20,
        Role.AUDITOR: (*(NO,) * 9, ALL, NO, ALL, *(NO,) * 5, ALL, NO, NO),
        Role.ADMINISTRATOR: (*(NO,) * 10, ALL, ALL, ALL, *(NO,) * 7),
    }.items()
}


def scope_of(user: User | AnonymousUser, permission: str) -> Scope:
    """How far a permission of this user reaches. Raises KeyError for a permission that does not exist."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)
    if not isinstance(user, User) or not user.is_active or user.role not in Role.values:
        return Scope.NONE
    return TABLE[Role(user.role)][permission]


def may(user: User | AnonymousUser, permission: str, person: "Person | ProtectedPerson | None" = None) -> bool:
    """Whether the user may do it to this person; without a person: whether to anybody at all."""
    scope = scope_of(user, permission)
    if person is None or not isinstance(user, User) or scope in (Scope.NONE, Scope.ALL):
        return scope is not Scope.NONE
    if scope is Scope.REGION:
        return user.region in ("", person.region)
    caseloads = getattr(person, "caseloads", None)  # a protected person is in none
    return caseloads is not None and caseloads.filter(officer=user, to_ms=None).exists()


def people_for(user: User | AnonymousUser, permission: str) -> "QuerySet[Person]":
    """The people whom the user may do this to, as one query for lists."""
    from surety.server.cases.models import Person  # noqa: PLC0415 - cases knows users, not the other way round

    scope = scope_of(user, permission)
    if not isinstance(user, User) or scope is Scope.NONE:
        return Person.objects.none()
    if scope is Scope.CASELOAD:
        return Person.objects.filter(caseloads__officer=user, caseloads__to_ms=None).distinct()
    if scope is Scope.REGION and user.region:
        return Person.objects.filter(region=user.region)
    return Person.objects.all()


def check_may(user: User | None, permission: str, person: "Person | ProtectedPerson | None" = None) -> None:
    """Raise NotAllowedError unless the user may. None is the system itself: set-up and the rules, never a request."""
    if user is not None and not may(user, permission, person):
        whom = f" for {person.reference}" if person and may(user, "cases.view", person) else ""
        raise NotAllowedError(f"Your role does not let you {PERMISSIONS[permission]}{whom}.")


def requires(permission: str) -> Callable[[View], View]:
    """Decorate a view: log-in first, then 403 unless the user has the permission at all.

    The view itself asks `may(user, permission, person)` once it knows whom it is about.
    """
    may_what = PERMISSIONS[permission]

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not may(request.user, permission):
                raise PermissionDenied(f"Your role does not let you {may_what}.")
            return view(request, *args, **kwargs)

        return guarded

    return decorate
