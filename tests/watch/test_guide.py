"""The words that guide somebody before the camera, on pictures of invented people."""

import base64

import msgspec
import pytest

from surety.sim.faces import View
from tests.watch.conftest import Open
from tests.watch.video import PLAIN, wide

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FOUND: dict[str, list[float]] = {"good": [0.5], "closer": [0.1], "people": [0.4, 0.3], "face": []}
PEOPLE = (155, 269, 423)
VIEWS = {
    "good": PLAIN,
    "dark": msgspec.structs.replace(PLAIN, light=0.06),
    "blurred": msgspec.structs.replace(PLAIN, blur_px=9.0),
}
MEASURE = """async text => {
  const { Meter } = await import("./js/camera.js");
  const { advice, burstAdvice } = await import("./js/guide.js");
  const picture = new Image();
  picture.src = `data:image/jpeg;base64,${text}`;
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const meter = new Meter();
  meter.measure(canvas);
  const still = meter.measure(canvas);
  canvas.getContext("2d").drawImage(picture, 60, 0);
  const moved = meter.measure(canvas);
  return { still: advice(still), moved: advice(moved), burst: burstAdvice([still, moved]) };
}"""


def jpeg(who: int, view: View) -> str:
    return base64.b64encode(wide(who, view)).decode()


@pytest.mark.parametrize("expected", VIEWS)
def test_a_picture_gets_the_advice_that_would_mend_it(open_watch: Open, expected: str) -> None:
    page = open_watch()
    for who in PEOPLE:
        found = page.evaluate(MEASURE, jpeg(who, VIEWS[expected]))
        assert found["still"] == expected, who
        assert found["burst"] == expected, "a turn is motion, and no fault of a burst"
        assert expected != "good" or found["moved"] == "still"


def test_where_the_browser_finds_faces_their_number_and_size_are_told(open_watch: Open) -> None:
    page = open_watch()
    say = (
        "faces => import('./js/guide.js').then(({ advice }) => advice({ light: 120, sharpness: 5, motion: 0 }, faces))"
    )
    assert [page.evaluate(say, faces) for faces in FOUND.values()] == list(FOUND)
