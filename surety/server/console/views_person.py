"""One person's pages: the list, today, conditions, alerts, the record (the trail: views_trail.py).

People are found by name or reference, never by place.
"""

from collections.abc import Iterable, Mapping

import msgspec
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from surety.rules import words
from surety.rules.conditions import Attendance, Body, Curfew, Zone
from surety.server.accounts.permissions import may, requires
from surety.server.alerts import queries as alerts
from surety.server.audit import queries as audit_queries
from surety.server.audit.words import detail_of
from surety.server.cases import lapse, names, traits
from surety.server.cases import queries as cases
from surety.server.cases.models import DeviceAssignment, OrderStatus, OrderVersion, Person, ProtectedLink
from surety.server.cases.protected_queries import links_under
from surety.server.console import recorded
from surety.server.console.case_access import (
    ago_text,
    clock_text,
    full_text,
    local,
    now_ms,
    refusals_as_pages,
    user_of,
)
from surety.server.console.case_words import LANGUAGES, order_lines
from surety.server.console.kept_rows import kept_context
from surety.server.console.programme_rows import programme_rows
from surety.server.console.today import duties_today
from surety.server.console.told import told_rows
from surety.server.monitoring import queries as monitoring

PER_PAGE = 50
DAY_MS = 86_400_000
TABS = (
    ("today", "Today", "person"),
    ("trail", "Trail", "person-trail"),
    ("conditions", "Conditions", "person-conditions"),
    ("check-ins", "Check-ins", "person-check-ins"),
    ("alerts", "Alerts", "person-alerts"),
    ("record", "Decisions and record", "person-record"),
)


@requires("cases.view")
@require_safe
def people(request: HttpRequest) -> HttpResponseBase:
    """Everybody whom the user may see, by name or reference."""
    asked = request.GET.get("q", "").strip()
    open_alerts = Count("alerts", filter=Q(alerts__status__in=alerts.UNRESOLVED), distinct=True)
    page = Paginator(names.found_ids(cases.caseload(user_of(request)), asked), PER_PAGE).get_page(
        request.GET.get("page")
    )
    found = Person.objects.filter(pk__in=page.object_list).prefetch_related("orders__versions")
    of_id = found.annotate(open_alerts=open_alerts).in_bulk()
    rows = [{"person": of_id[pk], "order": _order_in_brief(of_id[pk])} for pk in page if pk in of_id]
    return render(
        request,
        "console/people.html",
        {"rows": rows, "page": page, "asked": asked, "may_change": may(user_of(request), "cases.change")},
    )


def _order_in_brief(person: Person) -> str:
    versions = [v for order in person.orders.all() for v in order.versions.all()]
    if not versions:
        return "No order"
    newest = max(versions, key=lambda v: (v.recorded_ms, v.version))
    until = f"{local(newest.ends_ms, person.time_zone):%-d %b %Y}"
    return f"until {until}" if newest.status == OrderStatus.IN_FORCE else f"{OrderStatus(newest.status).label}"


# --- what stands above every tab ----------------------------------------------------------------------------------


def person_context(request: HttpRequest, person: Person, tab: str) -> dict[str, object]:
    """The header and tabs of a person's pages."""
    now, user = now_ms(), user_of(request)
    order = cases.order_at(person.pk, now) or cases.latest_order(person.pk)
    return {
        "person": person,
        "tab": tab,
        "tabs": TABS,
        "order": order,
        "order_words": order_words(order, now, person.time_zone),
        "until": full_text(order.ends_ms, person.time_zone) if order else "none",
        "review": review_words(order, now, person.time_zone),
        "device": _device_words(person, now),
        "officers": cases.officers_of(person.pk),
        "may_change": may(user, "cases.change", person),
        "may_read_trail": may(user, "trail.read", person),
        "now_text": words.local_time(now, person.time_zone),
    }


def order_words(order: OrderVersion | None, now: int, time_zone: str) -> str:
    """How an order stands now, in words."""
    if order is None:
        return "No order is recorded: nothing is collected."
    if order.status != OrderStatus.IN_FORCE:
        return f"{OrderStatus(order.status).label}: nothing is collected."
    if order.told_ms is None:
        return "Recorded, but the person has not been told: nothing is collected yet."
    if now < order.starts_ms:
        return f"Starts {full_text(order.starts_ms, time_zone)}."
    if now >= order.ends_ms:
        return "Its time is over: nothing is collected."
    return lapse_words(order, now, time_zone) or "In force."


def lapse_words(order: OrderVersion | None, now: int, time_zone: str) -> str:
    """What follows from a review that is overdue, and what comes next and when; nothing where none is."""
    if order is None or order.status != OrderStatus.IN_FORCE or not order.review_due_ms <= now < order.ends_ms:
        return ""
    full_ms, end_ms = lapse.full_until_ms(order.review_due_ms), lapse.suspended_from_ms(order.review_due_ms)
    if now < full_ms:
        return (
            f"In force, but its review is overdue: unless it is recorded, photographs and the reading of the trail end "
            f"on {full_text(full_ms, time_zone)}."
        )
    if now < end_ms:
        return (
            f"Verdicts only, as its review is overdue: no photographs, no reading of the trail. Unless it is recorded, "
            f"everything ends on {full_text(end_ms, time_zone)}."
        )
    return "Suspended, as its review did not come: nothing is collected and no condition is in force."


