"""Creating users and taking their access away."""

import pytest

from surety.server.accounts import actions
from surety.server.accounts.models import Role, User
from surety.server.audit.models import Entry
from surety.server.errors import ConflictError, InvalidError, NotAllowedError

pytestmark = pytest.mark.django_db
NOW_MS = 1_780_000_000_000


@pytest.fixture(autouse=True)
def _fast(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def create(name: str = "ruth", role: str = Role.OFFICER, **more) -> tuple[User, str]:
    return actions.create_user(name, role, **{"acting_user": None, "now_ms": NOW_MS, **more})


def test_a_user_without_a_given_password_gets_a_one_time_one():
    user, plain = create(full_name="Ruth Ann Ade")
    assert user.check_password(plain)
    assert user.must_change_password
    assert str(user) == "Ruth Ann Ade"
    assert plain not in str(list(Entry.objects.values()))


@pytest.mark.parametrize(
    ("name", "role", "more"),
    [
        ("ruth", "king", {}),
        ("r", Role.OFFICER, {}),
        ("two words", Role.OFFICER, {}),
        ("ruth", Role.OFFICER, {"password": "short"}),
        ("ruth", Role.OFFICER, {"password": "123456789012345"}),
    ],
)
def test_what_is_wrong_is_refused_and_nobody_is_created(name, role, more):
    with pytest.raises(InvalidError):
        create(name, role, **more)
    assert not User.objects.exists()
    assert not Entry.objects.exists()


def test_a_name_is_taken_whatever_its_case():
    create("Ruth")
    with pytest.raises(ConflictError):
        create("ruth")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_an_administrator_creates_users(role):
    user, _ = create("someone", role)
    with pytest.raises(NotAllowedError):
        create("other", acting_user=user)


def test_nobody_changes_their_own_role():
    admin, _ = create("admin", Role.ADMINISTRATOR)
    with pytest.raises(ConflictError):
        actions.change_role(admin.pk, Role.SUPERVISOR, acting_user=admin, now_ms=NOW_MS)
    other, _ = create("other", acting_user=admin)
    actions.change_role(other.pk, Role.SUPERVISOR, acting_user=admin, now_ms=NOW_MS, region="north")
    other.refresh_from_db()
    assert (other.role, other.region) == (Role.SUPERVISOR, "north")


def test_taking_access_away_needs_a_reason():
    user, _ = create()
    with pytest.raises(InvalidError):
        actions.set_active(user.pk, active=False, acting_user=None, now_ms=NOW_MS, reason=" ")
    with pytest.raises(InvalidError):
        actions.reset_access(user.pk, acting_user=None, now_ms=NOW_MS, reason="")
