"""What alignment, thresholds and turns do whatever they are given."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.faces import geometry, tables, turning
from surety.faces.contract import Outcome, Thresholds, Turn

angles = st.floats(-np.pi, np.pi)
scales = st.floats(0.05, 20.0)
shifts = st.floats(-2000.0, 2000.0)
similarities = st.floats(-1.5, 1.5)
ORDER = [Outcome.NO_MATCH, Outcome.INCONCLUSIVE, Outcome.MATCH]
TABLE = Thresholds("0" * 64, 0.36, 0.30, "a test")


@given(angles, scales, shifts, shifts)
def test_turning_scaling_and_shifting_a_face_is_undone(angle: float, scale: float, x: float, y: float) -> None:
    factor = scale * np.exp(1j * angle)
    moved = (geometry.ARCFACE @ np.array([1, 1j])) * factor + complex(x, y)
    points = np.stack([moved.real, moved.imag], axis=1).astype(np.float32)
    back = geometry.apply(geometry.similarity_transform(points, geometry.ARCFACE), points)
    assert np.allclose(back, geometry.ARCFACE, atol=0.05 + 0.002 / scale)


@given(angles, scales, shifts, shifts)
def test_a_face_is_never_mirrored(angle: float, scale: float, x: float, y: float) -> None:
    mirrored = geometry.ARCFACE * np.float32([-1, 1])
    transform = geometry.similarity_transform(mirrored, geometry.ARCFACE)
    assert np.linalg.det(transform[:, :2]) > 0


@given(st.lists(st.tuples(shifts, shifts), min_size=5, max_size=5))
def test_any_five_points_give_a_finite_transform(points: list[tuple[float, float]]) -> None:
    assert np.isfinite(geometry.similarity_transform(np.array(points, np.float32), geometry.ARCFACE)).all()


def test_a_face_in_the_middle_goes_before_a_larger_one_that_the_edge_cuts() -> None:
    photo = np.zeros((250, 250, 3), np.uint8)
    middle, edge = (geometry.Face(box, geometry.ARCFACE, 0.9) for box in ((70, 60, 110, 130), (190, 20, 100, 150)))
    assert geometry.prominence(photo, middle) > geometry.prominence(photo, edge)
    assert geometry.prominence(photo, edge) > geometry.prominence(photo, edge._replace(box=(190, 20, 50, 70)))


@given(st.floats(0.5, 12), st.floats(-1, 1), st.floats(0, 40), st.floats(0, 40))
@settings(max_examples=25, deadline=None)
def test_the_upright_crop_is_the_same_however_large_the_picture_is(
    times: float, angle: float, x: float, y: float
) -> None:
    wanted = np.full((112, 112), 128.0) + 60 * np.sin(np.arange(112) / 9)[:, None] + 60 * np.cos(np.arange(112) / 7)
    transform = np.array([[np.cos(angle), -np.sin(angle), x], [np.sin(angle), np.cos(angle), y]]) * times
    side = round(160 * times)
    tone = np.repeat(np.clip(wanted, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    photo = cv2.warpAffine(tone, transform, (side, side), flags=cv2.INTER_CUBIC)
    seen = geometry.aligned(photo, geometry.apply(transform, geometry.ARCFACE))
    there = geometry.aligned(np.full_like(photo, 255), geometry.apply(transform, geometry.ARCFACE))[..., 0] == 255
    there[:4] = there[-4:] = there[:, :4] = there[:, -4:] = False
    assert np.abs(seen[..., 0].astype(int) - tone[..., 0].astype(int))[there].max(initial=0) <= 12 + 12 / times


@given(similarities, similarities)
def test_more_alike_is_never_judged_less(one: float, other: float) -> None:
    if one <= other:
        assert ORDER.index(tables.judge(one, TABLE)) <= ORDER.index(tables.judge(other, TABLE))


def test_what_is_no_number_matches_nothing() -> None:
    assert tables.judge(float("nan"), TABLE) is Outcome.NO_MATCH


@given(st.floats(-80, 80), angles, scales)
def test_a_head_turned_by_an_angle_is_measured_as_that_wherever_the_picture_is_tilted(
    yaw: float, tilt: float, scale: float
) -> None:
    turned = np.deg2rad(yaw)
    narrow = np.cos(turned)
    flat = np.array(
        [[-0.5 * narrow, 0], [0.5 * narrow, 0], [0.55 * np.sin(turned), 0.5], [-0.4 * narrow, 1], [0.4 * narrow, 1]]
    )
    around = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    points = (flat @ around.T * scale * 10).astype(np.float32)
    assert abs(turning.yaw_deg(points, 0.55) - yaw) < 0.5


def test_a_turn_is_judged_against_the_persons_own_frontal_frame() -> None:
    assert turning.turn_seen([8.0, 10.0, 26.0], Turn.LEFT) is True
    assert turning.turn_seen([8.0, 10.0, 20.0], Turn.LEFT) is False
    assert turning.turn_seen([8.0, 10.0, 26.0], Turn.RIGHT) is False
    assert turning.turn_seen([8.0, -9.0, 2.0], Turn.RIGHT) is False
    assert turning.turn_seen([2.0, -20.0], Turn.RIGHT) is True


def test_without_a_frontal_frame_or_a_question_nothing_is_said_of_a_turn() -> None:
    assert turning.turn_seen([40.0, 45.0], Turn.LEFT) is None
    assert turning.turn_seen([0.0, 30.0], Turn.NONE) is None
    assert turning.turn_seen([0.0, None], Turn.LEFT) is None
