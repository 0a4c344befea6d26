"""How a check-in was decided: by whom in which role, what the machine said; and that it is looked at again."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from surety.rules.findings import Finding
from surety.server.accounts.permissions import may, requires
from surety.server.cases.models import Person
from surety.server.checkins import reviewing
from surety.server.checkins.decision_queries import Decision, access_decision, decision
from surety.server.checkins.models import CheckIn, Stands
from surety.server.console.case_access import now_ms, refusals_as_pages, user_of
from surety.server.errors import ConflictError, InvalidError, RefusedError


def decision_of_finding(finding: Finding, person: Person) -> Decision | None:
    """The decision of the check-in that a finding is about; nothing where people did not decide one."""
    check_in_id = str(finding.evidence.numbers.get("check_in") or "")
    found = CheckIn.objects.filter(pk=check_in_id, person=person).first() if check_in_id else None
    if found is None:
        return None
    told = decision(found)
    return told if told.rounds or told.open_again or told.machine or told.in_person else None


@never_cache
@require_safe
@requires("cases.view")
@refusals_as_pages
def decided(request: HttpRequest, check_in_id: str) -> HttpResponseBase:
    """The page of one decision."""
    return _page(request, check_in_id)


@require_POST
@requires("checkins.arbitrate")
@refusals_as_pages
def look_again(request: HttpRequest, check_in_id: str) -> HttpResponseBase:
    """Have others look again, with a reason."""
    reason = request.POST.get("reason", "")
    try:
        reviewing.reopen(check_in_id, reason, acting_user=user_of(request), now_ms=now_ms())
    except InvalidError as error:
        return _page(request, check_in_id, error, 422)
    except ConflictError as error:
        return _page(request, check_in_id, error, 409)
    return redirect("check-in-decision", check_in_id)


def _page(
    request: HttpRequest, check_in_id: str, error: RefusedError | None = None, status: int = 200
) -> HttpResponseBase:
    user = user_of(request)
    told = access_decision(check_in_id, user)
    person = told.check_in.person
    has_photographs = told.check_in.submissions.exclude(photos=[]).exists()
    may_reopen = may(user, "checkins.arbitrate", person) and told.check_in.stands == Stands.DECIDED
    context = {
        "decision": told,
        "person": person,
        "may_reopen": may_reopen and has_photographs,
        "errors": ((error.field, error.sentence),) if error else (),
        "given": request.POST.dict(),
    }
    return render(request, "console/check_in_decision.html", context, status=status)
