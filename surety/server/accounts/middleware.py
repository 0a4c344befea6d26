"""Nobody works without a second factor, or with a password that somebody else made up."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from surety.server.accounts.adapters import has_second_factor
from surety.server.accounts.models import User

ALWAYS = frozenset({"account_login", "account_logout", "account_reauthenticate", "mfa_reauthenticate"})
PASSWORD = ALWAYS | {"account_change_password"}
SET_UP = ALWAYS | {
    "accounts_second_factor",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
}


class SecondFactorMiddleware(MiddlewareMixin):
    """Sends a user who must set something up to the page for it, before any view runs."""

    def process_view(
        self, request: HttpRequest, _view: Callable[..., Any], _args: list[Any], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Redirect a page, refuse anything else, until password and second factor are the user's own."""
        user = request.user
        if not isinstance(user, User):
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        if user.must_change_password:
            return None if name in PASSWORD else _send(request, "account_change_password")
        if name in SET_UP or has_second_factor(user):
            return None
        return _send(request, "accounts_second_factor")


def _send(request: HttpRequest, name: str) -> HttpResponse:
    if request.method == "GET" and "text/html" in request.headers.get("Accept", "text/html"):
        return HttpResponseRedirect(reverse(name))
    return HttpResponse("Set up your own password and second factor first.", status=403, content_type="text/plain")
