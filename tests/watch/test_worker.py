"""The service worker: it sends while the app is closed, and tells what was pushed."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.watch.conftest import Open
from tests.watch.door import RealDoor
from tests.watch.steps import ask_now, enrol, tell, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Worker:
    """The app's service worker as the browser's own tools see it."""

    def __init__(self, context: BrowserContext, page: Page, door: RealDoor) -> None:
        self._origin = door.url.removesuffix("/watch/")
        self._ids: list[str] = []
        self._session: CDPSession = context.new_cdp_session(page)
        self._session.on("ServiceWorker.workerRegistrationUpdated", self._note)
        self._session.send("ServiceWorker.enable")
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        until(page, lambda: self._ids)

    def _note(self, told: dict[str, Any]) -> None:
        self._ids += [one["registrationId"] for one in told["registrations"] if not one["isDeleted"]]

    def push(self) -> None:
        named = {"origin": self._origin, "registrationId": self._ids[-1]}
        self._session.send("ServiceWorker.deliverPushMessage", {**named, "data": ""})

    def sync(self) -> None:
        named = {"origin": self._origin, "registrationId": self._ids[-1]}
        self._session.send("ServiceWorker.dispatchSyncEvent", {**named, "tag": "send", "lastChance": False})


def notifications(page: Page) -> list[str]:
    told: list[str] = page.evaluate(
        "navigator.serviceWorker.ready.then(one => one.getNotifications()).then(all => all.map(one => one.title))"
    )
    return told


def test_what_waits_is_sent_with_the_app_closed_once_the_browser_wakes_the_worker(
    door: RealDoor, context: BrowserContext, open_watch: Open
) -> None:
    page = enrol(open_watch)
    until(page, door.fixes)
    blank = context.new_page()
    worker = Worker(context, page, door)
    page.route("**/v1/messages", lambda route: route.abort())  # of the page alone, not of the worker
    tell(page, "I go into a tunnel.")
    expect(page.locator(".link")).to_contain_text("No connection since")
    worker.sync()
    until(blank, door.problems)
    assert [one.words for one in door.problems()] == ["I go into a tunnel."]


@pytest.mark.parametrize(("asked", "title"), [("photo-1", "A photo is asked for"), ("", "There is something new")])
def test_a_push_is_a_reason_to_ask_the_door_and_is_told(
    door: RealDoor, context: BrowserContext, open_watch: Open, asked: str, title: str
) -> None:
    context.grant_permissions(["notifications", "camera"])
    page = enrol(open_watch)
    worker = Worker(context, page, door)
    if asked:
        door.ask(asked)
    worker.push()
    until(page, lambda: notifications(page))
    assert notifications(page) == [title]
    ask_now(page)
    heading = "A photo is asked for" if asked else "No photo is asked for now"
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
