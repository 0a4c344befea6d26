"""Passkeys in a real browser with a virtual authenticator: set up on the first day, then log in with nothing else."""

import os
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, sync_playwright

from surety.server.accounts import actions
from surety.server.accounts.adapters import has_second_factor
from surety.server.accounts.models import Role, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "seven green kettles"
NOW_MS = 1_780_000_000_000


@pytest.fixture
def browser(chromium_path, monkeypatch) -> Iterator[Browser]:
    # Playwright's synchronous interface keeps an event loop in this thread; the database is used from it all the same.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser) -> Page:
    """A page that fails the test when anything is blocked by the content policy or goes wrong in a script."""
    cache.clear()
    opened = browser.new_context().new_page()
    opened.set_default_timeout(15_000)
    return opened


def with_authenticator(page: Page) -> None:
    """Plug in an authenticator that holds passkeys and knows its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_passkey_is_set_up_and_then_lets_in_by_itself(page, live_server):
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    actions.create_user("ruth", Role.OPERATOR, acting_user=None, now_ms=NOW_MS, password=PASSWORD)
    with_authenticator(page)
    page.goto(f"{live_server.url}/accounts/login/")
    page.fill("[name=login]", "ruth")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes/**")
    assert has_second_factor(User.objects.get(username="ruth"))

    page.context.clear_cookies()
    # On to a page without a live stream, which this test's server cannot hold open.
    page.goto(f"{live_server.url}/accounts/login/?next=/accounts/second-factors/")
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url(f"{live_server.url}/accounts/second-factors/")
    page.get_by_text("You have added 1 security key").wait_for()
    assert wrong == []
