"""Whatever the order in which facts arrive, and however often: the findings that stand in the end are the same."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surety.rules import engine
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    Circle,
    Pause,
    Place,
    Row,
    Timetable,
    Weekday,
    Zone,
    ZoneKind,
)
from surety.rules.facts import DeviceEvent, DeviceReport, Fact, Tick, fact_id
from surety.rules.findings import to_json
from surety.server.cases import actions as cases
from surety.server.cases import queries as case_queries
from surety.server.cases.models import Condition, Person
from surety.server.monitoring.models import Finding, StoredFact
from surety.server.monitoring.tests.cast import (
    AWAY,
    HOME,
    HOUR_MS,
    MINUTE_MS,
    NIGHT_CURFEW,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    TRAIL,
    fix,
    opened,
    person,
    replaced,
    send,
)
from surety.server.monitoring.verifying import Options, verify_person
from surety.server.monitoring.worker import Worker
from surety.stream.sql import SqliteStream

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
END_MS = START_MS + 30 * HOUR_MS
TOLERATING = replaced(NIGHT_CURFEW, allowance_day_min=30, allowance_week_min=45)
LEAVE = Absence(
    AbsenceKind.AUTHORISED,
    Timetable("Europe/London", tuple(Row(day, "21:00", "22:00") for day in Weekday)),
    (Pause("2026-03-01T03:00", "2026-03-01T05:00"),),
    reason="work",
)
COURSE = Attendance(
    "a course",
    Place("School", Circle(lat_deg=SCHOOL[0], lon_deg=SCHOOL[1], radius_m=100)),
    Timetable("Europe/London", tuple(Row(day, "02:00", "04:00") for day in Weekday)),
    2_400,
)
WARNED_ZONE = replaced(SCHOOL_ZONE, warn_m=3_000)
PASS_THROUGH = Zone(
    ZoneKind.RESTRICTION,
    "Market",
    Circle(lat_deg=AWAY[0], lon_deg=AWAY[1], radius_m=60),  # so near its edge that some stays wait for the next fix
    Timetable("Europe/London"),
    max_stay_s=610,
)

legs = st.lists(
    st.tuples(
        st.sampled_from([HOME, SCHOOL, AWAY]),
        st.integers(1, 25),  # fixes at the place
        st.sampled_from([1, 2, 5, 20]),  # minutes between them
        st.sampled_from([0, 0, 0, 40, 200]),  # minutes of nothing afterwards
        st.sampled_from([None, None, DeviceEvent.SOS, DeviceEvent.POWER_OFF, DeviceEvent.STRAP_TAMPER]),
        st.sampled_from([None, None, 90, 14]),  # the battery, percent
        st.booleans(),  # whether the device had no network, and sends it all an hour later
    ),
    min_size=1,
    max_size=8,
)


def facts_of(
    journey: list[tuple[tuple[float, float], int, int, int, DeviceEvent | None, int | None, bool]],
) -> list[Fact]:
    """The facts of a journey, in order of time."""
    facts: list[Fact] = []
    at_ms = START_MS + 90_000
    for place, count, every, gap, event, battery, kept in journey:
        leg: list[Fact] = []
        for _ in range(count):
            leg.append(fix(at_ms, place))
            at_ms += every * MINUTE_MS
        if event or battery:
            name, events = fact_id("device", at_ms, event, battery), (event,) if event else ()
            leg.append(DeviceReport(name, "device", at_ms, at_ms, battery, events=events))
        came_ms = at_ms + HOUR_MS
        facts += [msgspec.structs.replace(fact, received_ms=came_ms) for fact in leg] if kept else leg
        at_ms += gap * MINUTE_MS
    return [fact for fact in facts if fact.at_ms < END_MS]


def concluded_in_order(who: Person, facts: list[Fact]) -> dict[str, bytes]:
    """What the rules say when everything is given in order, under the conditions as they are known in the end."""
    conditions = case_queries.condition_set(who.pk)
    state, found = engine.start(who.pk), []
    for fact in [*sorted(facts, key=lambda fact: (fact.at_ms, fact.id)), Tick(END_MS)]:
        step = engine.step(state, fact, conditions)
        assert not step.late
        state = step.state
        found += step.findings
    return {finding.id: to_json(finding) for finding in found}


def standing(who: Person) -> dict[str, bytes]:
    """The findings that are not superseded."""
    rows = Finding.objects.filter(person_id=who.pk, superseded_ms=None)
    return {row.id: opened(row) for row in rows}


@given(journey=legs, data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_order_of_arrival_gives_the_findings_of_the_order_of_events(journey: list, data: st.DataObject) -> None:
    facts = facts_of(journey)
    batches = data.draw(st.integers(1, 6), label="batches")
    of_fact = data.draw(
        st.lists(st.integers(0, batches - 1), min_size=len(facts), max_size=len(facts)), label="batch of"
    )
    again = data.draw(st.lists(st.sampled_from(facts), max_size=10), label="twice") if facts else []
    nows = data.draw(st.lists(st.integers(START_MS, END_MS), min_size=batches, max_size=batches), label="ticks")
    change_in = data.draw(st.integers(-1, batches - 1), label="conditions change in batch")
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        log = SqliteStream(Path(folder) / "log.sqlite3")
        who = person(WARNED_ZONE, TOLERATING, TRAIL, LEAVE, COURSE, PASS_THROUGH)
        worker = Worker(log, records_a_step=data.draw(st.sampled_from([7, 1000]), label="records a step"))
        for number, now_ms in enumerate(nows):
            part = [fact for fact, batch in zip(facts, of_fact, strict=True) if batch == number]
            send(log, who, data.draw(st.permutations(part), label="order"))
            if number == change_in:
                change(who, now_ms, data.draw(st.integers(START_MS, END_MS), label="effective from"))
            worker.run_once(now_ms)
            if data.draw(st.booleans(), label="restart"):
                worker = Worker(log)
        send(log, who, again)
        drain(worker)
        assert standing(who) == concluded_in_order(who, facts)
        report = verify_person(who.pk, Options(by_step=data.draw(st.booleans(), label="by step")))
        assert (report.waits, report.differences) == ("", [])
        assert report.states >= 1
        taken = StoredFact.objects.filter(person_id=who.pk, fact_id__in=[fact.id for fact in facts])
        assert taken.count() == len({fact.id for fact in facts})
        log.close()
        transaction.set_rollback(True)


def change(who: Person, now_ms: int, effective_from_ms: int) -> None:
    """Make the school's zone larger from some time on, which may lie in the past."""
    condition = next(
        row for row in Condition.objects.filter(order__person=who) if row.versions.get(version=1).body["kind"] == "zone"
    )
    body = replaced(SCHOOL_ZONE, area=replaced(SCHOOL_ZONE.area, radius_m=6_000))
    cases.change_condition(
        condition.pk, body, effective_from_ms=effective_from_ms, acting_user=None, now_ms=now_ms, reason="grown"
    )


def drain(worker: Worker) -> None:
    """Step until nothing is left to do."""
    while not worker.run_once(END_MS).idle:
        pass
