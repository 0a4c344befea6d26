"""The audit log, the users, the refused devices, and the page that shows every component."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from surety.server.accounts import actions as accounts
from surety.server.accounts.models import Role, User
from surety.server.accounts.permissions import requires
from surety.server.alerts.models import Severity, Status
from surety.server.audit import health
from surety.server.audit import queries as audit
from surety.server.audit.words import detail_of
from surety.server.cases.models import Person
from surety.server.console.case_access import user_of
from surety.server.console.templatetags.surety_ui import CAUSES, CERTAINTIES
from surety.server.errors import NotFoundError, RefusedError
from surety.server.timekeeping import now_ms
from surety.stream.contract import StreamUnavailableError
from surety.stream.sql import open_stream

AUDIT_PAGE = 100


@require_safe
@requires("audit.read")
def audit_log(request: HttpRequest) -> HttpResponse:
    """The audit log, newest first; filtered by action and by a person's reference or id."""
    action, person = request.GET.get("action", "")[:64], request.GET.get("person", "").strip()[:64]
    before = request.GET.get("before", "")
    known = Person.objects.filter(reference=person).values_list("pk", flat=True).first() if person else ""
    found = audit.entries(
        person_id=(known or person), action=action, before_seq=int(before) if before.isdigit() else None
    )
    rows = list(found[: AUDIT_PAGE + 1])
    references = Person.objects.in_bulk({row.person_id for row in rows if row.person_id})
    shown = [
        {
            "entry": row,
            "who": references[row.person_id].reference if row.person_id in references else "",
            "detail": detail_of(row),
        }
        for row in rows[:AUDIT_PAGE]
    ]
    context = {"rows": shown, "action": action, "person": person, "older": len(rows) > AUDIT_PAGE}
    context["signed"] = health.standing()
    context["last_seq"] = rows[AUDIT_PAGE - 1].seq if context["older"] else 0
    return render(request, "console/audit.html", context)


@require_POST
@requires("audit.read")
def audit_verify(request: HttpRequest) -> HttpResponse:
    """Recompute the whole chain and say what was found."""
    return render(request, "console/audit_verdict.html", {"verdict": audit.verify(), "checked_ms": now_ms()})


@requires("admin.users")
def users(request: HttpRequest) -> HttpResponse:
    """Who may log in, and as what. A new password is shown once, on the page that made it."""
    context: dict[str, object] = {"roles": Role.choices, "given": {}, "errors": []}
    if request.method == "POST":
        try:
            context["done"] = _change_user(request)
        except NotFoundError as error:
            raise Http404(error.sentence) from error
        except RefusedError as error:
            context |= {"errors": [{"field": error.field, "sentence": error.sentence}], "given": request.POST.dict()}
    context["rows"] = User.objects.order_by("-is_active", "username")
    return render(request, "console/users.html", context, status=422 if context["errors"] else 200)


def _change_user(request: HttpRequest) -> dict[str, str]:
    given, acting, now = request.POST, user_of(request), now_ms()
    do, reason = given.get("do", ""), given.get("reason", "")
    if do == "create":
        user, password = accounts.create_user(
            given.get("username", "").strip(),
            given.get("role", ""),
            acting_user=acting,
            now_ms=now,
            full_name=given.get("full_name", ""),
            region=given.get("region", ""),
        )
        return {"words": f"{user.username} was created. One-time password, shown only now:", "secret": password}
    user_id = int(given["user"]) if given.get("user", "").isdigit() else 0
    if do == "reset":
        password = accounts.reset_access(user_id, acting_user=acting, now_ms=now, reason=reason)
        return {"words": "Second factors taken off. One-time password, shown only now:", "secret": password}
    if do in {"activate", "deactivate"}:
        user = accounts.set_active(user_id, active=do == "activate", acting_user=acting, now_ms=now, reason=reason)
        return {"words": f"{user.username} may log in again." if user.is_active else f"{user.username} is kept out."}
    raise PermissionDenied("There is no such change.")


@require_safe
@requires("admin.users")
def refused(request: HttpRequest) -> HttpResponse:
    """Devices that the door did not know: how often and when they came, never where they were."""
    try:
        notes, problem = open_stream(settings.SURETY).refusals(), ""
    except StreamUnavailableError as error:
        notes, problem = [], str(error)
    return render(request, "console/refused.html", {"notes": notes, "problem": problem})


@login_not_required
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in each of its states, and what the marks mean."""
    colours = ("ground", "surface", "ink", "quiet", "action", "critical", "serious", "verified")
    context = {
        "severities": [{"value": s.value, "label": s.label} for s in Severity],
        "certainties": list(CERTAINTIES),
        "causes": list(CAUSES),
        "statuses": list(Status.values),
        "colours": colours,
        "now": now_ms(),
        "soon": now_ms() + 4 * 60_000,
        "later": now_ms() + 50 * 60_000,
        "past": now_ms() - 6 * 60_000,
        "sample_errors": [{"field": "sample", "sentence": "Give the reason for the outcome."}],
    }
    return render(request, "console/styleguide.html", context)
