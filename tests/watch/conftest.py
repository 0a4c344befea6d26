"""A Chromium with a camera that a file feeds, and a door for the watch to speak to."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.server import CHROMIUM_ARGS
from tests.watch.double import Double, running

CAMERA = ["--use-fake-device-for-media-stream"]


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A headless Chromium whose camera shows what a file holds."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path, args=[*CHROMIUM_ARGS, *CAMERA])
        yield started
        started.close()


@pytest.fixture
def door() -> Iterator[Double]:
    with running(Double()) as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A phone whose owner allows camera and position."""
    made = browser.new_context(
        viewport={"width": 360, "height": 720},
        permissions=["camera", "geolocation"],
        geolocation={"latitude": 54.9783, "longitude": -1.6178, "accuracy": 9},
        reduced_motion="reduce",
        service_workers="allow",
    )
    made.set_default_timeout(15_000)
    yield made
    made.close()


@pytest.fixture
def open_watch(context: BrowserContext, door: Double) -> Iterator[Callable[[str], Page]]:
    """Open the app; complaints in its console fail the test at its end."""
    complaints: list[str] = []

    def opened(fragment: str = "") -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None
            ),
        )
        page.goto(door.url + fragment)
        return page

    yield opened
    assert not complaints, complaints
