"""A person's check-ins in a real browser: the tab, the forms, photographs that stay blurred until each is uncovered."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import RunningServer, log_in_by_cookie, watched_page
from tests.browser.test_access import broken_rules

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser-checkins")]
LOOKS = ((1440, "light"), (1440, "dark"), (360, "light"))
PICTURES = os.environ.get("TEST_PICTURES")  # a folder: what was looked at is kept there


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer(faces_engine="none") as running:
        yield running


@pytest.fixture(scope="module")
def ids(server: RunningServer) -> dict[str, str]:
    return dict(json.loads(server.python("from tests.browser.checkin_cast import main\nmain()").splitlines()[-1]))


@pytest.fixture
def page(server: RunningServer, browser: Browser, ids: dict[str, str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    log_in_by_cookie(context, server, "olu-officer")
    with watched_page(context, server, expected=("422",)) as found:
        yield found
    context.close()


def looked_at(page: Page, name: str) -> None:
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        if PICTURES:
            page.screenshot(path=str(Path(PICTURES) / f"{name}-{width}-{scheme}.png"), full_page=True)
        assert not broken_rules(page), f"{width} px, {scheme}: {broken_rules(page)}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"scrolls sideways at {width} px"


def test_the_tab_and_its_forms_break_no_rule_of_accessibility(
    server: RunningServer, page: Page, ids: dict[str, str]
) -> None:
    page.goto(f"{server.url}/people/{ids['person']}/check-ins")
    expect(page.get_by_text("A person looks at the photographs")).to_be_visible()
    looked_at(page, "check-ins")
    for name, address in (
        ("images-new", f"/people/{ids['person']}/images/new"),
        ("record", f"/check-ins/{ids['missed']}/record"),
    ):
        page.goto(server.url + address)
        page.locator("main button").last.click()
        expect(page.get_by_role("alert")).to_be_visible()
        looked_at(page, name)


def test_photographs_are_blurred_until_each_is_uncovered_by_mouse_or_keyboard(
    server: RunningServer, page: Page, ids: dict[str, str]
) -> None:
    page.goto(f"{server.url}/check-ins/{ids['looked']}/photographs")
    looked_at(page, "purpose")
    page.get_by_label("Purpose").fill("The person says that it was not them")
    page.get_by_role("button", name="Open the photographs").click()
    pictures = page.locator(".photographs img")
    expect(pictures).to_have_count(3)
    for number in range(3):
        pictures.nth(number).scroll_into_view_if_needed()
        page.wait_for_function("n => document.querySelectorAll('.photographs img')[n].naturalWidth > 0", arg=number)
        expect(pictures.nth(number)).to_have_css("filter", "blur(16px)")
    looked_at(page, "blurred")
    page.get_by_label("Photograph 1 of 3").press("Space")
    expect(pictures.nth(0)).to_have_css("filter", "none")
    expect(pictures.nth(1)).to_have_css("filter", "blur(16px)")
    pictures.nth(1).click()
    expect(pictures.nth(1)).to_have_css("filter", "none")
    looked_at(page, "uncovered")


def test_images_are_added_by_choosing_files(
    server: RunningServer, page: Page, ids: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "office.jpg"
    made = f"from surety.sim.faces import face, jpeg\nopen({str(file)!r}, 'wb').write(jpeg(face(155), 60))"
    server.python(made)
    page.goto(f"{server.url}/people/{ids['person']}/images/new")
    page.get_by_label("Images", exact=True).set_input_files(str(file))
    page.get_by_label("Where they were taken or found").fill("Taken at the north office")
    page.get_by_label("Basis").fill("Consent, form 4")
    page.get_by_role("button", name="Add these images").click()
    expect(page.get_by_text("office.jpg: No face model is here")).to_be_visible()
    expect(page.get_by_text("Not measured yet")).to_be_visible()
