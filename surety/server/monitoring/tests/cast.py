"""A named cast for the worker's tests: people with an order, a device's fixes, and a log to put them in."""

import itertools
from collections.abc import Iterable

import msgspec
from django.db.models import Model

from surety.rules.conditions import Body, Circle, Curfew, Place, Row, Timetable, Trail, Weekday, Zone, ZoneKind
from surety.rules.facts import Fact, Fix, Source, encode, fact_id
from surety.server.cases import actions as cases
from surety.server.cases.checks import OrderTerms, PersonDetails, Told
from surety.server.cases.models import Order, OrderStatus, Person
from surety.server.monitoring.models import Finding, FormerFinding, SetAside, StoredFact
from surety.server.monitoring.sealed import FACT, FINDING, STATE, seal, unseal
from surety.stream.contract import Entry, Stream

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 1_772_323_200_000  # 2026-03-01T00:00Z, a Sunday
HOME = (51.5, -0.12)
SCHOOL = (51.52, -0.10)
AWAY = (51.55, -0.05)
_numbers = itertools.count(1)

SCHOOL_ZONE = Zone(
    zone_kind=ZoneKind.EXCLUSION,
    name="School",
    area=Circle(lat_deg=SCHOOL[0], lon_deg=SCHOOL[1], radius_m=150),
    timetable=Timetable(zone="Europe/London"),
)
NIGHT_CURFEW = Curfew(
    places=(Place("Home", Circle(lat_deg=HOME[0], lon_deg=HOME[1], radius_m=100)),),
    timetable=Timetable(zone="Europe/London", rows=tuple(Row(day, "19:00", "07:00") for day in Weekday)),
)
TRAIL = Trail(silent_after_s=1800)


def person(
    *bodies: Body, name: str = "Ada", at_ms: int = START_MS, data_kinds: tuple[str, ...] = ("position", "device")
) -> Person:
    """Somebody under an order since `at_ms`, told of it, with these conditions."""
    number = next(_numbers)
    details = PersonDetails(reference=f"T-{number:05d}", given_names=name, family_name="Example")
    found = cases.register_person(details, acting_user=None, now_ms=at_ms)
    order = order_for(found, at_ms=at_ms, data_kinds=data_kinds)
    for body in bodies:
        cases.add_condition(order.pk, body, label="A duty", effective_from_ms=at_ms, acting_user=None, now_ms=at_ms)
    return found


def order_for(found: Person, *, at_ms: int = START_MS, data_kinds: tuple[str, ...] = ("position", "device")) -> Order:
    """An order of a year from `at_ms`."""
    terms = OrderTerms(
        order_type="community",
        legal_basis="Sentencing Act 2020, s. 201",
        issuing_authority="Example Magistrates' Court",
        decision_sha256="ab" * 32,
        starts_ms=at_ms,
        ends_ms=at_ms + 365 * DAY_MS,
        review_due_ms=at_ms + 90 * DAY_MS,
        data_kinds=data_kinds,
    )
    told = Told(at_ms=at_ms, how="in person", language="en")
    return cases.record_order(found.pk, terms, acting_user=None, now_ms=at_ms, told=told)


def end_order(found: Person, at_ms: int) -> None:
    """The person's order is over at an instant, as seen by pages, which go by the clock on the wall: years later its
    review would be overdue, and its trail closed."""
    again = {"effective_from_ms": at_ms, "acting_user": None, "now_ms": at_ms}
    cases.set_order_status(found.orders.get().pk, OrderStatus.ENDED, reason="its time is over", **again)


def fix(at_ms: int, place: tuple[float, float], *, device: str = "device", received_ms: int | None = None) -> Fix:
    """A good fix at a place."""
    return Fix(
        id=fact_id(device, at_ms, *place),
        device_id=device,
        at_ms=at_ms,
        received_ms=at_ms if received_ms is None else received_ms,
        lat_deg=place[0],
        lon_deg=place[1],
        accuracy_m=8.0,
        source=Source.GNSS,
    )


def stay(place: tuple[float, float], from_ms: int, to_ms: int, *, every_ms: int = MINUTE_MS) -> list[Fix]:
    """A fix each minute at one place."""
    return [fix(at_ms, place) for at_ms in range(from_ms, to_ms, every_ms)]


def entry(person_id: str, facts: Iterable[Fact], *, received_ms: int | None = None) -> Entry:
    """One message that carried these facts."""
    facts = tuple(facts)
    received = max(fact.received_ms for fact in facts) if received_ms is None else received_ms
    return Entry(person_id, "device", "osmand", received, tuple(encode(fact) for fact in facts))


def send(stream: Stream, found: Person, facts: Iterable[Fact], *, one_message: bool = False) -> None:
    """Put facts in the log, each as a message of its own unless told otherwise."""
    facts = list(facts)
    stream.append([entry(found.pk, facts)] if one_message else [entry(found.pk, [one]) for one in facts])


def replaced(condition: Body, **changes: object) -> Body:
    """The condition with something else in it."""
    return msgspec.structs.replace(condition, **changes)


_PURPOSES = {StoredFact: FACT, SetAside: FACT, Finding: FINDING, FormerFinding: FINDING}


def opened(row: Model) -> bytes:
    """What a row of this room says, opened with its person's key."""
    return unseal(row.person_id, row.body, _PURPOSES.get(type(row), STATE))


def rewrite(row: Model, body: bytes, **columns: object) -> None:
    """Put other bytes into a row, sealed as the worker would, as somebody with a hand in the database could."""
    box = seal(row.person_id, body, _PURPOSES.get(type(row), STATE))
    type(row).objects.filter(pk=row.pk).update(body=box, **columns)
