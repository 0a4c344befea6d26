"""The desk: what needs me now, since when, what has been done; and everything that is done to one alert."""

import operator
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from surety.server.accounts.models import User
from surety.server.accounts.permissions import may, requires
from surety.server.alerts import actions, queries
from surety.server.alerts.models import Alert, Incident, Outcome, Part, Severity, Status
from surety.server.checkins import queries as checkins
from surety.server.console import desk_filter
from surety.server.console.case_access import user_of
from surety.server.console.desk_filter import Choice
from surety.server.console.procedure import next_step, procedures, written_for
from surety.server.console.readings import note_reading
from surety.server.console.templatetags.surety_ui import incident_key, sort_key
from surety.server.console.timeline import timeline
from surety.server.console.views_incident import pane_context as incident_context
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError, RefusedError
from surety.server.timekeeping import clock, now_ms

PAGE_SIZE = 50  # rows a page: the list of a bad night has thousands
NOTES_WITHIN_MS = 7 * 86_400_000

OUTCOME_HINTS = {
    Outcome.VIOLATION: "A breach without reasonable excuse. A second person must confirm it before it takes effect.",
    Outcome.REASONABLE_EXCUSE: "It happened, and the reason is accepted. Say what proof there is.",
    Outcome.AUTHORISED_ABSENCE: "It had been allowed beforehand.",
    Outcome.EQUIPMENT: "The device or the network, not the person.",
    Outcome.FALSE_ALERT: "It did not happen.",
    Outcome.CHECKED: "Looked at; there is nothing to decide.",
}
EVENT_WORDS = {
    "opened": "Alert opened",
    "finding": "Another finding",
    "folded": "Another finding of the same cause",
    "changed": "Found anew",
    "cleared": "Cleared by itself",
    "part_cleared": "One finding ended",
    "uncleared": "Had not ended",
    "fell_away": "Finding fell away",
    "part_fell_away": "One finding fell away",
    "reopened": "Opened again",
    "under_incident": "Stands under an incident",
    "incident_over": "Back on the desk",
    "acknowledged": "Acknowledged",
    "note": "Note",
    "contact": "Contact",
    "taken": "Taken over",
    "handed_over": "Handed over",
    "proposed": "Violation proposed",
    "resolved": "Resolved",
    "confirmed": "Violation confirmed",
    "declined": "Violation declined",
}


class Page(msgspec.Struct, frozen=True):
    """One page of the list."""

    alerts: list[Alert]
    number: int
    has_more: bool
    incidents: list[Incident] = []  # on the first page, each before the alerts of its severity

    @property
    def rows(self) -> list[Alert | Incident]:
        """Everything on the page, in its order."""
        keyed = [(incident_key(one), one) for one in self.incidents] + [(sort_key(one), one) for one in self.alerts]
        return [row for _, row in sorted(keyed, key=operator.itemgetter(0))]

    @property
    def first_number(self) -> int:
        """The place of its first row in the whole list."""
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last_number(self) -> int:
        """The place of its last row."""
        return self.first_number + len(self.alerts) - 1


def page_of(user: User, choice: Choice, number: int) -> Page:
    """A page of the desk's list. A page past the end is empty."""
    start = (number - 1) * PAGE_SIZE
    found = queries.opened(queries.desk(user, choice.filter)[start : start + PAGE_SIZE + 1])
    common = queries.incidents(user, choice.filter) if number == 1 else []
    return Page(found[:PAGE_SIZE], number, len(found) > PAGE_SIZE, common)


