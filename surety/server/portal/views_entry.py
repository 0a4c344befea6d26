"""The way in: a code to the phone, a code on paper, a link from the watch; and the way out.

No answer tells whether a reference is anybody's: the same page follows, as fast, whatever was typed.
"""

from collections.abc import Callable

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from surety.server.cases.models import Person
from surety.server.portal import codes, languages, limits
from surety.server.portal.languages import say
from surety.server.portal.sessions import (
    LANGUAGE,
    REFERENCE,
    PortalRequest,
    before_log_in,
    log_in,
    of_the_person,
    person_of,
)
from surety.server.timekeeping import now_ms

LONGEST = 40  # letters of what is typed


def _page(request: PortalRequest, name: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    return render(request, f"portal/{name}.html", {"all_languages": languages.ALL, **context}, status=status)


@before_log_in
@require_http_methods(["GET", "HEAD"])
def entry(request: PortalRequest) -> HttpResponseBase:
    """Where everybody begins."""
    return redirect("my-today") if person_of(request) else _page(request, "entry", {})


@before_log_in
@require_POST
def ask(request: PortalRequest) -> HttpResponseBase:
    """Ask for a code by message."""
    if not limits.address_may(limits.ASKED, _address(request), limits.machine_ms()):
        return _too_often(request)
    reference = request.POST.get("reference", "").strip().upper()[:LONGEST]
    if not reference:
        return _page(request, "entry", {"error": say("Write your reference."), "wrong": "reference"}, 400)
    codes.send_code(reference, now_ms=now_ms())
    request.portal[REFERENCE] = reference
    return redirect("my-code")


@before_log_in
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: PortalRequest) -> HttpResponseBase:
    """The six digits that came by message."""
    reference = request.portal.get(REFERENCE, "")
    if not reference:
        return redirect("my")
    if request.method != "POST":
        return _page(request, "code", {})
    return _tried(request, "code", lambda typed: codes.use_message_code(reference, typed, now_ms=now_ms()))


@before_log_in
@require_POST
def paper(request: PortalRequest) -> HttpResponseBase:
    """The code on paper."""
    return _tried(request, "entry", lambda typed: codes.use_paper_code(typed, now_ms=now_ms()))


@before_log_in
@require_http_methods(["GET", "HEAD", "POST"])
def watch(request: PortalRequest, token: str) -> HttpResponseBase:
    """A link of the watch. It is used by pressing the button: what looks at addresses by itself does not use it up."""
    if request.method != "POST":
        return _page(request, "watch", {"token": token})
    if not limits.address_may(limits.WRONG, _address(request), limits.machine_ms()):
        return _too_often(request)
    return _opened(request, codes.use_link(token, now_ms=now_ms()), "entry")


def _tried(request: PortalRequest, name: str, use: Callable[[str], Person | None]) -> HttpResponseBase:
    if not limits.address_may(limits.WRONG, _address(request), limits.machine_ms()):
        return _too_often(request)
    return _opened(request, use(request.POST.get("code", "").strip()[:LONGEST]), name)


def _opened(request: PortalRequest, person: Person | None, name: str) -> HttpResponseBase:
    if person is None:
        limits.note_wrong(_address(request), limits.machine_ms())
        error = say("This code or link is wrong, was used, or is too old. Ask for another one.")
        return _page(request, name, {"error": error, "wrong": "code"}, 400)
    log_in(request, person)
    return redirect("my-today")


def _too_often(request: PortalRequest) -> HttpResponseBase:
    return _page(request, "entry", {"error": say("Too many tries. Wait one hour, or call your officer.")}, 429)


def _address(request: PortalRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


@before_log_in
@require_POST
def language(request: PortalRequest) -> HttpResponseBase:
    """Speak another language from now on."""
    request.portal[LANGUAGE] = languages.known(request.POST.get("language", ""))
    return redirect("my")


@of_the_person
@require_POST
def leave(request: PortalRequest, person: Person) -> HttpResponseBase:
    """Log out."""
    codes.log_out(person, now_ms=now_ms())
    request.portal.flush()
    return redirect("my")
