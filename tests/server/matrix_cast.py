"""Two cases for the authorisation matrix, one within everybody's reach and one out of it, and one user of each role.

`World.ours` says which row stands behind each parameter of an address: a new address with a new parameter needs one.
"""

from importlib import import_module
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password

from surety.faces.contract import Outcome
from surety.rules.conditions import Circle, Timetable, Zone, ZoneKind
from surety.rules.findings import Kind
from surety.server.accounts.models import Role, User
from surety.server.alerts.models import Alert, Incident, IncidentPerson
from surety.server.cases import actions, everyday, programmes, protected
from surety.server.cases.checks import DeviceDetails, PersonDetails, Told
from surety.server.cases.models import DeviceAssignment, Person
from surety.server.cases.protected import Consent, LinkTerms, ProtectedDetails
from surety.server.checkins import reviewing
from surety.server.checkins.tests.review_cast import compared, drawing, enrolled, submission
from surety.server.console.tests.case_cast import DAY_MS, HOME_CURFEW, MINUTE_MS, terms, user
from surety.server.portal import limits, sessions
from surety.server.records import documents, holds
from surety.server.records.models import DocumentKind
from surety.server.timekeeping import now_ms
from tests.browser.cast import find

ROLES = tuple(Role)
TOLD_HOW = "in person, leaflet handed over"
LINK = LinkTerms(legal_basis="Protection Act, s. 5", alert_m=500, warn_m=1_500)
SYSTEM = {"acting_user": None}
GROUND = Zone(ZoneKind.EXCLUSION, "Ground", Circle(55.2, -2.6, 300), Timetable("Europe/London"))


class World(NamedTuple):
    """What stands behind the parameters of the reachable and of the unreachable case, and who works here."""

    ours: dict[str, object]
    theirs: dict[str, object]
    users: dict[Role, User]


def world() -> World:
    """One person in the north with their officer, one in the south with another; everybody works for the north."""
    now = now_ms()
    users = {role: user(f"{role.value.replace('_', '')} here", role, "north") for role in ROLES}
    User.objects.update(password=make_password("correct horse battery staple"))
    elsewhere = user("sol elsewhere", Role.OFFICER, "south")
    shared = _of_nobody(now)
    ours = {**shared, **_case("AB-1", "north", users[Role.OFFICER], now)}
    reviewing.claim(users[Role.FACE_REVIEWER], now_ms=now)  # a review is open to whoever holds it, and to nobody else
    theirs = {**shared, **_case("CD-2", "south", elsewhere, now)}
    return World(ours, theirs, {role: User.objects.get(pk=one.pk) for role, one in users.items()})


def _of_nobody(now: int) -> dict[str, object]:
    version = programmes.propose_zone(
        "Match days",
        programmes.Terms(legal_basis="Football Spectators Act 1989", zone=GROUND, order_types=("bail",), starts_ms=now),
        acting_user=user("ida proposer", Role.SUPERVISOR),
        now_ms=now,
    )
    programmes.confirm_version(version.pk, acting_user=user("jo confirmer", Role.SUPERVISOR), now_ms=now)
    incident = Incident.objects.create(
        symptom="silent", group_kind="network", group_name="Net", cause="network", sentence="Silent.", explanation="-",
        severity=2, from_ms=now, to_ms=now, opened_ms=now, due_ms=now + MINUTE_MS,
    )  # fmt: skip
    return {
        "zone_id": version.zone_id,
        "incident_id": incident.pk,
        "kind": "curfew",
        "number": 0,
        "action": "acknowledge",
        "z": 1,
        "x": 1,
        "y": 1,
    }


def _case(reference: str, region: str, officer: User, now: int) -> dict[str, object]:
    began = now - 7 * DAY_MS
    details = PersonDetails(reference=reference, given_names="Ana Maria", family_name="Berg", region=region)
    person = actions.register_person(details, **SYSTEM, now_ms=began)
    actions.assign_officer(person.pk, officer, **SYSTEM, now_ms=began)
    of_order = _order(person, began, now)
    return {
        "person_id": person.pk,
        **of_order,
        **_devices(person, began),
        **_photographs(person, now),
        **_alert(person),
        **_hold(person, now),
    }