def _list_context(request: HttpRequest) -> dict[str, Any]:
    user, choice = user_of(request), desk_filter.chosen(request.GET.dict())
    raw = request.GET.get("page", "1")
    number = min(int(raw), 10_000) if raw.isdigit() and int(raw) else 1
    since = queries.last_event_id()  # read before the list: an alert that changes in between comes twice, not never
    tally = queries.counts(user)
    return {
        "choice": choice,
        "options": desk_filter.options(choice, user),
        "page": page_of(user, choice, number),
        "since": since,
        "counts": [
            {"label": severity.label, "value": severity.value, "count": tally[severity]} for severity in Severity
        ],
        "total": sum(tally.values()),
        "drawn_ms": now_ms(),
    }


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The first page after log-in: the desk, or where the work of a role without cases is done."""
    user = user_of(request)
    if may(user, "cases.view"):
        return desk(request)
    pages = (
        ("checkins.review", "review-queue"),
        ("audit.read", "audit"),
        ("admin.users", "users"),
        ("protected.view", "protected-people"),
    )
    for permission, page in pages:
        if may(user, permission):
            return redirect(page)
    return render(request, "console/no_work.html", {"role": user.get_role_display()})


def desk(request: HttpRequest) -> HttpResponse:
    """The desk with its list; the first alert is chosen. For those who see cases."""
    context = _list_context(request) | {"trouble": checkins.trouble(clock())}
    wanted = request.GET.get("alert", "")
    rows = context["page"].rows
    first = next((row for row in rows if row.pk == wanted), next(iter(rows), None))
    if isinstance(first, Incident):
        context |= incident_context(user_of(request), first)
    elif first is not None:
        context |= _pane_context(user_of(request), queries.alert(first.pk, user_of(request)))
    return render(request, "console/desk.html", context)


@require_safe
@requires("cases.view")
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone, for a page that is open: after a change of the filter, or when too much was missed."""
    context = _list_context(request)
    html = render_to_string("console/desk_list.html", context, request)
    address = f"{reverse('desk')}?{context['choice'].query}".rstrip("?")
    body = {"html": html, "since": context["since"], "sentence": context["choice"].sentence, "address": address}
    return JsonResponse(body | {"now_ms": now_ms()})


def _found(alert_id: str, user: User) -> Alert:
    try:
        return queries.alert(alert_id, user)
    except NotFoundError as error:
        raise Http404(error.sentence) from error


@require_safe
@requires("cases.view")
def alert_page(request: HttpRequest, alert_id: str) -> HttpResponse:
    """One alert as a page of its own: the small screen's pane, and an address to pass on."""
    user = user_of(request)
    return render(request, "console/alert.html", _pane_context(user, _found(alert_id, user)))


@require_safe
@requires("cases.view")
def pane(request: HttpRequest, alert_id: str) -> HttpResponse:
    """The selected alert for a desk that is open."""
    user = user_of(request)
    return render(request, "console/pane.html", _pane_context(user, _found(alert_id, user)))


def _pane_context(user: User, alert: Alert) -> dict[str, Any]:
    now = now_ms()
    events = queries.events(alert.pk)
    done = {event.action for event in events}
    person = alert.person
    context: dict[str, Any] = {
        "alert": alert,
        "person": person,
        "parts": _standing(queries.parts(alert.pk)),
        "events": [{"event": event, "words": EVENT_WORDS.get(event.action, event.action)} for event in events],
        "order_reason": queries.order_reason(alert, now),
        "procedure": written_for(alert.kind),
        "procedure_version": procedures().version,
        "next_step": next_step(alert, done),
        "notes": queries.notes_about(person.pk, now - NOTES_WITHIN_MS, alert.pk),
        "outcomes": [{"value": o.value, "label": o.label, "hint": OUTCOME_HINTS[o]} for o in Outcome],
        "methods": [{"value": m.value, "label": m.value.capitalize()} for m in actions.Method],
        "may_handle": may(user, "alerts.handle", person),
        "may_confirm": may(user, "alerts.confirm", person),
        "is_own_proposal": alert.decided_by_id == user.pk,
        "may_read_trail": may(user, "trail.read", person),
    }
    if context["may_read_trail"]:
        drawn = timeline(alert, now)
        note_reading(user, person, (drawn.from_ms, drawn.to_ms), f"alert {alert.pk}", now_ms=now)
        context["timeline"] = drawn
    return context


def _standing(parts: list[Part]) -> list[Part]:
    """What an alert is about now; what fell away stands in its history, unless all of it did."""
    return [part for part in parts if part.fell_away_ms is None] or parts


Doing = partial[Alert]


