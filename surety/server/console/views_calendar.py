"""A person's duties as a calendar file, for their phone or their officer's diary. Each download is in the audit log."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from surety.ical import writing
from surety.rules.intervals import Span
from surety.server.accounts.permissions import requires
from surety.server.audit import actions as audit
from surety.server.cases import queries as cases
from surety.server.console.case_access import now_ms, refusals_as_pages, safe_name, user_of
from surety.server.errors import NotFoundError


@requires("cases.view")
@refusals_as_pages
@require_safe
def person_calendar(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Curfews and zones from now to the end of the order, at most two years, as iCalendar."""
    person = cases.access_person(person_id, user_of(request))
    now = now_ms()
    order = cases.latest_order(person.pk)
    term = Span(now, min(now + writing.LONGEST_MS, order.ends_ms if order else now))
    conditions = cases.condition_set(person.pk).conditions
    data = writing.calendar_of(conditions, person.pk, f"Duties {person.reference}", term, now)
    events = data.count(b"BEGIN:VEVENT")
    if not events:
        raise NotFoundError("Nothing is asked of this person at set times from now on, so there is no calendar.")
    audit.record(
        action="calendar.downloaded",
        actor=user_of(request),
        subject_type="person",
        subject_id=person.pk,
        person_id=person.pk,
        detail={"from_ms": term.start_ms, "to_ms": term.end_ms, "events": events},
        at_ms=now,
    )
    answer = HttpResponse(data, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="duties-{safe_name(person.reference)}.ics"'
    answer["Cache-Control"] = "no-store"
    return answer
