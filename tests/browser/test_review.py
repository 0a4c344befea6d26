"""Reviewing in a real browser: by keyboard alone, under the rules of accessibility, wide and narrow, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.server import RunningServer, log_in_by_cookie, watched_page
from tests.browser.test_access import broken_rules

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser-review")]

WAITING = """
import itertools, time
from surety.server.alerts.tests import cast
from surety.server.checkins import reviewing
from surety.server.checkins.tests import review_cast
from surety.server.checkins.tests.review_cast import compared, drawing, enrolled, submission
from surety.server.timekeeping import now_ms
cast._numbers = review_cast._numbers = itertools.count(time.time_ns())
for _ in range({count}):
    person = cast.person("north")
    for shade in (1, 2):
        enrolled(person, drawing(shade))
    of = submission(person, tuple(drawing(shade) for shade in (3, 4, 5)))
    reviewing.open_review(of, compared(of), now_ms())
"""
DECIDED = """
from surety.server.accounts.models import User
from surety.server.checkins import reviewing
from surety.server.timekeeping import now_ms
for name in ("rita", "tom"):
    at = {"acting_user": User.objects.get(username=name), "now_ms": now_ms()}
    review = reviewing.claim(at["acting_user"], now_ms=at["now_ms"])
    reviewing.uncover(review.pk, **at)
    reviewing.first_answer(review.pk, "not_same", **at)
    reviewing.answer(review.pk, "not_same", "The ears differ.", **at)
