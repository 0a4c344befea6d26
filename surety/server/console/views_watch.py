"""A watch: the one-time code by which it comes to be known, its key, and how it is heard."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from surety.server.accounts.permissions import check_may, may, requires
from surety.server.cases import queries as cases
from surety.server.cases import watches
from surety.server.cases.models import Device, DeviceAssignment, Person
from surety.server.cases.watch_queries import TROUBLES, WatchState, watch_state
from surety.server.console.case_access import ago_text, full_text, now_ms, refusals_as_pages, user_of
from surety.server.console.views_person import person_context
from surety.server.errors import InvalidError, NotFoundError


@requires("cases.view")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def watch(request: HttpRequest, device_id: str) -> HttpResponseBase:
    """How a watch stands; an officer makes another code for it, or takes its key away."""
    device, person = _worn(request, device_id)
    if request.method == "POST":
        return _act(request, device, person)
    return _page(request, device, person)


def code_page(request: HttpRequest, device: Device, person: Person, code: str) -> HttpResponseBase:
    """The one-time code, in large text and as a QR code; shown this once."""
    address = f"{settings.SURETY.door_address}/watch/"
    context = person_context(request, person, "conditions") | {
        "device_row": device,
        "code": code,
        "address": address,
        "qr": qr_path(f"{address}#{code}"),
        "until": full_text(now_ms() + watches.GOOD_FOR_MS, person.time_zone),
    }
    response = render(request, "console/watch_code.html", context)
    response["Cache-Control"] = "no-store"  # shown once, also to who goes back
    return response


def qr_path(text: str) -> dict[str, object]:
    """A QR code (ISO/IEC 18004) as one path of an SVG drawing: `size` modules wide, its quiet zone included."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    matrix = code.get_matrix()
    dark = ((x, y) for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark)
    return {"size": len(matrix), "path": "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)}


def _act(request: HttpRequest, device: Device, person: Person) -> HttpResponseBase:
    user, now, reason = user_of(request), now_ms(), request.POST.get("reason", "")
    check_may(user, "cases.change", person)
    try:
        if request.POST.get("do") == "revoke":
            watches.revoke(device.pk, acting_user=user, now_ms=now, reason=reason)
            messages.success(request, "The key is gone: the door takes nothing more from this watch.")
            return redirect("watch", device_id=device.pk)
        return code_page(
            request, device, person, watches.make_code(device.pk, acting_user=user, now_ms=now, reason=reason)
        )
    except InvalidError as error:
        return _page(request, device, person, error=error.sentence)


def _page(request: HttpRequest, device: Device, person: Person, error: str = "") -> HttpResponseBase:
    now = now_ms()
    context = person_context(request, person, "conditions") | {
        "device_row": device,
        "rows": _rows(watch_state(device, now), now, person.time_zone),
        "may_change": may(user_of(request), "cases.change", person),
        "error": error,
    }
    return render(request, "console/watch.html", context, status=400 if error else 200)


def _rows(state: WatchState, now: int, zone: str) -> list[tuple[str, str]]:
    enrolled = "Not yet"
    if state.enrolled_ms is not None:
        enrolled = f"{full_text(state.enrolled_ms, zone)}, with a key of its own ({state.algorithm})"
    elif state.code_until_ms is not None:
        enrolled = f"Not yet; its code is good until {full_text(state.code_until_ms, zone)}"
    heard = f"{ago_text(state.heard_ms, now)} ({full_text(state.heard_ms, zone)})" if state.heard_ms else "Never"
    rows = [("Enrolled", enrolled), ("Last heard", state.problem or heard)]
    for note in state.troubles:
        times = "once" if note.count == 1 else f"{note.count} times"
        rows.append((f"A message {TROUBLES[note.kind]}", f"{times}, last {full_text(note.last_ms, zone)}"))
    return rows


def _worn(request: HttpRequest, device_id: str) -> tuple[Device, Person]:
    """The watch and whoever wears it, or wore it last. Raises NotFoundError, also when the user may not see them."""
    worn = DeviceAssignment.objects.filter(device_id=device_id).select_related("device").order_by("-from_ms").first()
    if worn is None or worn.device.protocol != watches.PROTOCOL:
        raise NotFoundError("There is no such watch.")
    return worn.device, cases.access_person(worn.person_id, user_of(request))
