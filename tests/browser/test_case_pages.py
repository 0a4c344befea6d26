"""A person's pages in a real browser: the trail played, zones and weeks edited by mouse and keyboard, the evidence.

Each page is watched: nothing comes from another origin, nothing breaks the content security policy, axe finds nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, CDPSession, Page, Playwright, expect, sync_playwright

from tests.browser.server import CHROMIUM_ARGS, RunningServer, chromium, log_in_by_cookie, watched_page
from tests.browser.tiles import picture, write_archive

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-case")]
WITH_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SEED = """
import json, pathlib
from surety.server.console.tests.case_cast import Role, case, now_ms, record_day, user
ana = case(now_ms(), user("olu officer", Role.OFFICER))
alert = record_day(ana, now_ms(), pathlib.Path({directory!r}))
print(json.dumps({{"person": ana.person.pk, "order": ana.order.pk, "zone": ana.zone_id, "curfew": ana.curfew_id,
                  "alert": alert.pk}}))
"""


def town() -> str:
    """A few streets around the people of these tests."""
    line = {"type": "LineString", "coordinates": [[-2.67, 55.116], [-2.648, 55.121]]}
    block = [[-2.6695, 55.1165], [-2.6690, 55.1165], [-2.6690, 55.1168], [-2.6695, 55.1165]]
    end = [[-2.6500, 55.1205], [-2.6495, 55.1205], [-2.6495, 55.1208], [-2.6500, 55.1205]]
    features = [
        {"type": "Feature", "properties": {"kind": "street", "name": "Mill Street"}, "geometry": line},
        {
            "type": "Feature",
            "properties": {"kind": "building"},
            "geometry": {"type": "Polygon", "coordinates": [block]},
        },
        {"type": "Feature", "properties": {"kind": "building"}, "geometry": {"type": "Polygon", "coordinates": [end]}},
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    layer = tmp_path_factory.mktemp("town") / "town.geojson"
    layer.write_text(town())
    with RunningServer(map_geojson=str(layer)) as running:
        yield running


@pytest.fixture(scope="module")
def ids(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = server.python(SEED.format(directory=str(tmp_path_factory.mktemp("day"))))
    return dict(json.loads(made.splitlines()[-1]))


@pytest.fixture(scope="module")
def with_webgl(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    args = [arg for arg in CHROMIUM_ARGS if arg != "--disable-gpu"] + WITH_WEBGL
    browser = playwright.chromium.launch(executable_path=chromium_path, args=args)
    yield browser
    browser.close()


@pytest.fixture
def page(with_webgl: Browser, server: RunningServer, ids: dict[str, str]) -> Iterator[Page]:
    context = with_webgl.new_context(viewport={"width": 1280, "height": 900})
    log_in_by_cookie(context, server, "olu-officer")
    with watched_page(context, server) as found:
        yield found
    context.close()


def open_map(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("surety-map[data-engine]")


def check_axe(page: Page) -> None:
    found = Axe().run(page, options=AXE).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def read_trail(page: Page, server: RunningServer, ids: dict[str, str]) -> None:
    page.goto(f"{server.url}/people/{ids['person']}/trail")
    page.fill("#purpose", "to answer the court")
    page.click("text=Read the trail")
    page.wait_for_selector("surety-map[data-engine]")


def test_the_trail_is_drawn_on_the_map_with_webgl(page: Page, server: RunningServer, ids: dict[str, str]):
    read_trail(page, server, ids)
    assert page.get_attribute("surety-map", "data-engine") == "gl"
    for part in (".fix-error", ".way-close", ".fix-sure", ".fix-area", ".gap-end", ".area-exclusion", ".area-home"):
        expect(page.locator(part).first).to_be_attached()
    check_axe(page)


def test_no_line_is_drawn_over_a_gap(page: Page, server: RunningServer, ids: dict[str, str]):
    read_trail(page, server, ids)
    moves = page.locator(".way-close").get_attribute("d") or ""
    lines = moves.count("M")
    fixes = page.evaluate("JSON.parse(document.getElementById('trail-data').textContent).fixes.length")
    assert lines == fixes - 2  # one fewer than the pairs: the gap's pair has no line


def test_scrubber_timeline_map_and_table_move_together(page: Page, server: RunningServer, ids: dict[str, str]):
    read_trail(page, server, ids)
    page.get_by_role("button", name="Next position").click()
    expect(page.locator(".trail-moment")).to_contain_text("position, error")
    expect(page.locator("tr.is-now")).to_have_count(1)
    expect(page.locator(".now-dot")).to_have_count(1)
    first = page.locator("tr.is-now td").first.inner_text()
    page.locator(".trail-range").press("End")
    page.get_by_role("button", name="Previous position").click()
    assert page.locator("tr.is-now td").first.inner_text() != first


def test_a_moment_in_a_gap_shows_no_position(page: Page, server: RunningServer, ids: dict[str, str]):
    read_trail(page, server, ids)
    page.evaluate(
        """() => {
            const fixes = JSON.parse(document.getElementById('trail-data').textContent).fixes;
            const i = fixes.findIndex((f, n) => n && f.at_ms - fixes[n - 1].at_ms > 300000);
            const range = document.querySelector('.trail-range');
            range.value = (fixes[i].at_ms + fixes[i - 1].at_ms) / 2;
            range.dispatchEvent(new Event('input'));
        }"""
    )
    expect(page.locator(".trail-moment")).to_contain_text("Not known: no position since")
    expect(page.locator(".now-dot")).to_have_count(0)


def test_playback_runs_until_it_is_paused(page: Page, server: RunningServer, ids: dict[str, str]):
    read_trail(page, server, ids)
    began = page.input_value(".trail-range")
    page.click("text=Play")
    expect(page.locator(".trail-range")).not_to_have_value(began)
    expect(page.locator(".trail-moment")).to_contain_text("position, error", timeout=30_000)
    page.click("text=Pause")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_zone_is_drawn_with_the_mouse_and_saved(page: Page, server: RunningServer, ids: dict[str, str]):
    open_map(page, f"{server.url}/orders/{ids['order']}/conditions/new/zone")
    page.fill("#label", "By mouse")
    page.fill("#name", "Market")
    page.check("#area-polygon")
    page.click("text=Start again")
    page.locator(".map-canvas").scroll_into_view_if_needed()
    box = page.locator(".map-canvas").bounding_box()
    assert box
    for dx, dy in ((120, 80), (300, 90), (290, 240), (130, 250)):
        page.mouse.click(box["x"] + dx, box["y"] + dy)
    expect(page.locator(".handle-corner")).to_have_count(4)
    before = page.input_value("#area-corners").splitlines()
    handle = page.locator(".handle-corner").nth(1)
    at = handle.bounding_box()
    assert at
    page.mouse.move(at["x"] + 13, at["y"] + 13)
    page.mouse.down()
    page.mouse.move(at["x"] + 60, at["y"] - 20, steps=4)
    page.mouse.up()
    after = page.input_value("#area-corners").splitlines()
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True, True]
    page.locator(".handle-between").nth(0).click()
    expect(page.locator(".handle-corner")).to_have_count(5)
    page.click("text=Undo")
    expect(page.locator(".handle-corner")).to_have_count(4)
    expect(page.locator("[data-sentence]")).to_contain_text('Stay out of the zone "Market" at all times.')
    check_axe(page)
    page.click("text=Add this condition")
    expect(page.locator("h1")).to_contain_text("Ana Maria Berg")
    expect(page.get_by_role("heading", name="By mouse")).to_be_visible()


def test_a_zone_is_drawn_and_changed_with_the_keyboard_alone(page: Page, server: RunningServer, ids: dict[str, str]):
    open_map(page, f"{server.url}/orders/{ids['order']}/conditions/new/zone")
    page.fill("#label", "By keyboard")
    page.fill("#name", "Harbour")
    page.locator("#area-circle").focus()
    page.keyboard.press("ArrowDown")
    page.click("text=Start again")
    page.locator(".map-canvas").focus()
    for keys in ("Enter", "ArrowRight Enter", "ArrowDown Enter", "ArrowLeft Enter"):
        for key in keys.split():
            page.keyboard.press(key)
    expect(page.locator(".handle-corner")).to_have_count(4)
    page.locator(".handle-corner").nth(2).focus()
    before = page.input_value("#area-corners").splitlines()[2]
    page.keyboard.press("ArrowRight")
    assert page.input_value("#area-corners").splitlines()[2] != before
    page.keyboard.press("Insert")
    expect(page.locator(".handle-corner")).to_have_count(5)
    page.keyboard.press("Delete")
    expect(page.locator(".handle-corner")).to_have_count(4)
    page.locator("#save ~ p .button-strong").press("Enter")
    expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()


def test_a_circle_follows_keys_and_typed_numbers(page: Page, server: RunningServer, ids: dict[str, str]):
    open_map(page, f"{server.url}/conditions/{ids['curfew']}/edit")
    radius = page.locator(".handle-radius")
    radius.focus()
    page.keyboard.press("ArrowRight")
    assert int(page.input_value("[data-field=radius]")) > 80
    page.fill("[data-field=radius]", "150")
    expect(page.locator(".area-extent")).to_contain_text("A circle of 150 m")
    expect(radius).to_have_attribute("aria-label", "Radius 150 m. Arrow keys change it.")


def test_a_zone_is_read_from_a_file(page: Page, server: RunningServer, ids: dict[str, str], tmp_path: Path):
    file = tmp_path / "zone.geojson"
    ring = [[-2.66, 55.118], [-2.658, 55.118], [-2.658, 55.119], [-2.66, 55.118]]
    file.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    open_map(page, f"{server.url}/orders/{ids['order']}/conditions/new/zone")
    page.set_input_files("#area-file", file)
    expect(page.locator(".handle-corner")).to_have_count(3)
    expect(page.locator(".map-note")).to_contain_text("Read from zone.geojson: 3 corners")


def test_a_week_is_edited_by_dragging_by_keys_and_in_rows(page: Page, server: RunningServer, ids: dict[str, str]):
    open_map(page, f"{server.url}/conditions/{ids['curfew']}/edit")
    rows = page.locator("[data-rows] [data-row]")
    for _ in range(6):
        rows.nth(0).locator("[data-part=remove]").click()
    lane = page.locator(".week-lane").nth(4)
    lane.scroll_into_view_if_needed()
    box = lane.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.75, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=4)
    page.mouse.move(box["x"] + box["width"] * 0.25, middle + box["height"] + 6, steps=4)
    page.mouse.up()
    expect(rows).to_have_count(2)
    block = page.locator("button.week-block").nth(0)
    expect(block).to_have_attribute("aria-label", "Friday 18:00 to 06:00 on Saturday")
    block.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(rows.nth(1).locator("[data-part=day]")).to_have_value("thu")
    expect(rows.nth(1).locator("[data-part=end]")).to_have_value("06:15")
    rows.nth(1).locator("[data-part=start]").fill("20:30")
    expect(page.locator("button.week-block").nth(0)).to_contain_text("20:30")
    expect(page.locator("[data-sentence]")).to_contain_text("Thursday 20:30-06:15")
    check_axe(page)
    page.fill("#reason", "a new shift")
    page.click("text=Save as a new version")
    expect(page.locator("main")).to_contain_text("Added: Thursday 20:30-06:15")


def test_the_evidence_is_one_page_that_prints_as_lines(page: Page, server: RunningServer, ids: dict[str, str]):
    open_map(page, f"{server.url}/alerts/{ids['alert']}/evidence")
    assert page.get_attribute("surety-map", "data-engine") == "svg"
    assert page.locator("canvas").count() == 0
    expect(page.locator(".fix-mark")).to_be_attached()
    expect(page.locator(".chart .chart-line")).to_be_attached()
    check_axe(page)
    page.emulate_media(media="print")
    expect(page.locator("header.top")).to_be_hidden()
    expect(page.locator(".map-controls").first).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_holds_in_both_colours_and_on_a_narrow_screen(
    with_webgl: Browser, server: RunningServer, ids: dict[str, str], scheme: str, width: int
):
    context = with_webgl.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    log_in_by_cookie(context, server, "olu-officer")
    with watched_page(context, server) as page:
        person, order = f"/people/{ids['person']}", f"/orders/{ids['order']}"
        for address in (
            "/people", person, f"{person}/trail", f"{person}/conditions", f"{person}/alerts", f"{person}/record",
            f"{person}/orders/new", f"{person}/devices/assign", f"{order}/told", f"{order}/status", f"{order}/history",
            f"{order}/conditions/new/curfew", f"{order}/conditions/new/trail",
            f"{order}/conditions/new/attendance", f"{order}/conditions/new/absence",
            f"{order}/conditions/new/check_in",
            f"/conditions/{ids['zone']}/history", f"/conditions/{ids['zone']}/withdraw",
            f"/alerts/{ids['alert']}/evidence",
            f"{person}/everyday/new", f"{person}/change",
        ):  # fmt: skip
            page.goto(server.url + address)
            if page.locator("surety-map").count():
                page.wait_for_selector("surety-map[data-engine]")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
            check_axe(page)
    context.close()


def test_without_webgl_the_same_is_drawn_as_svg(
    playwright: Playwright, chromium_path: str, server: RunningServer, ids: dict[str, str]
):
    with chromium(playwright, chromium_path) as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        log_in_by_cookie(context, server, "olu-officer")
        with watched_page(context, server) as page:
            read_trail(page, server, ids)
            assert page.get_attribute("surety-map", "data-engine") == "svg"
            expect(page.locator(".ground-street").first).to_be_attached()
            expect(page.locator(".fix-sure")).to_be_attached()
            view = "document.querySelector('surety-map').view"
            page.locator(".map-canvas").focus()
            before = page.evaluate(view)
            page.keyboard.press("ArrowRight")
            page.keyboard.press("+")
            after = page.evaluate(view)
            assert after["lon"] > before["lon"]
            assert after["zoom"] == before["zoom"] + 1
        context.close()


def test_a_pmtiles_archive_is_drawn_by_ranges(with_webgl: Browser, tmp_path: Path):
    write_archive(tmp_path / "roads.pmtiles")
    with RunningServer(map_tiles=str(tmp_path / "roads.pmtiles")) as server:
        made = json.loads(server.python(SEED.format(directory=str(tmp_path))).splitlines()[-1])
        context = with_webgl.new_context()
        log_in_by_cookie(context, server, "olu-officer")
        answers: list[tuple[int, str]] = []
        context.on("response", lambda r: answers.append((r.status, r.url)) if "pmtiles" in r.url else None)
        with watched_page(context, server) as page:
            open_map(page, f"{server.url}/people/{made['person']}/conditions")
            assert page.get_attribute("surety-map", "data-engine") == "gl"
            page.evaluate("document.querySelector('surety-map').base.drawn()")
        context.close()
    ranges = [status for status, url in answers if url.endswith("/map/tiles.pmtiles")]
    assert ranges
    assert set(ranges) == {206}


@pytest.mark.parametrize("engine", ["gl", "svg"])
def test_xyz_tiles_are_drawn_with_and_without_webgl(
    with_webgl: Browser, server: RunningServer, ids: dict[str, str], engine: str
):
    context = with_webgl.new_context()
    if engine == "svg":
        context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    context.route(
        "**/map/config.json", lambda route: route.fulfill(json={"base": "xyz", "url": "/xyz/{z}/{x}/{y}.png"})
    )
    context.route("**/xyz/**", lambda route: route.fulfill(body=picture(), content_type="image/png"))
    log_in_by_cookie(context, server, "olu-officer")
    with watched_page(context, server) as page:
        with page.expect_response("**/xyz/**"):
            open_map(page, f"{server.url}/people/{ids['person']}/conditions")
        assert page.get_attribute("surety-map", "data-engine") == engine
    context.close()


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    """One touch event, as fingers make it."""
    spots = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})


def test_fingers_move_a_corner_and_two_of_them_the_map(with_webgl: Browser, server: RunningServer, ids: dict[str, str]):
    context = with_webgl.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    log_in_by_cookie(context, server, "olu-officer")
    with watched_page(context, server) as page:
        open_map(page, f"{server.url}/conditions/{ids['zone']}/edit")
        page.locator(".map-canvas").scroll_into_view_if_needed()
        corner = page.locator(".handle-corner").nth(0).bounding_box()
        canvas = page.locator(".map-canvas").bounding_box()
        assert corner
        assert canvas
        fingers = context.new_cdp_session(page)
        before = page.input_value("#area-corners").splitlines()
        x, y = corner["x"] + 13, corner["y"] + 13
        touch(fingers, "touchStart", (x, y))
        touch(fingers, "touchMove", (x + 12, y + 9))
        touch(fingers, "touchMove", (x + 25, y + 18))
        touch(fingers, "touchEnd")
        after = page.input_value("#area-corners").splitlines()
        assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, True, True]
        zoom = "document.querySelector('surety-map').view.zoom"
        was = page.evaluate(zoom)
        x, y = canvas["x"] + canvas["width"] / 2, canvas["y"] + 30
        touch(fingers, "touchStart", (x - 20, y), (x + 20, y))
        touch(fingers, "touchMove", (x - 60, y), (x + 60, y))
        touch(fingers, "touchEnd")
        assert page.evaluate(zoom) > was
    context.close()


def test_an_officer_sees_what_a_zone_would_have_raised_and_then_saves_it(
    page: Page, server: RunningServer, ids: dict[str, str]
):
    open_map(page, f"{server.url}/people/{ids['person']}/everyday/new")
    page.select_option("#kind", "work")
    page.fill("#label", "The bakery")
    page.fill("#area-lat", "55.1198")
    page.fill("#area-lon", "-2.6522")
    page.click("text=Record this place")
    expect(page.locator("text=The bakery: Work")).to_be_visible()
    open_map(page, f"{server.url}/orders/{ids['order']}/conditions/new/zone")
    page.fill("#name", "Station")
    page.fill("#area-lat", "55.1198")
    page.fill("#area-lon", "-2.6522")
    page.fill("#area-radius", "150")
    page.click("text=What would this have raised?")
    expect(page.locator("#what-if")).to_have_text("What this would have raised")
    expect(page.locator("text=Look again: it would cut off The bakery (work)")).to_be_visible()
    assert page.input_value("#name") == "Station"
    check_axe(page)
