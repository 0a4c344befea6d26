"""The engine `onnx` on the shared weights and people who do not exist: what is its own, beside test_contract.py."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from surety.faces import geometry, models
from surety.faces.burst import LOW_LIGHT
from surety.faces.choose import open_local
from surety.faces.contract import Advice, Engine, Outcome, Photo, Reference, Turn
from surety.faces.models import ModelError, Store
from surety.faces.onnx import open_machine
from tests.faces.conftest import ANN

pytestmark = pytest.mark.shared
Draw = Callable[..., Photo]


@pytest.fixture(scope="module")
def engine(shared_faces: Path) -> Iterator[Engine]:
    opened = open_local("onnx", Store(shared_faces / "models"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def ann(engine: Engine, draw: Draw) -> list[Reference]:
    (made,) = engine.enrol([draw(ANN)])
    assert made.template
    return [Reference("image", made.template, made.model_sha256)]


@pytest.mark.parametrize(
    ("how", "advice"),
    [
        ({"eye_px": 18.0}, Advice.COME_CLOSER),
        ({"blur_px": 5.0}, Advice.HOLD_STILL),
        ({"eye_px": 130.0}, Advice.GO_BACK),
        ({"yaw_deg": 38.0}, Advice.FACE_CAMERA),
        ({"yaw_deg": -38.0}, Advice.FACE_CAMERA),
    ],
)
def test_a_poor_picture_is_asked_for_again_with_what_to_do(
    engine: Engine, draw: Draw, ann: list[Reference], how: dict[str, float], advice: Advice
) -> None:
    found = engine.verify([draw(ANN, **how)], ann)
    assert found.outcome is Outcome.POOR_QUALITY
    assert advice in found.advice


@pytest.mark.parametrize(
    "how", [{"roll_deg": 30.0}, {"light": 0.3}, {"size_px": 480, "eye_px": 110.0}, {"eye_px": 26.0}]
)
def test_what_people_do_and_light_does_is_still_a_match(
    engine: Engine, draw: Draw, ann: list[Reference], how: dict[str, float]
) -> None:
    assert engine.verify([draw(ANN, **how)], ann).outcome is Outcome.MATCH


@pytest.mark.parametrize("yaw_deg", [-30.0, -15.0, 15.0, 30.0])
def test_the_angle_of_a_turned_head_is_measured(
    engine: Engine, draw: Draw, ann: list[Reference], yaw_deg: float
) -> None:
    (quality,) = engine.verify([draw(ANN, yaw_deg=yaw_deg)], ann).qualities
    assert quality.yaw_deg == pytest.approx(yaw_deg, abs=8)


@pytest.mark.parametrize("angle_deg", [-35.0, 35.0])
def test_the_second_look_finds_the_points_of_a_tilted_face_within_a_fifteenth_of_the_eyes_distance(
    shared_faces: Path, draw: Draw, angle_deg: float
) -> None:
    machine = open_machine(Store(shared_faces / "models"))
    photo = draw(ANN, size_px=480, eye_px=60.0)
    (upright,) = machine.faces(photo)
    tilt = cv2.getRotationMatrix2D((240, 240), angle_deg, 1.0)
    (tilted,) = machine.faces(cv2.warpAffine(photo, tilt, (480, 480)))
    off = np.abs(tilted.points - geometry.apply(tilt, upright.points)).mean()
    assert off < geometry.eye_distance_px(upright.points) / 15


def test_a_live_picture_has_advice_on_spoofing(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    spoof = engine.verify([draw(ANN)], ann).liveness.spoof
    assert spoof is not None
    assert 0 <= spoof <= 1


@pytest.mark.parametrize("turn", [Turn.LEFT, Turn.RIGHT])
def test_a_photograph_that_is_turned_before_the_camera_shows_no_turned_head(
    engine: Engine, draw: Draw, ann: list[Reference], turn: Turn
) -> None:
    flat = draw(ANN, seed=3)
    found = engine.verify([flat, *(as_print(flat, angle) for angle in (-45, -30, 30, 45))], ann, turn)
    assert (found.outcome, found.liveness.turn_seen, found.settles) == (Outcome.MATCH, False, False)


def as_print(photo: Photo, angle_deg: float) -> Photo:
    """The picture on a sheet that is turned about its upright axis, seen from twice its width."""
    height, width = photo.shape[:2]
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    x, y = (corners - np.float32([width / 2, height / 2])).T
    nearer = 2 * width / (2 * width - x * np.sin(np.radians(angle_deg)))
    seen = np.stack([x * np.cos(np.radians(angle_deg)), y], axis=1) * nearer[:, None] + np.float32(
        [width / 2, height / 2]
    )
    return cv2.warpPerspective(photo, cv2.getPerspectiveTransform(corners, seen.astype(np.float32)), (width, height))


def test_a_manifest_that_tells_another_length_is_found_out(shared_faces: Path, tmp_path: Path) -> None:
    for path in (shared_faces / "models").glob("*.onnx"):
        (tmp_path / path.name).symlink_to(path)
    (mbf,) = [manifest for manifest in models.shipped() if manifest.name == "esp-mbf"]
    wrong = msgspec.structs.replace(mbf, embedding=128)
    (tmp_path / "own.manifest.json").write_bytes(msgspec.json.encode(wrong))
    with pytest.raises(ModelError, match="gives 512 numbers where its manifest says 128"):
        open_local("onnx", Store(tmp_path))


def test_the_mean_of_dark_frames_is_more_like_the_person_than_any_of_them(
    engine: Engine, draw: Draw, ann: list[Reference]
) -> None:
    dusk = [draw(ANN, light=0.03, noise=9.0, seed=seed) for seed in range(4)]
    single = [engine.verify([frame], ann) for frame in dusk]
    together = engine.verify(dusk, ann)
    assert all((q.brightness or 1) < LOW_LIGHT for q in together.qualities)
    assert together.similarity is not None
    assert together.similarity > max(found.similarity or -1.0 for found in single)


def test_a_damaged_model_is_refused_in_one_sentence(shared_faces: Path, tmp_path: Path) -> None:
    for path in (shared_faces / "models").glob("*.onnx"):
        shutil.copy(path, tmp_path)
    damaged = tmp_path / "esp_mbf_f32.onnx"
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"no model: there is no recogniser .* \(damaged, or another version\?\)"):
        open_local("onnx", Store(tmp_path))


def test_the_upstream_detector_finds_the_same_face(
    shared_faces: Path, draw: Draw, ann: list[Reference], tmp_path: Path
) -> None:
    for name in ("yunet_s_640_640.onnx", "esp_mbf_f32.onnx"):
        (tmp_path / name).symlink_to(shared_faces / "models" / name)
    upstream = open_local("onnx", Store(tmp_path))
    found = upstream.verify([draw(ANN, yaw_deg=5)], ann)
    assert found.outcome is Outcome.MATCH
    assert found.detector_sha256.startswith("8f2383e4")
    assert found.liveness.spoof is None
    upstream.close()
