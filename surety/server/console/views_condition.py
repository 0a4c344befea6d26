"""The editors of conditions: a zone or an address drawn on the map, a week's timetable, the sentence that follows.

Each save goes through cases.actions, with the time from which it holds and a reason: always a new version.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from surety.rules import kernel, leave, packing, words
from surety.rules.conditions import Absence, Attendance, Body, CheckInDuty, Curfew, Zone, ZoneKind
from surety.rules.intervals import Span
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may, requires
from surety.server.cases import actions
from surety.server.cases import queries as cases
from surety.server.cases.models import Condition, Order, Person
from surety.server.checkins.queries import may_keep_photographs
from surety.server.console import absence_form, check_in_form, condition_form, exception_form, recorded
from surety.server.console.area_form import AreaFields
from surety.server.console.case_access import full_text, input_ms, now_ms, refusals_as_pages, user_of
from surety.server.console.case_words import body_changes
from surety.server.console.condition_form import KINDS, Fields, PlaceFields, RowFields
from surety.server.console.views_person import cases_body, person_context
from surety.server.console.what_if import what_if
from surety.server.errors import InvalidError, NotFoundError, RefusedError

DAYS = (("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday"), ("fri", "Friday"),
        ("sat", "Saturday"), ("sun", "Sunday"))  # fmt: skip


def access_order(request: HttpRequest, order_id: str) -> tuple[Order, Person]:
    """An order that the user may change."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFoundError("There is no such order.")
    person = cases.access_person(order.person_id, user_of(request))
    check_may(user_of(request), "cases.change", person)
    return order, person


def _access_condition(request: HttpRequest, condition_id: str, permission: str) -> tuple[Condition, Person]:
    found = Condition.objects.filter(pk=condition_id).select_related("order").prefetch_related("versions").first()
    if found is None:
        raise NotFoundError("There is no such condition.")
    person = cases.access_person(found.order.person_id, user_of(request))
    check_may(user_of(request), permission, person)
    return found, person


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def condition_new(request: HttpRequest, order_id: str, kind: str) -> HttpResponseBase:
    """Add a condition to an order."""
    if kind not in KINDS:
        raise Http404("There is no such kind of condition.")
    order, person = access_order(request, order_id)
    fields = condition_form.blank(kind)
    error, note = None, ""
    if request.method == "POST":
        fields, error = _read(request, kind)
        note, error = ("", error) if error else _with_calendar(request, fields, order, person)
        if error is None and not note:
            try:
                body = condition_form.body_of(fields, person.time_zone)
                if shown := _what_if(request, person, body):
                    return _page(request, person, fields, None, f"New {KINDS[kind]}", shown=shown)
                actions.add_condition(order.pk, body, label=fields.label, **_stamp(request, fields, person, None))
            except RefusedError as refused:
                error = refused
            else:
                messages.success(request, f"Added: {words.describe(body, labels_of(person))}")
                return redirect("person-conditions", person_id=person.pk)
    return _page(request, person, fields, error, f"New {KINDS[kind]}", note=note)


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def condition_edit(request: HttpRequest, condition_id: str) -> HttpResponseBase:
    """Give a condition a new version."""
    condition, person = _access_condition(request, condition_id, "cases.change")
    before = _latest_body(condition)
    fields = condition_form.of_body(before, condition.label)
    error, note = None, ""
    title = f"Change {condition.label}"
    if request.method == "POST":
        fields, error = _read(request, fields.kind)
        fields.label = condition.label
        note, error = ("", error) if error else _with_calendar(request, fields, condition.order, person)
        if error is None and not note:
            try:
                body = condition_form.body_of(fields, person.time_zone)
                if shown := _what_if(request, person, body, condition.pk):
                    return _page(request, person, fields, None, title, condition, shown=shown)
                actions.change_condition(condition.pk, body, **_stamp(request, fields, person, before))
            except RefusedError as refused:
                error = refused
            else:
                messages.success(request, f"Changed: {words.describe(body, labels_of(person))}")
                return redirect("condition-history", condition_id=condition.pk)
    return _page(request, person, fields, error, title, condition, note=note)


def _what_if(request: HttpRequest, person: Person, body: Body, replace: str = "") -> dict[str, object] | None:
    """What the condition would have raised, when that was asked instead of saving it."""
    return what_if(user_of(request), person, body, replace) if "what_if" in request.POST else None


def _read(request: HttpRequest, kind: str) -> tuple[Fields, RefusedError | None]:
    try:
        return condition_form.of_post(request.POST, request.FILES, kind), None
    except InvalidError as error:
        return condition_form.of_post(request.POST, {}, kind), error


