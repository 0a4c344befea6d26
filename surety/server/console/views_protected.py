"""Protected persons and their links, for those with that permission. A link's status, never where anybody is."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from surety.server.accounts.permissions import check_may, may, requires
from surety.server.cases import actions, protected
from surety.server.cases import protected_queries as queries
from surety.server.cases.checks import DeviceDetails, Told
from surety.server.cases.models import ProtectedLink, ProtectedPerson
from surety.server.cases.protected import Consent, LinkTerms, ProtectedDetails
from surety.server.console.case_access import ago_text, full_text, now_ms, refusals_as_pages, user_of
from surety.server.console.editor_forms import ToldForm
from surety.server.console.protected_forms import (
    CarryForm,
    LinkForm,
    NoReasonForm,
    ProtectedForm,
    ReasonForm,
    ReturnForm,
)
from surety.server.console.views_editors import answer_form, instant_of
from surety.server.console.views_person import person_context
from surety.server.errors import InvalidError
from surety.server.monitoring import queries as monitoring

Save = Callable[[], HttpResponseBase]


@requires("protected.view")
@refusals_as_pages
@require_safe
def protected_people(request: HttpRequest) -> HttpResponseBase:
    """Everybody protected whom the user may see."""
    user, now = user_of(request), now_ms()
    rows = [
        {"person": person, "links": [link_words(link, now) for link in queries.links_of(person.pk)]}
        for person in queries.protected_people(user)
    ]
    context = {"rows": rows, "may_change": may(user, "protected.change")}
    return _unkept(render(request, "console/protected_people.html", context))


@requires("protected.view")
@refusals_as_pages
@require_safe
def protected_person(request: HttpRequest, protected_id: str) -> HttpResponseBase:
    """One protected person: how to reach them, their links, their device. That it was looked at is written down."""
    user, now = user_of(request), now_ms()
    person = queries.access_protected(protected_id, user)
    protected.note_read(person.pk, acting_user=user, now_ms=now)
    context = {
        "person_row": person,
        "link_rows": [_link(link, user.pk, now) for link in queries.links_of(person.pk)],
        "devices": [_device(row, now) for row in queries.devices_of(person.pk)],
        "may_change": may(user, "protected.change", person),
        "may_approve": may(user, "protected.approve", person),
    }
    return _unkept(render(request, "console/protected_person.html", context))


def _unkept(response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "no-store"
    return response


def link_words(link: ProtectedLink, now: int) -> str:
    """How a link stands, in one sentence."""
    zone = link.protected.time_zone
    if link.withdrawn_ms is not None:
        return (
            f"The consent was withdrawn {full_text(link.withdrawn_ms, zone)}: nothing is collected, and it was deleted."
        )
    if link.ended_ms is not None:
        return f"Ended {full_text(link.ended_ms, zone)}: nothing is collected, and it was deleted."
    missing = []
    if link.approved_ms is None:
        missing.append("a second person's approval")
    if link.told_ms is None:
        missing.append("that the supervised person is told")
    if missing:
        return f"Waits for {' and '.join(missing)}: nothing is collected yet."
    return "In force." if queries.in_force_now(link, now) else "Not in force now: their order is not, or not yet."


def _link(link: ProtectedLink, user_id: int, now: int) -> dict[str, object]:
    zone = link.protected.time_zone
    heard_ms = monitoring.last_protected_ms(link.order.person_id, link.pk, now)
    return {
        "row": link,
        "supervised": link.order.person.reference,
        "words": link_words(link, now),
        "consented": full_text(link.consent_ms, zone),
        "heard": ago_text(heard_ms, now) if heard_ms is not None else "not in the last hours",
        "open": link.withdrawn_ms is None and link.ended_ms is None,
        "approvable": link.approved_ms is None and link.recorded_by_id != user_id,
    }


def _device(row: object, now: int) -> dict[str, object]:
    from_ms, to_ms = getattr(row, "from_ms", 0), getattr(row, "to_ms", None)
    return {"row": row, "carried": from_ms <= now and (to_ms is None or now < to_ms), "open": to_ms is None}


def _back(person: ProtectedPerson) -> dict[str, str]:
    return {"href": reverse("protected-person", args=[person.pk]), "words": f"{person.name} ({person.reference})"}


@requires("protected.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def protected_new(request: HttpRequest) -> HttpResponseBase:
    """Record a protected person."""
    user = user_of(request)
    form = ProtectedForm(request.POST or None, region=user.region)

    def save() -> HttpResponseBase:
        details = ProtectedDetails(**{name: form.cleaned_data[name] for name in ProtectedDetails.__struct_fields__})
        person = protected.register_protected(details, acting_user=user, now_ms=now_ms())
        messages.success(request, "Recorded. Nothing is collected before a link is in force.")
        return redirect("protected-person", protected_id=person.pk)

    back = {"href": reverse("protected-people"), "words": "Protected persons"}
    return answer_form(request, form, save, {"title": "New protected person", "button": "Record them", "back": back})


@requires("protected.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def link_new(request: HttpRequest, protected_id: str) -> HttpResponseBase:
    """Propose a link, with the protected person's consent."""
    user, now = user_of(request), now_ms()
    person = queries.access_protected(protected_id, user)
    check_may(user, "protected.change", person)
    form = LinkForm(request.POST or None, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        data = form.cleaned_data
        order = queries.order_to_link(data["supervised"], user, now)
        if order is None:
            raise InvalidError("Nobody with this reference has an order in force in your region.", field="supervised")
        terms = LinkTerms(legal_basis=data["legal_basis"], alert_m=data["alert_m"], warn_m=data["warn_m"] or 0)
        consent = Consent(at_ms=instant_of(form, "consent_ms", now), how=data["consent_how"])
        protected.propose_link(
            person.pk, order.pk, terms, consent, from_ms=now, acting_user=user, now_ms=now, reason=data["reason"]
        )
        messages.success(request, "Proposed. It waits for a second person, and for the supervised person to be told.")
        return redirect("protected-person", protected_id=person.pk)

    context: dict[str, object] = {
        "title": "Link to a supervised person",
        "button": "Propose this link",
        "back": _back(person),
        "note": "The supervised person is told which distance to keep, and never where the protected person is. The "
        "protected person may withdraw their consent at any time, without a reason.",
    }
    return answer_form(request, form, save, context)


@requires("protected.approve")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def link_approve(request: HttpRequest, link_id: str) -> HttpResponseBase:
    """Approve a link that somebody else proposed."""
    link = queries.access_link(link_id, user_of(request))
    note = (
        f"{link.order.person.reference} is to keep {link.alert_m:,} m away. Legal basis: {link.legal_basis}. "
        f"Consent {full_text(link.consent_ms, link.protected.time_zone)}: {link.consent_how} "
        f"({link.consent_by_name} wrote it down)."
    )
    return _do(request, link, ReasonForm(request.POST or None), protected.approve_link, "Approve this link", note)


@requires("protected.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def link_withdraw(request: HttpRequest, link_id: str) -> HttpResponseBase:
    """The protected person withdraws their consent."""
    link = queries.access_link(link_id, user_of(request))
    note = "It takes effect at once: the door takes nothing more, and what is stored of their positions is deleted."
    form = NoReasonForm(request.POST if request.method == "POST" else None)
    return _do(request, link, form, protected.withdraw_consent, "Withdraw the consent", note)


@requires("protected.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def link_end(request: HttpRequest, link_id: str) -> HttpResponseBase:
    """End a link."""
    link = queries.access_link(link_id, user_of(request))
    note = "What is stored of the protected person's positions is deleted."
    return _do(request, link, ReasonForm(request.POST or None), protected.end_link, "End this link", note)


def _do(
    request: HttpRequest,
    link: ProtectedLink,
    form: forms.Form,
    action: Callable[..., ProtectedLink],
    button: str,
    note: str,
) -> HttpResponseBase:
    def save() -> HttpResponseBase:
        reason = form.cleaned_data.get("reason", "")
        action(link.pk, acting_user=user_of(request), now_ms=now_ms(), reason=reason)
        messages.success(request, "Done, and written down.")
        return redirect("protected-person", protected_id=link.protected_id)

    context: dict[str, object] = {"title": button, "button": button, "note": note, "back": _back(link.protected)}
    return answer_form(request, form, save, context)


@requires("protected.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def carry(request: HttpRequest, protected_id: str) -> HttpResponseBase:
    """Give a protected person a new device; its secret is shown once."""
    user, now = user_of(request), now_ms()
    person = queries.access_protected(protected_id, user)
    form = CarryForm(request.POST or None, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        details = DeviceDetails(
            protocol=form.cleaned_data["protocol"],
            model=form.cleaned_data["model"],
            with_secret=form.cleaned_data["with_secret"],
        )
        device, secret = actions.register_device(details, acting_user=user, now_ms=now)
        protected.assign_protected_device(device.pk, person.pk, from_ms=now, acting_user=user, now_ms=now)
        shown = {"device_row": device, "secret": secret, "back": _back(person)}
        return _unkept(render(request, "console/device_assigned.html", shown))

    context: dict[str, object] = {"title": "Give a device", "button": "Give this device", "back": _back(person)}
    return answer_form(request, form, save, context)


@requires("protected.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def carry_end(request: HttpRequest, assignment_id: int) -> HttpResponseBase:
    """Record that a protected person gave a device back."""
    row, now = queries.assignment(assignment_id, user_of(request)), now_ms()
    form = ReturnForm(request.POST or None, time_zone=row.protected.time_zone)

    def save() -> HttpResponseBase:
        to_ms, reason = instant_of(form, "to_ms", now), form.cleaned_data["reason"]
        protected.end_protected_assignment(row.pk, to_ms=to_ms, acting_user=user_of(request), now_ms=now, reason=reason)
        messages.success(request, "Given back: the door takes nothing more from this device for them.")
        return redirect("protected-person", protected_id=row.protected_id)

    context: dict[str, object] = {
        "title": "The device was given back",
        "button": "Record it",
        "back": _back(row.protected),
    }
    return answer_form(request, form, save, context)


# --- for those who work with the supervised person ------------------------------------------------------------------


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def link_told(request: HttpRequest, link_id: str) -> HttpResponseBase:
    """Record that the supervised person was told which distance to keep. Says nothing of the protected person."""
    user, now = user_of(request), now_ms()
    link, person = queries.link_of_case(link_id, user)
    check_may(user, "cases.change", person)
    form = ToldForm(request.POST or None, initial={"told_language": person.language}, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        data = form.cleaned_data
        at_ms = instant_of(form, "told_ms", now)
        told = Told(at_ms=at_ms, how=data["told_how"], language=data["told_language"])
        protected.record_link_told(link.pk, told, acting_user=user, now_ms=now)
        messages.success(request, "Recorded.")
        return redirect("person-conditions", person_id=person.pk)

    context = person_context(request, person, "conditions") | {
        "title": f"{person.short_name} was told to keep a distance",
        "button": "Record that they were told",
        "note": f"Tell them to keep {link.alert_m:,} m away from the protected person, wherever that person is, and "
        "that nobody will tell them where that is.",
    }
    return answer_form(request, form, save, context)
