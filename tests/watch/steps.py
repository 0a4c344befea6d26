"""What a person does with the watch."""

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.watch.conftest import Open
from tests.watch.door import CODE


def enrol(open_watch: Open) -> Page:
    """Follow the officer's link."""
    page = open_watch(f"#{CODE}")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".link")).to_contain_text("Connected")
    return page


def take(page: Page) -> None:
    """Take the photographs that are asked for, up to the look at what was taken."""
    page.get_by_role("link", name="Take the photo").click()
    page.get_by_role("button", name="Take photos").click()
    page.locator(".frames").wait_for()


def send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()


def tell(page: Page, words: str) -> None:
    """Tell a problem, from the first screen."""
    page.get_by_role("link", name="I have a problem").click()
    page.get_by_role("link", name="Something else").click()
    page.get_by_label("In your own words").fill(words)
    page.get_by_role("button", name="Send").click()


def ask_now(page: Page) -> None:
    """Let the watch ask the door now, not at its next half minute."""
    page.evaluate("dispatchEvent(new Event('online'))")


def until(page: Page, holds: Callable[[], object], within_s: float = 60) -> None:
    """Let the page run until something is so; `within_s` is a bound for a busy machine, and no wait."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it did not become so in time"
        page.wait_for_timeout(100)
