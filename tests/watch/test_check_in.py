"""From the code to the photographs: a real Chromium, a real door, invented faces."""

import io
import sqlite3
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Playwright, Route, expect

from tests.watch.conftest import ANN_FACE, Open, filming
from tests.watch.door import DAY_MS, RealDoor, now_ms
from tests.watch.steps import ask_now, enrol, send, take, tell, until
from tests.watch.video import PLAIN, video

WRONG_CLOCK = """
const right = Date.now.bind(Date);
Date = class extends Date {
  constructor(...of) { of.length ? super(...of) : super(right() + %d) }
  static now() { return right() + %d }
}"""
BLIND = """void function () {
  window.blind = true;
  const width = Object.getOwnPropertyDescriptor(HTMLVideoElement.prototype, "videoWidth").get;
  const get = function () { return window.blind ? 0 : width.call(this); };
  Object.defineProperty(HTMLVideoElement.prototype, "videoWidth", { get });
}()"""
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_code_from_the_link_enrols_the_watch_with_a_key_that_no_script_can_read(
    door: RealDoor, open_watch: Open
) -> None:
    page = enrol(open_watch)
    (algorithm,) = door.db.execute("SELECT algorithm FROM cases_watchkey").fetchone()
    assert algorithm == "Ed25519"
    assert "K7M4T" not in page.url
    read = page.evaluate(
        "import('./js/store.js').then(({kept}) => kept('key')).then(({privateKey}) => [privateKey.extractable,"
        " ...privateKey.usages])"
    )
    assert read == [False, "sign"]


def test_where_the_browser_has_no_ed25519_the_key_is_p256(
    door: RealDoor, context: BrowserContext, open_watch: Open
) -> None:
    context.add_init_script(
        "const make = crypto.subtle.generateKey.bind(crypto.subtle); crypto.subtle.generateKey = (how, ...more) =>"
        " how.name === 'Ed25519' ? Promise.reject(new DOMException('', 'NotSupportedError')) : make(how, ...more)"
    )
    page = enrol(open_watch)
    (algorithm,) = door.db.execute("SELECT algorithm FROM cases_watchkey").fetchone()
    assert algorithm == "P-256"
    until(page, door.fixes)


def test_a_wrong_code_is_told_and_the_right_one_still_works(door: RealDoor, open_watch: Open) -> None:
    page = open_watch()
    page.get_by_label("Your code").fill("aaaaa 22222")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#code-error")).to_contain_text("This code does not work")
    page.get_by_label("Your code").fill("k7m4t9qxhb")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".link")).to_contain_text("Connected")


@pytest.mark.parametrize("turn", ["left", "right"])
def test_photographs_arrive_sealed_and_as_a_fact_that_names_them(door: RealDoor, open_watch: Open, turn: str) -> None:
    door.ask(turn=turn)
    page = enrol(open_watch)
    take(page)
    send(page)
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    (said,) = door.check_ins()
    assert (said.check_in_id, said.turn, said.tries, said.forced) == ("photo-1", turn, 1, False)
    assert abs(said.at_ms - now_ms()) < 10_000
    assert 2 <= len(said.photos) <= 5
    for sha in said.photos:
        assert b"JFIF" not in door.sealed(sha)
        jpeg = door.photo(sha)
        assert len(jpeg) < 150_000
        with Image.open(io.BytesIO(jpeg)) as picture:
            assert picture.size == (640, 480)
            assert not picture.getexif()
    until(page, lambda: _seen(door.db) is not None)


def _seen(db: sqlite3.Connection) -> int | None:
    (seen_ms,) = db.execute("SELECT seen_ms FROM checkins_checkin").fetchone()
    return int(seen_ms) if seen_ms is not None else None


def test_a_dark_picture_is_told_and_can_be_sent_anyway(
    door: RealDoor, playwright: Playwright, chromium_path: str, tmp_path: Path
) -> None:
    dusk = video(tmp_path / "dusk.mjpeg", ANN_FACE, msgspec.structs.replace(PLAIN, light=0.06))
    door.ask(turn="")
    with filming(playwright, chromium_path, dusk) as browser:
        context = browser.new_context(permissions=["camera"], locale="en-GB")
        page = context.new_page()
        enrol(lambda fragment: (page.goto(door.url + fragment), page)[1])
        page.get_by_role("link", name="Take the photo").click()
        expect(page.locator(".guidance")).to_have_text("Find light")
        page.get_by_role("button", name="Take photos").click()
        expect(page.locator(".lead")).to_contain_text("They are dark.")
        page.get_by_role("button", name="Take again").click()
        page.get_by_role("button", name="Take photos").click()
        page.get_by_role("button", name="Send anyway").click()
        expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    (said,) = door.check_ins()
    assert (said.tries, said.forced) == (2, True)