def review_words(order: OrderVersion | None, now: int, time_zone: str) -> str:
    """When the next review is due, and whether it is late."""
    if order is None:
        return "none"
    late = " (overdue)" if order.review_due_ms < now and order.status == OrderStatus.IN_FORCE else ""
    return f"{full_text(order.review_due_ms, time_zone)}{late}"


def _device_words(person: Person, now: int) -> dict[str, str]:
    device = cases.device_at(person.pk, now)
    if device is None:
        return {"name": "No device is assigned", "battery": "", "heard": ""}
    last = recorded.latest(person.pk, now)
    battery = ""
    if last.battery is not None and last.battery.battery_pct is not None:
        charging = ", charging" if last.battery.charging else ""
        battery = f"Battery {last.battery.battery_pct:.0f} %{charging}, {ago_text(last.battery.at_ms, now)}"
        if last.flat_at_ms is not None and last.flat_at_ms > now:
            battery += f"; flat about {clock_text(last.flat_at_ms, person.time_zone)} at this rate"
    heard = f"Last heard {ago_text(last.heard_ms, now)}" if last.heard_ms else "Not heard yet"
    return {"name": device.model or f"Device speaking {device.protocol}", "battery": battery, "heard": heard}


# --- today --------------------------------------------------------------------------------------------------------