print(review.submission.check_in_id)
"""
SIZES = ((1440, "light"), (1440, "dark"), (360, "light"))


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer(control_every="0") as running:
        for name, role in (("rita", "face_reviewer"), ("tom", "face_reviewer"), ("sven", "supervisor")):
            running.add_user(name, role)
        yield running


@pytest.fixture(autouse=True)
def _waiting(server: RunningServer) -> None:
    """One that nobody has seen; whatever another test left is out of the way."""
    server.python(
        "from surety.server.checkins.models import Review\nReview.objects.update(stage='withdrawn')\n"
        + WAITING.format(count=2)
    )


def reviewer(browser: Browser, server: RunningServer, name: str = "rita") -> BrowserContext:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    log_in_by_cookie(context, server, name)
    return context


def loaded(page: Page) -> None:
    """Both photographs that are to be seen are there."""
    photos = page.locator(".photo:visible")
    expect(photos).to_have_count(2)
    for photo in photos.all():
        expect(photo).to_have_js_property("naturalWidth", 480)


def test_a_check_in_is_decided_by_keyboard_alone(server: RunningServer, browser: Browser) -> None:
    context = reviewer(browser, server)
    with watched_page(context, server) as page:
        page.goto(server.url + "/")
        expect(page.locator("#queue-waiting")).to_have_text("2")
        page.keyboard.press("n")
        expect(page.get_by_role("button", name="Uncover the photographs")).to_be_focused()
        expect(page.locator("img")).to_have_count(0)
        page.keyboard.press("Enter")
        loaded(page)
        for key, name, number in (
            ("ArrowRight", "frame", "2"),
            ("ArrowRight", "frame", "3"),
            ("ArrowRight", "frame", "3"),
            ("ArrowLeft", "frame", "2"),
            ("ArrowDown", "reference", "2"),
            ("ArrowUp", "reference", "1"),
        ):
            page.keyboard.press(key)
            expect(page.locator(f"input[name={name}][value='{number}']")).to_be_checked()
            loaded(page)
        page.keyboard.press("1")
        expect(page.get_by_role("heading", name="What the machine said")).to_be_visible()
        expect(page.get_by_role("radio", name="1 Same person")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Your answer is recorded.")
        expect(page.locator("#queue-waiting")).to_have_text("1")
    said = server.python(
        "from surety.server.checkins.models import Answer\n"
        "print([(a.first_answer, a.answer, a.reason) for a in Answer.objects.all()])"
    )
    assert said.strip() == "[('same', 'same', 'The features and their proportions agree.')]"
    context.close()


def test_photographs_are_magnified_lightened_and_laid_over_each_other(server: RunningServer, browser: Browser) -> None:
    context = reviewer(browser, server, "tom")
    with watched_page(context, server) as page:
        page.goto(server.url + "/review/")
        page.keyboard.press("n")
        expect(page.get_by_role("button", name="Uncover the photographs")).to_be_focused()
        page.keyboard.press("Enter")
        loaded(page)
        photo = page.locator(".photo:visible").first
        before = photo.bounding_box()
        for _ in range(3):
            page.keyboard.press("+")
        expect(page.locator("#zoom")).to_have_text("195 %")
        after = photo.bounding_box()
        assert before is not None
        assert after is not None
        assert after["width"] == pytest.approx(before["width"] * 1.953, rel=0.02)
        page.keyboard.press("b")
        assert "brightness(1.5)" in photo.evaluate("(p) => getComputedStyle(p).filter")
        page.keyboard.press("f")
        expect(page.locator(".photo:visible")).to_have_count(1)
        expect(page.get_by_role("img", name="Enrolled image 1 of 2")).to_be_visible()
        page.keyboard.press("f")
        expect(page.get_by_role("img", name="Photograph 1 of 3, as it was sent")).to_be_visible()
        page.keyboard.press("s")
        expect(page.locator(".photo:visible")).to_have_count(2)
        page.get_by_role("button", name="As sent").click()
        expect(page.locator("#zoom")).to_have_text("100 %")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("3")  # a key in the dialog answers nothing
        page.keyboard.press("Escape")
        expect(page.get_by_role("group", name="How the photographs are shown")).to_be_visible()
    context.close()


def test_no_step_breaks_a_rule_of_accessibility_or_scrolls_sideways(server: RunningServer, browser: Browser) -> None:
    context = reviewer(browser, server, "sven")
    with watched_page(context, server, expected=("422 (Unprocessable",)) as page:
        page.goto(server.url + "/review/")
        held(page, "queue")
        page.keyboard.press("n")
        page.wait_for_selector(".review-covered")
        held(page, "covered")
        page.keyboard.press("Enter")
        loaded(page)
        held(page, "open")
        page.keyboard.press("2")
        page.wait_for_selector(".review-told")
        held(page, "told")
        page.get_by_role("button", name="Record").click()
        page.wait_for_selector(".errors")
        held(page, "refused")
    context.close()


def test_the_page_of_a_decision_breaks_no_rule_either(server: RunningServer, browser: Browser) -> None:
    check_in = server.python(DECIDED).strip()
    context = reviewer(browser, server, "sven")
    with watched_page(context, server) as page:
        page.goto(f"{server.url}/review/decided/{check_in}/")
        expect(page.get_by_role("heading", name="Not the same person")).to_be_visible()
        held(page, "decision")
        page.get_by_label("Reason").fill("A letter came.")
        page.get_by_role("button", name="Look again").click()
        expect(page.get_by_text("others look now")).to_be_visible()
        held(page, "looked at again")
    context.close()


def held(page: Page, step: str) -> None:
    for width, scheme in SIZES:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert not broken_rules(page), f"{step}, {width} px, {scheme}: {broken_rules(page)}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{step} at {width} px"
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_count_lives_and_two_reviewers_never_hold_the_same(server: RunningServer, browser: Browser) -> None:
    rita, tom = reviewer(browser, server), reviewer(browser, server, "tom")
    with watched_page(rita, server) as one, watched_page(tom, server) as other:
        for page in (one, other):
            page.goto(server.url + "/review/")
        one.keyboard.press("n")
        one.wait_for_selector(".review-covered")
        expect(other.locator("#queue-held")).to_have_text("1", timeout=10_000)
        other.keyboard.press("n")
        other.wait_for_selector(".review-covered")
        assert one.url != other.url
        one.get_by_role("button", name="Give it back").click()
        expect(one.locator("#queue-waiting")).to_have_text("1")
    rita.close()
    tom.close()
