"""The page on which a new user chooses a second factor; everything else of log-in is the library's."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from surety.server.accounts.adapters import has_second_factor
from surety.server.accounts.models import User


def second_factor(request: HttpRequest) -> HttpResponse:
    """Offer a passkey or an authenticator app; somebody who has one already goes on to their work."""
    if isinstance(request.user, User) and has_second_factor(request.user):
        return redirect("/")
    return render(request, "accounts/second_factor.html")
