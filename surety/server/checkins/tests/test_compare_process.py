"""The comparing process: it compares, gives signs of life, and the doctor tells how it stands."""

import io

import msgspec
import pytest
from PIL import Image

from surety.clock import ScaledClock
from surety.faces.contract import FacesUnavailableError
from surety.faces.decode import Decoder
from surety.server import doctor
from surety.server.checkins import queries
from surety.server.checkins.compare_process import WAKE_S, Comparer
from surety.server.checkins.looking import Machine, decode_with
from surety.server.checkins.models import CheckIn, Comparison, EnrolledImage, Review, Submission
from surety.server.checkins.tests.compare_cast import NOON, ada, asked, keep, plain_decode
from surety.server.checkins.tests.plain_engine import FIRST_MODEL, PlainEngine, painted
from surety.server.timekeeping import clock
from surety.settings import load
from tests.journey.house import free_port

pytestmark = pytest.mark.django_db
STILL = ScaledClock(0, NOON, 1e-9)  # stands a moment after noon


def png(red: int, green: int, blue: int) -> bytes:
    """A real picture file of one colour."""
    kept = io.BytesIO()
    Image.fromarray(painted(red, green, blue)).save(kept, "PNG")
    return kept.getvalue()


def sent(*files: bytes, enrolled: bytes) -> CheckIn:
    """A check-in of somebody who has this enrolled image, answered with these files."""
    check_in = asked(ada())
    person = check_in.person
    EnrolledImage.objects.create(
        person=person, sha256=keep(person, enrolled), source="office", basis="consent", recorded_ms=1
    )
    photos = [keep(person, data) for data in files]
    Submission.objects.create(
        id=check_in.pk, check_in=check_in, at_ms=NOON, received_ms=NOON, photos=photos, next_ms=NOON
    )
    return check_in


def test_real_files_are_decoded_in_their_own_process_and_compared() -> None:
    check_in = sent(b"not a picture", png(200, 40, 40), enrolled=png(201, 41, 40))
    with Decoder() as decoder:
        comparer = Comparer(Machine(PlainEngine, decode_with(decoder)), STILL)
        while comparer.run_once(0.0):
            pass
    check_in.refresh_from_db()
    assert check_in.verdict == "same"
    found = Comparison.objects.get()
    assert found.body["frame"] == 1
    assert "Photograph 1 could not be used" in found.body["sentence"]


def test_a_model_that_is_put_there_later_is_found_without_a_new_start() -> None:
    there: list[PlainEngine] = []

    def open_engine() -> PlainEngine:
        if not there:
            raise FacesUnavailableError("no model file is in /models")
        return there[0]

    comparer = Comparer(Machine(open_engine, plain_decode), STILL)
    comparer.run_once(0.0)
    found = queries.comparing(STILL)
    assert (found.live, found.engine) == (True, "")
    assert "/models" in found.sentence
    there.append(PlainEngine())
    comparer.run_once(WAKE_S - 1)
    assert queries.comparing(STILL).engine == ""
    comparer.run_once(2 * WAKE_S)
    assert (queries.comparing(STILL).engine, queries.comparing(STILL).model_sha256) == ("plain", FIRST_MODEL)


def test_an_engine_that_may_come_back_is_waited_for_a_little_and_one_that_will_not_is_not() -> None:
    for retry, outcomes in ((True, []), (False, ["error"])):
        check_in = sent(png(9, 9, 9), enrolled=png(9, 9, 9))

        def open_engine(*, retry: bool = retry) -> PlainEngine:
            raise FacesUnavailableError("the matcher is away", retry=retry)

        Comparer(Machine(open_engine, plain_decode), STILL).run_once(0.0)
        rows = Comparison.objects.filter(submission__check_in=check_in)
        assert list(rows.values_list("outcome", flat=True)) == outcomes
        assert Review.objects.filter(submission__check_in=check_in).count() == len(outcomes)


def faces_line() -> doctor.Check:
    settings = msgspec.structs.replace(load(), door_port=free_port())  # where no door listens
    return next(one for one in doctor.examine(settings) if one.name == "faces")


def test_the_doctor_tells_the_engine_what_waits_and_that_people_look_where_there_is_none() -> None:
    assert faces_line().state == "ok"  # nothing runs here, not even the door
    comparer = Comparer(Machine(PlainEngine, plain_decode), clock())
    comparer.run_once(0.0)
    check_in = sent(png(9, 9, 9), enrolled=png(9, 9, 9))
    Submission.objects.update(received_ms=clock().now_ms() - 20 * 60_000, next_ms=2**60)
    line = faces_line()
    assert (line.state, "plain" in line.found, FIRST_MODEL[:12] in line.found) == ("warn", True, True)
    assert "waiting check-ins: 1, the oldest for 20 min" in line.found
    assert "still to be prepared for this model: 1" in line.found
    check_in.delete()

    def open_engine() -> PlainEngine:
        raise FacesUnavailableError("no model file is in /models")

    Comparer(Machine(open_engine, plain_decode), clock()).run_once(0.0)
    line = faces_line()
    assert line.state == "warn"
    assert "every check-in goes to a person: no model file is in /models" in line.found
