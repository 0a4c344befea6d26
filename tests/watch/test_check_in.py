"""From the code to the photographs, in a real Chromium."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.watch.double import Double, now_ms

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def asked(turn: str = "left") -> dict[str, object]:
    now = now_ms()
    question = {
        "id": "photo-1", "asked_ms": now, "due_ms": now + 1_800_000, "late_until_ms": now + 7_200_000, "turn": turn,
        "stands": "asked",
    }  # fmt: skip
    return {
        "language": "en", "time_zone": "Europe/London", "made_ms": now, "duties": [], "check_ins": [question],
        "words": [], "push_key": "",
    }  # fmt: skip


def enrol(open_watch: Callable[[str], Page]) -> Page:
    page = open_watch("#K7M4T-9QXHB")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".link")).to_contain_text("Connected")
    return page


def take(page: Page) -> None:
    page.get_by_role("link", name="Take the photo").click()
    page.get_by_role("button", name="Take photos").click()
    page.locator(".frames").wait_for()


def until(page: Page, holds: Callable[[], bool], within_s: float = 15) -> None:
    """Let the page run until something is so."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it did not become so in time"
        page.wait_for_timeout(50)


def test_a_code_from_the_link_enrols_the_watch_and_is_gone_from_the_address(
    door: Double, open_watch: Callable[[str], Page]
) -> None:
    page = enrol(open_watch)
    assert door.key is not None
    assert door.key.algorithm == "Ed25519"
    assert "K7M4T" not in page.url


def test_photographs_of_a_check_in_arrive_before_the_message_that_names_them(
    door: Double, open_watch: Callable[[str], Page]
) -> None:
    door.sheet = asked()
    page = enrol(open_watch)
    take(page)
    page.locator(".reach button").first.click()
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    said = next(one for one in door.messages if one["type"] == "check_in")
    assert said["check_in_id"] == "photo-1"
    assert said["turn"] == "left"
    assert 3 <= len(said["photos"]) <= 5
    assert all(len(door.photos[sha]) < 150_000 for sha in said["photos"])
    assert all(b"Exif" not in door.photos[sha] for sha in said["photos"])
    assert [one["check_in_id"] for one in door.messages if one["type"] == "seen"] == ["photo-1"]


def test_what_was_done_without_a_connection_arrives_once_in_order_with_its_own_time(
    door: Double, context: BrowserContext, open_watch: Callable[[str], Page]
) -> None:
    door.sheet = asked("")
    page = enrol(open_watch)
    until(page, lambda: any(one["type"] == "fix" for one in door.messages))
    context.set_offline(True)
    take(page)
    before_ms = now_ms()
    page.locator(".reach button").first.click()
    expect(page.get_by_role("heading", name="Kept on this watch")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="I have a problem").click()
    page.get_by_role("link", name="Something else").click()
    page.get_by_label("In your own words").fill("The bus does not come.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".link")).to_contain_text("No connection since")
    context.set_offline(False)
    until(page, lambda: any(one["type"] == "problem" for one in door.messages))
    types = [one["type"] for one in door.messages]
    assert types.count("check_in") == 1
    assert types.count("problem") == 1
    assert types.index("check_in") < types.index("problem")
    assert [one["seq"] for one in door.messages] == list(range(1, len(types) + 1))
    at_ms = door.messages[types.index("check_in")]["at_ms"]
    assert abs(at_ms - before_ms) < 2_000
