"""A photograph's whole way: from a watch's camera through door, rules, comparison and reviewers to the desk.

Every process is a real one; the people are invented.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from surety.sim import faces
from surety.sim.faces import View
from tests.browser.server import CHROMIUM_ARGS, chromium, log_in_by_cookie
from tests.journey.house import wait_until
from tests.journey.photographs import PhotographHouse, Watched
from tests.watch.steps import ask_now, send, take, until
from tests.watch.video import PLAIN, widened

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("photographs")]

ANN, BEN = 0, 2  # of the cast, whom recognisers tell apart
EACH = 15  # pictures in half a second of Chromium's fake camera
RIGHT, WRONG, NOBODY, DARK, PRINTED = range(5)


class Phone:
    """Somebody's phone, which keeps what it knows when it is closed."""

    def __init__(self, playwright: Playwright, path: str, profile: Path, who: Watched) -> None:
        self._playwright, self._path, self._profile, self.who = playwright, path, profile, who

    @contextmanager
    def opened(self, url: str, film: Path | None = None) -> Iterator[Page]:
        """Open the app, with what the camera then shows."""
        camera = ["--use-fake-device-for-media-stream"] + [f"--use-file-for-fake-video-capture={film}"] * bool(film)
        context = self._playwright.chromium.launch_persistent_context(
            self._profile,
            executable_path=self._path,
            args=[*CHROMIUM_ARGS, *camera],
            permissions=["camera"],
            locale="en-GB",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(url)
        yield page
        context.close()


@pytest.fixture(scope="module")
def house() -> Iterator[PhotographHouse]:
    with PhotographHouse() as started:
        for name, role in (("rita", "face_reviewer"), ("tom", "face_reviewer")):
            started.add_user(name, role)
        yield started


@pytest.fixture(scope="module")
def asked(
    house: PhotographHouse,
    playwright: Playwright,
    chromium_path: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Phone]:
    """Each expects Ann, and has enrolled a watch; then all are asked. What their cameras show is told by the tests."""
    people = house.people([ANN] * 5)
    phones = [Phone(playwright, chromium_path, tmp_path_factory.mktemp("phone"), who) for who in people]
    for phone in phones:
        with phone.opened(f"{house.watch_url}#{phone.who.code}") as page:
            page.get_by_role("button", name="Start").click()
            expect(page.get_by_role("heading", name="No photo is asked for now")).to_be_visible(timeout=30_000)
    house.ask(people)
    return phones


def film(folder: Path, *pictures: faces.Photo) -> Path:
    """Each picture for half a second, round and round."""
    path = folder / "film.mjpeg"
    path.write_bytes(b"".join(widened(picture) * EACH for picture in pictures))
    return path


def turning(house: PhotographHouse, who: Watched, identity: int, view: View = PLAIN) -> list[faces.Photo]:
    """Somebody who looks straight and turns, to and fro, the way that they are asked."""
    [turn] = house.column("SELECT turn FROM checkins_checkin WHERE person_id = ?", who.person)
    straight, *_, turned = faces.burst(identity, 7, turn, view)
    return [straight, turned]


@contextmanager
def watch(house: PhotographHouse, phone: Phone, film: Path) -> Iterator[Page]:
    """The app, which has heard that a photograph is asked for."""
    with phone.opened(house.watch_url, film) as page:
        expect(page.get_by_role("link", name="Take the photo")).to_be_visible(timeout=30_000)
        yield page


def stands(house: PhotographHouse, who: Watched) -> str:
    [found] = house.column("SELECT stands FROM checkins_checkin WHERE person_id = ?", who.person)
    return str(found)


def comes_to(house: PhotographHouse, who: Watched, where: str) -> None:
    wait_until(lambda: stands(house, who) == where, f"the check-in is at {where}", 120)


def outcomes(house: PhotographHouse, who: Watched) -> list[str]:
    """What each comparison gave."""
    return house.column(
        "SELECT c.outcome FROM checkins_comparison c JOIN checkins_submission s ON s.id = c.submission_id"
        " JOIN checkins_checkin q ON q.id = s.check_in_id WHERE q.person_id = ? ORDER BY c.id",
        who.person,
    )


def alerts(house: PhotographHouse, who: Watched) -> list[str]:
    return house.column("SELECT kind FROM alerts_alert WHERE person_id = ?", who.person)


def test_the_right_person_is_matched_and_nobody_has_to_look(
    house: PhotographHouse, asked: list[Phone], tmp_path: Path
) -> None:
    who, phone = asked[RIGHT].who, asked[RIGHT]
    with watch(house, phone, film(tmp_path, *turning(house, who, ANN))) as page:
        take(page)
        send(page)
        expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    comes_to(house, who, "decided")
    assert outcomes(house, who) == ["match"]
    assert house.column("SELECT count(*) FROM checkins_review") == [0]
    assert alerts(house, who) == []


def test_somebody_else_is_an_alert_only_once_two_people_said_so(
    house: PhotographHouse,
    asked: list[Phone],
    playwright: Playwright,
    chromium_path: str,
    tmp_path: Path,
) -> None:
    who, phone = asked[WRONG].who, asked[WRONG]
    with watch(house, phone, film(tmp_path, *turning(house, who, BEN))) as page:
        for key in ("worker", "compare"):
            house.kill(key)
        take(page)
        send(page)
        expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
        page.get_by_role("link", name="Done").click()
        wait_until(lambda: outcomes(house, who) != [], "it was compared", 120)
        again = page.get_by_role("link", name="Take the photo")
        until(page, lambda: (ask_now(page), again.is_visible())[1])  # one more try, as it was no clear match
        take(page)
        send(page)
        expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    comes_to(house, who, "review")
    with chromium(playwright, chromium_path) as browser:
        says(house, browser, "rita", "2")
        assert alerts(house, who) == []
        says(house, browser, "tom", "2")
    wait_until(lambda: alerts(house, who) == ["face_not_verified"], "the desk has an alert")
    assert stands(house, who) == "decided"


def says(house: PhotographHouse, browser: Browser, name: str, key: str) -> None:
    """A reviewer takes the next review and answers it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    log_in_by_cookie(context, house, name)
    page = context.new_page()
    page.goto(f"{house.url}/review/")
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="Uncover the photographs")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".photo:visible")).to_have_count(2)
    page.keyboard.press(key)
    expect(page.get_by_role("heading", name="What the machine said")).to_be_visible()
    page.get_by_label("In your own words").fill("Ears and jaw are of another shape.")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("status")).to_have_text("Your answer is recorded.")
    context.close()


@pytest.mark.parametrize(
    ("case", "view", "expected"),
    [
        (NOBODY, msgspec.structs.replace(PLAIN, nobody=True), {"no_face"}),
        (DARK, msgspec.structs.replace(PLAIN, light=0.002, noise=12.0), {"poor_quality", "no_face"}),
    ],
    ids=["nobody", "too dark"],
)
def test_what_cannot_be_compared_is_sent_anyway_and_looked_at_by_a_person(
    house: PhotographHouse, asked: list[Phone], tmp_path: Path, case: int, view: View, expected: set[str]
) -> None:
    who, phone = asked[case].who, asked[case]
    with watch(house, phone, film(tmp_path, faces.face(ANN, view))) as page:
        take(page)
        again = page.get_by_role("button", name="Take again")
        anyway = page.get_by_role("button", name="Send anyway")
        if not anyway.is_visible():
            again.click()
            page.get_by_role("button", name="Take photos").click()
            page.locator(".frames").wait_for()
        (anyway if anyway.is_visible() else page.get_by_role("button", name="Send", exact=True)).click()
        expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    wait_until(lambda: outcomes(house, who) != [], "it was compared", 120)
    assert set(outcomes(house, who)) <= expected
    comes_to(house, who, "review")
    assert alerts(house, who) == []


def test_a_printed_picture_cannot_turn_and_goes_to_a_person(
    house: PhotographHouse, asked: list[Phone], tmp_path: Path
) -> None:
    who, phone = asked[PRINTED].who, asked[PRINTED]
    print_of = faces.face(ANN, msgspec.structs.replace(PLAIN, printed=True))
    with watch(house, phone, film(tmp_path, print_of)) as page:
        take(page)
        send(page)
        expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    comes_to(house, who, "review")
    assert outcomes(house, who) == ["match"]
