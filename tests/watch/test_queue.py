"""What waits on the watch: two tabs, a full storage, a key that counts no more, a chain that was torn."""

import json
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from surety.rules.facts import DeviceEvent
from tests.watch.conftest import Open
from tests.watch.door import CODE, RealDoor, now_ms
from tests.watch.steps import ask_now, enrol, send, take, tell, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NEW_CODE = "B2C3D-4F5GH"
ROOM_BYTES = 1_500_000
FILL = """async () => {
  const { change } = await import("./js/store.js");
  let [start, number] = [Date.now() - 3_600_000, 0];
  const fix = () => ({ type: "fix", content: { lat: 54.9783, lon: -1.6178, accuracy_m: 9, speed_mps: 1.2 },
                       clock_ms: start + (number += 1), hold_until_ms: 0 });
  try {
    for (let count = 0; count < 20000; count += 100)
      await change(["drafts"], ({ drafts }) => { for (let one = 0; one < 100; one += 1) drafts.add(fix()); });
  } catch (error) { return error.constructor.name; }
}"""
NO_ROOM = """void function () {
  const add = IDBObjectStore.prototype.add;
  window.full = true;
  IDBObjectStore.prototype.add = function (row) {
    if (window.full) throw new DOMException("", "QuotaExceededError");
    return add.call(this, row);
  };
}()"""


def kept(page: Page, name: str) -> Any:
    return page.evaluate("name => import('./js/store.js').then(({ kept }) => kept(name))", name)


def refused(page: Page) -> None:
    """Until the door, which looks at the register once a second, refuses the watch."""
    until(page, lambda: (ask_now(page), page.locator(".note").count())[1])


def test_two_tabs_at_once_make_one_chain(door: RealDoor, open_watch: Open) -> None:
    one = enrol(open_watch)
    other = open_watch()
    write = """async topic => {
      const { write } = await import("./js/queue.js");
      for (let count = 0; count < 30; count += 1) {
        await write("problem", { topic, words: String(count) });
        dispatchEvent(new Event("online"));
      }
    }"""
    for page, topic in ((one, "place"), (other, "time")):
        page.evaluate(f"setTimeout(() => ({write})('{topic}'))")
    until(one, lambda: len(door.problems()) == 60)
    for topic in ("place", "time"):
        assert [said.words for said in door.problems() if said.topic == topic] == [str(count) for count in range(30)]
    assert not door.events(DeviceEvent.MESSAGES_LOST)


def test_every_message_is_numbered_signed_and_bears_the_hash_of_the_one_before(
    door: RealDoor, open_watch: Open, context: BrowserContext
) -> None:
    bodies: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/messages"):
            bodies.extend(one["body"] for one in json.loads(request.post_data or "{}")["messages"])

    context.on("request", note)
    page = enrol(open_watch)
    tell(page, "One.")
    until(page, lambda: len(door.problems()) == 1)
    numbers = sorted({json.loads(body)["seq"] for body in bodies})
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_full_storage_keeps_calls_and_photographs_and_tells_what_it_dropped(
    door: RealDoor, open_watch: Open, context: BrowserContext
) -> None:
    door.ask(turn="")
    origin = door.url.removesuffix("/watch/")
    session = context.new_cdp_session(context.new_page())
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": ROOM_BYTES})
    page = enrol(open_watch)
    until(page, door.fixes)
    context.set_offline(True)
    assert page.evaluate(FILL) == "FullError"
    take(page)
    send(page)
    expect(page.get_by_role("heading", name="Kept on this watch")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.locator(".note")).to_contain_text("old positions were dropped")
    context.set_offline(False)
    until(page, door.check_ins, within_s=60)
    assert all(door.photo(sha) for sha in door.check_ins()[0].photos)
    assert door.events(DeviceEvent.MESSAGES_LOST)


