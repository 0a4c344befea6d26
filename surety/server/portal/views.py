"""The pages of the person whose session it is. Each takes them from the session; no address names anybody."""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.errors import RefusedError
from surety.server.portal import (
    check_in_rows,
    duties,
    kept_rows,
    links,
    order_rows,
    reader_rows,
    record_rows,
    times,
    today,
    trail_rows,
)
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


@of_the_person
@require_safe
def my_order(request: PortalRequest, person: Person) -> HttpResponseBase:
    """What is ordered: by whom, by what right, until when, and what it asks in the week ahead."""
    now, known = now_ms(), cases.condition_set(person.pk)
    context: dict[str, object] = {
        "orders": order_rows.orders(person, now),
        "always": duties.always(known, now, person.time_zone),
        "week": duties.week(known, now, person.time_zone),
    }
    return page(request, person, "order", context)


def _part(request: PortalRequest, person: Person, now: int) -> tuple[int, trail_rows.Part]:
    """The day and the quarter of it that an address names; now's where it names none, or one too far away."""
    zone = person.time_zone
    day_ms = times.midnight(now, zone)
    try:
        asked_ms = times.of_date(request.GET.get("day", ""), zone)
    except (ValueError, OverflowError):
        asked_ms = day_ms
    if times.midnight(now, zone, -trail_rows.DAYS_BACK) <= asked_ms <= day_ms:
        day_ms = asked_ms
    quarters = trail_rows.parts(day_ms, zone)
    current = next((one.number for one in quarters if one.from_ms <= now < one.to_ms), trail_rows.PARTS - 1)
    number = request.GET.get("part", "")
    return day_ms, quarters[int(number) if number in {"0", "1", "2", "3"} else current]


@of_the_person
@require_safe
def my_trail(request: PortalRequest, person: Person) -> HttpResponseBase:
    """Where the person's device was, a quarter of a day at a time."""
    now, zone = now_ms(), person.time_zone
    day_ms, part = _part(request, person, now)
    trail_rows.note_reading(person, part, now)
    fixes = trail_rows.positions(person, part)
    before, after = times.midnight(day_ms, zone, -1), times.midnight(day_ms, zone, 1)
    context: dict[str, object] = {
        "day": times.iso(day_ms, zone),
        "day_words": times.day(day_ms, zone),
        "before": times.iso(before, zone),
        "after": times.iso(after, zone) if after <= now else "",
        "part": part.number,
        "parts": [(one.number, times.between(one.from_ms, one.to_ms, zone)) for one in trail_rows.parts(day_ms, zone)],
        "rows": trail_rows.rows(fixes, zone),
        "show_map": bool(fixes) and request.GET.get("map") == "1",
    }
    return page(request, person, "trail", context)


@of_the_person
@require_safe
def my_map(request: PortalRequest, person: Person) -> HttpResponseBase:
    """The picture of the same quarter of a day."""
    now = now_ms()
    _, part = _part(request, person, now)
    trail_rows.note_reading(person, part, now)
    return HttpResponse(trail_rows.picture(person, part), content_type="image/svg+xml")


@of_the_person
@require_safe
def my_record(request: PortalRequest, person: Person) -> HttpResponseBase:
    """Findings, alerts, and decisions with their reasons."""
    context: dict[str, object] = {
        "alerts": record_rows.alert_rows(person),
        "findings": record_rows.finding_rows(person, now_ms()),
    }
    return page(request, person, "record", context)


@of_the_person
@require_safe
def my_check_ins(request: PortalRequest, person: Person) -> HttpResponseBase:
    """Check-ins and what came of them."""
    return page(request, person, "check-ins", {"rows": check_in_rows.rows(person)})


@of_the_person
@require_safe
def my_photo(_request: PortalRequest, person: Person, key: str) -> HttpResponseBase:
    """One of the person's own photographs."""
    try:
        return HttpResponse(check_in_rows.photo(person, key, now_ms()), content_type="image/jpeg")
    except RefusedError as error:
        raise Http404 from error


@of_the_person
@require_safe
def my_readers(request: PortalRequest, person: Person) -> HttpResponseBase:
    """Who looked at what, and why."""
    return page(request, person, "readers", {"rows": reader_rows.rows(person)})


@of_the_person
@require_safe
def my_kept(request: PortalRequest, person: Person) -> HttpResponseBase:
    """What is kept, and when it is erased."""
    return page(request, person, "kept", {"rows": kept_rows.rows(person, now_ms())})
