"""The quality gate: what it asks for, and that it has an answer to whatever a detector may say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from surety.faces import quality
from surety.faces.contract import Advice
from surety.faces.geometry import ARCFACE, Face

numbers = st.floats(-500, 500, width=32)
points = arrays.arrays(np.float32, (5, 2), elements=numbers)
boxes = st.tuples(numbers, numbers, st.floats(0, 500), st.floats(0, 500))
NOISE = np.random.default_rng(1).integers(0, 256, (240, 240, 3), np.uint8)
GREY = np.full((240, 240, 3), 128, np.uint8)


def at(points: np.ndarray, score: float = 0.9) -> Face:
    return Face((60.0, 60.0, 100.0, 120.0), points.astype(np.float32), score)


def advice(photo: np.ndarray, *faces: Face) -> set[Advice]:
    return set(quality.measure(photo, list(faces), 0.55).advice)


@given(st.lists(st.builds(Face, boxes, points, st.floats(0, 1)), max_size=3), st.integers(1, 60), st.integers(1, 60))
def test_whatever_a_detector_says_there_is_an_answer(faces: list[Face], rows: int, columns: int) -> None:
    found = quality.measure(NOISE[:rows, :columns], faces, 0.55)
    assert (found.faces == 0) == (not faces)
    for value in (found.brightness, found.sharpness, found.yaw_deg, found.eye_distance_px):
        assert value is None or np.isfinite(value)


def test_a_good_picture_has_no_advice() -> None:
    assert advice(NOISE, at(ARCFACE + 60)) == set()


@pytest.mark.parametrize(
    ("photo", "face", "wanted"),
    [
        (NOISE, at(ARCFACE * 0.6 + 60), Advice.COME_CLOSER),
        (NOISE, at(ARCFACE * 4 - 100), Advice.GO_BACK),
        (NOISE // 40, at(ARCFACE + 60), Advice.FIND_LIGHT),
        (250 + NOISE // 64, at(ARCFACE + 60), Advice.LESS_LIGHT),
        (np.cumsum(np.full((240, 240, 3), 1, np.uint8), axis=1, dtype=np.uint8), at(ARCFACE + 60), Advice.HOLD_STILL),
        (NOISE, at(ARCFACE + 60 + np.float32([[0, 0], [0, 0], [30, 0], [0, 0], [0, 0]])), Advice.FACE_CAMERA),
        (NOISE, at(ARCFACE + 60, score=0.7), Advice.SHOW_FACE),
    ],
)
def test_each_fault_has_its_own_advice(photo: np.ndarray, face: Face, wanted: Advice) -> None:
    assert advice(photo.astype(np.uint8), face) == {wanted}


def test_somebody_far_behind_or_what_only_might_be_a_face_is_no_second_person() -> None:
    near, far = at(ARCFACE + 60), Face((200.0, 10.0, 30.0, 40.0), ARCFACE.copy(), 0.9)
    beside = Face((150.0, 60.0, 90.0, 110.0), ARCFACE.copy(), 0.9)
    assert advice(NOISE, near, far) == set()
    assert advice(NOISE, near, far, beside) == {Advice.ONE_PERSON}
    assert advice(NOISE, near, beside._replace(score=0.6)) == set()


def test_dark_skin_in_ordinary_light_is_not_taken_for_bad_light() -> None:
    dark_skin = (np.float32(NOISE) * 0.1 + 20).astype(np.uint8)  # a mean of .13
    assert Advice.FIND_LIGHT not in advice(dark_skin, at(ARCFACE + 60))


def test_light_alone_does_not_change_the_sharpness_that_is_measured() -> None:
    whole, half = (quality.sharpness(photo[:112, :112]) for photo in (NOISE, NOISE // 2))
    assert half == pytest.approx(whole, rel=0.05)
    assert quality.sharpness(GREY[:112, :112]) == 0
