"""The only writer of users. Each change is audited; a user is deactivated, never deleted."""

import secrets

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import transaction

from surety.server.accounts.models import Role, User
from surety.server.accounts.permissions import check_may
from surety.server.audit import actions as audit
from surety.server.errors import ConflictError, InvalidError, NotFoundError

_USERNAME = RegexValidator(r"\A[A-Za-z0-9][A-Za-z0-9._@+-]{1,63}\Z")


def create_user(
    username: str,
    role: str,
    *,
    acting_user: User | None,
    now_ms: int,
    password: str = "",
    full_name: str = "",
    region: str = "",
) -> tuple[User, str]:
    """Create a user; the row and the password. Without `password` a one-time one is made, to be changed at log-in.

    `acting_user` None is the system: `surety init`, the command line, the demonstration.
    """
    check_may(acting_user, "admin.users")
    role = _role(role)
    username = _username(username)
    first, _, last = full_name.strip().partition(" ")
    user = User(username=username, role=role, region=region.strip(), first_name=first, last_name=last)
    user.must_change_password = not password
    plain = password or one_time_password()
    _set_password(user, plain, check=bool(password))
    with transaction.atomic():
        if User.objects.filter(username__iexact=username).exists():
            raise ConflictError(f"There is a user {username} already.", field="username")
        user.save()
        _note("user.created", user, acting_user, now_ms, {"role": role, "region": user.region})
    return user, plain


def change_role(user_id: int, role: str, *, acting_user: User | None, now_ms: int, region: str | None = None) -> User:
    """Give a user another role, and another region when given. Nobody changes their own."""
    check_may(acting_user, "admin.users")
    role = _role(role)
    with transaction.atomic():
        user = _held(user_id, acting_user)
        before = {"role": user.role, "region": user.region}
        user.role, user.region = role, user.region if region is None else region.strip()
        user.save(update_fields=["role", "region"])
        _note("user.role_changed", user, acting_user, now_ms, {"before": before, "role": role, "region": user.region})
    return user


def set_active(user_id: int, *, active: bool, acting_user: User | None, now_ms: int, reason: str) -> User:
    """Let a user in again, or keep them out at once: their sessions end with the next request."""
    check_may(acting_user, "admin.users")
    if not reason.strip():
        raise InvalidError("Give the reason.", field="reason")
    with transaction.atomic():
        user = _held(user_id, acting_user)
        user.is_active = active
        user.save(update_fields=["is_active"])
        action = "user.activated" if active else "user.deactivated"
        _note(action, user, acting_user, now_ms, {"reason": reason.strip()})
    return user


def reset_access(user_id: int, *, acting_user: User | None, now_ms: int, reason: str) -> str:
    """Take off every second factor and give a one-time password, which is returned once; open sessions end."""
    check_may(acting_user, "admin.users")
    if not reason.strip():
        raise InvalidError("Give the reason.", field="reason")
    plain = one_time_password()
    with transaction.atomic():
        user = _held(user_id, acting_user)
        Authenticator.objects.filter(user=user).delete()
        _set_password(user, plain, check=False)  # also ends the sessions: they are tied to the password's hash
        user.must_change_password = True
        user.save(update_fields=["password", "must_change_password"])
        _note("user.access_reset", user, acting_user, now_ms, {"reason": reason.strip()})
    return plain


def enrol_totp(user: User, secret: str, *, now_ms: int) -> None:
    """Set up an authenticator app's secret (base32) in the owner's stead: for the demonstration and for tests.

    The audit log tells that it was not the owner.
    """
    with transaction.atomic():
        Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
        TOTP.activate(user, secret)
        _note("second_factor.enrolled_for", user, None, now_ms, {"type": "totp"})


def one_time_password() -> str:
    """Four groups of five letters and digits, told apart easily: about 99 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def _set_password(user: User, plain: str, *, check: bool) -> None:
    if check:
        try:
            validate_password(plain, user)
        except ValidationError as error:
            raise InvalidError(" ".join(error.messages), field="password") from None
    user.set_password(plain)


def _role(role: str) -> str:
    if role not in Role.values:
        raise InvalidError(f'There is no role "{role}"; choose one of {", ".join(Role.values)}.', field="role")
    return role


def _username(username: str) -> str:
    try:
        _USERNAME(username)
    except ValidationError:
        raise InvalidError(
            "A user name has 2 to 64 letters, digits and . _ @ + -, and starts with a letter or digit.",
            field="username",
        ) from None
    return username


def _held(user_id: int, acting_user: User | None) -> User:
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFoundError("There is no such user.")
    if acting_user is not None and acting_user.pk == user.pk:
        raise ConflictError("Somebody else must change this for you.")
    return user


def _note(action: str, user: User, acting_user: User | None, now_ms: int, detail: dict[str, object]) -> None:
    audit.record(
        action=action,
        actor=acting_user,
        subject_type="user",
        subject_id=str(user.pk),
        detail={"username": user.username, **detail},
        at_ms=now_ms,
    )