def _doing(name: str, alert_id: str, given: Mapping[str, str]) -> Doing:
    """What a form asks for. Raises Http404 for an action that does not exist."""
    text, reason = given.get("text", ""), given.get("reason", "")
    method = actions.Method.PHONE.value if not given.get("method") else given["method"]
    doings = {
        "acknowledge": partial(actions.acknowledge, alert_id),
        "take": partial(actions.take, alert_id),
        "note": partial(actions.note, alert_id, text),
        "contact": partial(actions.record_contact, alert_id, method, reached=given.get("reached") == "yes", text=text),
        "resolve": partial(actions.resolve, alert_id, given.get("outcome", ""), reason),
        "confirm": partial(actions.confirm, alert_id, reason=reason),
        "decline": partial(actions.decline, alert_id, reason),
        "reopen": partial(actions.reopen, alert_id, reason),
    }
    if name not in doings:
        raise Http404("There is no such action.")
    return doings[name]


DONE_WORDS = {
    "acknowledge": "Acknowledged.",
    "take": "The alert is yours now.",
    "note": "Note added.",
    "contact": "Contact recorded.",
    "resolve": "Resolved.",
    "confirm": "Violation confirmed. It stands now.",
    "decline": "Not confirmed. The alert is back with its owner.",
    "reopen": "Opened again.",
}


_STATUS_OF = {ConflictError: 409, NotAllowedError: 403, InvalidError: 422}


@require_POST
@requires("cases.view")
def act(request: HttpRequest, alert_id: str, action: str) -> HttpResponse:
    """Do one thing to an alert. A refusal shows the same page with what was wrong, and what was typed."""
    user, given = user_of(request), request.POST.dict()
    doing = _doing(action, alert_id, given)
    try:
        errors = _missing(action, given)
        alert = doing(acting_user=user, now_ms=now_ms()) if not errors else None
    except NotFoundError as error:
        raise Http404(error.sentence) from error
    except RefusedError as error:
        status = _STATUS_OF.get(type(error), 422)
        return _refused(request, alert_id, action, [(error.field, error.sentence)], status=status)
    if alert is None:
        return _refused(request, alert_id, action, errors, status=422)
    said = DONE_WORDS[action]
    if alert.status == Status.AWAITING_SECOND and action == "resolve":
        said = "Proposed as a violation. It takes effect only when a second person confirms it."
    if _wants_fragment(request):
        context = _pane_context(user, queries.alert(alert_id, user)) | {"said": said}
        return render(request, "console/pane.html", context)
    return redirect("alert", alert_id)


def _missing(action: str, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Everything that a resolution lacks, told at once and not one by one."""
    if action != "resolve":
        return []
    errors = []
    if given.get("outcome") not in Outcome.values:
        errors.append(("outcome", "Choose an outcome."))
    if not given.get("reason", "").strip():
        errors.append(("reason", "Give the reason for the outcome."))
    return errors


def _wants_fragment(request: HttpRequest) -> bool:
    return request.headers.get("X-Fragment") == "pane"


def _refused(
    request: HttpRequest, alert_id: str, action: str, errors: list[tuple[str, str]], *, status: int
) -> HttpResponse:
    user = user_of(request)
    context = _pane_context(user, _found(alert_id, user))
    context |= {
        "errors": [{"field": field, "sentence": sentence} for field, sentence in errors if field],
        "refusals": [sentence for field, sentence in errors if not field],
        "error_of": {field: sentence for field, sentence in errors if field},
        "failed": action,
        "given": request.POST.dict(),
    }
    template = "console/pane.html" if _wants_fragment(request) else "console/alert.html"
    return render(request, template, context, status=status)


@require_safe
@requires("alerts.confirm")
def second_person(request: HttpRequest) -> HttpResponse:
    """What waits for a second person, those first that this user may decide."""
    user = user_of(request)
    found = queries.desk(user, queries.Filter(statuses=(Status.AWAITING_SECOND,)))[:200]
    waiting = queries.opened(found)
    mine = [alert for alert in waiting if alert.decided_by_id != user.pk]
    own = [alert for alert in waiting if alert.decided_by_id == user.pk]
    return render(request, "console/second_person.html", {"waiting": mine, "own": own})