def _with_calendar(
    request: HttpRequest, fields: Fields, order: Order, person: Person
) -> tuple[str, RefusedError | None]:
    """Put the events of a calendar file among the exceptions, to be looked at before they are saved: a note says so."""
    file = request.FILES.get("calendar")
    if file is None:
        return "", None
    try:
        begin = _stamp(request, fields, person, None)["effective_from_ms"]
        end = max(order.versions.all(), key=lambda version: version.version).ends_ms
        fields.exceptions, new = exception_form.with_file(fields.exceptions, file, person.time_zone, Span(begin, end))
    except RefusedError as error:
        return "", error
    events = "1 event was" if new == 1 else f"{new} events were"
    return (
        f"{events} read from {file.name} and added to the exceptions. Nothing is saved yet: look at them, then save.",
        None,
    )


def _latest_body(condition: Condition) -> Body:
    bodies = [
        row.body for row in sorted(condition.versions.all(), key=lambda row: -row.version) if row.body is not None
    ]
    return cases_body(bodies[0])


_NO_PHOTOGRAPHS = "Look again: no order in force lets photographs be taken, so none would be asked for."


class Stamp(TypedDict):
    """What every change of a condition carries."""

    effective_from_ms: int
    acting_user: User
    now_ms: int
    reason: str


def labels_of(person: Person) -> dict[str, str]:
    """The names of a person's conditions, which an absence may cover."""
    return {condition.pk: condition.label for condition in cases.conditions(person.pk)}


def _stamp(request: HttpRequest, fields: Fields, person: Person, before: Body | None) -> Stamp:
    now = now_ms()
    try:
        at_ms = _holds_from(fields, person, now, before)
    except ValueError:
        raise InvalidError("Give the day and time from which it holds.", field="effective_from") from None
    return Stamp(effective_from_ms=at_ms, acting_user=user_of(request), now_ms=now, reason=fields.reason)


def _holds_from(fields: Fields, person: Person, now: int, before: Body | None) -> int:
    """Left empty, or this minute: now, which is not meant to reach back, however long the form was open.

    An absence that has begun already holds from its beginning: to write it down late is to reach back.
    """
    if not fields.effective_from.strip():
        began_ms = absence_form.first_new_ms(fields.absence.spans, before, person.time_zone)
        return now if fields.kind != "absence" or began_ms is None else min(now, began_ms)
    at_ms = input_ms(fields.effective_from, person.time_zone)
    return now if 0 <= now - at_ms < 60_000 else at_ms


def _page(
    request: HttpRequest,
    person: Person,
    fields: Fields,
    error: RefusedError | None,
    title: str,
    condition: Condition | None = None,
    note: str = "",
    shown: dict[str, object] | None = None,
) -> HttpResponseBase:
    conditions = cases.condition_set(person.pk)
    now = now_ms()
    own = {
        msgspec.json.encode(area) for _, _, area in (recorded.areas_of(_latest_body(condition)) if condition else [])
    }
    others = [a for a in recorded.drawn_areas(conditions, now, now + 1) if msgspec.json.encode(a["area"]) not in own]
    context = person_context(request, person, "conditions") | {
        "title": title,
        "fields": fields,
        "condition": condition,
        "days": DAYS,
        "error": error,
        "note": note,
        "what_if": shown,
        "around": {"areas": others, "fixes": [], "table": False},
        "place_names": [place.name for place in fields.places],
        "blank_place": PlaceFields(0, "", AreaFields()),
        "blank_row": RowFields(0),
        "absence_kinds": absence_form.KINDS,
        "asking_ways": check_in_form.HOW,
        "spans": [*fields.absence.spans, *absence_form.blank(fields.absence, 2)],
        "coverable": coverable(person) if fields.kind == "absence" else [],
        "nights": [*fields.nights, *(RowFields(_next(fields.nights) + i, day="") for i in range(2))],
    }
    return render(request, "console/condition_form.html", context, status=422 if error else 200)


def coverable(person: Person) -> list[Condition]:
    """The conditions that an absence may cover by name."""
    return [
        condition
        for condition in cases.conditions(person.pk)
        if isinstance(_latest_body(condition), Curfew | Zone | Attendance | CheckInDuty)
    ]


def _next(rows: Sequence[RowFields]) -> int:
    return max((row.index for row in rows), default=-1) + 1


@requires("cases.change")
@refusals_as_pages
@require_POST
def condition_preview(request: HttpRequest, person_id: str, kind: str) -> HttpResponseBase:
    """The sentence that the person will read, while the form is filled in; or the one thing that is missing."""
    person = cases.access_person(person_id, user_of(request), "cases.change")
    if kind not in KINDS:
        raise Http404("There is no such kind of condition.")
    try:
        fields = condition_form.of_post(request.POST, {}, kind)
        body = condition_form.body_of(fields, person.time_zone)
        from_ms = _holds_from(fields, person, now_ms(), None)
    except RefusedError as error:
        return JsonResponse({"error": error.sentence})
    except ValueError:
        return JsonResponse({"error": "Give the day and time from which it holds."})
    lines = [
        words.describe(body, labels_of(person)),
        f"From {full_text(from_ms, person.time_zone)}.",
        *live_checks(person, body),
    ]
    return JsonResponse({"lines": lines})


