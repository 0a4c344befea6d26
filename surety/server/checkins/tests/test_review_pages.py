"""The pages of reviewing from outside: what a reviewer's browser is given, and what it is never given."""

import io
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from PIL import Image

from surety.faces.contract import Outcome
from surety.server.accounts.models import Role, User
from surety.server.alerts.tests import cast
from surety.server.audit.models import Entry
from surety.server.checkins import pictures, reviewing
from surety.server.checkins.models import Answer, CheckIn, Review, Stage
from surety.server.checkins.tests.review_cast import SENT_MS, compared, enrolled, submission
from surety.server.console.tests.test_desk import logged_in

pytestmark = pytest.mark.django_db
MACHINE = ("the machine finds no match", "0.217", "No match", "onnx", "no_match", "threshold")
TAKEN = b"Exif of a camera"


def jpeg(shade: int) -> bytes:
    """A picture in which nobody is seen, with something of the camera in it."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = TAKEN.decode()
    Image.new("RGB", (64, 48), (shade, 90, 120)).save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _decoder() -> Iterator[None]:
    yield
    if pictures.decoder.cache_info().currsize:
        pictures.decoder().close()
        pictures.decoder.cache_clear()


@pytest.fixture
def review() -> Review:
    person = cast.person("north")
    enrolled(person, jpeg(10))
    of = submission(person, (jpeg(20), jpeg(30), jpeg(40)))
    return reviewing.open_review(of, compared(of, Outcome.NO_MATCH), SENT_MS)


@pytest.fixture
def rita() -> tuple[Client, User]:
    return logged_in("rita", Role.FACE_REVIEWER, "north")


def page(client: Client, review: Review) -> str:
    answer = client.get(f"/review/{review.pk}/")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return str(answer.content.decode())


def addresses(html: str) -> list[str]:
    return re.findall(r'<img class="photo[^>]*src="([^"]+)"', html)


def walk(client: Client, review: Review, first: str = "same") -> list[str]:
    """The page at each step: covered, open, told."""
    assert client.post("/review/next").status_code == 302
    steps = [page(client, review)]
    client.post(f"/review/{review.pk}/uncover")
    steps.append(page(client, review))
    client.post(f"/review/{review.pk}/first", {"answer": first})
    return [*steps, page(client, review)]


def test_a_reviewer_lands_on_the_queue_and_finds_it_in_the_navigation(rita):
    client, _ = rita
    assert client.get("/").headers["Location"] == "/review/"
    assert '<a href="/review/" aria-current="page">' in client.get("/review/").content.decode()


def test_the_whole_way_from_the_queue_to_the_decision(rita, review):
    client, _ = rita
    assert '<dd id="queue-waiting">1</dd>' in client.get("/review/").content.decode()
    walk(client, review)
    done = client.post(f"/review/{review.pk}/answer", {"answer": "same", "because": "", "reason": "Her left ear."})
    assert done.headers["Location"] == "/review/?recorded=1"
    assert CheckIn.objects.get().verdict == "same"
    assert Answer.objects.get().reason == "Her left ear."
    assert client.get(f"/review/{review.pk}/").status_code == 404


def test_nothing_tells_whose_photographs_they_are(rita, review):
    client, _ = rita
    person = CheckIn.objects.get().person
    of = review.submission
    told = [person.pk, person.reference, person.given_names.split()[0], person.family_name, *of.photos, of.pk]
    told += [of.check_in_id, of.device_id, "bail", "north,"]
    queue = client.get("/review/").content.decode() + client.get("/review/count").content.decode()
    for html in (queue.replace("Face reviewer, north", ""), *walk(client, review)):
        assert [word for word in told if word in html] == []


def test_the_machines_words_wait_for_the_reviewers_own(rita, review):
    client, _ = rita
    queue = client.get("/review/").content.decode()
    covered, opened, told = walk(client, review)
    for html in (queue, covered, opened):
        assert [words for words in MACHINE if words in html] == []
    assert "Below the thresholds: the machine finds no match." in told
    assert "0.217" in told


def test_what_the_first_said_is_nowhere_on_the_page_of_the_second(rita, review):
    client, _ = rita
    first = walk(client, review, "not_same")
    client.post(f"/review/{review.pk}/answer", {"answer": "not_same", "reason": "The nose is another one."})
    second, _ = logged_in("tom", Role.FACE_REVIEWER)
    for html, before in zip(walk(second, review, "not_same"), first, strict=True):
        assert "nose" not in html
        assert "rita" not in html.lower()
        # But for random addresses and times, it is the page that the first one saw.
        assert neutral(html) == neutral(before)


def neutral(html: str) -> str:
    html = re.sub(r'(data-now-ms|name="csrfmiddlewaretoken" value)="[^"]*"', "", html)
    return re.sub(r"/picture/\w+", "", html)


def test_a_supervisor_sees_both_answers_without_names_after_their_own(rita, review):
    client, _ = rita
    walk(client, review, "not_same")
    client.post(f"/review/{review.pk}/answer", {"answer": "not_same", "reason": "The nose is another one."})
    second, _ = logged_in("tom", Role.FACE_REVIEWER)
    walk(second, review)
    client.post(f"/review/{review.pk}/answer", {"answer": "same", "reason": "x"})
    second.post(f"/review/{review.pk}/answer", {"answer": "same", "reason": "The same mole."})
    supervisor, _ = logged_in("sue", Role.SUPERVISOR, "north")
    assert "<strong>1</strong> waits for a supervisor" in supervisor.get("/review/").content.decode()
    *before, told = walk(supervisor, review)
    for html in before:
        assert "nose" not in html
        assert "mole." not in html.replace("an ear, a scar, a mole.", "")
    assert "First reviewer: Not the same person." in told
    assert "The nose is another one." in told
    assert "Second reviewer: Same person." in told
    assert "rita" not in told.lower()
    assert "tom" not in re.findall(r"What two reviewers said.*?</section>", told, re.DOTALL)[0].lower()


def test_photographs_are_encoded_anew_and_kept_by_no_browser(rita, review):
    client, _ = rita
    _, opened, _ = walk(client, review)
    assert len(addresses(opened)) == 4
    for address in addresses(opened):
        answer = client.get(address)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cache-Control"] == "no-store, private"
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert (picture.size, picture.format, dict(picture.getexif())) == ((64, 48), "JPEG", {})
        assert TAKEN not in answer.content


def test_each_photograph_that_is_served_is_audited_once(rita, review):
    client, _ = rita
    _, opened, _ = walk(client, review)
    for address in addresses(opened) * 2:
        client.get(address)
    shown = Entry.objects.filter(action="photograph.shown")
    assert (shown.count(), {entry.person_id for entry in shown}) == (4, {CheckIn.objects.get().person_id})
    assert Entry.objects.filter(action="photographs.uncovered", actor_name="rita").count() == 1


def test_a_covered_page_has_no_photograph_and_none_is_served(rita, review):
    client, user = rita
    client.post("/review/next")
    assert addresses(page(client, review)) == []
    for picture in pictures.of(review, user):
        assert client.get(f"/review/{review.pk}/picture/{picture.key}").status_code == 404
    assert Entry.objects.filter(action="photograph.shown").count() == 0


def test_the_addresses_of_one_reviewer_are_nothing_to_another(rita, review):
    client, _ = rita
    _, opened, _ = walk(client, review)
    tom, _ = logged_in("tom", Role.FACE_REVIEWER)
    for address in (f"/review/{review.pk}/", *addresses(opened)):
        assert tom.get(address).status_code == 404
    for step in ("uncover", "first", "answer", "release"):
        assert tom.post(f"/review/{review.pk}/{step}", {"answer": "same", "reason": "x"}).status_code == 404
    client.post(f"/review/{review.pk}/release")
    assert [client.get(address).status_code for address in addresses(opened)] == [404] * 4
    html = tom.get(f"/review/{review.pk}/").content.decode()
    assert "You do not hold this review" in html
    assert neutral(html) == neutral(tom.get("/review/no-such-review/").content.decode())


def test_those_without_the_role_get_nothing(rita, review):
    client, _ = rita
    _, opened, _ = walk(client, review)
    for role in set(Role) - {Role.FACE_REVIEWER, Role.SUPERVISOR}:
        other, _ = logged_in(f"some {role}", role)
        for address in ("/review/", "/review/count", f"/review/{review.pk}/", *addresses(opened)):
            assert other.get(address).status_code == 403
        assert other.post("/review/next").status_code == 403
        assert "/review/" not in other.get("/").content.decode()
    assert Client().get(addresses(opened)[0]).status_code == 302


def test_a_damaged_photograph_is_told_and_the_reviewer_can_still_answer(rita):
    client, _ = rita
    person = cast.person("north")
    of = submission(person, (b"no picture at all",))
    review = reviewing.open_review(of, None, SENT_MS)
    _, opened, told = walk(client, review, "cannot_tell")
    (address,) = addresses(opened)
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/plain")
    assert b"no picture at all" not in answer.content
    assert "There is no enrolled image" in opened
    assert "No machine compared these photographs." in told


def test_a_refused_answer_keeps_what_was_written(rita, review):
    client, _ = rita
    walk(client, review, "not_same")
    answer = client.post(f"/review/{review.pk}/answer", {"answer": "not_same", "because": "Several features differ."})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Write in your own words what differs." in html
    assert 'value="Several features differ." checked' in html
    answer = client.post(f"/review/{review.pk}/answer", {"answer": "same", "reason": ""})
    assert (answer.status_code, "Give the reason for your answer." in answer.content.decode()) == (422, True)
    assert Answer.objects.get().answer == ""


def test_a_second_press_changes_nothing(rita, review):
    client, _ = rita
    walk(client, review)
    assert client.post(f"/review/{review.pk}/first", {"answer": "not_same"}).status_code == 409
    assert Answer.objects.get().first_answer == "same"


def test_the_supervisors_page_tells_what_is_overdue_and_who_has_it(rita, review):
    client, _ = rita
    client.post("/review/next")
    sue, _ = logged_in("sue", Role.SUPERVISOR, "north")
    html = sue.get("/review/").content.decode()
    row = html[html.index("Over since") :]
    assert "A reviewer" in row
    assert "rita" in row
    elsewhere, _ = logged_in("seb", Role.SUPERVISOR, "south")
    assert "Over since" not in elsewhere.get("/review/").content.decode()
    assert Review.objects.get().stage == Stage.FIRST


def test_the_supervisors_page_does_not_tell_that_somebody_has_looked_already(rita, review):
    client, _ = rita
    sue, _ = logged_in("sue", Role.SUPERVISOR, "north")
    before = sue.get("/review/").content.decode()
    walk(client, review, "not_same")
    client.post(f"/review/{review.pk}/answer", {"answer": "not_same", "reason": "The nose."})
    assert Review.objects.get().stage == Stage.SECOND
    assert neutral(sue.get("/review/").content.decode()) == neutral(before)
