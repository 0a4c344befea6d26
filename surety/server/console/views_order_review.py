"""The form by which somebody records that an order was reviewed, and what came of it."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from surety.server.accounts.permissions import requires
from surety.server.cases import reviews
from surety.server.console.case_access import input_text, now_ms, refusals_as_pages, user_of
from surety.server.console.editor_forms import ReviewForm
from surety.server.console.views_condition import access_order
from surety.server.console.views_editors import answer_form
from surety.server.console.views_person import person_context

USUAL_MS = 91 * 86_400_000  # three months, the usual time between two reviews; four are the most
NOTE = (
    "Look at whether the order is still needed, and whether something less would do. What you write is kept with the "
    "order. A review that is late restores the order from now on; what lapsed before stays so."
)


@requires("cases.change")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def order_review(request: HttpRequest, order_id: str) -> HttpResponseBase:
    """Record a review of an order, now."""
    order, person = access_order(request, order_id)
    now = now_ms()
    initial = {"next_due_ms": input_text(now + USUAL_MS, person.time_zone)}
    form = ReviewForm(request.POST or None, initial=initial, time_zone=person.time_zone)

    def save() -> HttpResponseBase:
        given = {name: form.cleaned_data[name] for name in ("outcome", "statement", "next_due_ms")}
        reviews.record_review(order.pk, **given, acting_user=user_of(request), now_ms=now)
        messages.success(request, "The review is recorded.")
        return redirect("order-history", order_id=order.pk)

    context = person_context(request, person, "conditions")
    context |= {"title": "Record a review", "button": "Record this review", "note": NOTE}
    return answer_form(request, form, save, context)
