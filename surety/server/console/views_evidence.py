"""The evidence of one alert, in an order that a magistrate can follow; printable as it stands.

What was ordered, what was recorded, how probable it is, what the rule concludes, what else could explain it, and who
decided what. Each showing is a reading of the trail, and written down as one.
"""

from itertools import pairwise

import msgspec
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from surety.rules import words
from surety.rules.conditions import Body, ConditionSet
from surety.rules.findings import Finding
from surety.server.accounts.permissions import check_may, requires
from surety.server.alerts import queries as alerts
from surety.server.alerts.models import Alert, Outcome
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.console import recorded
from surety.server.console.case_access import ago_text, clock_text, full_text, now_ms, refusals_as_pages, user_of
from surety.server.console.case_words import order_lines
from surety.server.console.chart import probability_chart
from surety.server.console.readings import note_reading
from surety.server.console.recorded import GAP_MS, Recorded, areas_of
from surety.server.console.views_decision import decision_of_finding
from surety.server.console.views_person import action_words
from surety.server.console.views_trail import drawn_fix, fix_rows
from surety.server.console.working_out import window_of, worked_out, working_context
from surety.server.monitoring import number_words
from surety.server.monitoring import queries as monitoring

BEFORE_MS = 60 * 60_000
AFTER_MS = 30 * 60_000
LONGEST_MS = 8 * 3_600_000
FURTHEST_BACK_MS = 12 * 3_600_000  # for the last certain fix, when it lies before the window
VAGUE_M = 100
LOW_BATTERY_PCT = 15


class Case(msgspec.Struct, frozen=True):
    """An alert with what its evidence is drawn from. `body` is the condition version that the finding stands under."""

    alert: Alert
    said: str  # of the finding: the alert may be about several
    person: Person
    finding: Finding
    conditions: ConditionSet
    body: Body | None
    window: tuple[int, int]


def _case(request: HttpRequest, alert_id: str) -> Case:
    user = user_of(request)
    alert = alerts.alert(alert_id, user)
    check_may(user, "trail.read", alert.person)
    wanted = request.GET.get("finding", alert.finding_id)
    part = next((part for part in alerts.parts(alert.pk) if part.finding_id == wanted), None)
    finding = monitoring.finding(wanted)
    if part is None or finding is None:
        raise Http404("The finding of this alert is not stored here.")
    conditions = cases.condition_set(alert.person_id)
    body = next(
        (
            c.body
            for c in conditions.conditions
            if (c.id, c.version) == (finding.condition_id, finding.condition_version)
        ),
        None,
    )
    return Case(alert, part.sentence, alert.person, finding, conditions, body, _window(alert, finding))


def _window(alert: Alert, finding: Finding) -> tuple[int, int]:
    last_certain = finding.evidence.numbers.get("last_certain_ms")
    start = finding.at_ms - BEFORE_MS
    if isinstance(last_certain, int | float):
        start = max(min(start, int(last_certain) - 10 * 60_000), finding.at_ms - FURTHEST_BACK_MS)
    end = min(max(finding.known_ms, alert.cleared_ms or 0) + AFTER_MS, now_ms(), start + LONGEST_MS + FURTHEST_BACK_MS)
    return start, max(end, finding.at_ms + 60_000)


def _drawing(case: Case, known: Recorded) -> dict[str, object]:
    own = [(name, role, area) for name, role, area in (areas_of(case.body) if case.body else [])]
    marked = set(case.finding.evidence.fact_ids)
    areas: list[dict[str, object]] = [
        {"name": name, "role": role, "area": msgspec.to_builtins(area)} for name, role, area in own
    ]
    return {
        "areas": areas or recorded.drawn_areas(case.conditions, *case.window),
        "fixes": [drawn_fix(fix, case.person.time_zone, marked=fix.id in marked) for fix in known.fixes],
        "crossings": recorded.drawn_crossings(
            monitoring.findings(case.person.pk, *case.window), known.fixes, case.conditions, case.person.time_zone
        ),
    }


@requires("trail.read")
@refusals_as_pages
@require_safe
def alert_map(request: HttpRequest, alert_id: str) -> HttpResponseBase:
    """What the desk's small map draws for one alert."""
    case = _case(request, alert_id)
    note_reading(user_of(request), case.person, case.window, f"map of alert {alert_id}", now_ms=now_ms())
    return JsonResponse(_drawing(case, recorded.recorded(case.person.pk, *case.window)))


