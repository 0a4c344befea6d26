"""A person's check-ins: what was asked, what came and how it stands; the images they are compared with; photographs.

How check-ins stand is for everybody who may see the case. Photographs and enrolled images are for those who answer for
the person (`checkins.enrol`), opened for a purpose, each opening written down (checkins/opening.py).
"""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from surety.faces.decode import ENROLMENT
from surety.rules.facts import Verdict
from surety.server.accounts.permissions import may, requires
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.checkins import asking_queries, enrolment, in_person, opening, pictures, queries
from surety.server.checkins.enrolment import Measured, Offered, Provenance
from surety.server.checkins.measuring import engine_for_a_moment
from surety.server.checkins.models import CheckIn
from surety.server.checkins.opening import Shown
from surety.server.console.case_access import full_text, now_ms, refusals_as_pages, user_of
from surety.server.console.checkin_forms import EnrolForm, FromCheckInForm, InPersonForm, RemoveForm
from surety.server.console.checkin_rows import check_in_row, image_row
from surety.server.console.views_editors import answer_form, instant_of
from surety.server.console.views_person import person_context
from surety.server.errors import ConflictError, InvalidError, NotFoundError
from surety.server.monitoring import queries as monitoring
from surety.server.timekeeping import clock

PER_PAGE = 20
MINUTE_MS = 60_000


