"""Plain forms: a new person, an order and what becomes of it, that the person was told, devices.

Each is one page with one purpose; each save goes through cases.actions, which refuses with one sentence and a field.
"""

import hashlib
import mimetypes
from collections.abc import Callable

import msgspec
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may, requires
from surety.server.cases import actions, people, watches
from surety.server.cases import queries as cases
from surety.server.cases.checks import DeviceDetails, OrderTerms, PersonDetails, Told
from surety.server.cases.models import Device, DeviceAssignment, OrderStatus, OrderVersion, Person
from surety.server.console.case_access import full_text, input_text, now_ms, refusals_as_pages, safe_name, user_of
from surety.server.console.case_words import order_changes, order_lines
from surety.server.console.editor_forms import (
    AssignForm,
    EndForm,
    OrderForm,
    PersonChangeForm,
    PersonForm,
    StatusForm,
    ToldForm,
    VariationForm,
)
from surety.server.console.views_condition import access_order
from surety.server.console.views_person import person_context
from surety.server.console.views_watch import code_page
from surety.server.errors import ConflictError, NotFoundError, RefusedError
from surety.server.records import documents
from surety.server.records.models import Document, DocumentKind

DAY_MS = 86_400_000


def answer_form(
    request: HttpRequest,
    form: forms.Form,
    save: Callable[[], HttpResponseBase],
    context: dict[str, object],
) -> HttpResponseBase:
    """Save a good form; show a refused one again, as it was typed, with its sentence."""
    if request.method == "POST" and form.is_valid():
        try:
            return save()
        except RefusedError as error:
            form.add_error(error.field if error.field in form.fields else None, error.sentence)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "console/editor_form.html", {"form": form} | context, status=status)


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def person_new(request: HttpRequest) -> HttpResponseBase:
    """Record a person."""
    form = PersonForm(request.POST or None)

    def save() -> HttpResponseBase:
        details = PersonDetails(**{name: form.cleaned_data[name] for name in PersonDetails.__struct_fields__})
        person = actions.register_person(details, acting_user=user_of(request), now_ms=now_ms())
        messages.success(request, f"{person} is recorded. Nothing is collected before an order is.")
        return redirect("order-new", person_id=person.pk)

    return answer_form(request, form, save, {"title": "New person", "button": "Record this person"})


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def person_change(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Put right who somebody is."""
    person = _changeable(request, person_id)
    before = msgspec.structs.asdict(people.details_of(person))
    form = PersonChangeForm(request.POST or None, initial=before)

    def save() -> HttpResponseBase:
        details = PersonDetails(**{name: form.cleaned_data[name] for name in PersonDetails.__struct_fields__})
        reason = form.cleaned_data["reason"]
        actions.change_person(person.pk, details, acting_user=user_of(request), now_ms=now_ms(), reason=reason)
        messages.success(request, "What is on record about them is changed.")
        return redirect("person-record", person_id=person.pk)

    context = person_context(request, person, "record") | {"title": "Change who they are", "button": "Save this"}
    return answer_form(request, form, save, context)


# --- orders ---------------------------------------------------------------------------------------------------------


def _changeable(request: HttpRequest, person_id: str) -> Person:
    person = cases.access_person(person_id, user_of(request))
    check_may(user_of(request), "cases.change", person)
    return person


def _terms(form: forms.Form, now: int) -> OrderTerms:
    given = {name: form.cleaned_data[name] for name in OrderTerms.__struct_fields__}
    given["starts_ms"] = instant_of(form, "starts_ms", now)
    file = form.cleaned_data.get("decision_file")
    if isinstance(file, UploadedFile):
        given["decision_sha256"] = hashlib.sha256(b"".join(file.chunks())).hexdigest()
    given["decision_sha256"] = given["decision_sha256"].strip().lower()
    return OrderTerms(**given | {"data_kinds": tuple(given["data_kinds"])})


def _keep_decision(form: forms.Form, person: Person, user: User, now: int) -> None:
    """Keep the signed decision that was given, beside the order that carries its hash."""
    file = form.cleaned_data.get("decision_file")
    if isinstance(file, UploadedFile):
        documents.keep(
            person.pk,
            b"".join(file.chunks()),
            kind=DocumentKind.DECISION,
            name=file.name or "",
            acting_user=user,
            now_ms=now,
            field="decision_file",
        )


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def order_new(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Record an order with its whole authority."""
    person = _changeable(request, person_id)
    now = now_ms()
    initial = {"data_kinds": ["position", "device"]}
    form = OrderForm(request.POST or None, request.FILES or None, initial=initial, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        reason, user = form.cleaned_data["reason"], user_of(request)
        with transaction.atomic():
            actions.record_order(person.pk, _terms(form, now), acting_user=user, now_ms=now, reason=reason)
            _keep_decision(form, person, user, now)
        messages.success(request, "The order is recorded. Nothing is collected before the person has been told.")
        return redirect("person-conditions", person_id=person.pk)

    context = person_context(request, person, "conditions") | {"title": "New order", "button": "Record this order"}
    return answer_form(request, form, save, context)


def _latest(order_id: str) -> OrderVersion:
    return OrderVersion.objects.filter(order_id=order_id).order_by("-version")[0]


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def order_change(request: HttpRequest, order_id: str) -> HttpResponseBase:
    """Vary an order: a new version of it, from a time on."""
    order, person = access_order(request, order_id)
    version, now = _latest(order_id), now_ms()
    zone = person.time_zone
    initial = {name: getattr(version, name) for name in OrderTerms.__struct_fields__}
    initial |= {name: input_text(getattr(version, name), zone) for name in ("starts_ms", "ends_ms", "review_due_ms")}
    initial["told_language"] = person.language
    form = VariationForm(request.POST or None, request.FILES or None, initial=initial, time_zone=zone)

    def save() -> HttpResponseBase:
        with transaction.atomic():
            actions.change_order(
                order.pk,
                _terms(form, now),
                effective_from_ms=instant_of(form, "effective_from_ms", now),
                acting_user=user_of(request),
                now_ms=now,
                reason=form.cleaned_data["reason"],
                told=_told_of_it(form, now),
            )
            _keep_decision(form, person, user_of(request), now)
        messages.success(request, "The order is varied.")
        return redirect("order-history", order_id=order.pk)

    context = person_context(request, person, "conditions") | {
        "title": "Vary the order",
        "button": "Record the variation",
    }
    return answer_form(request, form, save, context)


def _told_of_it(form: forms.Form, now: int) -> Told | None:
    """That the person was told of a variation; None where the form does not say how."""
    how = form.cleaned_data["told_how"].strip()
    told_ms, language = instant_of(form, "told_ms", now), form.cleaned_data["told_language"]
    return Told(at_ms=told_ms, how=how, language=language) if how else None


def instant_of(form: forms.Form, name: str, now: int) -> int:
    """The instant of a field. Left empty, or this minute: now, which is not meant to reach back."""
    at_ms = int(form.cleaned_data[name])
    return now if not at_ms or 0 <= now - at_ms < 60_000 else at_ms


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def order_told(request: HttpRequest, order_id: str) -> HttpResponseBase:
    """Record that the person was told, how, and in which language."""
    order, person = access_order(request, order_id)
    now = now_ms()
    initial = {"told_language": person.language}
    form = ToldForm(request.POST or None, initial=initial, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        data = form.cleaned_data
        told = Told(at_ms=instant_of(form, "told_ms", now), how=data["told_how"], language=data["told_language"])
        actions.record_told(order.pk, told, acting_user=user_of(request), now_ms=now)
        messages.success(request, "Recorded. From then on, what the order lets be collected is collected.")
        return redirect("person-conditions", person_id=person.pk)

    context = person_context(request, person, "conditions")
    context |= {"title": f"{person.short_name} was told of the order", "button": "Record that they were told"}
    context["note"] = (
        f"Tell them of their own page too: {settings.SURETY.web_address}/my/, reference {person.reference}."
    )
    return answer_form(request, form, save, context)


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def order_status(request: HttpRequest, order_id: str) -> HttpResponseBase:
    """Suspend an order, put it in force again, or end it."""
    order, person = access_order(request, order_id)
    version, now = _latest(order_id), now_ms()
    form = StatusForm(request.POST or None, time_zone=person.time_zone, status=version.status)

    def save() -> HttpResponseBase:
        actions.set_order_status(
            order.pk,
            OrderStatus(form.cleaned_data["status"]),
            effective_from_ms=instant_of(form, "effective_from_ms", now),
            acting_user=user_of(request),
            now_ms=now,
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, "The order's status is changed.")
        return redirect("order-history", order_id=order.pk)

    context = person_context(request, person, "conditions") | {
        "title": "Suspend or end the order",
        "button": "Change the status",
        "note": "While an order is suspended or after it has ended, nothing is collected and nothing is concluded. "
        "A suspension can be lifted here; the person is told by their officer.",
    }
    return answer_form(request, form, save, context)


@requires("cases.view")
@refusals_as_pages
@require_safe
def order_history(request: HttpRequest, order_id: str) -> HttpResponseBase:
    """Every version of an order, newest first, with what each changed."""
    versions = list(OrderVersion.objects.filter(order_id=order_id).select_related("order").order_by("version"))
    if not versions:
        raise NotFoundError("There is no such order.")
    person = cases.access_person(versions[0].order.person_id, user_of(request))
    zone = person.time_zone
    kept = documents.of_person(person.pk, {version.decision_sha256 for version in versions})
    rows = [
        {
            "version": version,
            "decision": _decision(kept.get(version.decision_sha256), zone),
            "from": full_text(version.effective_from_ms, zone),
            "recorded": full_text(version.recorded_ms, zone),
            "changes": order_changes(versions[i - 1] if i else None, version, zone),
            "lines": order_lines(version, zone),
        }
        for i, version in enumerate(versions)
    ]
    context = person_context(request, person, "conditions") | {"rows": rows[::-1]}
    return render(request, "console/order_history.html", context)


def _decision(row: Document | None, zone: str) -> dict[str, str] | None:
    """The signed decision of a version, where the file itself is kept."""
    if row is None:
        return None
    kept = f"kept {full_text(row.kept_ms, zone)} by {row.kept_by_name}"
    return {"id": row.pk, "name": documents.name_of_document(row), "kept": kept}


@requires("cases.view")
@refusals_as_pages
@require_safe
def document(request: HttpRequest, document_id: str) -> HttpResponseBase:
    """A document of a case as it was given, to be saved. That it was read is entered in the audit log before."""
    user = user_of(request)
    row = Document.objects.filter(pk=document_id).first()
    if row is None:
        raise NotFoundError("There is no such document.")
    person = cases.access_person(row.person_id, user)
    try:
        data = documents.read(row, acting_user=user, now_ms=now_ms())
    except ConflictError as error:
        return HttpResponse(error.sentence, status=503, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(data, content_type=row.media_type)
    ending = mimetypes.guess_extension(row.media_type) or ""
    answer["Content-Disposition"] = f'attachment; filename="{row.kind}-{safe_name(person.reference)}{ending}"'
    answer["Cache-Control"] = "no-store"
    return answer


# --- devices --------------------------------------------------------------------------------------------------------


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def device_assign(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Give a person a device: a new one, whose secret is shown once, or one that is recorded already."""
    person = _changeable(request, person_id)
    now, user = now_ms(), user_of(request)
    form = AssignForm(request.POST or None, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        data, from_ms = form.cleaned_data, instant_of(form, "from_ms", now)
        device = Device.objects.filter(identifier=data["identifier"]).first() if data["identifier"] else None
        secret = ""
        if device is None:
            details = DeviceDetails(
                protocol=data["protocol"],
                identifier=data["identifier"],
                model=data["model"],
                network=data["network"],
                with_secret=data["with_secret"] and data["protocol"] != watches.PROTOCOL,
            )
            device, secret = actions.register_device(details, acting_user=user, now_ms=now)
        actions.assign_device(
            device.pk, person.pk, from_ms=from_ms, acting_user=user, now_ms=now, reason=data["reason"]
        )
        if device.protocol == watches.PROTOCOL:
            return code_page(request, device, person, watches.make_code(device.pk, acting_user=user, now_ms=now))
        context = person_context(request, person, "conditions") | {"device_row": device, "secret": secret}
        response = render(request, "console/device_assigned.html", context)
        response["Cache-Control"] = "no-store"  # the secret is shown once, also to who goes back
        return response

    context = person_context(request, person, "conditions") | {
        "title": "Assign a device",
        "button": "Assign this device",
    }
    return answer_form(request, form, save, context)


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def assignment_end(request: HttpRequest, assignment_id: int) -> HttpResponseBase:
    """Record that a person stopped wearing a device."""
    row = DeviceAssignment.objects.filter(pk=assignment_id).select_related("device").first()
    if row is None:
        raise NotFoundError("There is no such assignment.")
    person = _changeable(request, row.person_id)
    now = now_ms()
    form = EndForm(request.POST or None, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        actions.end_assignment(
            row.pk,
            to_ms=instant_of(form, "to_ms", now),
            acting_user=user_of(request),
            now_ms=now,
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, "The assignment has ended: the door takes nothing more from this device for them.")
        return redirect("person-conditions", person_id=person.pk)

    context = person_context(request, person, "conditions")
    context |= {"title": f"{person.short_name} returned the device", "button": "End the assignment"}
    return answer_form(request, form, save, context)
