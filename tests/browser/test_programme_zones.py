"""A programme-wide zone in a real browser: proposed by one, confirmed by another, told to a person."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import RunningServer, log_in_by_cookie, watched_page
from tests.browser.test_case_pages import AXE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-programmes")]
SEED = """
import json
from surety.server.console.tests.case_cast import Role, case, now_ms, user
ana = case(now_ms(), user("olu officer", Role.OFFICER))
user("sue supervisor", Role.SUPERVISOR), user("adi admin", Role.ADMINISTRATOR)
print(json.dumps({"person": ana.person.pk}))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        yield running


@pytest.fixture(scope="module")
def ids(server: RunningServer) -> dict[str, str]:
    return dict(json.loads(server.python(SEED).splitlines()[-1]))


def as_user(browser: Browser, server: RunningServer, name: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    log_in_by_cookie(context, server, name)
    with watched_page(context, server) as found:
        yield found
    context.close()


def check(page: Page) -> None:
    page.evaluate("scrollTo(0, 0)")  # what the top of the screen cuts off looks too small to hit
    for width, scheme in ((1440, "light"), (1440, "dark"), (360, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} at {width}"
        found = Axe().run(page, options=AXE).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_zone_is_proposed_confirmed_and_told(browser: Browser, server: RunningServer, ids: dict[str, str]) -> None:
    for page in as_user(browser, server, "adi-admin"):
        page.goto(f"{server.url}/programme-zones/new")
        page.wait_for_selector("surety-map[data-engine]")
        expect(page.locator("#warn")).to_be_visible()
        expect(page.locator("#stay")).to_be_hidden()
        page.check("#kind-restriction")
        expect(page.locator("#warn")).to_be_hidden()
        expect(page.locator("#stay")).to_be_visible()
        check(page)
        page.check("#kind-exclusion")
        for field, text in (
            ("#label", "Match days"),
            ("#name", "Stadium"),
            ("#legal_basis", "Football Spectators Act 1989, s. 14"),
            ("#warn", "150"),
            ("#area-lat", "55.12"),
            ("#area-lon", "-2.66"),
            ("#area-radius", "300"),
        ):
            page.fill(field, text)
        for box in page.locator("input[name=order_types]").all():
            box.check()
        page.click("text=Propose it")
        expect(page.locator("h1")).to_have_text("Match days")
        check(page)
    for page in as_user(browser, server, "sue-supervisor"):
        page.goto(f"{server.url}/programme-zones")
        check(page)
        page.click("text=Match days")
        page.click("button:has-text('Confirm')")
        expect(page.locator("body")).to_contain_text("Confirmed. It binds each person")
        check(page)
    for page in as_user(browser, server, "olu-officer"):
        page.goto(f"{server.url}/people/{ids['person']}/conditions")
        expect(page.locator("#wide")).to_have_text("Programme-wide zones")
        check(page)
        page.fill("#how-1", "in person")
        page.click("text=Record that they were told just now")
        expect(page.locator("body")).to_contain_text("Binds from")
