"""People who were asked for a photograph, what they send through the log, and the worker and machine that take it."""

import hashlib
import itertools

import msgspec

from surety.blobs.contract import name_of
from surety.blobs.sealing import seal
from surety.faces.contract import FacesUnavailableError, Photo
from surety.rules.facts import CheckInSubmitted, decode, fact_id
from surety.server.cases.models import Person
from surety.server.checkins import comparing
from surety.server.checkins.looking import Machine
from surety.server.checkins.models import CheckIn, EnrolledImage, OutFact, Submission
from surety.server.checkins.templates import NoPictureError
from surety.server.checkins.tests.plain_engine import PlainEngine, painted
from surety.server.monitoring.tests import cast
from surety.server.monitoring.tests.cast import HOUR_MS, MINUTE_MS, START_MS
from surety.server.monitoring.worker import Worker
from surety.server.records.actions import public_key
from surety.server.records.queries import blobs
from surety.stream.contract import Stream

NOON = START_MS + 12 * HOUR_MS
DUE_MS = NOON + 30 * MINUTE_MS
UNTIL_MS = DUE_MS + 4 * HOUR_MS
ADA_FACE, OTHER_FACE, UNSURE_FACE = painted(200, 40, 40), painted(40, 40, 200), painted(200, 110, 60)
NO_FACE, DARK = painted(0, 0, 0), painted(20, 4, 4)
_numbers = itertools.count(1)


def raw(picture: Photo, number: int = 0) -> bytes:
    """A picture as it travels in these tests: its colour, and a number that makes it unlike the others."""
    return b"plain:" + bytes(int(value) for value in picture[0, 0]) + number.to_bytes(4, "big")


def plain_decode(data: bytes) -> Photo:
    """The picture that `raw` wrote."""
    if not data.startswith(b"plain:"):
        raise NoPictureError("it is no picture")
    return painted(*data[6:9])


def machine(engine: PlainEngine | None = None, *, without_model: bool = False) -> Machine:
    """A machine that is awake."""

    def open_engine() -> PlainEngine:
        if without_model:
            raise FacesUnavailableError("there is no model in the model directory")
        return engine or PlainEngine()

    found = Machine(open_engine, plain_decode)
    found.wake()
    return found


def ada(name: str = "Ada") -> Person:
    """Somebody under an order since the day began."""
    return cast.person(name=name)


def keep(person: Person, data: bytes) -> str:
    """A photograph sealed and stored as the door does it; its SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    blobs().put(name_of(person.pk, sha256), seal(public_key(person.pk, now_ms=NOON), data))
    return sha256


def enrolled(person: Person, picture: Photo) -> EnrolledImage:
    """An image that a person is compared with, without any template yet."""
    return EnrolledImage.objects.create(
        person=person,
        sha256=keep(person, raw(picture, next(_numbers))),
        source="taken at the office",
        basis="consent",
        recorded_ms=NOON - HOUR_MS,
        recorded_by_name="Olga Officer",
    )


def asked(person: Person, **changes: object) -> CheckIn:
    """A question at noon, to be answered within half an hour, and waited for four hours more."""
    values: dict[str, object] = {
        "condition_id": "c" * 32,
        "condition_version": 1,
        "asked_ms": NOON,
        "due_ms": DUE_MS,
        "late_until_ms": UNTIL_MS,
    }
    return CheckIn.objects.create(person=person, **(values | changes))


def answer(check_in: CheckIn, *pictures: Photo, at_ms: int = NOON + MINUTE_MS, **changes: object) -> CheckInSubmitted:
    """The fact of photographs that are stored already."""
    number = next(_numbers)
    photos = tuple(keep(check_in.person, raw(one, 100 * number + n)) for n, one in enumerate(pictures))
    identity = fact_id("watch", check_in.pk, at_ms, number)
    fact = CheckInSubmitted(identity, check_in.pk, "watch", at_ms, at_ms + 500, photos)
    return msgspec.structs.replace(fact, **changes)


def submit(stream: Stream, check_in: CheckIn, *pictures: Photo, at_ms: int = NOON + MINUTE_MS) -> Submission:
    """Photographs sent, and taken by a worker."""
    fact = answer(check_in, *pictures, at_ms=at_ms)
    cast.send(stream, check_in.person, [fact])
    settle(Worker(stream), at_ms + 1000)
    return Submission.objects.get(pk=fact.id)


def settle(worker: Worker, now_ms: int) -> None:
    """Step until nothing is left to do."""
    while not worker.run_once(now_ms).idle:
        pass


def compare(machine: Machine, now_ms: int) -> None:
    """Step until nothing is due."""
    while comparing.step(machine, now_ms):
        pass


def told() -> list[object]:
    """The facts that wait to be told to the rules."""
    return [decode(bytes(row.body)) for row in OutFact.objects.order_by("pk")]