def test_without_a_camera_there_is_another_way(door: RealDoor, context: BrowserContext, open_watch: Open) -> None:
    door.ask()
    context.clear_permissions()
    page = enrol(open_watch)
    page.get_by_role("link", name="Take the photo").click()
    expect(page.get_by_text("Your officer can see you")).to_be_visible()
    page.get_by_role("link", name="My camera does not work").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    assert [one.topic for one in door.problems()] == ["camera"]


def test_a_camera_that_opens_and_shows_nothing_is_told_and_a_slow_one_is_waited_for(
    door: RealDoor, open_watch: Open
) -> None:
    door.ask(turn="")
    page = enrol(open_watch)
    page.evaluate(BLIND)
    page.get_by_role("link", name="Take the photo").click()
    page.get_by_role("button", name="Take photos").click()
    expect(page.get_by_role("heading", name="The camera does not open")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Take photos").click()
    page.evaluate("window.blind = false")
    page.locator(".frames").wait_for()


def test_one_more_try_is_offered_once_where_the_office_asks_for_it(door: RealDoor, open_watch: Open) -> None:
    door.ask(turn="")
    page = enrol(open_watch)
    page.route("**/v1/messages", _with_again)
    take(page)
    send(page)
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name="One more try would help")).to_be_visible()
    expect(page.get_by_text("Come closer.")).to_be_visible()
    take(page)
    send(page)
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name="No photo is asked for now")).to_be_visible()
    assert len(door.check_ins()) == 2


def _with_again(route: Route) -> None:
    """The door's own answer, once the comparing process has said that another try would help."""
    answer = route.fetch()
    said = answer.json()
    for one in said["sheet"]["check_ins"]:
        one.update(stands="submitted", again=["come_closer"])
    route.fulfill(response=answer, json=said)


def test_what_was_done_without_a_connection_arrives_once_in_order_with_its_own_time(
    door: RealDoor, context: BrowserContext, open_watch: Open
) -> None:
    door.ask(turn="")
    page = enrol(open_watch)
    until(page, door.fixes)
    context.set_offline(True)
    take(page)
    before_ms = now_ms()
    send(page)
    expect(page.get_by_role("heading", name="Kept on this watch")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    tell(page, "The bus does not come.")
    expect(page.locator(".link")).to_contain_text("No connection since")
    assert not door.check_ins()
    context.set_offline(False)
    until(page, door.problems)
    (photos,), (problem,) = door.check_ins(), door.problems()
    ids = [one.id for one in door.facts()]
    assert ids.index(photos.id) < ids.index(problem.id)
    assert len(ids) == len(set(ids))
    assert problem.words == "The bus does not come."
    assert abs(photos.at_ms - before_ms) < 3_000


def test_a_door_that_dies_between_the_photographs_and_their_message_loses_nothing(
    door: RealDoor, open_watch: Open
) -> None:
    door.ask(turn="")
    page = enrol(open_watch)
    until(page, door.fixes)
    port = door.process.port

    def die(route: Route) -> None:
        if '\\"photos\\"' not in (route.request.post_data or ""):
            route.continue_()
            return
        door.process.kill()
        route.abort()

    page.route("**/v1/messages", die)
    take(page)
    send(page)
    expect(page.locator(".link")).to_contain_text("No connection since")
    page.unroute("**/v1/messages")
    door.process.__exit__()
    door.start(port)
    ask_now(page)
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    (said,) = door.check_ins()
    assert all(door.photo(sha) for sha in said.photos)


@pytest.mark.parametrize("wrong_ms", [-DAY_MS, DAY_MS])
def test_a_clock_that_is_wrong_by_a_day_does_no_harm_and_is_told_kindly(
    door: RealDoor, context: BrowserContext, open_watch: Open, wrong_ms: int
) -> None:
    context.add_init_script(WRONG_CLOCK % (wrong_ms, wrong_ms))
    door.ask(turn="")
    page = enrol(open_watch)
    expect(page.get_by_text("That does no harm")).to_contain_text("1 day fast" if wrong_ms > 0 else "1 day slow")
    expect(page.get_by_text("30 minutes left")).to_be_visible()
    take(page)
    send(page)
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    (said,) = door.check_ins()
    assert abs(said.at_ms - now_ms()) < 10_000
    assert said.clock_ms is not None
    assert abs(said.clock_ms - (now_ms() + wrong_ms)) < 10_000


def test_it_opens_without_a_connection_and_still_knows_the_question(
    door: RealDoor, context: BrowserContext, open_watch: Open, tmp_path: Path
) -> None:
    door.ask(turn="")
    page = enrol(open_watch)
    expect(page.get_by_role("heading", name="A photo is asked for")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.close()
    context.set_offline(True)
    page = open_watch()
    take(page)
    send(page)
    expect(page.get_by_role("heading", name="Kept on this watch")).to_be_visible()
    page.close()
    context.set_offline(False)
    page = open_watch()
    until(page, door.check_ins)
