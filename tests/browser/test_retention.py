"""Keeping and erasing in a real browser: accessible at every width, light and dark, and worked from the keyboard."""

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.server import RunningServer, log_in_by_cookie, watched_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser-retention")]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SEED = """
import json
from surety.server.console.tests.case_cast import Role, case, now_ms, user
ana = case(now_ms(), user("olu officer", Role.OFFICER))
for name in ("ida supervisor", "ben supervisor"):
    user(name, Role.SUPERVISOR)
print(json.dumps({"person": ana.person.pk}))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        yield running


def looked_at(page: Page, name: str) -> None:
    """No rule is broken and nothing scrolls sideways, wide and narrow, light and dark."""
    for width, scheme in ((1440, "light"), (1440, "dark"), (360, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=AXE).response["violations"]
        assert not found, f"{name}, {width} px, {scheme}: {json.dumps(found)[:2000]}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls at {width} px"
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=str(Path(folder) / f"{name}-{width}-{scheme}.png"), full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_hold_is_proposed_by_one_and_approved_by_another(server: RunningServer, browser: Browser) -> None:
    person = json.loads(server.python(SEED).splitlines()[-1])["person"]
    ends = (dt.datetime.now(dt.UTC) + dt.timedelta(days=60)).date().isoformat()
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    log_in_by_cookie(context, server, "olu-officer")
    with watched_page(context, server) as page:
        page.goto(f"{server.url}/people/{person}/record")
        page.get_by_role("link", name="Propose a legal hold").click()
        looked_at(page, "hold-form")
        page.get_by_label("Reason").fill("Appeal CA/2026/17 is pending")
        page.get_by_label("Last day").fill(ends)
        page.get_by_role("button", name="Propose the hold").click()
        page.get_by_text("Appeal CA/2026/17 is pending").wait_for()
        looked_at(page, "record")
        page.goto(f"{server.url}/people/{person}/erasure/new")
        looked_at(page, "erasure-form")
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    log_in_by_cookie(context, server, "ida-supervisor")
    with watched_page(context, server) as page:
        page.goto(f"{server.url}/retention")
        looked_at(page, "keeping")
        page.get_by_role("button", name="Approve").focus()
        page.keyboard.press("Enter")
        page.get_by_text("approved by Ida Supervisor").wait_for()
