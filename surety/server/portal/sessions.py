"""Who is on the person's own page: a session of its own under a cookie of its own, and the only way to a view.

The console's session is not looked at under /my/, and this one nowhere else: somebody who works here and opens a
person's page in the same browser is two people to the server. A person is no Django user (docs/adr/0027).
"""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin

from surety.server.cases.models import Person
from surety.server.portal import languages, limits

P = ParamSpec("P")
PREFIX = "/my/"
COOKIE, PERSON, LANGUAGE, BEGAN, REFERENCE = "surety_my", "portal_person_id", "language", "began_ms", "reference"
IDLE_S = 30 * 60
LONGEST_MS = 8 * 3_600_000  # then a new code, however busy


class PortalRequest(HttpRequest):
    """A request under /my/."""

    portal: SessionBase


class PortalMiddleware(MiddlewareMixin):
    """Opens the portal's session for its addresses, and hides whoever is logged in to the console there."""

    def process_request(self, request: HttpRequest) -> None:
        """Give the request its session; it is made only when something is put into it."""
        if request.path.startswith(PREFIX):
            store = import_module(settings.SESSION_ENGINE).SessionStore
            request.portal = store(request.COOKIES.get(COOKIE))  # type: ignore[attr-defined] # PortalRequest, from here on
            request.user = AnonymousUser()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Keep the session for another half hour, or drop it with its cookie."""
        session: SessionBase | None = getattr(request, "portal", None)
        if session is None:
            return response
        response.headers["Cache-Control"] = "no-store"
        if session.is_empty():
            if COOKIE in request.COOKIES:
                response.delete_cookie(COOKIE, path=PREFIX, samesite="Lax")
            return response
        session.set_expiry(IDLE_S)
        session.save()
        response.set_cookie(
            COOKIE, session.session_key or "", path=PREFIX, httponly=True, secure=settings.IS_HTTPS, samesite="Lax"
        )
        return response


def log_in(request: PortalRequest, person: Person) -> None:
    """Begin a session of this person, under a new key."""
    chosen = request.portal.get(LANGUAGE) or languages.known(person.language)
    request.portal.flush()
    request.portal.cycle_key()
    request.portal.update({PERSON: person.pk, LANGUAGE: chosen, BEGAN: limits.machine_ms()})


def person_of(request: PortalRequest) -> Person | None:
    """Whoever this session is of; nobody when it is too old, or they are on record no more."""
    person_id = request.portal.get(PERSON)
    if not person_id or limits.machine_ms() - request.portal.get(BEGAN, 0) > LONGEST_MS:
        return None
    return Person.objects.filter(pk=person_id).first()


def language_of(request: PortalRequest) -> str:
    """The language that was chosen here, or the first that the browser names and the page speaks."""
    if chosen := request.portal.get(LANGUAGE):
        return languages.known(chosen)
    for part in request.headers.get("Accept-Language", "").split(",")[:10]:
        tag = part.split(";")[0].strip().lower().split("-")[0]
        if tag in languages.BY_TAG:
            return tag
    return languages.ENGLISH


def of_the_person(
    view: Callable[Concatenate[PortalRequest, Person, P], HttpResponseBase],
) -> Callable[Concatenate[Any, P], HttpResponseBase]:
    """A view of the person whose session it is. It is given them, and no address can name another."""

    @login_not_required
    @wraps(view)
    def guarded(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        person = person_of(request)
        if person is None:
            request.portal.flush()
            return redirect("my")
        with languages.speaking(language_of(request)):
            return view(request, person, *args, **kwargs)

    guarded.of_the_person = True  # type: ignore[attr-defined] # tests ask for it
    return guarded


def before_log_in(
    view: Callable[Concatenate[PortalRequest, P], HttpResponseBase],
) -> Callable[Concatenate[Any, P], HttpResponseBase]:
    """A view for anybody, in a language they may read."""

    @login_not_required
    @wraps(view)
    def open_view(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        with languages.speaking(language_of(request)):
            return view(request, *args, **kwargs)

    return open_view
