"""The engine `onnx` on the shared weights and people who do not exist."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from surety.faces.choose import open_local
from surety.faces.contract import Advice, Engine, Outcome, Photo, Reference, Turn
from surety.faces.models import ModelError, Store

pytestmark = pytest.mark.shared
Draw = Callable[..., Photo]


@pytest.fixture(scope="module")
def engine(shared_faces: Path) -> Iterator[Engine]:
    opened = open_local("onnx", Store(shared_faces / "models"))
    yield opened
    opened.close()


def references(engine: Engine, *images: Photo) -> list[Reference]:
    return [
        Reference(f"image {n}", found.template, found.model_sha256)
        for n, found in enumerate(engine.enrol(images))
        if found.template
    ]


def test_the_same_person_matches_and_another_does_not(engine: Engine, draw: Draw) -> None:
    enrolled = references(engine, draw(269), draw(269, yaw=8))
    same = engine.verify([draw(269, yaw=-6, light=(-0.3, 0.5))], enrolled)
    other = engine.verify([draw(423)], enrolled)
    assert same.outcome is Outcome.MATCH
    assert other.outcome is not Outcome.MATCH
    assert same.similarity is not None
    assert other.similarity is not None
    assert same.similarity > other.similarity


def test_a_turn_to_the_left_is_seen_as_that(engine: Engine, draw: Draw) -> None:
    burst = [draw(423), draw(423, yaw=3), draw(423, yaw=28)]
    enrolled = references(engine, draw(423))
    assert engine.verify(burst, enrolled, Turn.LEFT).liveness.turn_seen is True
    assert engine.verify(burst, enrolled, Turn.RIGHT).liveness.turn_seen is False
    assert engine.verify(burst[:2], enrolled, Turn.LEFT).liveness.turn_seen is False


def test_a_burst_of_two_people_is_told_and_does_not_change_the_outcome(engine: Engine, draw: Draw) -> None:
    found = engine.verify([draw(423), draw(269)], references(engine, draw(423)))
    assert found.outcome is Outcome.MATCH
    assert found.liveness.same_throughout is False
    assert "may not all show one person" in found.liveness.sentence


def test_one_good_frame_is_enough(engine: Engine, draw: Draw) -> None:
    burst = [np.zeros((240, 240, 3), np.uint8), draw(423, blur=6), draw(423)]
    found = engine.verify(burst, references(engine, draw(423)))
    assert found.outcome is Outcome.MATCH
    assert found.frame == 2
    assert [q.good for q in found.qualities] == [False, False, True]


@pytest.mark.parametrize(
    ("how", "advice"),
    [
        ({"zoom": 0.3}, Advice.COME_CLOSER),
        ({"blur": 6}, Advice.HOLD_STILL),
        ({"yaw": 40}, Advice.FACE_CAMERA),
    ],
)
def test_a_poor_picture_is_asked_for_again_with_what_to_do(
    engine: Engine, draw: Draw, how: dict[str, float], advice: Advice
) -> None:
    found = engine.verify([draw(423, **how)], references(engine, draw(423)))
    assert found.outcome is Outcome.POOR_QUALITY
    assert advice in found.advice


def test_two_people_side_by_side_are_not_compared(engine: Engine, draw: Draw) -> None:
    both = np.hstack([draw(423), draw(269)])
    found = engine.verify([both], references(engine, draw(423)))
    assert found.outcome is Outcome.POOR_QUALITY
    assert found.advice == (Advice.ONE_PERSON,)


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (64, 64), (1200, 1600)])
def test_a_picture_without_a_face_is_no_face(engine: Engine, draw: Draw, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    found = engine.verify([noise], references(engine, draw(423)))
    assert found.outcome is Outcome.NO_FACE
    assert found.advice == (Advice.SHOW_FACE,)


def test_a_damaged_model_is_refused_in_one_sentence(shared_faces: Path, tmp_path: Path) -> None:
    for path in (shared_faces / "models").glob("*.onnx"):
        shutil.copy(path, tmp_path)
    damaged = tmp_path / "esp_mbf_f32.onnx"
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"no model: there is no recogniser .* \(damaged, or another version\?\)"):
        open_local("onnx", Store(tmp_path))


def test_the_upstream_detector_finds_the_same_face(
    shared_faces: Path, engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    for name in ("yunet_s_640_640.onnx", "esp_mbf_f32.onnx"):
        (tmp_path / name).symlink_to(shared_faces / "models" / name)
    upstream = open_local("onnx", Store(tmp_path))
    found = upstream.verify([draw(269)], references(engine, draw(269, yaw=5)))
    assert found.outcome is Outcome.MATCH
    assert found.detector_sha256.startswith("8f2383e4")
    upstream.close()
