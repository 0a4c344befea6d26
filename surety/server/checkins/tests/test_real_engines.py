"""The whole way with real files, the limited decoder and real engines, on invented people: who is who, and who looks.

It holds what follows from an answer, not how good an engine is: invented faces say nothing about that.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from surety.faces.choose import open_engine
from surety.faces.decode import Decoder
from surety.server.cases.models import Person
from surety.server.checkins.enrolment import Offered, check_usable, measure
from surety.server.checkins.looking import Machine, decode_with
from surety.server.checkins.models import CheckIn, Comparison, EnrolledImage, Review, Submission
from surety.server.checkins.tests.compare_cast import DUE_MS, ada, asked, compare, keep
from surety.server.errors import InvalidError
from surety.server.monitoring.tests.cast import MINUTE_MS
from surety.settings import Settings
from surety.sim.faces import Photo, View, burst, face, jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ANN, BEN = 0, 1
LATE_MS = DUE_MS + MINUTE_MS  # nobody is asked to try again
CHECKOUT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as found:
        yield found


@pytest.fixture(scope="module", params=["dlib", pytest.param("onnx", marks=pytest.mark.shared)])
def machine(
    request: pytest.FixtureRequest, decoder: Decoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """With an engine of this machine; the weights of onnx are no part of a checkout."""
    folder = tmp_path_factory.mktemp("models")
    if request.param == "onnx":
        folder = Path(os.environ.get("SURETY_SHARED", CHECKOUT.parent / "shared")) / "faces" / "models"
        if not folder.is_dir():
            pytest.skip(f"the face models are not at {folder}; they are not part of a checkout (set SURETY_SHARED)")
    settings = Settings(data_dir=folder, models_dir=str(folder), faces_engine=request.param)
    found = Machine(lambda: open_engine(settings), decode_with(decoder))
    found.wake()
    assert found.missing is None
    yield found
    found.close()


def known(who: int) -> Person:
    """Somebody with two enrolled images."""
    person = ada()
    for smile in (0.0, 0.4):
        EnrolledImage.objects.create(
            person=person, sha256=keep(person, jpeg(face(who, View(smile=smile)))), recorded_ms=1, source="office"
        )
    return person


def answered(person: Person, frames: list[Photo], turn: str = "") -> CheckIn:
    check_in = asked(person, turn=turn)
    photos = [keep(person, jpeg(frame)) for frame in frames]
    times = {"at_ms": LATE_MS, "received_ms": LATE_MS, "next_ms": LATE_MS}
    Submission.objects.create(id=check_in.pk, check_in=check_in, photos=photos, turn=turn, **times)
    return check_in


def verdict(machine: Machine, check_in: CheckIn) -> tuple[str, str, int]:
    """What the machine said, what was decided, and how many looks were asked for."""
    compare(machine, LATE_MS)
    check_in.refresh_from_db()
    outcome = Comparison.objects.get(submission__check_in=check_in).outcome
    return outcome, check_in.verdict, Review.objects.filter(submission__check_in=check_in).count()


def test_the_right_person_who_turns_as_asked_needs_nobody(machine: Machine) -> None:
    assert verdict(machine, answered(known(ANN), burst(ANN, 5, "left"), "left")) == ("match", "same", 0)


def test_another_person_is_for_people_to_see(machine: Machine) -> None:
    outcome, decided, looks = verdict(machine, answered(known(ANN), burst(BEN, 5)))
    assert outcome in {"no_match", "inconclusive"}
    assert (decided, looks) == ("", 1)


@pytest.mark.parametrize(
    "view", [View(nobody=True), View(light=0.01)], ids=["nobody before the camera", "nearly no light"]
)
def test_where_nothing_can_be_seen_people_look(machine: Machine, view: View) -> None:
    outcome, decided, looks = verdict(machine, answered(known(ANN), burst(ANN, 5, "", view)))
    assert outcome in {"no_face", "poor_quality"}
    assert (decided, looks) == ("", 1)


def test_a_picture_that_is_held_before_the_camera_does_not_turn_and_people_look(machine: Machine) -> None:
    still = burst(ANN, 5, "", View(printed=True))
    _, decided, looks = verdict(machine, answered(known(ANN), still, "left"))
    assert (decided, looks) == ("", 1)


def test_an_enrolled_image_is_measured_at_once_and_a_poor_one_told_in_words(machine: Machine, decoder: Decoder) -> None:
    good, poor = Offered("good.jpg", jpeg(face(ANN))), Offered("poor.jpg", jpeg(face(ANN, View(nobody=True))))
    measured = measure([good, poor], decoder, machine.engine)
    assert [one.usable for one in measured] == [True, False]
    with pytest.raises(InvalidError, match=r"poor\.jpg: ") as refused:
        check_usable(measured, for_people=False)
    assert "good.jpg" not in str(refused.value)
    assert measured[0].made is not None
    assert measured[0].made.quality.faces == 1
