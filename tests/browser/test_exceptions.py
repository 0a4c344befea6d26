"""Exceptions and whole days in the editor of a condition, and the calendar of duties, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import RunningServer, log_in_by_cookie, watched_page
from tests.browser.test_case_pages import AXE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-exceptions")]
SEED = """
import json
from surety.server.console.tests.case_cast import Role, case, now_ms, user
ana = case(now_ms(), user("olu officer", Role.OFFICER))
print(json.dumps({"person": ana.person.pk, "curfew": ana.curfew_id}))
"""
CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:Evening class
DTSTART:20260105T180000
DURATION:PT2H
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        yield running


@pytest.fixture(scope="module")
def ids(server: RunningServer) -> dict[str, str]:
    return dict(json.loads(server.python(SEED).splitlines()[-1]))


@pytest.fixture(params=[(1440, "light"), (360, "dark")], ids=["wide", "narrow"])
def page(
    request: pytest.FixtureRequest, browser: Browser, server: RunningServer, ids: dict[str, str]
) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    log_in_by_cookie(context, server, "olu-officer")
    with watched_page(context, server) as found:
        yield found
    context.close()


def open_editor(page: Page, server: RunningServer, ids: dict[str, str]) -> None:
    page.goto(f"{server.url}/conditions/{ids['curfew']}/edit")
    page.wait_for_selector("surety-map[data-engine]")


def check(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page, options=AXE).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_an_exception_is_picked_and_told_in_the_sentence(page: Page, server: RunningServer, ids: dict[str, str]):
    open_editor(page, server, ids)
    picker = page.locator("[data-exception-picker]")
    picker.locator("[data-part=day]").fill("2030-12-24")
    picker.locator("[data-part=time]").fill("18:00")
    picker.locator("[data-part=add]").click()
    expect(picker.locator("[data-part=until]")).to_be_focused()  # a time needs an end
    picker.locator("[data-part=until]").fill("22:00")
    picker.locator("[data-part=name]").fill("Dinner")
    picker.locator("[data-part=name]").press("Enter")
    picker.locator("[data-part=day]").fill("2030-12-25")
    picker.locator("[data-part=add]").click()
    assert page.input_value("#exceptions") == "2030-12-24 18:00 to 22:00 Dinner\n2030-12-25"
    expect(page.locator("[data-sentence]")).to_contain_text("18:00-22:00 on Tue 24 Dec 2030 (Dinner)")
    expect(page.locator("[data-sentence]")).to_contain_text("all day Wed 25 Dec 2030")
    check(page)


def test_a_line_becomes_a_whole_day_at_a_press(page: Page, server: RunningServer, ids: dict[str, str]):
    open_editor(page, server, ids)
    page.locator("[data-rows] [data-row]").first.locator("[data-part=all-day]").click()
    expect(page.locator("button.week-block").first).to_have_attribute("aria-label", "Monday all day")
    expect(page.locator("[data-sentence]")).to_contain_text("all day Monday")
    check(page)


def test_a_calendar_file_is_read_looked_at_and_saved(
    page: Page, server: RunningServer, ids: dict[str, str], tmp_path: Path
):
    file = tmp_path / "classes.ics"
    file.write_text(CALENDAR)
    open_editor(page, server, ids)
    page.set_input_files("#calendar", file)
    page.click("text=Read the file")
    expect(page.get_by_role("status").first).to_contain_text("read from classes.ics")
    page.wait_for_selector("surety-map[data-engine]")
    assert page.input_value("#exceptions").count("Evening class") in (11, 12)
    check(page)
    page.click("text=Save as a new version")
    expect(page.locator("main")).to_contain_text("Evening class")  # the history of versions, with what this one says


def test_the_duties_are_downloaded_as_a_calendar(page: Page, server: RunningServer, ids: dict[str, str]):
    page.goto(f"{server.url}/people/{ids['person']}/conditions")
    page.wait_for_selector("surety-map[data-engine]")
    check(page)
    with page.expect_download() as download:
        page.click("text=Calendar (.ics)")
    assert download.value.suggested_filename == "duties-AB-1042.ics"
    assert "SUMMARY:Be at Home" in download.value.path().read_text()
