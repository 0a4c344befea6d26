"""An incident on the desk: a fault of many devices at once, whom it touches, and what is done about it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from surety.server.accounts.models import User
from surety.server.accounts.permissions import may, requires
from surety.server.alerts import incidents, queries
from surety.server.alerts.models import Incident, Status
from surety.server.console.case_access import user_of
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError, RefusedError
from surety.server.timekeeping import now_ms

EVENT_WORDS = {
    "opened": "Incident opened",
    "joined": "More people touched",
    "ended": "Over",
    "acknowledged": "Acknowledged",
    "note": "Note",
    "resolved": "Resolved",
    "resolved_in_part": "Resolved for one region",
}
DONE_WORDS = {
    "acknowledge": "Acknowledged.",
    "note": "Note added.",
    "end": "Ended. What has not cleared is back on the desk.",
    "resolve": "Resolved.",
}
_STATUS_OF = {ConflictError: 409, NotAllowedError: 403, InvalidError: 422}


def _found(incident_id: str, user: User) -> Incident:
    try:
        return queries.incident(incident_id, user)
    except NotFoundError as error:
        raise Http404(error.sentence) from error


@require_safe
@requires("cases.view")
def incident_page(request: HttpRequest, incident_id: str) -> HttpResponse:
    """One incident as a page of its own."""
    user = user_of(request)
    return render(request, "console/incident.html", pane_context(user, _found(incident_id, user)))


@require_safe
@requires("cases.view")
def pane(request: HttpRequest, incident_id: str) -> HttpResponse:
    """The selected incident for a desk that is open."""
    user = user_of(request)
    return render(request, "console/incident_pane.html", pane_context(user, _found(incident_id, user)))


def pane_context(user: User, incident: Incident) -> dict[str, Any]:
    """Everything that the pane shows."""
    people = queries.touched_people(incident, user)
    events = queries.incident_events(incident.pk)
    return {
        "incident": incident,
        "people": people,
        "well": sum(one.well_ms is not None for one in people),
        "events": [{"event": event, "words": EVENT_WORDS.get(event.action, event.action)} for event in events],
        "next_step": _next_step(incident),
        "may_handle": may(user, "alerts.handle"),
    }


def _next_step(incident: Incident) -> str:
    if incident.status == Status.RESOLVED:
        return "Nothing: it is resolved."
    if incident.ended_ms is not None:
        return "Resolve it with what you learnt; what cleared under it is resolved with it."
    if incident.status == Status.OPEN:
        return "Acknowledge it, so that others see that you are looking."
    asked = {"network": "the network's operator", "model": "who makes or services the devices"}
    whom = asked.get(incident.group_kind, "whoever runs our own door and its connection")
    return f"Ask {whom} what has failed, and write down what they say. Nobody needs to be called one by one yet."


@require_POST
@requires("cases.view")
def act(request: HttpRequest, incident_id: str, action: str) -> HttpResponse:
    """Do one thing to an incident. A refusal shows the same page with what was wrong, and what was typed."""
    user, given = user_of(request), request.POST.dict()
    doing = _doing(action, incident_id, given)
    try:
        doing(acting_user=user, now_ms=now_ms())
    except NotFoundError as error:
        raise Http404(error.sentence) from error
    except RefusedError as error:
        return _refused(request, incident_id, action, error)
    if request.headers.get("X-Fragment") == "pane":
        context = pane_context(user, queries.incident(incident_id, user)) | {"said": DONE_WORDS[action]}
        return render(request, "console/incident_pane.html", context)
    return redirect("incident", incident_id)


def _doing(name: str, incident_id: str, given: Mapping[str, str]) -> partial[Incident]:
    text, reason = given.get("text", ""), given.get("reason", "")
    doings = {
        "acknowledge": partial(incidents.acknowledge, incident_id),
        "note": partial(incidents.note, incident_id, text),
        "end": partial(incidents.end, incident_id, reason),
        "resolve": partial(incidents.resolve, incident_id, reason),
    }
    if name not in doings:
        raise Http404("There is no such action.")
    return doings[name]


def _refused(request: HttpRequest, incident_id: str, action: str, error: RefusedError) -> HttpResponse:
    user = user_of(request)
    told = {"field": error.field, "sentence": error.sentence}
    context = pane_context(user, _found(incident_id, user)) | {
        "errors": [told] if error.field else [],
        "refusals": [] if error.field else [error.sentence],
        "error_of": {error.field: error.sentence} if error.field else {},
        "failed": action,
        "given": request.POST.dict(),
    }
    fragment = request.headers.get("X-Fragment") == "pane"
    template = "console/incident_pane.html" if fragment else "console/incident.html"
    return render(request, template, context, status=_STATUS_OF.get(type(error), 422))
