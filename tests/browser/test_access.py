"""Every page under the rules of accessibility (axe-core, WCAG 2.2 AA), light and dark, wide and narrow."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.server import RunningServer, log_in_by_cookie, watched_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser-access")]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PAGES = [  # who, address, keys pressed there
    ("olga", "/", ""),
    ("olga", "/", "c"),
    ("olga", "/", "r"),
    ("olga", "/?severity=1&region=nowhere", ""),
    ("sven", "/second-person/", ""),
    ("sven", "/retention", ""),
    ("audra", "/audit/", ""),
    ("audra", "/oversight/", ""),
    ("audra", "/audit/?action=nothing", ""),
    ("adam", "/users/", ""),
    ("adam", "/refused/", ""),
    ("adam", "/accounts/second-factors/", ""),
    ("lia", "/protected", ""),
    ("lia", "/protected/new", ""),
    ("", "/styleguide/", ""),
    ("", "/accounts/login/", ""),
    ("olga", "/audit/", ""),
    ("olga", "/no-such-page", ""),
    ("olga", "/accounts/password/", ""),
]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        for name, role in (
            ("olga", "operator"),
            ("sven", "supervisor"),
            ("audra", "auditor"),
            ("adam", "administrator"),
            ("lia", "victim_liaison"),
        ):
            running.add_user(name, role)
        running.python("from tests.browser.cast import night\nnight()")
        yield running


@pytest.mark.parametrize(("user", "address", "keys"), PAGES)
def test_no_rule_of_accessibility_is_broken_and_nothing_comes_from_elsewhere(
    server: RunningServer, browser: Browser, user: str, address: str, keys: str
) -> None:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    if user:
        log_in_by_cookie(context, server, user)
    with watched_page(context, server, expected=("403 (Forbidden)", "404 (Not Found)")) as page:
        page.goto(server.url + address)
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_selector(".act[data-open]")
        for width, scheme in ((1440, "light"), (1440, "dark"), (360, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            assert not broken_rules(page), f"{width} px, {scheme}: {broken_rules(page)}"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                f"scrolls sideways at {width} px"
            )
    context.close()


def test_the_page_of_a_protected_person_breaks_no_rule_either(server: RunningServer, browser: Browser) -> None:
    identity = server.python("from tests.browser.cast import protected_person\nprint(protected_person())").strip()
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    log_in_by_cookie(context, server, "sven")
    with watched_page(context, server) as page:
        page.goto(f"{server.url}/protected/{identity}")
        assert page.get_by_role("link", name="Approve").count() == 1
        for width, scheme in ((1440, "light"), (1440, "dark"), (360, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            assert not broken_rules(page), f"{width} px, {scheme}: {broken_rules(page)}"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def broken_rules(page: Page) -> list[tuple[str, list[str]]]:
    found = Axe().run(page, options=RULES)
    return [(rule["id"], [str(node["target"]) for node in rule["nodes"]]) for rule in found.response["violations"]]
