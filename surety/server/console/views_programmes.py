"""The zones that hold for a whole programme: list, propose, confirm, withdraw, and record who was told.

What a proposer typed goes through the same form as a personal zone. Whom a zone is for is chosen by order types and
region, and nothing else can be chosen.
"""

from typing import NamedTuple

import msgspec
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from surety.rules import words
from surety.rules.conditions import Zone
from surety.server.accounts.permissions import may, people_for, requires
from surety.server.cases import programme_queries as queries
from surety.server.cases import programmes
from surety.server.cases.checks import Told, check_time_zone
from surety.server.cases.models import Person, ProgrammeZone, ProgrammeZoneVersion, ProposalState
from surety.server.console import condition_form
from surety.server.console.case_access import full_text, input_ms, input_text, now_ms, refusals_as_pages, user_of
from surety.server.console.case_words import LANGUAGES, ORDER_TYPES, body_changes
from surety.server.console.condition_form import Fields, RowFields
from surety.server.console.views_condition import DAYS
from surety.server.errors import InvalidError, NotAllowedError, NotFoundError, RefusedError

DEFAULT_ZONE = "Europe/London"
SHOWN = 200  # people to tell on one page; the others come when these are told


class Given(msgspec.Struct):
    """What the form holds beside the zone itself, as typed."""

    legal_basis: str = ""
    order_types: list[str] = []
    region: str = ""
    starts: str = ""
    ends: str = ""
    time_zone: str = DEFAULT_ZONE


class _Shown(NamedTuple):
    version: ProgrammeZoneVersion
    says: str
    whom: str
    when: str
    became: str
    changes: list[str]


@requires("programmes.view")
@require_safe
def programme_zones(request: HttpRequest) -> HttpResponseBase:
    """Every zone, what it asks now, and what waits for a second person."""
    now, rows = now_ms(), []
    for zone in queries.zones():
        held, waits = queries.in_force(zone, now), queries.proposal(zone)
        rows.append({"zone": zone, "held": _shown(held) if held else None, "waits": _shown(waits) if waits else None})
    may_propose = may(request.user, "programmes.propose")
    return render(request, "console/programme_zones.html", {"rows": rows, "may_propose": may_propose})


@requires("programmes.view")
@refusals_as_pages
@require_safe
def programme_zone(request: HttpRequest, zone_id: str) -> HttpResponseBase:
    """One zone: its versions, and whom it is for."""
    zone, user, now = _zone(zone_id), user_of(request), now_ms()
    held, waits = queries.in_force(zone, now), queries.proposal(zone)
    may_tell = held is not None and may(user, "cases.change")
    context = {
        "zone": zone,
        "versions": _history(zone),
        "held": held,
        "waits": _shown(waits) if waits else None,
        "is_own": waits is not None and waits.recorded_by_id == user.pk,
        "may_propose": may(user, "programmes.propose"),
        "may_confirm": may(user, "programmes.confirm"),
        "drawing": {"areas": _areas(waits or held), "fixes": []},
        "told": queries.told_ids(held).count() if held else 0,
        "may_tell": may_tell,
        "languages": LANGUAGES,
    }
    if held is not None and may_tell:
        untold = _untold(held, request, now)
        context |= {"untold": untold[:SHOWN], "untold_count": untold.count()}
    return render(request, "console/programme_zone.html", context)


@requires("programmes.propose")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def programme_zone_new(request: HttpRequest) -> HttpResponseBase:
    """Propose a zone."""
    return _form(request, None)


@requires("programmes.propose")
@refusals_as_pages
@require_http_methods(["GET", "POST"])
def programme_zone_change(request: HttpRequest, zone_id: str) -> HttpResponseBase:
    """Propose that a zone says something else."""
    return _form(request, _zone(zone_id))


