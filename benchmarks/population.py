"""Many people with orders, devices and five zones of 36 corners each, written straight into a new database.

Bulk inserts instead of the actions: registering 50,000 people one by one is not what is measured here.
"""

# ruff: noqa: PLC0415 - Django must be set up before models are imported

import math
import random
from collections.abc import Iterator
from itertools import islice

ZONES = 5
CORNERS = 36
CENTRE = (51.5, -0.12)
SPREAD_DEG = 0.1
RADIUS_M = 300.0
DAY_MS = 86_400_000
CHUNK = 2_000


def ring(lat: float, lon: float, dice: random.Random) -> list[list[float]]:
    """An uneven ring of corners about a point."""
    east = RADIUS_M / 111_320 / math.cos(math.radians(lat))
    north = RADIUS_M / 111_320
    turns = [2 * math.pi * i / CORNERS for i in range(CORNERS)]
    reach = [dice.uniform(0.8, 1.0) for _ in turns]
    return [
        [round(lon + east * r * math.cos(a), 6), round(lat + north * r * math.sin(a), 6)]
        for a, r in zip(turns, reach, strict=True)
    ]


def _zone(number: int, dice: random.Random) -> dict[str, object]:
    lat = CENTRE[0] + dice.uniform(-SPREAD_DEG, SPREAD_DEG)
    lon = CENTRE[1] + dice.uniform(-SPREAD_DEG, SPREAD_DEG)
    return {
        "kind": "zone",
        "zone_kind": "exclusion",
        "name": f"Zone {number}",
        "area": {"shape": "polygon", "ring": ring(lat, lon, dice)},
        "timetable": {"zone": "Europe/London"},
    }


def bodies(zones: int = ZONES) -> Iterator[dict[str, object]]:
    """What the conditions of one person after the other ask, `zones` of each; always the same."""
    dice = random.Random(1)
    while True:
        for number in range(zones):
            yield _zone(number, dice)


def person_id(number: int) -> str:
    """The id of the nth person."""
    return f"{number:032x}"


def _stamp(at_ms: int) -> dict[str, object]:
    return {"recorded_ms": at_ms, "recorded_by": None, "recorded_by_name": "benchmark", "reason": ""}


def populate(people: int, start_ms: int, *, zones: int = ZONES, protocol: str = "osmand") -> None:
    """Write the people. Django must be set up and the database migrated."""
    from surety.server.cases import models as m
    from surety.server.records import vault

    asked = bodies(zones)
    m.DoorRevision.objects.update_or_create(id=1, defaults={"revision": 1})
    numbers: Iterator[int] = iter(range(people))
    while chunk := list(islice(numbers, CHUNK)):
        stamp = _stamp(start_ms)
        ids = [person_id(n) for n in chunk]
        vault.warm(ids, make=True)
        m.Person.objects.bulk_create(
            m.Person(id=i, reference=f"B{i[-12:]}", given_names="Person", family_name=i[-6:], **stamp) for i in ids
        )
        orders = m.Order.objects.bulk_create(m.Order(id=i, person_id=i, **stamp) for i in ids)
        m.OrderVersion.objects.bulk_create(_version(order, start_ms, stamp) for order in orders)
        places = [(order, n) for order in orders for n in range(zones)]
        conditions = m.Condition.objects.bulk_create(
            m.Condition(id=f"{n}{order.pk[1:]}", order=order, label=f"Zone {n}") for order, n in places
        )
        m.ConditionVersion.objects.bulk_create(
            m.ConditionVersion(
                condition=one, version=1, effective_from_ms=start_ms, body=next(asked), kind="zone", **stamp
            )
            for one in conditions
        )
        m.Device.objects.bulk_create(m.Device(id=i, identifier=f"device-{i}", protocol=protocol, **stamp) for i in ids)
        m.DeviceAssignment.objects.bulk_create(
            m.DeviceAssignment(device_id=i, person_id=i, from_ms=start_ms, **stamp) for i in ids
        )
        m.DoorGrant.objects.bulk_create(_grant(i, start_ms, protocol) for i in ids)
        m.ChangeNotice.objects.bulk_create(
            m.ChangeNotice(person_id=i, at_ms=start_ms, recorded_ms=start_ms) for i in ids
        )


def _version(order: object, start_ms: int, stamp: dict[str, object]) -> object:
    from surety.server.cases import models as m

    return m.OrderVersion(
        order=order,
        version=1,
        effective_from_ms=start_ms,
        order_type="community",
        legal_basis="benchmark",
        issuing_authority="benchmark",
        decision_sha256="ab" * 32,
        data_kinds=["position", "device"],
        starts_ms=start_ms,
        ends_ms=start_ms + 365 * DAY_MS,
        review_due_ms=start_ms + 90 * DAY_MS,
        told_ms=start_ms,
        told_how="benchmark",
        told_language="en",
        **stamp,
    )


def _grant(identity: str, start_ms: int, protocol: str) -> object:
    from surety.server.cases import models as m

    return m.DoorGrant(
        identifier=f"device-{identity}",
        protocol=protocol,
        device_id=identity,
        person_id=identity,
        data_kinds=["position", "device"],
        from_ms=start_ms,
        to_ms=start_ms + 365 * DAY_MS,
    )
