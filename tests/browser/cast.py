"""People, an evening of theirs, and alerts, made inside the server's own processes (`RunningServer.python`)."""

import math
import time

from django.db import transaction

from surety.rules import facts, findings
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.server.accounts.models import Role, User
from surety.server.alerts import actions as alerts
from surety.server.alerts.tests import cast
from surety.server.cases import actions as cases
from surety.server.cases.checks import DeviceDetails, PersonDetails
from surety.server.cases.models import Order, Person
from surety.server.cases.queries import condition_set
from surety.server.monitoring.models import Finding as FindingRow
from surety.server.monitoring.models import StoredFact
from surety.server.monitoring.sealed import FACT, FINDING, seal

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
HOME = (54.9783, -1.6178)
NAMES = ["Ana Berg", "Jon Kaya", "Mei Larsen", "Omar Okafor", "Ruth Price", "Sam Quist", "Tara Roy", "Udo Sand"]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def person(name: str = "Ana Berg", reference: str = "NB-2041", region: str = "north") -> Person:
    """Somebody with an order in force since a month, a curfew every night and an exclusion zone."""
    given, _, family = name.partition(" ")
    start = now_ms() - 30 * 24 * HOUR_MS
    details = PersonDetails(
        reference=reference,
        given_names=given,
        family_name=family,
        region=region,
        phone="+44 191 498 0000",
        date_of_birth="1990-12-31",
        nationality="Ruritanian",
        address="17 Invented Street\nAlderbeck",
    )
    found = cases.register_person(details, acting_user=None, now_ms=start)
    terms = cast.terms(starts_ms=start, ends_ms=start + 90 * 24 * HOUR_MS, review_due_ms=start + 80 * 24 * HOUR_MS)
    order = cases.record_order(found.pk, terms, acting_user=None, now_ms=start, told=cast.told(start))
    circle = {"shape": "circle", "lat_deg": HOME[0], "lon_deg": HOME[1], "radius_m": 100}
    curfew = {
        "kind": "curfew",
        "places": [{"name": "home", "area": circle}],
        "timetable": {"zone": "Europe/London", "rows": [_row(day) for day in _days()]},
    }
    cases.add_condition(
        order.pk, curfew, label="Curfew at home", effective_from_ms=start, acting_user=None, now_ms=start
    )
    return found


def _days() -> list[str]:
    return ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _row(day: str) -> dict[str, str]:
    return {"day": day, "start": "00:00", "end": "24:00"}


def evening(of: Person, until_ms: int) -> None:
    """Eight hours of fixes: at home, then out for the last half hour, with a hole and some cell fixes."""
    rows, start = [], until_ms - 8 * HOUR_MS
    for i in range(480):
        at = start + i * MINUTE_MS
        if 200 < i < 245:
            continue
        out = i > 450
        cell = i % 37 == 0
        drift = 0.0002 * math.sin(i / 9)
        lat, lon = (HOME[0] + 0.004, HOME[1] + 0.003) if out else (HOME[0] + drift, HOME[1] - drift / 2)
        source = facts.Source.CELL if cell else facts.Source.GNSS
        fix = facts.Fix(facts.fact_id("watch", at), "watch", at, at + 2000, lat, lon, 400.0 if cell else 8.0, source)
        rows.append(_stored(of, fix))
    report = facts.DeviceReport(
        facts.fact_id("watch", "low"),
        "watch",
        start + 380 * MINUTE_MS,
        start,
        12.0,
        None,
        (facts.DeviceEvent.BATTERY_LOW,),
    )
    rows.append(_stored(of, report))
    StoredFact.objects.bulk_create(rows)


def _stored(of: Person, fact: facts.Fact) -> StoredFact:
    return StoredFact(
        fact_id=fact.id,
        person_id=of.pk,
        at_ms=fact.at_ms,
        received_ms=fact.received_ms,
        processed_ms=fact.received_ms,
        body=seal(of.pk, facts.encode(fact), FACT),
    )