def live_checks(person: Person, body: Body) -> list[str]:
    """What somebody should see before saving: a zone that covers the curfew's address, leave that opens a zone."""
    if isinstance(body, Absence):
        return _opened_zones(person, body)
    if isinstance(body, CheckInDuty):
        return [] if may_keep_photographs(person.pk, now_ms()) else [_NO_PHOTOGRAPHS]
    if not isinstance(body, Zone) or body.zone_kind is ZoneKind.INCLUSION:
        return []
    now, warn_m = now_ms(), body.warn_m if body.zone_kind is ZoneKind.EXCLUSION else 0
    homes = [
        place
        for c in cases.condition_set(person.pk).conditions
        if isinstance(c.body, Curfew) and (c.effective_to_ms is None or now < c.effective_to_ms)
        for place in c.body.places
    ]
    packed, blocks, corners = packing.lay_flat([body.area])
    found = []
    for place in {place.name: place for place in homes}.values():
        lon, lat = _middle(place.area)
        inside_m = kernel.clearance(packed[0], blocks, corners, *kernel.earth_centred(lat, lon))
        if inside_m > 0:
            found.append(f"Look again: this zone covers {place.name}, where a curfew asks the person to be.")
        elif inside_m + warn_m > 0:
            found.append(f"Look again: {place.name} lies so near that the person would be warned at home.")
    return found


def _opened_zones(person: Person, body: Absence) -> list[str]:
    """The exclusion zones that an absence lifts, which may protect somebody."""
    leave_of_it = leave.leave_of(body)
    now = now_ms()
    zones = {
        c.body.name
        for c in cases.condition_set(person.pk).conditions
        if isinstance(c.body, Zone)
        and c.body.zone_kind is ZoneKind.EXCLUSION
        and (c.effective_to_ms is None or now < c.effective_to_ms)
        and leave.covering(c, [leave_of_it])
    }
    return [
        f'Look again: this lifts the exclusion zone "{name}", which may protect somebody.' for name in sorted(zones)
    ]


def _middle(area: object) -> tuple[float, float]:
    raw: Mapping[str, object] = msgspec.to_builtins(area)
    if raw["shape"] == "circle":
        return float(str(raw["lon_deg"])), float(str(raw["lat_deg"]))
    ring = msgspec.convert(raw["ring"], list[tuple[float, float]])
    return packing.middle([ring])


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def condition_withdraw(request: HttpRequest, condition_id: str) -> HttpResponseBase:
    """End a condition from a time on."""
    condition, person = _access_condition(request, condition_id, "cases.change")
    fields = Fields("withdraw")
    error: RefusedError | None = None
    if request.method == "POST":
        fields.effective_from, fields.reason = request.POST.get("effective_from", ""), request.POST.get("reason", "")
        try:
            if not fields.reason.strip():
                raise InvalidError("Say why the condition ends.", field="reason")
            actions.withdraw_condition(condition.pk, **_stamp(request, fields, person, None))
        except RefusedError as refused:
            error = refused
        else:
            messages.success(request, f"{condition.label} ends.")
            return redirect("condition-history", condition_id=condition.pk)
    says = words.describe(_latest_body(condition), labels_of(person))
    context = person_context(request, person, "conditions")
    context |= {"condition": condition, "fields": fields, "error": error, "says": says}
    return render(request, "console/condition_withdraw.html", context, status=422 if error else 200)


@requires("cases.view")
@refusals_as_pages
@require_safe
def condition_history(request: HttpRequest, condition_id: str) -> HttpResponseBase:
    """Every version of a condition, newest first, with what each changed in words."""
    condition, person = _access_condition(request, condition_id, "cases.view")
    rows, before, labels = [], None, labels_of(person)
    for version in sorted(condition.versions.all(), key=lambda row: row.version):
        body = cases_body(version.body) if version.body is not None else None
        rows.append(
            {
                "version": version,
                "from": full_text(version.effective_from_ms, person.time_zone),
                "recorded": full_text(version.recorded_ms, person.time_zone),
                "says": words.describe(body, labels) if body else "Withdrawn.",
                "changes": body_changes(before, body, labels) if version.version > 1 else [],
            }
        )
        before = body
    context = person_context(request, person, "conditions") | {"condition": condition, "rows": rows[::-1]}
    return render(request, "console/condition_history.html", context)