def test_a_storage_full_of_positions_empties_itself_once_there_is_a_connection(
    door: RealDoor, open_watch: Open, context: BrowserContext
) -> None:
    session = context.new_cdp_session(context.new_page())
    origin = door.url.removesuffix("/watch/")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": ROOM_BYTES // 2})
    page = enrol(open_watch)
    until(page, door.fixes)
    context.set_offline(True)
    assert page.evaluate(FILL) == "FullError"
    waited = page.evaluate("import('./js/queue.js').then(({ waiting }) => waiting())")["count"]
    context.set_offline(False)
    until(page, lambda: page.evaluate("import('./js/queue.js').then(({ waiting }) => waiting())")["count"] == 0, 60)
    assert len(door.fixes()) + (kept(page, "dropped") or 0) >= waited
    assert not kept(page, "dropped") or door.events(DeviceEvent.MESSAGES_LOST)


def test_where_nothing_can_be_dropped_the_person_is_told_and_can_try_again(door: RealDoor, open_watch: Open) -> None:
    door.ask(turn="")
    page = enrol(open_watch)
    page.evaluate(NO_ROOM)
    take(page)
    send(page)
    expect(page.locator(".error")).to_contain_text("This watch has no room for the photos.")
    page.evaluate("window.full = false")
    send(page)
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()


def test_a_replayed_request_takes_effect_once(door: RealDoor, open_watch: Open, context: BrowserContext) -> None:
    said: list[str] = []
    context.on("request", lambda asked: said.append(asked.post_data or "") if asked.url.endswith("/messages") else None)
    page = enrol(open_watch)
    tell(page, "Once.")
    until(page, door.problems)
    for body in said:
        context.request.post(f"{door.url}v1/messages", data=body, headers={"Content-Type": "application/json"})
    assert len(door.problems()) == 1
    assert len({fact.id for fact in door.facts()}) == len(door.facts())


def test_a_key_that_counts_no_more_is_told_and_a_new_code_sends_what_waited(door: RealDoor, open_watch: Open) -> None:
    page = enrol(open_watch)
    until(page, door.fixes)
    door.new_code(NEW_CODE)
    refused(page)
    tell(page, "Does this come through?")
    expect(page.locator(".note")).to_contain_text("does not know this watch's key any more")
    expect(page.locator(".note")).to_contain_text("Ask for a new one-time code")
    assert not door.problems()
    page.get_by_role("link", name="Enter a new code").click()
    page.get_by_label("Your code").fill(NEW_CODE)
    page.get_by_role("button", name="Start").click()
    until(page, door.problems)
    assert [one.words for one in door.problems()] == ["Does this come through?"]


def test_a_wrong_key_is_refused_and_told(door: RealDoor, open_watch: Open) -> None:
    page = enrol(open_watch)
    until(page, door.fixes)
    page.evaluate(
        "import('./js/store.js').then(async ({ keep, kept }) => { const key = await kept('key'); const pair = await"
        " crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']); await keep('key', { ...key,"
        " privateKey: pair.privateKey }) })"
    )
    tell(page, "Signed by somebody else.")
    expect(page.locator(".note")).to_contain_text("does not know this watch's key any more")
    assert not door.problems()


def test_an_order_that_ended_is_told_and_nothing_is_taken(door: RealDoor, open_watch: Open) -> None:
    page = enrol(open_watch)
    until(page, door.fixes)
    count = len(door.facts())
    door.end_order()
    refused(page)
    tell(page, "Is anybody there?")
    expect(page.locator(".note")).to_contain_text("No order covers this watch now")
    assert len(door.facts()) == count