@requires("cases.view")
@refusals_as_pages
@require_safe
def person_check_ins(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """The tab: check-ins, the latest first, and the images that the person is compared with."""
    person = cases.access_person(person_id, user_of(request))
    return _unkept(render(request, "console/person_check_ins.html", _tab(request, person)))


def _tab(request: HttpRequest, person: Person) -> dict[str, object]:
    may_enrol = may(user_of(request), "checkins.enrol", person)
    page = Paginator(queries.of_person(person.pk), PER_PAGE).get_page(request.GET.get("page"))
    return person_context(request, person, "check-ins") | {
        "page": page,
        "rows": [check_in_row(one, person, may_open=may_enrol) for one in page],
        "images": [image_row(one, person) for one in queries.images_of(person.pk)],
        "former": [image_row(one, person) for one in queries.former_images_of(person.pk)],
        "may_enrol": may_enrol,
        "covered": queries.may_keep_photographs(person.pk, now_ms()),
        "why_not_asked": asking_queries.why_not_asked(person.pk, now_ms()),
        "comparing": queries.comparing(clock()),
        "not_asked": monitoring.not_asked(person.pk),
    }


def _unkept(response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "no-store"
    return response


def _answerable(request: HttpRequest, person_id: str) -> Person:
    """The person, for somebody who answers for them; out of reach looks like nobody."""
    return cases.access_person(person_id, user_of(request), "checkins.enrol")


# --- photographs ------------------------------------------------------------------------------------------------------


@requires("checkins.enrol")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def check_in_photographs(request: HttpRequest, check_in_id: str) -> HttpResponseBase:
    """What came for one check-in: a purpose first, then the photographs."""
    check_in = queries.access_check_in(check_in_id, user_of(request), "checkins.enrol")
    title = f"Photographs of the check-in of {full_text(check_in.asked_ms, check_in.person.time_zone)}"

    def open_them(purpose: str) -> list[Shown]:
        return opening.open_frames(check_in, purpose, acting_user=user_of(request), now_ms=now_ms())

    return _opening(request, check_in.person, title, open_them)


@requires("checkins.enrol")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def enrolled_photographs(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """The images that a person is compared with: a purpose first, then the images."""
    person = _answerable(request, person_id)

    def open_them(purpose: str) -> list[Shown]:
        return opening.open_images(person, purpose, acting_user=user_of(request), now_ms=now_ms())

    return _opening(request, person, "Enrolled images", open_them)


def _opening(
    request: HttpRequest, person: Person, title: str, open_them: Callable[[str], list[Shown]]
) -> HttpResponseBase:
    """The purpose is posted, so that it stays out of addresses and logs."""
    error: InvalidError | None = None
    opened: list[Shown] | None = None
    if request.method == "POST":
        try:
            opened = open_them(request.POST.get("purpose", ""))
        except InvalidError as refused:
            error = refused
    context = person_context(request, person, "check-ins") | {"title": title, "opened": opened, "error": error}
    return _unkept(render(request, "console/photographs.html", context, status=422 if error else 200))


@requires("checkins.enrol")
@refusals_as_pages
@require_safe
def photograph(request: HttpRequest, key: str) -> HttpResponseBase:
    """One picture that was opened, encoded anew; kept by no browser."""
    try:
        response = HttpResponse(opening.served(key, user_of(request)), content_type="image/jpeg")
    except ConflictError as refused:
        response = HttpResponse(refused.sentence, content_type="text/plain; charset=utf-8", status=409)
    response["X-Content-Type-Options"] = "nosniff"
    return _unkept(response)


# --- enrolled images --------------------------------------------------------------------------------------------------


@requires("checkins.enrol")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def images_new(request: HttpRequest, person_id: str) -> HttpResponseBase:
    """Add images."""
    person = _answerable(request, person_id)
    return _enrol_form(request, person, "Add images", "Add these images")


@requires("checkins.enrol")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def image_replace(request: HttpRequest, image_id: str) -> HttpResponseBase:
    """Put other images in the place of one, which stays on record."""
    image = queries.access_image(image_id, user_of(request))
    return _enrol_form(request, image.person, "Replace an image", "Replace it", replaces=image.pk)


def _enrol_form(request: HttpRequest, person: Person, title: str, button: str, replaces: str = "") -> HttpResponseBase:
    form = EnrolForm(request.POST or None, request.FILES or None, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        data = form.cleaned_data
        ready = _measured(data["images"])
        enrolment.check_usable(ready, for_people=data["for_people"])
        provenance = Provenance(source=data["source"], basis=data["basis"], captured_ms=data["captured_ms"])
        enrolment.enrol(
            person.pk,
            ready,
            provenance,
            acting_user=user_of(request),
            now_ms=now_ms(),
            reason=data["reason"],
            replaces=replaces,
        )
        _tell(request, ready)
        return redirect("person-check-ins", person_id=person.pk)

    context = person_context(request, person, "check-ins") | {
        "title": title,
        "button": button,
        "back": _back(person),
        "note": "Each image is measured before anything is kept. It is kept sealed, without the file's own data; "
        "where it comes from stands beside it. A refused form keeps no file: choose them again then.",
    }
    return answer_form(request, form, save, context)


def _measured(files: list[UploadedFile]) -> list[Measured]:
    for file in files:
        if (file.size or 0) > ENROLMENT.max_bytes:  # before it is read into memory
            most = ENROLMENT.max_bytes >> 20
            raise InvalidError(f"{file.name} is too large; at most {most} MiB are taken.", field="images")
    offered = [Offered(file.name or f"Image {number}", file.read()) for number, file in enumerate(files, 1)]
    with engine_for_a_moment() as engine:
        return enrolment.measure(offered, pictures.decoder(), engine)


def _tell(request: HttpRequest, ready: list[Measured]) -> None:
    """The quality of each, at once."""
    good = sum(one.usable for one in ready)
    if good:
        messages.success(request, f"{good} image{'s are' if good > 1 else ' is'} good and will be compared with.")
    for one in ready:
        if not one.usable:
            messages.warning(request, f"{one.name}: {one.sentence}")


def _back(person: Person) -> dict[str, str]:
    return {"href": reverse("person-check-ins", args=[person.pk]), "words": f"{person.short_name} ({person.reference})"}


@requires("checkins.enrol")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def image_remove(request: HttpRequest, image_id: str) -> HttpResponseBase:
    """Take an image out of use."""
    image = queries.access_image(image_id, user_of(request))
    form = RemoveForm(request.POST or None)

    def save() -> HttpResponseBase:
        reason = form.cleaned_data["reason"]
        enrolment.remove(image.pk, acting_user=user_of(request), now_ms=now_ms(), reason=reason)
        messages.success(request, "Removed: it is compared with no more.")
        return redirect("person-check-ins", person_id=image.person_id)

    context = person_context(request, image.person, "check-ins") | {
        "title": "Remove an image",
        "button": "Remove it",
        "back": _back(image.person),
        "note": f"{image.source}. It is compared with no more. That it was kept, and why it went, stays on record. "
        "Where no image is left, people look at every check-in.",
    }
    return answer_form(request, form, save, context)


@requires("checkins.enrol")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def image_from_check_in(request: HttpRequest, submission_id: str, number: int) -> HttpResponseBase:
    """Enrol a photograph of a check-in that people decided."""
    check_in = _check_in_of(request, submission_id)
    form = FromCheckInForm(request.POST or None)

    def save() -> HttpResponseBase:
        with engine_for_a_moment() as engine:
            enrolment.enrol_from_check_in(
                submission_id,
                number - 1,
                form.cleaned_data["basis"],
                decoder=pictures.decoder(),
                engine=engine,
                acting_user=user_of(request),
                now_ms=now_ms(),
                reason=form.cleaned_data["reason"],
            )
        messages.success(request, "Enrolled: it is compared with from now on.")
        return redirect("person-check-ins", person_id=check_in.person_id)

    context = person_context(request, check_in.person, "check-ins") | {
        "title": f"Enrol photograph {number} of this check-in",
        "button": "Enrol it",
        "back": _back(check_in.person),
        "note": "People decided that it shows the person. Look at it first: it is compared with from then on.",
    }
    return answer_form(request, form, save, context)


def _check_in_of(request: HttpRequest, submission_id: str) -> CheckIn:
    found = CheckIn.objects.filter(submissions=submission_id).first()
    if found is None:
        raise NotFoundError("There is no such photograph among those you may see.")
    return queries.access_check_in(found.pk, user_of(request), "checkins.enrol")


# --- without a camera -------------------------------------------------------------------------------------------------


@requires("checkins.enrol")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def check_in_record(request: HttpRequest, check_in_id: str) -> HttpResponseBase:
    """Record a check-in of somebody whom the officer saw themselves."""
    check_in = queries.access_check_in(check_in_id, user_of(request), "checkins.enrol")
    person, now = check_in.person, now_ms()
    form = InPersonForm(request.POST or None, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        in_person.record(
            check_in.pk,
            Verdict(form.cleaned_data["verdict"]),
            form.cleaned_data["reason"],
            seen_ms=_seen_ms(form, check_in, now),
            acting_user=user_of(request),
            now_ms=now,
        )
        messages.success(request, "Recorded: the check-in is decided.")
        return redirect("person-check-ins", person_id=person.pk)

    context = person_context(request, person, "check-ins") | {
        "title": "Record a check-in without a camera",
        "button": "Record it",
        "back": _back(person),
        "note": f"Asked {full_text(check_in.asked_ms, person.time_zone)}, due "
        f"{full_text(check_in.due_ms, person.time_zone)}. For somebody whom you saw yourself. That somebody else came "
        "is not said here: it takes two people who look at photographs.",
    }
    return answer_form(request, form, save, context)


def _seen_ms(form: forms.Form, check_in: CheckIn, now: int) -> int:
    """The field has no seconds: the minute of the question counts from the question on."""
    seen_ms = instant_of(form, "seen_ms", now)
    return check_in.asked_ms if 0 < check_in.asked_ms - seen_ms < MINUTE_MS else seen_ms
