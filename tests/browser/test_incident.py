"""An incident in a real browser: it comes by itself, is handled by keyboard, and breaks no rule of accessibility."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from tests.browser.server import RunningServer, log_in_by_cookie, watched_page
from tests.browser.test_access import RULES
from tests.browser.test_desk import wait_live

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser-desk")]

OUTAGE = """
from surety.rules.findings import Evidence, Kind
from surety.server.alerts import actions, incidents
from surety.server.alerts.tests import cast
from surety.server.cases.models import Device, Person
from surety.server.timekeeping import now_ms
import msgspec
began = now_ms() - 31 * 60_000
found = []
for person in Person.objects.filter(assignments__device__network="Northtel").order_by("pk"):
    one = cast.finding(person, Kind.SILENT, at_ms=now_ms() - 60_000)
    found.append(msgspec.structs.replace(one, evidence=Evidence((), {"last_heard_ms": began})))
actions.apply_findings(found, [], now_ms=now_ms())
incidents.watch(now_ms())
"""
STREET = """
from surety.server.alerts.tests import cast
from surety.server.timekeeping import now_ms
cast.NOW_MS = now_ms() - 86_400_000
from surety.server.alerts.tests import test_incidents
test_incidents.NOW_MS, test_incidents.SYSTEM["now_ms"] = cast.NOW_MS, cast.NOW_MS
for number in range(7):
    test_incidents.wearer()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        running.add_user("olga", "operator")
        running.python(STREET)
        yield running


def test_it_comes_by_itself_and_is_acknowledged_and_noted_by_keyboard(server: RunningServer, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    log_in_by_cookie(context, server, "olga")
    with watched_page(context, server) as page:
        page.goto(server.url + "/")
        wait_live(page)
        server.python(OUTAGE)
        row = page.locator(".row", has_text="Northtel")
        expect(row).to_contain_text("7 people")
        expect(page.locator(".row")).to_have_count(1)
        expect(page.locator("#announce")).to_contain_text("New incident: Network Northtel")
        page.keyboard.press("j")
        expect(page.locator(".pane-title")).to_contain_text("Network Northtel: 7 of 7 devices fell silent")
        page.keyboard.press("a")
        expect(page.locator("[data-said]")).to_contain_text("Acknowledged")
        expect(row).to_contain_text("acknowledged")
        expect(page.locator(".history")).to_contain_text("cknowledged")  # the pane was drawn anew after the action
        page.keyboard.press("n")
        expect(page.get_by_role("button", name="Add the note")).to_be_visible()
        page.keyboard.type("Northtel is told")
        page.get_by_role("button", name="Add the note").click()
        expect(page.locator(".history")).to_contain_text("Northtel is told")
    context.close()


def test_a_pane_that_loads_late_takes_no_words_from_under_anybodys_hands(
    server: RunningServer, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    log_in_by_cookie(context, server, "olga")
    with watched_page(context, server) as page:
        page.goto(server.url + "/")
        wait_live(page)
        held: list[Route] = []
        page.route("**/pane", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handler
        with page.expect_request("**/pane"):
            page.keyboard.press("j")  # the one row again: its pane is asked for once more, and is slow to come
        page.keyboard.press("n")
        page.keyboard.type("Northtel is told")
        with page.expect_response("**/pane") as answer:
            held[0].continue_()
        answer.value.finished()
        expect(page.locator(".pane-loading")).to_have_count(0)
        expect(page.get_by_label("Note")).to_have_value("Northtel is told")
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark"), (1440, "dark"), (360, "light")])
def test_its_page_breaks_no_rule_of_accessibility(
    server: RunningServer, browser: Browser, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    log_in_by_cookie(context, server, "olga")
    with watched_page(context, server) as page:
        for address in ("/", page_of_incident(server)):
            page.goto(server.url + address)
            found = Axe().run(page, options=RULES)
            assert not found.response["violations"], found.generate_report()
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0
    context.close()


def page_of_incident(server: RunningServer) -> str:
    pk = server.python("from surety.server.alerts.models import Incident\nprint(Incident.objects.get().pk)").strip()
    return f"/incidents/{pk}/"
