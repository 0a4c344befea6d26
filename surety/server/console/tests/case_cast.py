"""One person's whole case for tests of the pages: an order, a curfew, a zone, a device, a day's records, an alert.

What happened: at home, a walk into the zone around the school, twenty minutes there, half an hour of nothing, and home
again. The findings and the alert are made by the real worker from the real log.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from surety.rules.conditions import Circle, Curfew, Place, Polygon, Row, Timetable, Trail, Weekday, Zone, ZoneKind
from surety.rules.facts import DeviceReport, Fact, Fix, Source, encode, fact_id
from surety.server.accounts.actions import enrol_totp
from surety.server.accounts.models import Role, User
from surety.server.alerts.models import Alert
from surety.server.cases import actions
from surety.server.cases.checks import DeviceDetails, OrderTerms, PersonDetails, Told
from surety.server.cases.models import Condition, ConditionVersion, Device, Order, Person
from surety.server.monitoring.worker import Worker
from surety.server.timekeeping import now_ms
from surety.stream.contract import Entry
from surety.stream.sql import SqliteStream

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
HOME = (55.1168, -2.6690)
SCHOOL = (55.1198, -2.6522)
ZONE = "Europe/London"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
EVERY_NIGHT = Timetable(zone=ZONE, rows=tuple(Row(day, "19:00", "07:00") for day in Weekday))
HOME_CURFEW = Curfew(
    places=(Place("Home", Circle(lat_deg=HOME[0], lon_deg=HOME[1], radius_m=80)),), timetable=EVERY_NIGHT
)
SCHOOL_ZONE = Zone(
    zone_kind=ZoneKind.EXCLUSION,
    name="School",
    area=Polygon(ring=((-2.6547, 55.1187), (-2.6497, 55.1188), (-2.6499, 55.1209), (-2.6548, 55.1210))),
    timetable=Timetable(zone=ZONE),
)


class Case(NamedTuple):
    """Everything a test may want to name."""

    person: Person
    order: Order
    curfew_id: str
    zone_id: str
    device: Device
    officer: User
    began_ms: int


def user(name: str, role: Role, region: str = "") -> User:
    """Somebody who works here, with a second factor. They are logged in by the tests, so they need no password."""
    first, _, last = name.title().partition(" ")
    found = User(username=name.replace(" ", "-"), role=role, region=region, first_name=first, last_name=last)
    found.set_unusable_password()
    found.save()
    enrol_totp(found, TOTP_SECRET, now_ms=now_ms())
    return found


def terms(at_ms: int, **changes: object) -> OrderTerms:
    """An order that began a week ago."""
    values: dict[str, object] = {
        "order_type": "bail",
        "legal_basis": "Bail Act 1976, section 3",
        "issuing_authority": "Alderbeck Magistrates' Court",
        "decision_sha256": "ab" * 32,
        "starts_ms": at_ms - 7 * DAY_MS,
        "ends_ms": at_ms + 80 * DAY_MS,
        "review_due_ms": at_ms + 60 * DAY_MS,
    }
    return OrderTerms(**{**values, **changes})


def case(at_ms: int, officer: User) -> Case:
    """The person, with nothing recorded yet."""
    began = at_ms - 7 * DAY_MS
    details = PersonDetails(
        reference="AB-1042", given_names="Ana Maria", family_name="Berg", region="north", phone="01632 960001"
    )
    person = actions.register_person(details, acting_user=None, now_ms=began)
    actions.assign_officer(person.pk, officer, acting_user=None, now_ms=began)
    told = Told(at_ms=began, how="in person, leaflet handed over", language="en")
    order = actions.record_order(person.pk, terms(at_ms), acting_user=None, now_ms=began, told=told)
    curfew, zone, _ = [
        actions.add_condition(order.pk, body, label=label, effective_from_ms=began, acting_user=None, now_ms=began)
        for label, body in (
            ("Night curfew", HOME_CURFEW),
            ("School", SCHOOL_ZONE),
            ("Trail", Trail(silent_after_s=7200)),
        )
    ]
    device, _ = actions.register_device(DeviceDetails(protocol="osmand", model="Tag 3"), acting_user=None, now_ms=began)
    actions.assign_device(device.pk, person.pk, from_ms=began, acting_user=None, now_ms=began)
    return Case(person, order, curfew.pk, zone.pk, device, officer, began)


def record_day(the_case: Case, at_ms: int, directory: Path) -> Alert:
    """Put the day into the log, let the worker take it, and give the alert that came of it."""
    stream = SqliteStream(directory / "day.sqlite3")
    device = the_case.device
    stream.append([Entry(the_case.person.pk, device.pk, "osmand", at_ms, (encode(f),)) for f in _day(device.pk, at_ms)])
    worker = Worker(stream)
    while not worker.run_once(at_ms).idle:
        pass
    stream.close()
    return Alert.objects.get(person=the_case.person, kind="zone_entered")


def _day(device: str, end_ms: int) -> Iterator[Fact]:
    start = end_ms - 3 * HOUR_MS
    yield DeviceReport(fact_id(device, "r", start), device, start, start, battery_pct=64.0, charging=False)
    for minute in range(176):
        at_ms = start + minute * MINUTE_MS
        if 105 <= minute < 135:
            continue  # half an hour of nothing
        yield _fix(device, minute, at_ms)
    yield DeviceReport(
        fact_id(device, "r", end_ms), device, end_ms - 5 * MINUTE_MS, end_ms, battery_pct=41.0, charging=False
    )


def _fix(device: str, minute: int, at_ms: int) -> Fix:
    share = _way(minute)
    lat, lon = (HOME[i] + share * (SCHOOL[i] - HOME[i]) for i in (0, 1))
    lat, lon = lat + 0.00006 * math.sin(minute * 1.7), lon + 0.0001 * math.cos(minute * 2.3)
    by_cell = minute in (40, 41)
    return Fix(
        id=fact_id(device, at_ms),
        device_id=device,
        at_ms=at_ms,
        received_ms=at_ms + (20 * MINUTE_MS if minute == 50 else 1500),
        lat_deg=round(lat + (0.0012 if by_cell else 0), 6),
        lon_deg=round(lon, 6),
        accuracy_m=250.0 if by_cell else 6.0 + minute % 7,
        source=Source.CELL if by_cell else Source.GNSS,
    )


def _way(minute: int) -> float:
    """How far along from home (0) to the school (1)."""
    if minute < 60 or minute >= 150:
        return 0.0
    if minute < 80:
        return (minute - 60) / 20
    return 1.0 if minute < 105 else 0.6


def conditions_called(label: str) -> list[Condition]:
    """Labels lie under people's keys: the database cannot be asked for one."""
    return [one for one in Condition.objects.order_by("pk") if one.label == label]


def version_called(label: str) -> ConditionVersion:
    """The one version of the one condition of this name."""
    (condition,) = conditions_called(label)
    return ConditionVersion.objects.get(condition=condition)
