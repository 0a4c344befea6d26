"""Keeping and erasing: what is kept of a person and when it goes, legal holds, and erasures that were ordered.

Each takes two people: one proposes, another decides. People are counted, not roles.
"""

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may, may, people_for, requires
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.console.case_access import full_text, input_ms, now_ms, refusals_as_pages, user_of
from surety.server.console.kept_rows import hold_row
from surety.server.console.views_person import person_context
from surety.server.errors import ConflictError, InvalidError, RefusedError
from surety.server.records import holds, periods, requests
from surety.server.records.models import Erasure, ErasureState

DAY_MS = 86_400_000
NO_ZONE = "Europe/London"
DONE_SHOWN = 50


@requires("records.propose")
@require_safe
def retention(request: HttpRequest) -> HttpResponseBase:
    """Every hold that stands and every erasure that waits, of those whom the user may see; and the latest done."""
    user, now = user_of(request), now_ms()
    people = {person.pk: person for person in people_for(user, "records.propose")}
    standing = [hold for hold in holds.all_standing(now) if hold.person_id in people]
    waiting = Erasure.objects.filter(pk__in=list(people)).exclude(state__in=(ErasureState.DECLINED, ErasureState.DONE))
    done = Erasure.objects.filter(state=ErasureState.DONE).order_by("-done_ms")[:DONE_SHOWN]
    context = {
        "holds": [hold_row(hold, user, people[hold.person_id], now) for hold in standing],
        "erasures": [_erasure_row(row, user, people[row.pk]) for row in waiting.order_by("due_ms")],
        "done": [
            {"row": row, "when": full_text(row.done_ms, NO_ZONE), "due": full_text(row.due_ms, NO_ZONE)} for row in done
        ]
        if may(user, "records.approve")
        else [],
        "now_text": full_text(now, NO_ZONE),
    }
    return render(request, "console/retention.html", context)


def _erasure_row(row: Erasure, user: User, person: Person) -> dict[str, object]:
    waits = row.state == ErasureState.PROPOSED
    return {
        "row": row,
        "person": person,
        "state": ErasureState(row.state).label,
        "due": full_text(row.due_ms, person.time_zone),
        "is_own": waits and row.proposed_by_id == user.pk,
        "may_decide": waits and row.proposed_by_id != user.pk and may(user, "records.approve", person),
    }


@requires("records.propose")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def hold_new(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Propose that what is kept of a person, or some kinds of it, is not erased."""
    person, user, now = _person(request, person_id), user_of(request), now_ms()
    error: RefusedError | None = None
    if request.method == "POST":
        try:
            ends_ms = _end_of(request.POST.get("ends", ""), person)
            kinds = request.POST.getlist("kind")
            reason = request.POST.get("reason", "")
            holds.propose(person.pk, reason=reason, ends_ms=ends_ms, kinds=kinds, acting_user=user, now_ms=now)
        except RefusedError as refused:
            error = refused
        else:
            messages.success(request, "Proposed. It holds from now on; somebody else approves it within 14 days.")
            return redirect("person-record", person_id=person.pk)
    choices = [(kind, periods.rules()[kind].words, kind in request.POST.getlist("kind")) for kind in holds.KINDS]
    context = person_context(request, person, "record") | {"kinds": choices, "error": error, "given": request.POST}
    return render(request, "console/hold_form.html", context, status=422 if error else 200)


def _end_of(text: str, person: Person) -> int:
    """The end of the day that a date field holds. Raises InvalidError."""
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidError("Give the day on which the hold ends.", field="ends") from None
    return input_ms((day + dt.timedelta(days=1)).isoformat() + "T00:00", person.time_zone)


@requires("records.propose")
@refusals_as_pages
@require_POST
def hold_act(request: HttpRequest, hold_id: str) -> HttpResponseBase:
    """Approve, decline or lift a hold."""
    user, now, what = user_of(request), now_ms(), request.POST.get("do")
    hold = holds.access_hold(hold_id, user)
    if what not in ("approve", "decline", "lift"):
        messages.error(request, "Nothing was chosen: approve, decline or lift the hold.")
        return redirect("retention")
    try:
        if what == "lift":
            holds.lift(hold.pk, acting_user=user, now_ms=now)
        else:
            holds.decide(hold.pk, approve=what == "approve", acting_user=user, now_ms=now)
    except ConflictError as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(
            request, {"lift": "The hold is lifted.", "approve": "The hold is approved."}.get(what or "", "Declined.")
        )
    return redirect("retention")


@requires("records.propose")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def erasure_new(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Propose that everything of a person is erased, as a court or an authority ordered."""
    person, user = _person(request, person_id), user_of(request)
    error: RefusedError | None = None
    if request.method == "POST":
        try:
            requests.propose(person.pk, request.POST.get("basis", ""), acting_user=user, now_ms=now_ms())
        except RefusedError as refused:
            error = refused
        else:
            messages.success(request, "Proposed. Nothing is erased before somebody else has confirmed it.")
            return redirect("retention")
    context = person_context(request, person, "record") | {"error": error, "given": request.POST}
    return render(request, "console/erasure_form.html", context, status=422 if error else 200)


@requires("records.approve")
@refusals_as_pages
@require_POST
def erasure_act(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Confirm or decline an erasure that somebody else proposed."""
    person, what = _person(request, person_id), request.POST.get("do")
    if what not in ("confirm", "decline"):
        messages.error(request, "Nothing was chosen: confirm or decline the erasure.")
        return redirect("retention")
    confirm = what == "confirm"
    try:
        requests.decide(person.pk, confirm=confirm, acting_user=user_of(request), now_ms=now_ms())
    except ConflictError as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(
            request, "Confirmed: everything goes with the next step of the daily erasure." if confirm else "Declined."
        )
    return redirect("retention")


def _person(request: HttpRequest, person_id: str) -> Person:
    person = cases.access_person(person_id, user_of(request))
    check_may(user_of(request), "records.propose", person)
    return person
