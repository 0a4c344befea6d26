"""Every screen under the rules of accessibility, at the sizes of watches, telephones and desks, light and dark; by the
keyboard alone; in every language.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from surety.rules.facts import DeviceEvent, Topic
from surety.watch.shell import APP
from tests.watch.conftest import Open
from tests.watch.door import MINUTE_MS, RealDoor, now_ms
from tests.watch.steps import ask_now, enrol, until

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIZES = [(192, 192), (360, 640), (1440, 900)]
CALL_MS = 15_000  # five seconds to take it back, and a slow machine
LANGUAGES = ["en", "es", "ar"]
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def catalogue(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((APP / "lang" / f"{language}.json").read_text(encoding="utf-8"))
    return words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_with_the_same_places_to_fill(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert other.keys() == english.keys()
    for key, words in other.items():
        assert words.strip(), key
        assert set(PLACEHOLDER.findall(words)) == set(PLACEHOLDER.findall(english[key])), key


def test_every_word_that_the_app_asks_for_is_there() -> None:
    asked: set[str] = set()
    for path in (APP / "js").rglob("*.js"):
        asked |= set(re.findall(r"\bt\(\s*\"([^\"]+)\"", path.read_text(encoding="utf-8")))
    assert asked <= catalogue("en").keys()
    assert {f"topic.{topic.value}" for topic in Topic} <= catalogue("en").keys()


def broken_rules(page: Page) -> str:
    found = Axe().run(page, options=RULES)
    return "" if not found.violations_count else found.generate_report()


def visit(page: Page, check: Callable[[str], None]) -> None:
    """Every screen once."""
    check("home")
    for name in ("today", "office", "sent", "can", "choices", "problem", "problem/unwell", "sos", "enrol"):
        page.evaluate("name => { location.hash = `#/${name}` }", name)
        page.locator(f"main.{name.partition('/')[0]} h1").wait_for()
        check(name)
    page.evaluate("location.hash = '#/check-in'")
    page.locator("video").wait_for()
    check("check-in")
    page.locator("button.primary").click()
    page.locator(".frames").wait_for()
    check("review")


def full(door: RealDoor) -> None:
    """A day with something on every screen."""
    start = now_ms() - MINUTE_MS
    duties = [
        {"text": "Be home from 19:00 to 07:00.", "from_ms": start, "to_ms": start + 60 * MINUTE_MS, "kind": "curfew"},
        {"text": "Course.", "from_ms": start + 90 * MINUTE_MS, "to_ms": start + 150 * MINUTE_MS, "kind": "attendance"},
    ]
    door.write_sheet(duties=duties)
    door.warn('You are about 80 m from the zone "School". Please turn away from it.')
    door.ask()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_breaks_a_rule_of_accessibility_or_scrolls_sideways(
    door: RealDoor, open_watch: Open, scheme: str
) -> None:
    full(door)
    page = open_watch()
    page.emulate_media(color_scheme=scheme)
    page.locator("h1").wait_for()
    assert not broken_rules(page)
    page.close()
    page = enrol(open_watch)
    page.emulate_media(color_scheme=scheme)
    until(page, lambda: page.get_by_role("link", name="Messages 1").count())

    def check(name: str) -> None:
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert not broken_rules(page), f"{name}, {width} px, {scheme}: {broken_rules(page)}"
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} px wide at {width} px"

    visit(page, check)


@pytest.mark.browser
@pytest.mark.slow
def test_letters_twice_as_large_fit_a_telephone(door: RealDoor, open_watch: Open) -> None:
    full(door)
    page = enrol(open_watch)
    page.set_viewport_size({"width": 360, "height": 640})
    page.evaluate("document.styleSheets[0].insertRule('html { font-size: 200% !important }')")

    def check(name: str) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, f"{name} is {wide} px wide"

    visit(page, check)


@pytest.mark.browser
@pytest.mark.slow
def test_on_a_small_watch_the_one_button_that_matters_is_in_the_first_view(door: RealDoor, open_watch: Open) -> None:
    full(door)
    page = enrol(open_watch)
    page.set_viewport_size({"width": 192, "height": 192})

    def in_view(selector: str) -> None:
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 192, selector
        assert box["height"] >= 44, selector

    expect(page.get_by_role("link", name="Take the photo")).to_be_visible()
    in_view("a.primary")
    page.get_by_role("link", name="Take the photo").click()
    page.locator("video").wait_for()
    in_view("button.primary")
    page.evaluate("location.hash = '#/sos'")
    page.locator("button.sos").wait_for()
    in_view("button.sos")
    page.locator("button.sos").click()
    page.locator("button.sos").click()
    page.locator(".count-down").wait_for()
    in_view("button.primary")


@pytest.mark.browser
@pytest.mark.slow
def test_a_check_in_and_a_call_for_help_by_the_keyboard_alone(door: RealDoor, open_watch: Open) -> None:
    door.ask()
    page = open_watch("#K7M4T-9QXHB")
    page.locator("#code").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A photo is asked for")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    door.warn("Your appointment is moved to Friday.")
    until(page, lambda: page.get_by_role("link", name="Messages 1").count() or ask_now(page))
    expect(page.get_by_role("link", name="SOS: I need help")).to_be_focused()  # although the buttons were drawn anew
    page.keyboard.press("Shift+Tab")
    press(page, "Take the photo")
    press(page, "Take photos")
    page.locator(".frames").wait_for()
    press(page, "Send")
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    assert len(door.check_ins()) == 1
    press(page, "Done")
    press(page, "SOS: I need help")
    press(page, "Help")
    expect(page.get_by_role("button", name="Press again")).to_be_focused()
    page.keyboard.press("Enter")
    press(page, "Stop the call")
    expect(page.get_by_role("heading", name="Stopped")).to_be_focused()
    press(page, "Back")
    press(page, "SOS: I need help")
    press(page, "Help")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your call arrived")).to_be_visible(timeout=CALL_MS)
    assert len(door.events(DeviceEvent.SOS)) == 1


def press(page: Page, name: str) -> None:
    """Go on with Tab until what has this name has the focus, and press Enter there."""
    words = page.locator("main").get_by_text(name, exact=True)
    target = words.locator("xpath=ancestor-or-self::*[self::a or self::button]")
    target.wait_for()
    for _ in range(20):
        if target.evaluate("node => node === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached with the Tab key")


@pytest.mark.browser
@pytest.mark.slow
def test_a_call_that_is_held_two_seconds_goes_out_and_a_short_touch_does_not(door: RealDoor, open_watch: Open) -> None:
    page = enrol(open_watch)
    page.get_by_role("link", name="SOS: I need help").click()
    box = page.locator("button.sos").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.locator(".count-down").wait_for()
    page.mouse.up()
    expect(page.get_by_role("heading", name="Your call arrived")).to_be_visible(timeout=CALL_MS)
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="SOS: I need help").click()
    page.locator("button.sos").click()
    expect(page.get_by_role("button", name="Press again")).to_be_visible()
    assert len(door.events(DeviceEvent.SOS)) == 1


@pytest.mark.browser
@pytest.mark.slow
def test_a_call_goes_out_even_where_the_app_is_closed_within_the_five_seconds(door: RealDoor, open_watch: Open) -> None:
    page = enrol(open_watch)
    page.get_by_role("link", name="SOS: I need help").click()
    page.locator("button.sos").click()
    page.locator("button.sos").click()
    page.locator(".count-down").wait_for()
    page.close()
    page = open_watch()
    until(page, lambda: door.events(DeviceEvent.SOS))


@pytest.mark.browser
@pytest.mark.slow
def test_the_sheets_language_is_spoken_until_the_person_chooses_another(door: RealDoor, open_watch: Open) -> None:
    door.write_sheet("ar")
    door.ask()
    page = enrol_in(open_watch)
    expect(page.get_by_role("heading", name="مطلوب منك صورة")).to_be_visible()
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    page.evaluate("location.hash = '#/choices'")
    page.get_by_label("اللغة").select_option("es")
    expect(page.get_by_role("heading", name="Ajustes")).to_be_visible()
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["es", "ltr"]
    ask_now(page)
    expect(page.locator(".link")).to_contain_text("Conectado")


def enrol_in(open_watch: Open) -> Page:
    """Enrol where the language changes with the first sheet."""
    page = open_watch("#K7M4T-9QXHB")
    page.locator("button.primary").click()
    page.locator("main.home").wait_for()
    return page


@pytest.mark.browser
@pytest.mark.slow
def test_what_the_watch_can_do_is_told_from_what_the_browser_says(
    door: RealDoor, context: BrowserContext, open_watch: Open, tmp_path: Path
) -> None:
    context.add_init_script("delete Navigator.prototype.getBattery")
    context.clear_permissions()
    page = enrol(open_watch)
    page.evaluate("location.hash = '#/can'")
    expect(page.get_by_text("It cannot tell the office how full the battery is.")).to_be_visible()
    expect(page.get_by_text("It cannot send your position: that is not allowed")).to_be_visible()
    expect(page.get_by_text("It cannot tell whether you wear it.")).to_be_visible()
    until(page, lambda: door.events(DeviceEvent.LOCATION_OFF))


@pytest.mark.browser
@pytest.mark.slow
def test_the_words_of_the_office_stay_although_they_are_handed_over_once(door: RealDoor, open_watch: Open) -> None:
    door.warn("Your appointment is moved to Friday.")
    page = enrol(open_watch)
    until(page, lambda: page.get_by_role("link", name="Messages 1").count() or ask_now(page))
    page.get_by_role("link", name="Messages 1").click()
    expect(page.get_by_text("Your appointment is moved to Friday.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Your appointment is moved to Friday.")).to_be_visible()
