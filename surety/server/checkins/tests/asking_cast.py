"""People with check-in duties and watches that can answer, for tests of asking."""

import itertools

from surety.rules import facts
from surety.rules.conditions import Body, CheckInDuty, Row, Timetable, Weekday
from surety.server.cases import actions as cases
from surety.server.cases.checks import DeviceDetails, OrderTerms, PersonDetails, Told
from surety.server.cases.models import Person, WatchKey
from surety.server.checkins.asker import Asker
from surety.stream.contract import Stream

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MONDAY_MS = 1_772_409_600_000  # 2026-03-02T00:00Z, and midnight in London
KEY = b"k" * 32
DAYTIME = tuple(Row(day, "07:00", "22:00") for day in Weekday)
_numbers = itertools.count(1)


def duty(per_day: int = 3, **more: object) -> CheckInDuty:
    """Questions by day in London."""
    return CheckInDuty(per_day, timetable=Timetable("Europe/London", DAYTIME), **more)


def somebody(*bodies: Body, at_ms: int = MONDAY_MS - DAY_MS, watch: bool = True) -> Person:
    """A person under an order that allows photographs, with these duties and a watch that was set up."""
    number = next(_numbers)
    details = PersonDetails(reference=f"C-{number:05d}", given_names="Ada", family_name="Example")
    person = cases.register_person(details, acting_user=None, now_ms=at_ms)
    terms = OrderTerms(
        order_type="community",
        legal_basis="Sentencing Act 2020, s. 201",
        issuing_authority="Example Magistrates' Court",
        decision_sha256="ab" * 32,
        data_kinds=("position", "device", "photo"),
        starts_ms=at_ms,
        ends_ms=at_ms + 365 * DAY_MS,
        review_due_ms=at_ms + 90 * DAY_MS,
    )
    told = Told(at_ms=at_ms, how="in person", language="en")
    order = cases.record_order(person.pk, terms, acting_user=None, now_ms=at_ms, told=told)
    for body in bodies:
        cases.add_condition(order.pk, body, label="A duty", effective_from_ms=at_ms, acting_user=None, now_ms=at_ms)
    if watch:
        give_watch(person, at_ms)
    return person


def give_watch(person: Person, at_ms: int = MONDAY_MS - DAY_MS, *, set_up: bool = True) -> str:
    """A watch of the protocol `native`; its id."""
    details = DeviceDetails(protocol="native", model="Browser", with_secret=False)
    device, _ = cases.register_device(details, acting_user=None, now_ms=at_ms)
    cases.assign_device(device.pk, person.pk, from_ms=at_ms, acting_user=None, now_ms=at_ms)
    WatchKey.objects.create(
        device=device,
        code_sha256=device.pk * 2,
        code_made_ms=at_ms,
        code_expires_ms=at_ms + 72 * HOUR_MS,
        algorithm="Ed25519" if set_up else "",
        public_key="A" * 43 if set_up else "",
        claimed_ms=at_ms if set_up else None,
    )
    return device.pk


def run(asker: Asker, from_ms: int, to_ms: int, every_ms: int = 4 * MINUTE_MS) -> None:
    """Let time pass, a step at a time."""
    for now_ms in range(from_ms, to_ms + 1, every_ms):
        asker.run_once(now_ms)


def in_log(stream: Stream) -> list[facts.Fact]:
    """Every fact in the log, in order."""
    return [facts.decode(body) for record in stream.read(0, 10_000) for body in record.entry.facts]
