"""Places of a person's everyday life, as they tell them: recorded, and taken off the list again."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from surety.server.accounts.permissions import check_may, requires
from surety.server.cases import actions
from surety.server.cases import queries as cases
from surety.server.cases.models import EverydayKind, EverydayPlace, Person
from surety.server.console import area_form, recorded
from surety.server.console.area_form import AreaFields
from surety.server.console.case_access import now_ms, refusals_as_pages, user_of
from surety.server.console.views_person import person_context
from surety.server.errors import RefusedError


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def everyday_new(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Record a place that the person told of."""
    person = cases.access_person(person_id, user_of(request))
    check_may(user_of(request), "cases.change", person)
    given = {"kind": request.POST.get("kind", "home"), "label": request.POST.get("label", "").strip()}
    area, error = AreaFields(), None
    if request.method == "POST":
        try:
            area = area_form.of_post(request.POST, request.FILES, "area-")
            where = area_form.area_of(area, "area", given["label"] or "the place")
            actions.add_everyday_place(
                person.pk, given["kind"], given["label"], where, acting_user=user_of(request), now_ms=now_ms()
            )
        except RefusedError as refused:
            error = refused
        else:
            messages.success(request, f"Recorded: {given['label']}.")
            return redirect("person-conditions", person_id=person.pk)
    context = person_context(request, person, "conditions") | {
        "given": given,
        "area": area,
        "kinds": EverydayKind.choices,
        "error": error,
        "around": {"areas": _around(person), "fixes": [], "table": False},
    }
    return render(request, "console/everyday_form.html", context, status=422 if error else 200)


def _around(person: Person) -> list[dict[str, object]]:
    """What is on the map already: the areas in force, and the other places."""
    now = now_ms()
    areas = recorded.drawn_areas(cases.condition_set(person.pk), now, now + 1)
    places = [{"name": p.label, "role": "home", "area": p.area} for p in cases.everyday_places(person.pk)]
    return [*areas, *places]


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def everyday_remove(request: HttpRequest, everyday_id: str) -> HttpResponseBase:
    """Take a place off the list."""
    place: EverydayPlace = cases.access_everyday_place(everyday_id, user_of(request))
    error: RefusedError | None = None
    if request.method == "POST":
        try:
            actions.remove_everyday_place(
                place.pk, acting_user=user_of(request), now_ms=now_ms(), reason=request.POST.get("reason", "")
            )
        except RefusedError as refused:
            error = refused
        else:
            messages.success(request, f"{place.label} is off the list.")
            return redirect("person-conditions", person_id=place.person_id)
    context = person_context(request, place.person, "conditions") | {"place": place, "error": error}
    return render(request, "console/everyday_remove.html", context, status=422 if error else 200)
