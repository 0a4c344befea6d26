"""An officer gives somebody a watch: the code in large letters and as a drawing, which holds what the watch opens."""

import json
import re
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.server import RunningServer, log_in_by_cookie, watched_page
from tests.browser.test_access import broken_rules

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser-watch-code")]
SEED = """
import json
from surety.server.cases import actions
from surety.server.cases.checks import DeviceDetails
from surety.server.console.tests.case_cast import Role, case, now_ms, user
ana = case(now_ms(), user("olu officer", Role.OFFICER))
details = DeviceDetails(protocol="native", model="Watch 4", with_secret=False)
device, _ = actions.register_device(details, acting_user=None, now_ms=now_ms())
actions.end_assignment(ana.person.assignments.get().pk, to_ms=now_ms(), acting_user=None, now_ms=now_ms())
actions.assign_device(device.pk, ana.person.pk, from_ms=now_ms(), acting_user=None, now_ms=now_ms())
print(json.dumps({"device": device.pk}))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        yield running


def held(page: Page) -> None:
    """No rule is broken and nothing scrolls sideways, wide and narrow, light and dark."""
    for width, scheme in ((1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert not broken_rules(page), f"{width} px, {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_officer_makes_a_code_that_a_camera_can_read(server: RunningServer, browser: Browser) -> None:
    device = json.loads(server.python(SEED).splitlines()[-1])["device"]
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    log_in_by_cookie(context, server, "olu-officer")
    with watched_page(context, server) as page:
        page.goto(f"{server.url}/watches/{device}")
        held(page)
        page.get_by_role("button", name="Make a new code").click()
        code = page.locator("[data-code]").inner_text()
        assert re.fullmatch(r"[2-9A-Z]{5}-[2-9A-Z]{5}", code)
        held(page)
        page.emulate_media(color_scheme="dark")
        drawn = cv2.imdecode(np.frombuffer(page.locator("svg.qr").screenshot(), np.uint8), cv2.IMREAD_COLOR)
        address, _, _ = cv2.QRCodeDetector().detectAndDecode(drawn)
        assert address.endswith(f"/watch/#{code}")
    context.close()
