"""What is asked of somebody today and tomorrow, in words and times that they can use."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.watch.conftest import Open
from tests.watch.door import DAY_MS, MINUTE_MS, RealDoor, now_ms
from tests.watch.steps import enrol

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOUR_MS = 60 * MINUTE_MS


def midnight_ms() -> int:
    """The last midnight of UTC, by whose clocks this person lives."""
    return now_ms() // DAY_MS * DAY_MS


def test_the_first_screen_says_where_to_be_next_and_the_list_says_it_all(door: RealDoor, open_watch: Open) -> None:
    tomorrow = midnight_ms() + DAY_MS
    duties = [
        {"text": "Stay out of Mill Lane.", "from_ms": midnight_ms(), "to_ms": tomorrow + DAY_MS, "kind": "zone"},
        {"text": "Be home.", "from_ms": tomorrow + 19 * HOUR_MS, "to_ms": tomorrow + 22 * HOUR_MS, "kind": "curfew"},
        {"text": "Over.", "from_ms": midnight_ms() - HOUR_MS, "to_ms": midnight_ms(), "kind": "curfew"},
    ]
    door.write_sheet(duties=duties, time_zone="UTC")
    page = enrol(open_watch)
    expect(page.locator(".standing .lead")).to_have_text("Be home.")
    expect(page.locator(".standing .quiet")).to_contain_text("19:00 to 22:00, ")
    page.get_by_role("link", name="Today").click()
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".row.now")).to_contain_text("Stay out of Mill Lane.")
    expect(page.locator(".row.now")).to_contain_text("Now, until 00:00, ")


def test_times_are_those_of_the_persons_time_zone(door: RealDoor, open_watch: Open, context: BrowserContext) -> None:
    noon = midnight_ms() + DAY_MS + 12 * HOUR_MS
    duty = {"text": "Course.", "from_ms": noon, "to_ms": noon + HOUR_MS, "kind": "attendance"}
    door.write_sheet(duties=[duty], time_zone="Asia/Kolkata")  # five and a half hours ahead, all year
    page = enrol(open_watch)
    expect(page.locator(".standing .quiet")).to_contain_text("17:30 to 18:30, ")
