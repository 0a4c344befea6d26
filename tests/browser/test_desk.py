"""The desk in a real browser, on a real server process: an alert comes, is handled by keyboard, and is confirmed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.server import RunningServer, log_in, log_in_by_cookie, watched_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser-desk")]

FIND = "from tests.browser.cast import *\n"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        running.add_user("olga", "operator")
        running.add_user("sven", "supervisor")
        running.add_user("adam", "administrator")
        running.add_user("audra", "auditor")
        running.python(FIND + "night()\nnew = person('Vera Winter', 'NB-3001')\nevening(new, now_ms())")
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1440, "height": 900})
    made.set_default_timeout(15_000)
    yield made
    made.close()


def come_in(server: RunningServer, kind: str, minutes_ago: int = 1, reference: str = "NB-3001") -> None:
    """Another process finds something, as the worker does."""
    server.python(
        FIND + f"find(Person.objects.get(reference={reference!r}), Kind.{kind}, now_ms() - {minutes_ago} * MINUTE_MS)"
    )


def wait_live(page: Page) -> None:
    expect(page.locator("#live[data-state=on]")).to_be_visible()


def test_an_alert_comes_without_a_reload_is_handled_by_keyboard_and_confirmed_by_a_second_person(
    server: RunningServer, browser: Browser, context: BrowserContext
) -> None:
    with watched_page(context, server, expected=("422 (Unprocessable",)) as page:
        log_in(page, server, "olga")
        wait_live(page)
        page.evaluate("window.stillTheSamePage = true")
        come_in(server, "ZONE_ENTERED")
        row = page.locator(".row", has_text="NB-3001")
        expect(row).to_be_visible()
        expect(page.locator("#announce")).to_contain_text("New critical alert: Vera W., NB-3001")
        select_by_keyboard(page, "NB-3001")
        page.keyboard.press("a")
        expect(page.locator("[data-said]")).to_contain_text("Acknowledged")
        expect(row).to_contain_text("acknowledged")
        record_a_call(page)
        propose_a_violation(page)
        assert page.evaluate("window.stillTheSamePage") is True
        confirm_as(server, browser, "sven")
        expect(row).to_have_count(0)
        expect(page.locator("#pane")).to_contain_text("confirmed by Sven")


def select_by_keyboard(page: Page, reference: str) -> None:
    page.keyboard.press("j")
    for _ in range(30):
        if page.locator(".row-link[aria-current=true]", has_text=reference).count():
            break
        page.keyboard.press(
            "k" if page.locator(f".row:has-text('{reference}') ~ .row [aria-current=true]").count() else "j"
        )
    expect(page.locator(".pane-who")).to_contain_text(reference)


def record_a_call(page: Page) -> None:
    page.keyboard.press("c")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#contact-text")).to_be_focused()
    page.keyboard.type("nobody answered")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".history")).to_contain_text("nobody answered")


def propose_a_violation(page: Page) -> None:
    page.keyboard.press("r")
    expect(page.locator("#resolve-outcome")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#resolve-reason")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    summary = page.locator(".errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Choose an outcome.")
    expect(summary).to_contain_text("Give the reason for the outcome.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#resolve-outcome")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("[data-violation]")).to_contain_text("A second person must confirm")
    page.keyboard.press("Tab")
    page.keyboard.type("Inside the zone for ten minutes; no answer.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#pane")).to_contain_text("Awaiting a second person")
    expect(page.locator("#pane")).to_contain_text("somebody else must decide")


def confirm_as(server: RunningServer, browser: Browser, name: str) -> None:
    second = browser.new_context(viewport={"width": 1440, "height": 900})
    log_in_by_cookie(second, server, name)
    with watched_page(second, server) as page:
        page.goto(f"{server.url}/second-person/")
        page.locator(".row-link", has_text="NB-3001").press("Enter")
        expect(page.locator("#pane")).to_contain_text("Olga proposed: Violation")
        page.locator("[data-opens=second]").press("Enter")
        page.get_by_role("button", name="Confirm the violation").press("Enter")
        expect(page.locator("#pane")).to_contain_text("confirmed by Sven")
    second.close()


def test_keyboard_place_and_words_stay_when_alerts_come_in(server: RunningServer, context: BrowserContext) -> None:
    context_page(server, context, "olga")
    with watched_page(context, server) as page:
        page.goto(server.url)
        wait_live(page)
        page.keyboard.press("j")
        page.keyboard.press("j")
        focused = page.evaluate("document.activeElement.closest('.row').dataset.id")
        page.keyboard.press("n")
        expect(page.locator("#note-text")).to_be_focused()
        page.keyboard.type("half a sen")
        come_in(server, "CURFEW_LEFT", 3)
        expect(page.locator(".row", has_text="NB-3001").first).to_be_visible()
        page.keyboard.type("tence")
        expect(page.locator("#note-text")).to_have_value("half a sentence")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.closest('.row').dataset.id") == focused


def test_a_key_pressed_while_the_next_alert_loads_acts_on_that_alert_and_no_other(
    server: RunningServer, context: BrowserContext
) -> None:
    context_page(server, context, "olga")
    with watched_page(context, server) as page:
        page.goto(server.url)
        wait_live(page)
        page.keyboard.press("j")
        page.keyboard.press("n")
        expect(page.locator("#note-text")).to_be_focused()
        chosen = page.locator(".row-link[aria-current=true]").evaluate("a => a.closest('.row').dataset.id")
        assert page.locator(".pane").get_attribute("data-alert") == chosen


def test_the_filter_is_a_sentence_and_the_address_keeps_it(server: RunningServer, context: BrowserContext) -> None:
    context_page(server, context, "olga")
    with watched_page(context, server) as page:
        page.goto(server.url)
        page.select_option("#f-severity", "1")
        expect(page.locator("#list-title")).to_have_text("Critical alerts, all my regions, anybody's, waiting for us")
        expect(page.locator(".row-3")).to_have_count(0)
        assert page.url.endswith("?severity=1")
        page.reload()
        expect(page.locator("#f-severity")).to_have_value("1")


def test_a_lost_link_says_how_old_the_state_is_and_comes_back_with_what_was_missed(
    server: RunningServer, context: BrowserContext
) -> None:
    context_page(server, context, "olga")
    page = context.new_page()
    page.goto(server.url)
    wait_live(page)
    server.stop()
    expect(page.locator("#stale")).to_be_visible(timeout=20_000)
    expect(page.locator("#stale-words")).to_contain_text("showing the state of")
    come_in(server, "SOS", reference="NB-2001")
    server.start()
    page.get_by_role("button", name="Connect again").click()
    expect(page.locator("#stale")).to_be_hidden(timeout=40_000)
    expect(page.locator(".row-1", has_text="NB-2001")).to_have_count(2)
    page.close()


def test_the_process_stops_in_time_with_streams_open(server: RunningServer, context: BrowserContext) -> None:
    context_page(server, context, "olga")
    pages = [context.new_page() for _ in range(3)]
    for page in pages:
        page.goto(server.url)
        wait_live(page)
    try:
        assert server.stop(within_s=5) < 5
    finally:
        server.start()


def test_on_a_phone_a_row_opens_the_alert_as_a_page(server: RunningServer, browser: Browser) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    log_in_by_cookie(phone, server, "olga")
    with watched_page(phone, server) as page:
        page.goto(server.url)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the desk scrolls sideways"
        page.locator(".row-link").first.tap()
        expect(page.locator(".pane-title")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the alert scrolls sideways"
    phone.close()


def context_page(server: RunningServer, context: BrowserContext, name: str) -> None:
    log_in_by_cookie(context, server, name)
