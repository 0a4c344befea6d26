"""The pages of the person whose session it is. Each takes them from the session; no address names anybody."""

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.portal import links, today
from surety.server.portal.sessions import PortalRequest, of_the_person
from surety.server.timekeeping import now_ms


def page(request: PortalRequest, person: Person, name: str, context: dict[str, object]) -> HttpResponse:
    """One of the person's pages, with its frame."""
    frame: dict[str, object] = {
        "person": person,
        "menu": links.shown(links.SEES, f"my-{name}"),
        "officers": today.officers(person),
        "agency": settings.SURETY.agency_name,
    }
    return render(request, f"portal/{name.replace('-', '_')}.html", frame | context)


@of_the_person
@require_safe
def my_today(request: PortalRequest, person: Person) -> HttpResponseBase:
    """Today first."""
    now = now_ms()
    photo, is_asked = today.photo_line(person, now)
    context: dict[str, object] = {
        "lines": today.lines(person, cases.condition_set(person.pk), now),
        "photo": photo,
        "is_asked": is_asked,
        "does": links.shown(links.DOES),
    }
    return page(request, person, "today", context)