@requires("cases.view")
@refusals_as_pages
@require_safe
def person_today(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """What is asked of the person today, what is open, and what was concluded since yesterday."""
    person = cases.access_person(person_id, user_of(request))
    now = now_ms()
    conditions = cases.condition_set(person.pk)
    found = monitoring.findings(person.pk, now - DAY_MS, now)
    context = person_context(request, person, "today") | {
        "duties": duties_today(conditions, now, person.time_zone),
        "open_alerts": alerts.of_person(person.pk).filter(status__in=alerts.UNRESOLVED)[:20],
        "findings": [
            {
                "when": clock_text(one.at_ms, person.time_zone),
                "what": words.sentence(one, conditions, person.time_zone),
                "certainty": one.certainty.value,
            }
            for one in reversed(found)
        ],
        "told": told_rows(person, now),
    }
    return render(request, "console/person.html", context)


# --- conditions, alerts, record -----------------------------------------------------------------------------------


def everyday_rows(person: Person) -> list[dict[str, object]]:
    """The places for the Conditions tab."""
    return [
        {
            "place": place,
            "told": f"{place.get_kind_display()}, recorded {full_text(place.recorded_ms, person.time_zone)}"
            f" by {place.recorded_by_name}",
        }
        for place in cases.everyday_places(person.pk)
    ]


@requires("cases.view")
@refusals_as_pages
@require_safe
def person_conditions(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """The orders, what each condition asks now and next, and the areas on a map."""
    person = cases.access_person(person_id, user_of(request))
    now = now_ms()
    by_order: dict[str, list[dict[str, object]]] = {}
    listed = cases.conditions(person.pk)
    labels = {condition.pk: condition.label for condition in listed}
    for condition in listed:
        version = cases.condition_version_at(condition, now)
        newest = max(condition.versions.all(), key=lambda v: v.version)
        body = cases_body(version.body) if version else None
        coming = newest if newest.effective_from_ms > now else None
        by_order.setdefault(condition.order_id, []).append(
            {
                "condition": condition,
                "says": words.describe(body, labels) if body else "Asks nothing now.",
                "version": version,
                "coming": f"A change takes effect {full_text(coming.effective_from_ms, person.time_zone)}."
                if coming
                else "",
                "withdrawn": newest.body is None,
            }
        )
    orders = [
        {"order": order, "lines": order_lines(_newest(order.versions.all()), person.time_zone),
         "version": _newest(order.versions.all()), "conditions": by_order.get(order.pk, []),
         "links": [_link(link) for link in links_under(order)]}
        for order in cases.orders(person.pk)
    ]  # fmt: skip
    drawing = {"areas": recorded.drawn_areas(cases.condition_set(person.pk), now, now + 1), "fixes": []}
    assignments = [_assignment(a, now, person.time_zone) for a in cases.devices_of(person.pk)]
    context = person_context(request, person, "conditions")
    timed = any(isinstance(c.body, Curfew | Zone | Attendance) for c in cases.condition_set(person.pk).conditions)
    context |= {"orders": orders, "drawing": drawing, "assignments": assignments, "timed": timed}
    context |= {"wide": programme_rows(person, now), "languages": LANGUAGES}
    context |= {"everyday": everyday_rows(person)}
    return render(request, "console/person_conditions.html", context)


def _link(link: ProtectedLink) -> dict[str, object]:
    """What a link asks of this person. Whom it protects, and where they are, is not said here."""
    missing = "" if link.approved_ms else " It waits for a second person's approval."
    told = "" if link.told_ms else " It does not hold before they are told."
    warned = f"; the desk is told from {link.warn_m:,} m on" if link.warn_m else ""
    says = f"Keep {link.alert_m:,} m away from the protected person, wherever they are{warned}.{missing}{told}"
    return {"row": link, "says": says}


def cases_body(raw: object) -> Body:
    """A condition version's stored JSON as the rules read it."""
    body: Body = msgspec.convert(raw, Body)
    return body


def _newest(versions: Iterable[OrderVersion]) -> OrderVersion:
    return max(versions, key=lambda version: version.version)


def _assignment(assignment: DeviceAssignment, now: int, time_zone: str) -> dict[str, object]:
    from_ms, to_ms = assignment.from_ms, assignment.to_ms
    return {
        "row": assignment,
        "from": full_text(from_ms, time_zone),
        "to": full_text(to_ms, time_zone) if to_ms else "",
        "open": to_ms is None,
        "worn": from_ms <= now and (to_ms is None or now < to_ms),
    }


@requires("cases.view")
@refusals_as_pages
@require_safe
def person_alerts(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """A person's alerts, the latest first."""
    person = cases.access_person(person_id, user_of(request))
    page = Paginator(alerts.of_person(person.pk), PER_PAGE).get_page(request.GET.get("page"))
    rows = [{"alert": alert, "when": full_text(alert.at_ms, person.time_zone)} for alert in page]
    return render(
        request, "console/person_alerts.html", person_context(request, person, "alerts") | {"rows": rows, "page": page}
    )


@requires("cases.view")
@refusals_as_pages
@require_safe
def person_record(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Everything that was done about the person, newest first: decisions, changes, and who read what."""
    person = cases.access_person(person_id, user_of(request))
    page = Paginator(audit_queries.entries(person_id=person.pk), PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "when": full_text(entry.at_ms, person.time_zone),
            "who": entry.actor_name,
            "what": action_words(entry.action),
            # What a machine said of photographs waits for the decision (the tab "Check-ins"): it must not lead anybody.
            "detail": [] if entry.action == "check_in.compared" else _detail_words(detail_of(entry), person.time_zone),
        }
        for entry in page
    ]
    kept = kept_context(person, user_of(request), now_ms())
    return render(
        request,
        "console/person_record.html",
        person_context(request, person, "record")
        | kept
        | {"rows": rows, "page": page, "fields": traits.record_fields(user_of(request), person)},
    )


ACTIONS = {
    "person.registered": "Person recorded",
    "person.changed": "Who the person is was changed",
    "officer.assigned": "Officer made responsible",
    "officer.released": "Officer released",
    "order.recorded": "Order recorded",
    "order.changed": "Order varied",
    "order.reviewed": "Order reviewed",
    "order.told": "Person told of the order",
    "order.in_force": "Order put in force again",
    "order.suspended": "Order suspended",
    "order.ended": "Order ended",
    "condition.added": "Condition added",
    "condition.changed": "Condition changed",
    "condition.withdrawn": "Condition withdrawn",
    "link.approved": "Distance to a protected person approved",
    "link.told": "Person told which distance to keep",
    "link.consent_withdrawn": "Distance to a protected person ended",
    "link.ended": "Distance to a protected person ended",
    "link.device_changed": "Distance to a protected person: device changed",
    "device.assigned": "Device assigned",
    "device.returned": "Device returned",
    "watch.code_made": "One-time code made for a watch",
    "watch.enrolled": "Watch enrolled with a key of its own",
    "watch.key_taken_away": "Key of a watch taken away",
    "trail.read": "Trail read",
    "photographs.opened": "Photographs opened",
    "image.enrolled": "Image enrolled",
    "image.removed": "Enrolled image removed",
    "check_in.compared": "Check-in compared by the machine",
    "check_in.decided": "Check-in decided",
    "check_in.recorded_in_person": "Check-in recorded without a camera",
    "hold.proposed": "Legal hold proposed",
    "hold.approved": "Legal hold approved",
    "hold.declined": "Legal hold declined",
    "hold.lifted": "Legal hold lifted",
    "erasure.proposed": "Erasure of everything proposed",
    "erasure.confirmed": "Erasure of everything confirmed",
    "erasure.declined": "Erasure of everything declined",
    "calendar.downloaded": "Calendar of duties downloaded",
}


# Ids, which say nothing to a reader.
UNTOLD = frozenset(
    {"hold", "condition", "order", "device", "finding", "link", "images", "submission", "check_in", "review"}
)


def action_words(action: str) -> str:
    """An audit action in words."""
    return ACTIONS.get(action) or action.replace(".", ": ").replace("_", " ").capitalize()


def _detail_words(told: Mapping[str, object], time_zone: str) -> list[str]:
    lines = []
    for name, value in told.items():
        if value in ("", None) or name in UNTOLD:
            continue
        text = (
            full_text(value, time_zone)
            if name.endswith("_ms") and isinstance(value, int)
            else str(value).replace("_", " ")
        )
        lines.append(f"{name.removesuffix('_ms').replace('_', ' ').capitalize()}: {text}")
    return lines
