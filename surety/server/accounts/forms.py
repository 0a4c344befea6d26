"""The second factor's forms, which count wrong codes towards the same lock-out as wrong passwords."""

from collections.abc import Mapping
from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as library
from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.http import HttpRequest


class _Locked:
    """Refuses before the code is looked at when the user is locked out."""

    def clean_code(self) -> str:
        request = context.request
        credentials = {"username": self.user.username}  # type: ignore[attr-defined] # the library's form has it
        if not AxesProxyHandler.is_allowed(request, credentials):
            request.axes_locked_out, request.axes_credentials = True, credentials
            raise forms.ValidationError("Too many wrong attempts.")
        return str(super().clean_code())  # type: ignore[misc] # the library's form has it


class AuthenticateForm(_Locked, library.AuthenticateForm):  # type: ignore[misc] # the library carries no types
    """The code at log-in."""


class ReauthenticateForm(_Locked, library.ReauthenticateForm):  # type: ignore[misc] # the library carries no types
    """The code before a change of the account's own protection."""


def lockout_username(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str | None:
    """Whose failures are counted: the name that was tried, in lower case, as log-in takes it."""
    tried = credentials.get("username") if credentials else request.POST.get("login")
    return str(tried)[:150].lower() if tried else None
