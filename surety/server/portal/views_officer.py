"""The officer's side: a one-time code on paper for somebody who has no phone at hand, shown once and noted."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from surety.server.accounts.permissions import check_may, requires
from surety.server.cases import queries as cases
from surety.server.console.case_access import now_ms, refusals_as_pages, user_of
from surety.server.console.views_person import person_context
from surety.server.console.views_watch import qr_path
from surety.server.portal import codes


def address() -> str:
    """Where people find their own page."""
    return f"{settings.SURETY.web_address}/my/"


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def paper_code(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Make a code on paper (POST) and show it this once, ready to print."""
    user = user_of(request)
    person = cases.access_person(person_id, user)
    check_may(user, "cases.change", person)
    context = person_context(request, person, "record") | {"address": address(), "qr": qr_path(address())}
    if request.method == "POST":
        context["code"] = codes.make_paper_code(person.pk, acting_user=user, now_ms=now_ms())
    response = render(request, "portal/officer_code.html", context)
    response["Cache-Control"] = "no-store"  # shown once, also to who goes back
    return response
