"""Every role by every permission, and somebody with no access at all."""

import itertools

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory

from surety.server.accounts.models import Role, User
from surety.server.accounts.permissions import PERMISSIONS, TABLE, Scope, check_may, may, people_for, requires
from surety.server.cases import actions as cases
from surety.server.cases.checks import PersonDetails
from surety.server.cases.models import Person
from surety.server.errors import NotAllowedError

pytestmark = pytest.mark.django_db
NOW_MS = 1_780_000_000_000

# Written out by hand from DESIGN.md, section 1: the table in the code must say the same.
EXPECTED = {
    Role.OFFICER: {"cases.view", "cases.change", "alerts.handle", "trail.read", "programmes.view", "checkins.enrol"}
    | {"records.propose"},
    Role.OPERATOR: {"cases.view", "alerts.handle", "trail.read", "programmes.view"},
    Role.FACE_REVIEWER: {"checkins.review"},
    Role.SUPERVISOR: {
        "cases.view",
        "cases.change",
        "cases.assign",
        "alerts.handle",
        "alerts.confirm",
        "trail.read",
        "protected.view",
        "protected.change",
        "protected.approve",
        "programmes.view",
        "programmes.propose",
        "programmes.confirm",
        "checkins.enrol",
        "checkins.review",
        "checkins.arbitrate",
        "oversight.read",
        "records.propose",
        "records.approve",
    },
    Role.VICTIM_LIAISON: {"protected.view", "protected.change"},
    Role.DISCLOSURE_OFFICER: set(),
    Role.AUDITOR: {"audit.read", "programmes.view", "oversight.read"},
    Role.ADMINISTRATOR: {"admin.users", "programmes.view", "programmes.propose"},
}
EVERY = list(itertools.product([*Role, "", "astrologer"], PERMISSIONS))


def make(role: str, region: str = "", **more: object) -> User:
    return User.objects.create(
        username=f"{role or 'nobody'}-{region}-{User.objects.count()}", role=role, region=region, **more
    )


def person(region: str) -> Person:
    details = PersonDetails(
        reference=f"R{Person.objects.count()}", given_names="Ana", family_name="Berg", region=region
    )
    return cases.register_person(details, acting_user=None, now_ms=NOW_MS)


def test_the_table_names_every_role_and_every_permission():
    assert set(TABLE) == set(Role)
    assert all(set(row) == set(PERMISSIONS) for row in TABLE.values())


@pytest.mark.parametrize(("role", "permission"), EVERY)
def test_a_role_has_exactly_its_permissions(role, permission):
    allowed = permission in EXPECTED.get(role, set())
    assert may(make(role), permission) is allowed


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_nobody_at_all_and_somebody_deactivated_may_nothing(permission):
    assert not may(AnonymousUser(), permission)
    assert not may(make(Role.SUPERVISOR, is_active=False), permission)


@pytest.mark.parametrize("permission", [name for name in PERMISSIONS if not name.startswith(("admin.", "programmes."))])
def test_an_administrator_sees_no_case_even_as_djangos_superuser(permission):
    user = make(Role.ADMINISTRATOR, is_superuser=True, is_staff=True)
    assert not may(user, permission, person("north"))
    assert not people_for(user, "cases.view").exists()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
def test_operators_and_supervisors_reach_their_region(role):
    north, south = person("north"), person("south")
    assert set(people_for(make(role, "north"), "cases.view")) == {north}
    assert not may(make(role, "north"), "alerts.handle", south)
    assert set(people_for(make(role), "cases.view")) == {north, south}


def test_an_officer_reaches_the_caseload_of_now_and_no_more():
    officer = make(Role.OFFICER)
    mine, other = person("north"), person("north")
    cases.assign_officer(mine.pk, officer, acting_user=None, now_ms=NOW_MS)
    assert may(officer, "cases.change", mine)
    assert not may(officer, "cases.change", other)
    assert list(people_for(officer, "cases.view")) == [mine]
    cases.release_officer(mine.pk, officer, acting_user=None, now_ms=NOW_MS + 1)
    assert not may(officer, "cases.view", mine)


def test_lists_and_single_questions_agree_for_every_role():
    people = [person("north"), person("south")]
    for role, permission in itertools.product(Role, PERMISSIONS):
        user = make(role, "north")
        if TABLE[role][permission] is not Scope.ALL:
            listed = set(people_for(user, permission))
            assert listed == {one for one in people if may(user, permission, one)}


def test_a_permission_that_does_not_exist_is_a_mistake_in_the_code():
    with pytest.raises(KeyError):
        may(make(Role.SUPERVISOR), "cases.viwe")


def test_a_refusal_names_no_person_whom_the_user_may_not_see():
    ana = person("south")
    with pytest.raises(NotAllowedError) as refused:
        check_may(make(Role.OPERATOR, "north"), "cases.change", ana)
    assert ana.reference not in refused.value.sentence


def test_a_view_asks_for_a_log_in_first_and_for_the_permission_then():
    @requires("audit.read")
    def view(_request):
        return HttpResponse("the log")

    request = RequestFactory().get("/audit/")
    request.user = AnonymousUser()
    assert view(request).status_code == 302
    request.user = make(Role.OPERATOR)
    with pytest.raises(PermissionDenied):
        view(request)
    request.user = make(Role.AUDITOR)
    assert view(request).content == b"the log"