@requires("programmes.view")
@refusals_as_pages
@require_POST
def programme_zone_act(request: HttpRequest, zone_id: str) -> HttpResponseBase:
    """Confirm, decline or withdraw."""
    zone, user, now = _zone(zone_id), user_of(request), now_ms()
    if not (may(user, "programmes.propose") or may(user, "programmes.confirm")):
        raise NotAllowedError("Your role does not let you decide on zones of a programme.")
    reason, waits = request.POST.get("reason", ""), queries.proposal(zone)
    try:
        match request.POST.get("do"):
            case "confirm" if waits:
                programmes.confirm_version(waits.pk, acting_user=user, now_ms=now, reason=reason)
                messages.success(request, "Confirmed. It binds each person from when they were told of it.")
            case "decline" if waits:
                programmes.decline_version(waits.pk, reason, acting_user=user, now_ms=now)
                messages.success(request, "Declined. What holds stays as it is.")
            case "withdraw":
                programmes.withdraw_zone(zone.pk, acting_user=user, now_ms=now, reason=reason)
                messages.success(request, "Withdrawn. From now on it asks nothing of anybody.")
            case _:
                raise InvalidError("Nothing waits to be decided here any more.")
    except RefusedError as refused:
        messages.error(request, refused.sentence)
    return redirect("programme-zone", zone_id=zone.pk)


@requires("cases.change")
@refusals_as_pages
@require_POST
def programme_zone_told(request: HttpRequest, zone_id: str) -> HttpResponseBase:
    """Record that people were told: those ticked, or everybody whom the zone is for and who was not told yet."""
    zone, user, now = _zone(zone_id), user_of(request), now_ms()
    version = queries.in_force(zone, now)
    if version is None:
        raise NotFoundError("There is no such zone in force.")
    chosen = request.POST.getlist("person")
    if request.POST.get("everybody"):
        chosen = list(_untold(version, request, now).values_list("pk", flat=True))
    try:
        if not chosen:
            raise InvalidError("Choose the people who were told.", field="person")
        told = Told(
            at_ms=_instant(request.POST.get("told", ""), _zone_of(version), now, "told_ms"),
            how=request.POST.get("how", ""),
            language=request.POST.get("language", ""),
        )
        done = programmes.record_told(version.pk, chosen, told, acting_user=user, now_ms=now)
    except RefusedError as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"Recorded for {done} {'person' if done == 1 else 'people'}: it binds them now.")
    if len(chosen) == 1 and request.POST.get("back") == "person":
        return redirect("person-conditions", person_id=chosen[0])
    return redirect("programme-zone", zone_id=zone.pk)


# --- what they share ----------------------------------------------------------------------------------------------


def _zone(zone_id: str) -> ProgrammeZone:
    zone = ProgrammeZone.objects.filter(pk=zone_id).prefetch_related("versions").first()
    if zone is None:
        raise NotFoundError("There is no such zone.")
    return zone


def _untold(version: ProgrammeZoneVersion, request: HttpRequest, now: int) -> QuerySet[Person]:
    people = people_for(user_of(request), "cases.change")
    told = queries.told_ids(version).values("person_id")
    return queries.concerned(version, people, now).exclude(pk__in=told).order_by("reference")


def zone_body(version: ProgrammeZoneVersion) -> Zone:
    """What a version that is not a withdrawal asks."""
    return msgspec.convert(version.body, Zone)


def _zone_of(version: ProgrammeZoneVersion) -> str:
    return zone_body(version).timetable.zone if version.body is not None else DEFAULT_ZONE


def _areas(version: ProgrammeZoneVersion | None) -> list[dict[str, object]]:
    if version is None or version.body is None:
        return []
    body = zone_body(version)
    return [{"name": body.name, "role": body.zone_kind.value, "area": msgspec.to_builtins(body.area)}]


def _shown(version: ProgrammeZoneVersion, before: ProgrammeZoneVersion | None = None) -> _Shown:
    zone, body = _zone_of(version), zone_body(version) if version.body is not None else None
    types = ", ".join(ORDER_TYPES.get(one, one) for one in version.order_types)
    where = f" in the region {version.region}" if version.region else ""
    until = f" until {full_text(version.ends_ms, zone)}" if version.ends_ms else ""
    from_ms = version.effective_from_ms or version.starts_ms
    became = ProposalState(version.state).label
    if version.decided_ms:
        became = f"{became} by {version.decided_by_name}, {full_text(version.decided_ms, zone)}"
    return _Shown(
        version,
        words.describe(body) if body else "Withdrawn: from then on it asks nothing.",
        f"People under orders of the types: {types}{where}.",
        f"From {full_text(from_ms, zone)}{until}.",
        became,
        body_changes(zone_body(before) if before and before.body else None, body) if before else [],
    )