def find(of: Person, kind: Kind, at_ms: int, certainty: Certainty = Certainty.ESTABLISHED, **more: object) -> Finding:
    """A finding about somebody, stored and on the desk, as the worker does it."""
    cause = more.get("cause", Cause.UNKNOWN)
    condition_id = str(more.get("condition_id", ""))
    number = 1 if condition_id else 0
    finding = Finding(
        id=findings.finding_id(of.pk, kind, condition_id, number, at_ms),
        kind=kind,
        person_id=of.pk,
        condition_id=condition_id,
        condition_version=number,
        episode_id=str(more.get("episode", f"{of.pk}-{kind}-{at_ms}")),
        at_ms=at_ms,
        known_ms=at_ms,
        certainty=certainty,
        cause=Cause(str(cause)),
        evidence=Evidence(),
    )
    with transaction.atomic():
        FindingRow.objects.create(
            id=finding.id,
            person_id=of.pk,
            kind=kind,
            condition_id=condition_id,
            condition_version=number,
            episode_id=finding.episode_id,
            at_ms=at_ms,
            known_ms=at_ms,
            processed_ms=now_ms(),
            certainty=certainty,
            cause=finding.cause,
            body=seal(of.pk, findings.to_json(finding), FINDING),
        )
        alerts.apply_findings([finding], [], now_ms=now_ms())
    return finding


def night() -> None:
    """A desk with some of everything."""
    from surety.server.alerts.models import Alert  # noqa: PLC0415 - only here

    now = now_ms()
    people = [person(name, f"NB-20{i:02d}") for i, name in enumerate(NAMES)]
    evening(people[0], now)
    condition = condition_set(people[0].pk).conditions[0].id
    find(people[0], Kind.CURFEW_LEFT, now - 29 * MINUTE_MS, condition_id=condition)
    find(people[1], Kind.ZONE_ENTERED, now - 4 * MINUTE_MS, Certainty.PROBABLE)
    find(people[2], Kind.CANNOT_VERIFY, now - 50 * MINUTE_MS, Certainty.ESTABLISHED, cause="network")
    find(people[3], Kind.SILENT, now - 140 * MINUTE_MS, Certainty.ESTABLISHED, cause="charging")
    find(people[4], Kind.BATTERY_LOW, now - 20 * MINUTE_MS, cause="charging")
    find(people[5], Kind.STRAP_TAMPER, now - 2 * MINUTE_MS, Certainty.PROBABLE, cause="equipment")
    find(people[6], Kind.CURFEW_LEFT, now - 90 * MINUTE_MS, episode="back")
    find(people[6], Kind.CURFEW_RETURNED, now - 60 * MINUTE_MS, episode="back")
    find(people[7], Kind.CURFEW_ABSENT_AT_START, now - 75 * MINUTE_MS)
    operator = User.objects.filter(role=Role.OPERATOR).first()
    if operator:
        alert = Alert.objects.get(person=people[2])
        alerts.acknowledge(alert.pk, acting_user=operator, now_ms=now)
        alerts.record_contact(
            alert.pk, "phone", reached=True, text="In the cellar, no reception.", acting_user=operator, now_ms=now
        )
        second = Alert.objects.get(person=people[7])
        alerts.resolve(
            second.pk, "violation", "Said he stayed out; no proof of a reason.", acting_user=operator, now_ms=now
        )


def protected_person() -> str:
    """Somebody protected from Ana Berg: one link in force, one that waits for approval, a phone; their id."""
    from surety.server.cases import protected  # noqa: PLC0415 - only here

    again = {"acting_user": None, "now_ms": now_ms()}
    details = protected.ProtectedDetails(reference="PR-1", name="Pia Protected", contact="by telephone, after six")
    pia = protected.register_protected(details, **again)
    orders = Order.objects.filter(person__reference__in=("NB-2000", "NB-2001"))
    for order in orders:
        terms = protected.LinkTerms(legal_basis="Protection Act, s. 5", alert_m=500, warn_m=1_500)
        consent = protected.Consent(at_ms=again["now_ms"], how="signed form")
        link = protected.propose_link(pia.pk, order.pk, terms, consent, from_ms=again["now_ms"], **again)
        if order == orders[0]:
            protected.approve_link(link.pk, **again)
            protected.record_link_told(link.pk, cast.told(again["now_ms"]), **again)
    device, _ = cases.register_device(DeviceDetails(protocol="owntracks", model="Phone"), **again)
    protected.assign_protected_device(device.pk, pia.pk, from_ms=again["now_ms"], **again)
    return pia.pk
