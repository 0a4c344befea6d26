"""One Chromium for the browser tests of a file.

Not of a whole run: its driver keeps an event loop in the thread of the tests, and others want one of their own.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.server import chromium

# How long a page may take to show what it must: a bound for a machine that does other things too, and no wait.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright, chromium(playwright, chromium_path) as started:
        yield started