def _history(zone: ProgrammeZone) -> list[_Shown]:
    rows: list[_Shown] = []
    before = None
    for version in sorted(zone.versions.all(), key=lambda one: one.version):
        rows.append(_shown(version, before))
        before = version if version.state == ProposalState.CONFIRMED else before
    return rows[::-1]


def _form(request: HttpRequest, zone: ProgrammeZone | None) -> HttpResponseBase:
    fields, given, error = _as_it_is(zone)
    if request.method == "POST":
        given = _given(request)
        try:
            fields = condition_form.of_post(request.POST, request.FILES, "zone")
            version = _propose(request, zone, fields, given)
        except RefusedError as refused:
            error, fields = refused, condition_form.of_post(request.POST, {}, "zone")
        else:
            messages.success(request, "Proposed. It asks nothing of anybody until a second person confirms it.")
            return redirect("programme-zone", zone_id=version.zone_id)
    nights = [*fields.nights, *(RowFields(len(fields.nights) + i, day="") for i in range(2))]
    context = {
        "title": f"Change {zone.label}" if zone else "New programme-wide zone",
        "zone": zone, "fields": fields, "given": given, "error": error, "days": DAYS, "nights": nights,
        "order_types": ORDER_TYPES.items(), "around": {"areas": [], "fixes": [], "table": False},
        "blank_row": RowFields(0), "regions": _regions(),
    }  # fmt: skip
    return render(request, "console/programme_zone_form.html", context, status=422 if error else 200)


def _regions() -> list[str]:
    found = Person.objects.exclude(region="").values_list("region", flat=True).distinct()
    return sorted(found)


def _as_it_is(zone: ProgrammeZone | None) -> tuple[Fields, Given, RefusedError | None]:
    version = queries.in_force(zone, now_ms()) if zone else None
    if zone is None or version is None:
        return condition_form.blank("zone"), Given(), None
    body = zone_body(version)
    ends = input_text(version.ends_ms, body.timetable.zone) if version.ends_ms else ""
    given = Given(version.legal_basis, list(version.order_types), version.region, "", ends, body.timetable.zone)
    return condition_form.of_body(body, zone.label), given, None


def _given(request: HttpRequest) -> Given:
    post = request.POST
    names = ("region", "starts", "ends")
    typed = {name: post.get(name, "").strip() for name in names}
    zone = post.get("time_zone", "").strip() or DEFAULT_ZONE
    return Given(post.get("legal_basis", "").strip(), post.getlist("order_types"), time_zone=zone, **typed)


def _propose(request: HttpRequest, zone: ProgrammeZone | None, fields: Fields, given: Given) -> ProgrammeZoneVersion:
    now = now_ms()
    check_time_zone(given.time_zone)
    body = condition_form.body_of(fields, given.time_zone)
    terms = programmes.Terms(
        legal_basis=given.legal_basis,
        zone=body if isinstance(body, Zone) else {},
        order_types=tuple(given.order_types),
        region=given.region,
        starts_ms=_instant(given.starts, given.time_zone, now, "starts_ms"),
        ends_ms=_instant(given.ends, given.time_zone, now, "ends_ms") if given.ends else None,
    )
    stamp = {"acting_user": user_of(request), "now_ms": now, "reason": fields.reason}
    if zone is None:
        return programmes.propose_zone(fields.label, terms, **stamp)  # type: ignore[arg-type]  # three keywords
    return programmes.propose_version(zone.pk, terms, **stamp)  # type: ignore[arg-type]  # three keywords


def _instant(text: str, time_zone: str, now: int, field: str) -> int:
    """What was typed; left empty, now."""
    if not text.strip():
        return now
    try:
        return input_ms(text, time_zone)
    except (ValueError, OverflowError):
        raise InvalidError("Give a day and a time.", field=field) from None
