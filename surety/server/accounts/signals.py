"""Log-ins, failures, lock-outs and changes of protection go to the audit log; wrong codes count towards lock-out."""

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from surety.server.accounts.models import User
from surety.server.audit import actions as audit
from surety.server.timekeeping import now_ms

REFUSED_AT_SECOND_FACTOR = "second factor"


@receiver(user_logged_in)
def logged_in(user: User, request: HttpRequest, **_: Any) -> None:
    """Somebody logged in, by password and code or by passkey."""
    methods = [
        entry.get("type") or entry["method"] for entry in request.session.get("account_authentication_methods", [])
    ]
    _note("login.succeeded", user, user, {"with": methods})


@receiver(user_logged_out)
def logged_out(user: User | None, **_: Any) -> None:
    """Somebody logged out."""
    if user is not None:
        _note("login.ended", user, user, {})


@receiver(user_login_failed)
def login_failed(credentials: dict[str, Any], **_: Any) -> None:
    """Somebody gave a wrong password or code. A name that nobody has is not kept: it may be a mistyped password."""
    user = _named(credentials)
    _note("login.failed", None, user, {"at": credentials.get("stage", "password")})


@receiver(mfa.authentication_failed)
def code_refused(request: HttpRequest, user: User, **_: Any) -> None:
    """A wrong code counts like a wrong password."""
    credentials = {"username": user.username, "stage": REFUSED_AT_SECOND_FACTOR}
    user_login_failed.send(sender=__name__, credentials=credentials, request=request)


@receiver(user_locked_out)
def locked_out(username: str, **_: Any) -> None:
    """Too many failures: this name is refused from this address for a while."""
    _note("login.locked_out", None, _named({"username": username}), {})


@receiver(post_save, sender=Authenticator)
def factor_added(instance: Any, created: bool, **_: Any) -> None:  # noqa: FBT001 - Django's signal
    """A second factor was set up; noted in the transaction that stores it."""
    if created:
        _note("second_factor.added", instance.user, instance.user, {"type": str(instance.type)})


@receiver(mfa.authenticator_removed)
def factor_removed(user: User, authenticator: Any, **_: Any) -> None:
    """A second factor was taken off."""
    _note("second_factor.removed", user, user, {"type": str(authenticator.type)})


@receiver(password_changed)
def changed_password(user: User, **_: Any) -> None:
    """The password is the user's own from now on."""
    if user.must_change_password:
        user.must_change_password = False
        user.save(update_fields=["must_change_password"])
    _note("password.changed", user, user, {})


def _named(credentials: dict[str, Any]) -> User | None:
    return User.objects.filter(username=str(credentials.get("username", ""))).first()


def _note(action: str, actor: User | None, subject: User | None, detail: dict[str, object]) -> None:
    audit.record(
        action=action,
        actor=actor,
        subject_type="user",
        subject_id=str(subject.pk) if subject else "",
        detail={"username": subject.username if subject else "", **detail},
        at_ms=now_ms(),
    )
