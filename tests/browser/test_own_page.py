"""The person's own page in a real browser: without a script, in four scripts, small and wide, light and dark."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import RunningServer, watched_page
from tests.browser.test_case_pages import AXE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-own-page")]
SEED = """
import json, tempfile
from pathlib import Path
from surety.server.console.tests.case_cast import Role, case, now_ms, record_day, user
from surety.server.portal import codes
ana = case(now_ms(), user("olu officer", Role.OFFICER))
record_day(ana, now_ms(), Path(tempfile.mkdtemp()))
print(json.dumps(ana.person.pk))
"""
CODE = "from surety.server.portal import codes\nprint(codes.make_paper_code({!r}, acting_user=None, now_ms=1))"
PAGES = ("today", "order", "trail?map=1", "record", "photos", "readers", "kept")


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        yield running


@pytest.fixture(scope="module")
def person(server: RunningServer) -> str:
    return str(json.loads(server.python(SEED).splitlines()[-1]))


def own_page(browser: Browser, server: RunningServer, person: str, tag: str) -> Iterator[Page]:
    """Logged in with a code on paper, from the keyboard alone, in a browser that runs no script."""
    code = server.python(CODE.format(person)).splitlines()[-1]
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    context.set_default_timeout(10_000)
    with watched_page(context, server) as page:
        page.goto(f"{server.url}/my/")
        page.select_option("#language", tag)
        page.press("#language + button", "Enter")
        page.fill("#code", code)
        page.press("#code", "Enter")
        page.wait_for_url(f"{server.url}/my/today")
        yield page
    context.close()


@pytest.mark.parametrize("tag", ["en", "ar", "zh", "ti"])
def test_every_page_without_a_script(browser: Browser, server: RunningServer, person: str, tag: str) -> None:
    for page in own_page(browser, server, person, tag):
        for name in PAGES:
            page.goto(f"{server.url}/my/{name}")
            expect(page.locator("html")).to_have_attribute("dir", "rtl" if tag == "ar" else "ltr")
            expect(page.locator("h1")).to_be_visible()
        page.goto(f"{server.url}/my/today")
        page.focus("summary")
        page.press("summary", "Enter")
        expect(page.locator("nav a[aria-current]")).to_be_visible()
        page.press("nav button", "Enter")
        page.wait_for_url(f"{server.url}/my/")


@pytest.mark.parametrize("tag", ["en", "ar", "ur"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    browser: Browser, server: RunningServer, person: str, tag: str
) -> None:
    code = server.python(CODE.format(person)).splitlines()[-1]
    context = browser.new_context(viewport={"width": 320, "height": 740})
    context.set_default_timeout(10_000)
    with watched_page(context, server) as page:
        page.goto(f"{server.url}/my/")
        page.select_option("#language", tag)
        page.click("#language + button")
        _check(page)
        page.fill("#code", code)
        page.press("#code", "Enter")
        page.wait_for_url(f"{server.url}/my/today")
        for name in PAGES:
            page.goto(f"{server.url}/my/{name}")
            _check(page)
    context.close()


def _check(page: Page) -> None:
    for width, scheme in ((320, "light"), (1440, "dark")):
        page.set_viewport_size({"width": width, "height": 740})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} at {width}"
        found = Axe().run(page, options=AXE).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], page.url
