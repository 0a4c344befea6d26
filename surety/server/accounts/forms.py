"""The second factor's forms, which count wrong codes towards the same lock-out as wrong passwords."""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as library
from allauth.mfa.models import Authenticator
from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.db import transaction
from django.http import HttpRequest

REMEMBERED_S = 120  # a code is valid for a minute and a half at most


class _Locked:
    """Refuses before the code is looked at when the user is locked out."""

    def clean_code(self) -> str:
        request = context.request
        credentials = {"username": self.user.username}  # type: ignore[attr-defined] # the library's form has it
        if not AxesProxyHandler.is_allowed(request, credentials):
            request.axes_locked_out, request.axes_credentials = True, credentials
            raise forms.ValidationError("Too many wrong attempts.")
        code = str(super().clean_code())  # type: ignore[misc] # the library's form has it
        if not _is_first_use(self.authenticator, code):  # type: ignore[attr-defined] # set by the line above
            raise forms.ValidationError("Incorrect code.")
        return code


def _is_first_use(authenticator: Authenticator, code: str) -> bool:
    """Whether a code of an app is new. Kept in the database: the library remembers codes in one process only."""
    if authenticator.type != Authenticator.Type.TOTP:
        return True  # recovery codes are crossed out by the library
    digest, now_s = hashlib.sha256(code.encode()).hexdigest(), int(time.time())
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        used = {known: at for known, at in row.data.get("used", {}).items() if now_s - at < REMEMBERED_S}
        if digest in used:
            return False
        row.data["used"] = {**used, digest: now_s}
        row.save(update_fields=["data"])
    return True


class AuthenticateForm(_Locked, library.AuthenticateForm):  # type: ignore[misc] # the library carries no types
    """The code at log-in."""


class ReauthenticateForm(_Locked, library.ReauthenticateForm):  # type: ignore[misc] # the library carries no types
    """The code before a change of the account's own protection."""


def lockout_username(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str | None:
    """Whose failures are counted: the name that was tried, in lower case, as log-in takes it."""
    tried = credentials.get("username") if credentials else request.POST.get("login")
    return str(tried)[:150].lower() if tried else None
