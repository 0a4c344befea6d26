"""How the log-in library is bent to this house: sign-up closed, no e-mail, secrets encrypted, a factor always left."""

import base64
import hashlib
import time

import nacl.exceptions
import nacl.secret
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from surety.server.accounts.models import User

REAUTHENTICATION_TIMEOUT_S = 300  # after that the password or the second factor is asked for again
COUNTING_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # the library carries no types
    """Users are created by an administrator, never by themselves."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "The user name or the password is wrong.",
        "too_many_login_attempts": "Too many wrong attempts. Try again in some minutes.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the library's signature
        """Sign-up is closed."""
        return False

    def is_reauthentication_required(self, *, app: str) -> bool:  # noqa: ARG002 - the library's signature
        """Not within minutes of a log-in: a new user who has just given the password sets up the second factor."""
        records = get_authentication_records(context.request, context.request.user)
        latest = max((record["at"] for record in records), default=0.0)
        return bool(time.time() - latest > REAUTHENTICATION_TIMEOUT_S)

    def send_mail(self, *args: object, **kwargs: object) -> None:
        """No mail leaves from here: what happens to an account stands in the audit log."""


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc] # the library carries no types
    """Secrets of authenticator apps lie encrypted in the database; the last second factor cannot be taken off."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": "This is your only second factor. Add another one first.",
    }

    def encrypt(self, text: str) -> str:
        """Encrypt under the server's secret key."""
        return base64.b64encode(_box().encrypt(text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` made. Empty, which no code matches, when the server's key is another one by now."""
        try:
            return _box().decrypt(base64.b64decode(encrypted_text)).decode()
        except (nacl.exceptions.CryptoError, ValueError):
            return ""

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether another second factor is left without this one."""
        others = Authenticator.objects.filter(user=authenticator.user, type__in=COUNTING_TYPES)
        return bool(others.exclude(pk=authenticator.pk).exists())

    def send_notification_mail(self, *args: object, **kwargs: object) -> None:
        """No mail leaves from here."""


def has_second_factor(user: User) -> bool:
    """Whether the user has set up an authenticator app or a passkey. Recovery codes alone do not count."""
    return bool(Authenticator.objects.filter(user=user, type__in=COUNTING_TYPES).exists())


def _box() -> nacl.secret.SecretBox:
    key = hashlib.sha256(b"surety second factor\x00" + settings.SECRET_KEY.encode()).digest()
    return nacl.secret.SecretBox(key)
