"""What every engine promises: `onnx` (on shared weights), `dlib` (from the Python index), `remote` (around dlib)."""

from collections.abc import Callable

import numpy as np
import pytest

from surety.faces.contract import Advice, Engine, Outcome, Photo, Reference, Turn
from tests.faces.conftest import ANN, BEA

pytestmark = pytest.mark.slow

Draw = Callable[..., Photo]


@pytest.fixture(scope="module")
def ann(engine: Engine, draw: Draw) -> list[Reference]:
    """Two enrolled images of one person."""
    return references(engine, draw(ANN, seed=1), draw(ANN, seed=2, smile=0.3, light_side=-0.3))


def references(engine: Engine, *images: Photo) -> list[Reference]:
    made = engine.enrol(images)
    assert all(found.template for found in made), made
    return [Reference(f"image {n}", m.template, m.model_sha256) for n, m in enumerate(made) if m.template]


def test_the_same_person_matches(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    found = engine.verify([draw(ANN, yaw_deg=5, seed=3)], ann)
    assert found.outcome is Outcome.MATCH
    assert found.thresholds is not None
    assert found.similarity is not None
    assert found.similarity >= found.thresholds.match
    assert (found.frame, found.model_sha256, found.engine) == (0, engine.model_sha256, engine.name)
    assert found.reference_id in {"image 0", "image 1"}
    assert found.took_ms > 0
    assert found.sentence.endswith(".")


def test_another_person_does_not(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    found = engine.verify([draw(BEA)], ann)
    assert found.outcome in {Outcome.NO_MATCH, Outcome.INCONCLUSIVE}
    assert found.qualities[0].good


def test_the_best_frame_counts_and_a_poor_one_does_no_harm(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    found = engine.verify([np.zeros((240, 240, 3), np.uint8), draw(ANN, seed=3)], ann)
    assert (found.outcome, found.frame) == (Outcome.MATCH, 1)
    assert [quality.good for quality in found.qualities] == [False, True]


def test_the_nearest_reference_is_named(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    both = [*references(engine, draw(BEA)), Reference("right", ann[0].template, ann[0].model_sha256)]
    assert engine.verify([draw(ANN, seed=3)], both).reference_id == "right"


def test_a_picture_without_a_face_is_no_face(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    found = engine.verify([draw(ANN, nobody=True)], ann)
    assert (found.outcome, found.advice, found.similarity) == (Outcome.NO_FACE, (Advice.SHOW_FACE,), None)


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (39, 39), (40, 1300)])
def test_no_size_of_picture_is_too_odd(engine: Engine, ann: list[Reference], size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    assert engine.verify([noise], ann).outcome in {Outcome.NO_FACE, Outcome.POOR_QUALITY}


def test_two_people_side_by_side_are_not_compared(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    found = engine.verify([np.hstack([draw(ANN), draw(BEA)])], ann)
    assert (found.outcome, found.advice, found.similarity) == (Outcome.POOR_QUALITY, (Advice.ONE_PERSON,), None)


def test_somebody_small_behind_the_person_is_not_the_one_who_is_compared(
    engine: Engine, draw: Draw, ann: list[Reference]
) -> None:
    behind = np.vstack([draw(BEA, size_px=120, eye_px=22.0), np.full((120, 120, 3), 128, np.uint8)])
    found = engine.verify([np.hstack([behind, draw(ANN, seed=3, eye_px=60.0)])], ann)
    assert (found.outcome, found.qualities[0].faces) == (Outcome.MATCH, 1)


def test_templates_of_another_model_are_not_compared(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    foreign = [Reference(r.id, r.template, "f" * 64) for r in ann]
    found = engine.verify([draw(ANN, seed=3)], foreign)
    assert (found.outcome, found.similarity) == (Outcome.ERROR, None)
    assert "no enrolled image that this model can compare" in found.sentence


@pytest.mark.parametrize("template", [b"", b"abc", np.full(512, np.nan, "<f4").tobytes(), b"\xff" * 512])
def test_what_is_no_template_is_an_error_and_no_mismatch(engine: Engine, draw: Draw, template: bytes) -> None:
    broken = [Reference("broken", template, engine.model_sha256)]
    assert engine.verify([draw(ANN, seed=3)], broken).outcome is Outcome.ERROR


def test_without_references_or_frames_nothing_is_held_against_anybody(
    engine: Engine, draw: Draw, ann: list[Reference]
) -> None:
    assert engine.verify([draw(ANN, seed=3)], []).outcome is Outcome.ERROR
    assert engine.verify([], ann).outcome is Outcome.NO_FACE


def test_each_enrolled_image_is_told_about_in_order(engine: Engine, draw: Draw) -> None:
    good, nobody = engine.enrol([draw(ANN, seed=1), draw(ANN, nobody=True)])
    assert good.template
    assert good.sentence == ""
    assert good.model_sha256 == engine.model_sha256
    assert nobody.template is None
    assert "no face was found" in nobody.sentence


def test_the_same_picture_gives_the_same_template(engine: Engine, draw: Draw) -> None:
    one, other = engine.enrol([draw(ANN, seed=1), draw(ANN, seed=1)])
    assert one.template == other.template


def test_a_turn_is_advice_on_liveness_and_no_gate(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    burst = [draw(ANN, seed=3), draw(ANN, yaw_deg=28, seed=4)]
    left, right = (engine.verify(burst, ann, turn) for turn in (Turn.LEFT, Turn.RIGHT))
    assert (left.outcome, right.outcome) == (Outcome.MATCH, Outcome.MATCH)
    assert (left.settles, right.settles) == (True, False)
    assert (left.liveness.turn_asked, left.liveness.turn_seen) == (Turn.LEFT, True)
    assert (right.liveness.turn_asked, right.liveness.turn_seen) == (Turn.RIGHT, False)
    assert "not to be seen" in right.liveness.sentence


def test_a_burst_that_shows_two_people_is_told(engine: Engine, draw: Draw, ann: list[Reference]) -> None:
    found = engine.verify([draw(ANN, seed=3), draw(BEA)], ann)
    assert found.liveness.same_throughout is False
    assert not found.settles
    assert engine.verify([draw(ANN, seed=3), draw(ANN, seed=1)], ann).liveness.same_throughout is True
