"""The trail of one person: a window, a purpose, and then the map, the timeline and the table that tell the same.

The reading is an audit entry before anything is shown. The purpose is posted, so it stays out of addresses and logs.
"""

from collections.abc import Sequence

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from surety.rules import facts, words
from surety.rules.conditions import ConditionSet, Curfew, Zone
from surety.rules.findings import Finding
from surety.server.accounts.permissions import requires
from surety.server.cases import programme_queries as programmes
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.console import recorded
from surety.server.console.case_access import (
    clock_text,
    full_text,
    input_ms,
    input_text,
    now_ms,
    refusals_as_pages,
    user_of,
)
from surety.server.console.views_person import person_context
from surety.server.console.visit_rows import visit_rows
from surety.server.monitoring import queries as monitoring
from surety.server.monitoring import reading

LONGEST_WINDOW_MS = 7 * 86_400_000  # a week at a time: a trail is read for a purpose, not leafed through
SHORTEST_PURPOSE = 8
CLOSED = "The review of the order is overdue beyond its days of grace: no trail is read until a review is recorded."
SOURCES = {
    "gnss": "satellite",
    "fused": "phone's estimate",
    "wifi": "Wi-Fi",
    "cell": "cell tower",
    "unknown": "not told",
}


@requires("trail.read")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def person_trail(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """The form for a window and a purpose; with both (POST), the trail. The purpose stays out of addresses and logs."""
    user = user_of(request)
    person = cases.access_person(person_id, user, "trail.read")
    now = now_ms()
    given = {
        "from": request.POST.get("from") or input_text(now - 6 * 3_600_000, person.time_zone),
        "to": request.POST.get("to") or input_text(now, person.time_zone),
        "purpose": request.POST.get("purpose", ""),
    }
    context = person_context(request, person, "trail") | {"given": given, "errors": []}
    if request.method == "POST":
        window, context["errors"] = _window(given, person.time_zone)
        if window and cases.trail_closed(person.pk, now):
            context["errors"] = [("purpose", CLOSED)]
        elif window:
            reading.note_reading(person.pk, window, given["purpose"].strip(), actor=user, now_ms=now_ms())
            context["trail"] = trail_context(person, *window)
    return render(request, "console/person_trail.html", context)


def _window(given: dict[str, str], time_zone: str) -> tuple[tuple[int, int] | None, list[tuple[str, str]]]:
    errors = []
    from_ms = to_ms = 0
    try:
        from_ms, to_ms = input_ms(given["from"], time_zone), input_ms(given["to"], time_zone)
    except ValueError:
        errors.append(("from", "Give the window as two dates with times."))
    else:
        if not from_ms < to_ms:
            errors.append(("to", "The window ends after it begins."))
        elif to_ms - from_ms > LONGEST_WINDOW_MS:
            errors.append(("to", "Choose a window of at most seven days."))
    if len(given["purpose"].strip()) < SHORTEST_PURPOSE:
        errors.append(("purpose", "Say what you need the trail for; the person can read it."))
    return (None if errors else (from_ms, to_ms)), errors


def trail_context(person: Person, from_ms: int, to_ms: int) -> dict[str, object]:
    """The trail for the page: rows of the table, and the drawing with its lanes for the map and the timeline."""
    known = recorded.recorded(person.pk, from_ms, to_ms)
    conditions = cases.condition_set(person.pk)
    found = monitoring.findings(person.pk, from_ms, to_ms)
    drawing = {
        "areas": recorded.drawn_areas(conditions, from_ms, to_ms),
        "fixes": [drawn_fix(fix, person.time_zone) for fix in known.fixes],
        "crossings": recorded.drawn_crossings(found, known.fixes, conditions, person.time_zone),
        "lanes": _lanes(person, conditions, found, from_ms, to_ms),
        "from_ms": from_ms,
        "to_ms": to_ms,
        "time_zone": person.time_zone,
    }
    return {
        "drawing": drawing,
        "rows": fix_rows(known.fixes, person.time_zone),
        "count": len(known.fixes),
        "visits": visit_rows(person, conditions, from_ms, to_ms),
        "mocked": len(known.mocked),
        "from_text": full_text(from_ms, person.time_zone),
        "to_text": full_text(to_ms, person.time_zone),
    }


def drawn_fix(fix: facts.Fix, time_zone: str, *, marked: bool = False) -> dict[str, object]:
    """A fix as `<surety-map>` draws it."""
    return {
        "at_ms": fix.at_ms,
        "lat_deg": fix.lat_deg,
        "lon_deg": fix.lon_deg,
        "accuracy_m": fix.accuracy_m,
        "source": fix.source.value,
        "text": clock_text(fix.at_ms, time_zone),
        "mark": "finding" if marked else "",
    }


def fix_rows(fixes: Sequence[facts.Fix], time_zone: str, marked: Sequence[str] = ()) -> list[dict[str, object]]:
    """The fixes as rows of a table, with a row of its own for every gap."""
    rows: list[dict[str, object]] = []
    for i, fix in enumerate(fixes):
        gap_ms = fix.at_ms - fixes[i - 1].at_ms if i else 0
        if gap_ms > recorded.GAP_MS:
            rows.append({"gap": f"Nothing recorded for {gap_ms // 60_000} minutes: where the person was is not known."})
        rows.append(
            {
                "at_ms": fix.at_ms,
                "at": clock_text(fix.at_ms, time_zone),
                "received": clock_text(fix.received_ms, time_zone),
                "late": fix.received_ms - fix.at_ms > recorded.GAP_MS,
                "where": f"{fix.lat_deg:.5f}, {fix.lon_deg:.5f}",
                "error": f"{fix.accuracy_m:.0f} m" if fix.accuracy_m is not None else "not told",
                "source": SOURCES[fix.source.value],
                "marked": fix.id in marked,
            }
        )
    return rows


def _lanes(
    person: Person, conditions: ConditionSet, found: Sequence[Finding], from_ms: int, to_ms: int
) -> list[dict[str, object]]:
    lanes: list[dict[str, object]] = []
    labels = programmes.labels([condition.id for condition in conditions.conditions])
    labels |= {condition.pk: condition.label for condition in cases.conditions(person.pk)}
    for condition_id in dict.fromkeys(c.id for c in conditions.conditions):
        spans = recorded.duty_stretches(conditions, condition_id, from_ms, to_ms)
        if not spans:
            continue
        label = labels.get(condition_id, "Condition")
        lanes.append({"name": f"{label}: to be kept", "spans": msgspec.to_builtins(spans)})
        body = next(c.body for c in reversed(conditions.conditions) if c.id == condition_id)
        if isinstance(body, Curfew | Zone) and (course := recorded.course(body, person.pk, from_ms, to_ms)):
            held = recorded.presence_stretches(course.points, to_ms)
            lanes.append({"name": f"{label}: inside", "spans": msgspec.to_builtins(held)})
    marks = [
        {
            "from_ms": one.at_ms,
            "to_ms": one.at_ms + (to_ms - from_ms) // 300,
            "state": "finding",
            "text": words.sentence(one, conditions, person.time_zone),
        }
        for one in found
    ]
    return [*lanes, {"name": "Findings", "spans": marks}] if marks else lanes