@pytest.mark.parametrize("on", [40, 0])
def test_a_chain_that_the_door_does_not_know_begins_anew_and_says_so(door: RealDoor, open_watch: Open, on: int) -> None:
    page = enrol(open_watch)
    until(page, door.fixes)
    until(page, lambda: page.evaluate("import('./js/queue.js').then(({ waiting }) => waiting())")["count"] == 0)
    chain = {"seq": kept(page, "chain")["seq"] + on, "prev": "ab" * 32}
    page.evaluate("chain => import('./js/store.js').then(({ keep }) => keep('chain', chain))", chain)
    tell(page, "After the gap.")
    until(page, door.problems)
    assert len(door.events(DeviceEvent.MESSAGES_LOST)) == 1
    assert [one.words for one in door.problems()] == ["After the gap."]
    chain = kept(page, "chain")
    tell_again = page.evaluate("import('./js/queue.js').then(({ write }) => write('problem', { topic: 'other' }))")
    assert tell_again["id"] > 0
    ask_now(page)
    until(page, lambda: len(door.problems()) == 2)
    assert kept(page, "chain")["seq"] > chain["seq"]


def test_photographs_that_no_order_covers_are_given_up_and_the_person_is_told(open_watch: Open, door: RealDoor) -> None:
    door.db.execute("UPDATE cases_doorgrant SET data_kinds = ?", (json.dumps(["position", "device"]),))
    door.ask(turn="")
    page = enrol(open_watch)
    take(page)
    send(page)
    expect(page.get_by_role("heading", name="The office did not take it")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    tell(page, "Why not?")
    until(page, door.problems)
    assert not door.check_ins()


def test_a_photograph_whose_upload_was_cut_goes_up_again(door: RealDoor, open_watch: Open) -> None:
    door.ask(turn="")
    page = enrol(open_watch)
    cut: list[str] = []

    def cut_second(route: Route) -> None:
        cut.append(route.request.url)
        if len(cut) == 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/v1/photos/*", cut_second)
    take(page)
    send(page)
    expect(page.locator(".link")).to_contain_text("No connection since")
    ask_now(page)
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    (said,) = door.check_ins()
    assert len(cut) == len(said.photos) + 1  # only the one that was cut went up twice
    assert len(set(cut)) == len(said.photos)


def test_a_call_for_help_overtakes_what_waits(door: RealDoor, context: BrowserContext, open_watch: Open) -> None:
    page = enrol(open_watch)
    until(page, door.fixes)
    context.set_offline(True)
    ask_now(page)
    expect(page.locator(".link")).to_contain_text("No connection since")
    tell(page, "Before.")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="SOS: I need help").click()
    page.get_by_role("button", name="Help").click()
    page.get_by_role("button", name="Press again").click()
    expect(page.get_by_text("It is not sent yet")).to_be_visible(timeout=15_000)
    context.set_offline(False)
    expect(page.get_by_role("heading", name="Your call arrived")).to_be_visible()
    (call,), (problem,) = door.events(DeviceEvent.SOS), door.problems()
    ids = [one.id for one in door.facts()]
    assert ids.index(call.id) < ids.index(problem.id)
    assert now_ms() - call.at_ms < 20_000


def test_a_call_for_help_does_not_wait_for_a_photograph_that_hangs(door: RealDoor, open_watch: Open) -> None:
    door.ask(turn="")
    page = enrol(open_watch)
    hanging: list[Route] = []

    def hang(route: Route) -> None:
        hanging.append(route)

    page.route("**/v1/photos/*", hang)
    take(page)
    send(page)
    until(page, lambda: hanging)
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="SOS: I need help").click()
    page.get_by_role("button", name="Help").click()
    page.get_by_role("button", name="Press again").click()
    until(page, lambda: door.events(DeviceEvent.SOS))
    assert not door.check_ins()
    page.unroute("**/v1/photos/*")
    until(page, lambda: (ask_now(page), door.check_ins())[1])


def test_the_enrolment_can_be_asked_for_again_where_its_answer_was_lost(door: RealDoor, open_watch: Open) -> None:
    page = open_watch(f"#{CODE}")
    page.route("**/v1/enrol", lambda route: (route.fetch(), route.abort())[1])
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#code-error")).to_contain_text("There is no connection.")
    page.unroute("**/v1/enrol")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".link")).to_contain_text("Connected")
