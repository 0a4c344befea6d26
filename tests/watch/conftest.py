"""A Chromium with a camera that shows an invented person, and the real door for the watch to speak to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser.server import CHROMIUM_ARGS
from tests.watch.door import RealDoor
from tests.watch.video import video

ANN_FACE = 155
PLACE = {"latitude": 54.9783, "longitude": -1.6178, "accuracy": 9}
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who looks into the camera."""
    return video(tmp_path_factory.mktemp("film") / "ann.mjpeg", ANN_FACE)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@contextmanager
def filming(playwright: Playwright, chromium_path: str, film: Path) -> Iterator[Browser]:
    """A headless Chromium whose camera shows a film."""
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    started = playwright.chromium.launch(executable_path=chromium_path, args=[*CHROMIUM_ARGS, *camera])
    yield started
    started.close()


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium_path: str, film: Path) -> Iterator[Browser]:
    with filming(playwright, chromium_path, film) as started:
        yield started


@pytest.fixture
def door(tmp_path: Path) -> Iterator[RealDoor]:
    with RealDoor(tmp_path) as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A phone whose owner allows camera and position."""
    made = browser.new_context(
        viewport={"width": 360, "height": 720},
        permissions=["camera", "geolocation"],
        geolocation=PLACE,
        reduced_motion="reduce",
        locale="en-GB",
    )
    made.set_default_timeout(15_000)
    yield made
    made.close()


@pytest.fixture
def open_watch(context: BrowserContext, door: RealDoor) -> Iterator[Open]:
    """Open the app. Anything loaded from elsewhere, and any complaint in a console, fails the test at its end."""
    complaints: list[str] = []

    def opened(fragment: str = "", of: BrowserContext = context) -> Page:
        page = of.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(door.url) else complaints.append(asked.url))
        page.on("console", lambda said: complaints.append(said.text) if _complains(said.type, said.text) else None)
        page.goto(door.url + fragment)
        return page

    yield opened
    assert not complaints, complaints


def _complains(kind: str, text: str) -> bool:
    """A refusal or a network that is cut is no complaint: the app handles it, the browser remarks on it."""
    return kind in {"error", "warning"} and not text.startswith("Failed to load resource")
