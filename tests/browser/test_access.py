"""Every page under the rules of accessibility (axe-core, WCAG 2.2 AA), light and dark, wide and narrow."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.server import RunningServer, Watch, log_in_by_cookie

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser-access")]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PAGES = [  # who, address, keys pressed there
    ("olga", "/", ""),
    ("olga", "/", "c"),
    ("olga", "/", "r"),
    ("olga", "/?severity=1&region=nowhere", ""),
    ("sven", "/second-person/", ""),
    ("audra", "/audit/", ""),
    ("audra", "/audit/?action=nothing", ""),
    ("adam", "/users/", ""),
    ("adam", "/refused/", ""),
    ("adam", "/accounts/second-factors/", ""),
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
        ):
            running.add_user(name, role)
        running.python("from tests.browser.cast import night\nnight()")
        yield running


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (360, "light")])
@pytest.mark.parametrize(("user", "address", "keys"), PAGES)
def test_no_rule_of_accessibility_is_broken_and_nothing_comes_from_elsewhere(
    server: RunningServer, browser: Browser, user: str, address: str, keys: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    if user:
        log_in_by_cookie(context, server, user)
    page = context.new_page()
    watch = Watch(page, server.url)
    watch.expected = ("403 (Forbidden)", "404 (Not Found)", "GPU stall due to ReadPixels")
    page.goto(server.url + address)
    page.wait_for_load_state("load")
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_selector(".act[data-open]")
    found = Axe().run(page, options=RULES)
    broken = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found.response["violations"]]
    assert not broken, broken
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    context.close()
    watch.check()