@requires("trail.read")
@refusals_as_pages
@require_safe
def evidence(request: HttpRequest, alert_id: str) -> HttpResponseBase:
    """The whole page."""
    case = _case(request, alert_id)
    worked = worked_out(case.finding.id)
    read = window_of(worked, case.window)
    note_reading(user_of(request), case.person, read, f"evidence of alert {alert_id}", now_ms=now_ms())
    known = recorded.recorded(case.person.pk, *case.window)
    zone = case.person.time_zone
    explained = words.explanation(case.finding, case.conditions, zone)
    order = cases.order_at(case.person.pk, case.finding.at_ms) or cases.latest_order(case.person.pk)
    context = (
        {
            "alert": case.alert,
            "said": case.said,
            "person": case.person,
            "finding": case.finding,
            "times": _times(case, zone),
            "ordered": words.describe(case.body) if case.body else "The finding stands under no particular condition.",
            "version": _version_words(case, zone),
            "order": order,
            "order_lines": order_lines(order, zone) if order else (),
            "drawing": _drawing(case, known),
            "rows": fix_rows(known.fixes, zone, case.finding.evidence.fact_ids),
            "count": len(known.fixes),
            "window": [full_text(at, zone) for at in case.window],
            "explained": explained,
            "sureness": next(
                (line for line in explained if line.startswith(("Established", "Probable", "Possible"))), ""
            ),
            "doubts": doubts(case.finding, known, explained),
            "numbers": number_words.told(case.finding.evidence.numbers, zone),
            "decided": _decided(case),
            "check_in": decision_of_finding(case.finding, case.person),
            "printed": full_text(now_ms(), zone),
        }
        | _chart(case, zone)
        | working_context(worked)
    )
    return render(request, "console/evidence.html", context)


def _times(case: Case, zone: str) -> list[tuple[str, str]]:
    alert, finding = case.alert, case.finding
    times = [
        ("It happened", full_text(finding.at_ms, zone)),
        ("The rules could first know it", full_text(finding.known_ms, zone)),
        ("The alert was opened", full_text(alert.opened_ms, zone)),
    ]
    if alert.cleared_ms:
        times.append(("It had ended by itself", full_text(alert.cleared_ms, zone)))
    if alert.fell_away_ms:
        times.append(("Later records took the finding away", full_text(alert.fell_away_ms, zone)))
    return times


def _version_words(case: Case, zone: str) -> str:
    for c in case.conditions.conditions:
        if (c.id, c.version) == (case.finding.condition_id, case.finding.condition_version):
            until = f" until {full_text(c.effective_to_ms, zone)}" if c.effective_to_ms else ""
            return f"Version {c.version} of the condition, in force from {full_text(c.effective_from_ms, zone)}{until}."
    return ""


def _chart(case: Case, zone: str) -> dict[str, object]:
    course = recorded.course(case.body, case.person.pk, *case.window) if case.body else None
    if course is None:
        return {"chart": "", "course_rows": []}
    duties = recorded.duty_stretches(case.conditions, case.finding.condition_id, *case.window)
    rows = [
        {"at": clock_text(point.at_ms, zone), "p": f"{point.p_inside:.3f}", "held": point.held.name.lower()}
        for point in course.points
    ]
    chart = probability_chart(course, duties, *case.window, case.finding.at_ms, zone)
    return {
        "chart": chart,
        "course_rows": rows,
        "enter_at": f"{course.enter_at:.2f}",
        "leave_at": f"{course.leave_at:.2f}",
    }


def doubts(finding: Finding, known: Recorded, explained: list[str]) -> list[str]:
    """What else could explain it: what the rules say of the kind, and what the records around it show."""
    prefix = "What else could explain it: "
    found = [line.removeprefix(prefix) for line in explained if line.startswith(prefix)]
    times = [fix.at_ms for fix in known.fixes]
    gaps = [b - a for a, b in pairwise(times) if b - a > GAP_MS]
    if gaps:
        found.append(
            f"Nothing was recorded in {len(gaps)} gap(s) of over five minutes, {sum(gaps) // 60_000} minutes in all."
        )
    vague = [fix for fix in known.fixes if fix.accuracy_m is None or fix.accuracy_m > VAGUE_M]
    if vague:
        found.append(f"{len(vague)} of {len(known.fixes)} positions have an error over {VAGUE_M} m, or tell none.")
    low = [r for r in known.reports if r.battery_pct is not None and r.battery_pct <= LOW_BATTERY_PCT]
    if low:
        found.append(f"The battery was at {low[0].battery_pct:.0f} % or less during this time.")
    if known.mocked:
        found.append(f"{len(known.mocked)} position(s) were called simulated by the device and are not used.")
    if finding.cause.value != "behaviour":
        found.append(f"The rules give the cause as: {finding.cause.value}.")
    return found


def _decided(case: Case) -> list[dict[str, str]]:
    zone = case.person.time_zone
    return [
        {
            "when": full_text(event.at_ms, zone),
            "after": ago_text(case.alert.opened_ms, event.at_ms),
            "who": event.actor_name or "The system",
            "what": action_words(event.action),
            "text": event.text,
            "outcome": _outcome(event.detail),
        }
        for event in alerts.events(case.alert.pk)
    ]


def _outcome(detail: object) -> str:
    value = detail.get("outcome") if isinstance(detail, dict) else None
    return str(Outcome(value).label) if value in Outcome.values else ""