def _order(person: Person, began: int, now: int) -> dict[str, object]:
    told = Told(at_ms=began, how=TOLD_HOW, language="en")
    given = terms(now, data_kinds=("position", "device", "photo"))
    order = actions.record_order(person.pk, given, **SYSTEM, now_ms=began, told=told)
    kept = {"kind": DocumentKind.DECISION, "name": "a.pdf"}
    decision = documents.keep(person.pk, b"%PDF-", **kept, **SYSTEM, now_ms=began)
    curfew = actions.add_condition(
        order.pk, HOME_CURFEW, label="Night curfew", effective_from_ms=began, **SYSTEM, now_ms=began
    )
    place = everyday.add_everyday_place(person.pk, "work", "The works", Circle(55.1, -2.7, 80), **SYSTEM, now_ms=began)
    return {
        "order_id": order.pk,
        "document_id": decision.pk,
        "condition_id": curfew.pk,
        "everyday_id": place.pk,
        **_protected(order.pk, person, now),
    }


def _protected(order_id: str, person: Person, now: int) -> dict[str, object]:
    details = ProtectedDetails(
        reference=f"P-{person.reference}", name="Pia Secret", contact="0800 5550 999", region=person.region
    )
    found = protected.register_protected(details, **SYSTEM, now_ms=now)
    link = protected.propose_link(
        found.pk, order_id, LINK, Consent(at_ms=now - DAY_MS, how="signed form"),
        from_ms=now, **SYSTEM, now_ms=now,
    )  # fmt: skip
    carried, _ = actions.register_device(DeviceDetails(protocol="owntracks"), **SYSTEM, now_ms=now)
    worn = protected.assign_protected_device(carried.pk, found.pk, from_ms=now, **SYSTEM, now_ms=now)
    return {"protected_id": found.pk, "link_id": link.pk, "carried_id": worn.pk}


def _devices(person: Person, began: int) -> dict[str, object]:
    device, _ = actions.register_device(DeviceDetails(protocol="native"), **SYSTEM, now_ms=began)
    actions.assign_device(device.pk, person.pk, from_ms=began, **SYSTEM, now_ms=began)
    return {"device_id": device.pk, "assignment_id": DeviceAssignment.objects.get(device=device).pk}


def _photographs(person: Person, now: int) -> dict[str, object]:
    image = enrolled(person, drawing(1))
    sent = submission(person, (drawing(2),))
    measured = compared(sent, Outcome.NO_MATCH)
    review = reviewing.open_review(sent, measured, now)
    return {"image_id": image.pk, "check_in_id": sent.check_in_id, "submission_id": sent.pk, "review_id": review.pk}


def _alert(person: Person) -> dict[str, object]:
    find(person, Kind.CURFEW_LEFT, now_ms())
    found = Alert.objects.get(person=person)
    since = {"person": person, "since_ms": found.at_ms, "joined_ms": found.at_ms}
    for incident in Incident.objects.all():
        IncidentPerson.objects.create(incident=incident, **since)
    return {"alert_id": found.pk}


def _hold(person: Person, now: int) -> dict[str, object]:
    by = user(f"hal {person.region}", Role.SUPERVISOR)
    return {"hold_id": holds.propose(person.pk, reason="Appeal", ends_ms=now + DAY_MS, acting_user=by, now_ms=now).pk}


def own_page(person_id: object) -> dict[str, str]:
    """The cookie of a person who is logged in to their own page."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store.update({sessions.PERSON: person_id, sessions.BEGAN: limits.machine_ms()})
    store.create()
    return {sessions.COOKIE: store.session_key}


# Parameters whose value is a secret that only an opening gives, or one's own passkey: whoever guesses finds nothing.
SECRETS: dict[str, str] = {"key": "0" * 64, "pk": "0", "token": "0" * 32}
# Where an address means something else than most with the same parameter: what it takes in its place.
OTHERWISE: dict[tuple[str, str], str] = {("carry-end", "assignment_id"): "carried_id"}
