"""Reviewing: the queue, and one pair of photographs at a time, for whoever holds it.

No page here names the person, and none says what the machine measured before the reviewer's own first answer. No
browser keeps any of it.
"""

from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from surety.rules.facts import Verdict
from surety.server.accounts.permissions import may, requires
from surety.server.checkins import pictures, review_queries, reviewing
from surety.server.checkins import queries as checkins
from surety.server.checkins.models import Stage
from surety.server.console.case_access import refusals_as_pages, user_of
from surety.server.errors import ConflictError, InvalidError, NotFoundError
from surety.server.timekeeping import clock, now_ms

REASONS = {
    Verdict.SAME: (
        "The features and their proportions agree.",
        "A lasting mark agrees: an ear, a scar, a mole.",
    ),
    Verdict.NOT_SAME: (
        "Several features differ.",
        "A lasting mark differs: an ear, a scar, a mole.",
    ),
    Verdict.CANNOT_TELL: (
        "Light or blur hides too much.",
        "The face is turned away or covered.",
        "The enrolled images are too poor or too old.",
    ),
}
_STATUS_OF = {ConflictError: 409, InvalidError: 422}
# Whether somebody has looked already is not told: whoever reads this may be the one to look next.
WAITS_FOR = {False: "A reviewer", True: "A supervisor, as two reviewers disagree"}
_KEYS = {Verdict.SAME: "1", Verdict.NOT_SAME: "2", Verdict.CANNOT_TELL: "3"}
ANSWERS = [
    {"value": verdict.value, "words": words, "key": _KEYS[verdict], "reasons": REASONS[verdict]}
    for verdict, words in review_queries.ANSWERS.items()
]


P = ParamSpec("P")


def _held(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Answer 404 for what the user does not hold, whether or not there is such a review; 403 as everywhere."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFoundError:
            return render(request, "console/review_gone.html", status=404)

    return refusals_as_pages(update_wrapper(guarded, view))


@never_cache
@require_safe
@requires("checkins.review")
def queue(request: HttpRequest) -> HttpResponse:
    """How much waits and until when; the page on which a reviewer begins."""
    user, now = user_of(request), now_ms()
    context: dict[str, Any] = {
        "queue": review_queries.queue(user, now),
        "now": now,
        "trouble": checkins.trouble(clock()),
    }
    if may(user, "checkins.arbitrate"):
        late = review_queries.overdue(user, now)
        context |= {
            "supervises": True,
            "overdue": [{"review": one, "waits_for": WAITS_FOR[one.stage == Stage.ARBITER]} for one in late],
            "disagreements": review_queries.disagreements(user),
        }
    return render(request, "console/review_queue.html", context)


@never_cache
@require_safe
@requires("checkins.review")
def count(request: HttpRequest) -> HttpResponse:
    """The numbers of the queue, for a page that is open."""
    now = now_ms()
    found = review_queries.queue(user_of(request), now)
    return JsonResponse(
        {"waiting": found.waiting, "overdue": found.overdue, "held": found.held, "rows": found.rows, "now_ms": now}
    )


@require_POST
@requires("checkins.review")
@refusals_as_pages
def take_next(request: HttpRequest) -> HttpResponseBase:
    """Hold the next one and show it; back to the queue when nothing waits."""
    review = reviewing.claim(user_of(request), now_ms=now_ms())
    return redirect("review-queue") if review is None else redirect("review", review.pk)


@never_cache
@require_safe
@requires("checkins.review")
@_held
def review(request: HttpRequest, review_id: str) -> HttpResponseBase:
    """The two photographs, and nothing else."""
    return _page(request, review_id)


def _page(
    request: HttpRequest, review_id: str, errors: tuple[tuple[str, str], ...] = (), status: int = 200
) -> HttpResponse:
    user = user_of(request)
    seen = review_queries.look(review_id, user)
    context: dict[str, Any] = {"look": seen, "answers": ANSWERS, "errors": errors, "given": request.POST.dict()}
    if seen.step != "covered":
        own = pictures.of(reviewing.held(review_id, user), user)
        context["references"] = [one for one in own if one.is_reference]
        context["frames"] = [one for one in own if not one.is_reference]
        if seen.told:
            context["measured"] = list(enumerate(seen.told.frames, 1))
    return render(request, "console/review.html", context, status=status)


@require_safe
@requires("checkins.review")
@refusals_as_pages
def picture(request: HttpRequest, review_id: str, key: str) -> HttpResponseBase:
    """One picture, encoded anew; to the holder alone, and kept by nobody."""
    try:
        data = pictures.served(review_id, key, user=user_of(request), now_ms=now_ms())
    except ConflictError as error:
        return _unkept(HttpResponse(error.sentence, status=503, content_type="text/plain"))
    return _unkept(HttpResponse(data, content_type="image/jpeg"))


def _unkept(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Content-Disposition"] = "inline"  # no name to save it under
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@require_POST
@requires("checkins.review")
@_held
def uncover(request: HttpRequest, review_id: str) -> HttpResponseBase:
    """Open the photographs."""
    reviewing.uncover(review_id, acting_user=user_of(request), now_ms=now_ms())
    return redirect("review", review_id)


@require_POST
@requires("checkins.review")
@_held
def first(request: HttpRequest, review_id: str) -> HttpResponseBase:
    """The reviewer's own first answer."""
    step = partial(reviewing.first_answer, review_id, request.POST.get("answer", ""))
    return _done(request, review_id, step) or redirect("review", review_id)


@require_POST
@requires("checkins.review")
@_held
def answer(request: HttpRequest, review_id: str) -> HttpResponseBase:
    """The final answer. What follows from it is told to no reviewer: it would lead the next one."""
    given = request.POST
    try:
        reason = _reason(given)
    except InvalidError as error:
        return _page(request, review_id, ((error.field, error.sentence),), 422)
    step = partial(reviewing.answer, review_id, given.get("answer", ""), reason)
    refused = _done(request, review_id, step)
    return refused or redirect("/review/?recorded=1")


def _reason(given: Mapping[str, str]) -> str:
    """What was chosen and what was written, as one text. An adverse answer takes words of one's own."""
    answer, chosen, words = given.get("answer", ""), given.get("because", ""), given.get("reason", "").strip()
    known = REASONS[Verdict(answer)] if answer in set(Verdict) else ()
    if answer == Verdict.NOT_SAME and not words:
        raise InvalidError("Write in your own words what differs.", field="reason")
    return " ".join(part for part in (chosen if chosen in known else "", words) if part)


@require_POST
@requires("checkins.review")
@_held
def release(request: HttpRequest, review_id: str) -> HttpResponseBase:
    """Give it back, for somebody else."""
    reviewing.release(review_id, acting_user=user_of(request), now_ms=now_ms())
    return redirect("review-queue")


def _done(request: HttpRequest, review_id: str, step: "partial[Any]") -> HttpResponse | None:
    """Do a step; nothing when it went well, else the same page with what was wrong."""
    try:
        step(acting_user=user_of(request), now_ms=now_ms())
    except (ConflictError, InvalidError) as error:
        return _page(request, review_id, ((error.field, error.sentence),), _STATUS_OF[type(error)])
    return None
