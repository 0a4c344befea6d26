"""Control cases: a reviewer cannot tell them from reviews, and they touch nobody's record."""

import csv
import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from surety.faces.contract import Comparison, Outcome
from surety.faces.decode import Decoder
from surety.server.accounts.models import Role, User
from surety.server.audit.models import Entry
from surety.server.checkins import control, reviewing
from surety.server.checkins.control_machine import PairMachine
from surety.server.checkins.models import Answer, CheckIn, ControlPair, ControlPicture, OutFact, Review, Stage
from surety.server.checkins.tests.review_cast import SENT_MS, drawing
from surety.server.checkins.tests.test_review import opened
from surety.server.checkins.tests.test_review_pages import _decoder, addresses, neutral, walk  # noqa: F401 - a fixture
from surety.server.console.tests.test_desk import logged_in

pytestmark = pytest.mark.django_db
HEAD = ",".join(control.COLUMNS)
SAID = {
    "outcome": "no_match",
    "sentence": "Below the thresholds: the machine finds no match.",
    "engine": "onnx",
    "similarity": 0.217,
}


@pytest.fixture
def every(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each review that is taken is a control case, while there are any."""
    import msgspec  # noqa: PLC0415 - only here

    monkeypatch.setattr(settings, "SURETY", msgspec.structs.replace(settings.SURETY, control_every=1))


@pytest.fixture
def pair() -> ControlPair:
    """Two who are not the same, of whom the machine says what it says of the reviews of this cast."""
    found = ControlPair.objects.create(name="p1", source="town", same=False, group="a", body=SAID, loaded_ms=0)
    for is_reference, count in ((True, 1), (False, 1)):
        for place in range(count):
            ControlPicture.objects.create(pair=found, is_reference=is_reference, nth=place, data=drawing(place))
    return found


@pytest.fixture
def rita() -> tuple[Client, User]:
    return logged_in("rita", Role.FACE_REVIEWER, "north")


def taken(client: Client) -> Review:
    client.post("/review/next")
    review = Review.objects.get(held_by__isnull=False)
    client.post(f"/review/{review.pk}/release")
    return review


def test_a_control_case_comes_in_place_of_a_review_and_looks_like_one(every, pair, rita, monkeypatch):
    client, user = rita
    real = opened()
    Review.objects.filter(pk=real.pk).update(due_ms=2**45)  # far ahead, so that both pages tell the same time
    queue = client.get("/review/").content.decode()
    shown = walk(client, held(client), "not_same")
    assert Review.objects.get(held_by=user).control == pair
    client.post(f"/review/{Review.objects.get(held_by=user).pk}/answer", {"answer": "not_same", "reason": "The chin."})
    after = client.get("/review/").content.decode()
    assert neutral(queue) == neutral(after)  # the count of what waits is what it was
    assert held(client) == real
    for html, other in zip(shown, walk(client, real, "not_same"), strict=True):
        assert ids_gone(html) == ids_gone(other)


def held(client: Client) -> Review:
    client.post("/review/next")
    return Review.objects.get(held_by__isnull=False)


def ids_gone(html: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "", neutral(html))


def test_it_touches_nobodys_record_and_is_done_with_one_answer(every, pair, rita):
    client, _ = rita
    real = opened()
    review = held(client)
    walk(client, review, "same")
    assert client.post(f"/review/{review.pk}/answer", {"answer": "same", "reason": "The chin."}).status_code == 302
    review.refresh_from_db()
    assert (review.stage, review.verdict, review.submission) == (Stage.DONE, "same", None)
    assert (OutFact.objects.count(), CheckIn.objects.get().verdict) == (0, "")
    assert {e.person_id for e in Entry.objects.filter(subject_id=review.pk)} == {""}
    real.refresh_from_db()
    assert (real.stage, real.held_by) == (Stage.FIRST, None)


def test_its_pictures_are_served_as_others_are(every, pair, rita):
    client, _ = rita
    opened()
    _, html, _ = walk(client, held(client))
    assert [client.get(address).headers["Content-Type"] for address in addresses(html)] == ["image/jpeg"] * 2


def test_nobody_gets_a_pair_twice_or_one_that_is_retired(every, pair, rita):
    _, user = rita
    real = opened()
    assert reviewing.claim(user, now_ms=SENT_MS).control == pair
    reviewing.uncover(Review.objects.get(held_by=user).pk, acting_user=user, now_ms=SENT_MS)
    reviewing.release(Review.objects.get(held_by=user).pk, acting_user=user, now_ms=SENT_MS)
    assert reviewing.claim(user, now_ms=SENT_MS) == real
    _, tom = logged_in("tom", Role.FACE_REVIEWER)
    control.retire("town", acting_user=None, now_ms=SENT_MS)
    opened()
    assert reviewing.claim(tom, now_ms=SENT_MS).control is None


def test_without_a_review_that_waits_there_is_no_control_case_and_at_zero_there_is_none(pair, rita, monkeypatch):
    _, user = rita
    assert reviewing.claim(user, now_ms=SENT_MS) is None
    import msgspec  # noqa: PLC0415 - only here

    monkeypatch.setattr(settings, "SURETY", msgspec.structs.replace(settings.SURETY, control_every=0))
    real = opened()
    assert reviewing.claim(user, now_ms=SENT_MS) == real


def test_one_in_so_many_is_one(pair, rita, monkeypatch):
    rolls = iter([19, 3, 0])
    monkeypatch.setattr("surety.server.checkins.control.secrets.randbelow", lambda most: next(rolls) % most)
    _, user = rita
    like = opened()
    found = [control.draw(user, like, now_ms=SENT_MS) for _ in range(3)]
    assert [review is not None for review in found] == [False, False, True]


# --- loading ------------------------------------------------------------------------------------------------------


def folder(tmp_path: Path, *lines: str) -> Path:
    (tmp_path / "pairs.csv").write_text("\n".join([HEAD, *lines]), encoding="utf-8")
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(drawing(number))
    return tmp_path


def no_fault(data: bytes) -> str:
    return "" if data.startswith(b"\xff\xd8") else "it is no picture."


def said(outcome: Outcome) -> Comparison:
    return Comparison(outcome=outcome, sentence="So it is.", engine="onnx", similarity=0.3)


def test_a_folder_is_loaded_once_and_clear_matches_are_left_out(tmp_path):
    rows = control.read(folder(tmp_path, "p1,yes,a,left,0.jpg 1.jpg,2.jpg 3.jpg", "p2,no,,,0.jpg,3.jpg"), no_fault)
    answers = iter([Outcome.INCONCLUSIVE, Outcome.MATCH, Outcome.MATCH])
    load = {"acting_user": None, "now_ms": SENT_MS}
    first = control.load(rows, "set", lambda *_: said(next(answers)), **load)
    assert (first.taken, first.known, first.clear) == (1, 0, 1)
    again = control.load(rows, "set", lambda *_: said(next(answers)), **load)
    assert (again.taken, again.known, again.clear) == (0, 1, 1)
    (pair,) = ControlPair.objects.all()
    assert (pair.name, pair.same, pair.group, pair.turn) == ("p1", True, "a", "left")
    assert pair.body["outcome"] == "inconclusive"
    kept = pair.pictures.order_by("-is_reference", "nth").values_list("is_reference", "nth", "data")
    assert [(r, p, bytes(d)) for r, p, d in kept] == [
        (True, 0, drawing(0)),
        (True, 1, drawing(1)),
        (False, 0, drawing(2)),
        (False, 1, drawing(3)),
    ]
    assert [(s.source, s.pairs, s.answers) for s in control.sources()] == [("set", 1, 0)]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("p1,maybe,a,,0.jpg,1.jpg", 'pairs.csv:2: a pair needs a name, "yes" or "no"'),
        (",yes,a,,0.jpg,1.jpg", "pairs.csv:2: a pair needs a name"),
        ("p1,yes,a,,0.jpg", "pairs.csv:2: write exactly 6 columns"),
        ("p1,yes,a,,0.jpg,1.jpg,2.jpg", "pairs.csv:2: write exactly 6 columns"),
        ("p1,yes,a,up,0.jpg,1.jpg", 'pairs.csv:2: under turn write "left" or "right"'),
        ("p1,yes,a,,,1.jpg", "pairs.csv:2: name 1 to 5 references"),
        ("p1,yes,a,,0.jpg,9.jpg", 'the picture "9.jpg" cannot be read'),
        ("p1,yes,a,,0.jpg,../x.jpg", "lies outside the folder"),
        ("p1,yes,a,,0.jpg,pairs.csv", 'the picture "pairs.csv": it is no picture.'),
        ("p1,yes,a,,0.jpg,1.jpg\np1,no,a,,0.jpg,1.jpg", 'the name "p1" stands in two lines'),
    ],
)
def test_a_bad_line_is_told_with_its_place_and_nothing_is_loaded(tmp_path, line, sentence):
    with pytest.raises(control.ControlsError, match=re.escape(sentence)):
        control.read(folder(tmp_path, line), no_fault)


def test_a_folder_without_a_list_or_with_another_head_is_told(tmp_path):
    with pytest.raises(control.ControlsError, match="write the list of pairs there"):
        control.read(tmp_path, no_fault)
    (tmp_path / "pairs.csv").write_text("a,b\n")
    with pytest.raises(control.ControlsError, match=HEAD):
        control.read(tmp_path, no_fault)


def test_without_a_model_the_pair_is_taken_and_says_so_and_a_damaged_picture_is_found(tmp_path):
    with Decoder() as decoder:
        machine = PairMachine(decoder, None, "no model")
        rows = control.read(folder(tmp_path, "p1,no,a,,0.jpg,1.jpg"), machine.fault)
        done = control.load(rows, "set", machine.compare, acting_user=None, now_ms=SENT_MS)
        (tmp_path / "1.jpg").write_bytes(drawing(1)[:200])
        with pytest.raises(control.ControlsError, match=r'"1\.jpg"'):
            control.read(tmp_path, machine.fault)
    assert done.taken == 1
    assert ControlPair.objects.get().body["sentence"] == "The machine could not compare: no model."


def test_the_town_writes_pairs_that_can_be_loaded(tmp_path):
    from surety.sim.controls import write  # noqa: PLC0415 - draws faces

    write(tmp_path, 2, seed=1)
    rows = control.read(tmp_path, no_fault)
    assert [(row.same, len(row.references), len(row.frames)) for row in rows] == [(True, 2, 3), (False, 2, 3)]
    assert next(csv.reader(io.StringIO((tmp_path / "pairs.csv").read_text()))) == list(control.COLUMNS)
    assert Answer.objects.count() == 0


@pytest.mark.shared
def test_with_a_model_the_machine_says_of_a_pair_what_it_would_say_of_a_check_in(tmp_path, shared_dir):
    from surety.faces.choose import open_local  # noqa: PLC0415 - only here
    from surety.faces.models import Store  # noqa: PLC0415 - the same
    from surety.sim.controls import write  # noqa: PLC0415 - draws faces

    write(tmp_path, 4, seed=1)
    engine = open_local("onnx", Store(shared_dir / "faces" / "models"))
    with Decoder() as decoder:
        rows = control.read(tmp_path, no_fault)
        done = control.load(rows, "town", PairMachine(decoder, engine).compare, acting_user=None, now_ms=SENT_MS)
    engine.close()
    assert done.taken + done.clear == 4
    for pair in ControlPair.objects.all():
        assert pair.body["model_sha256"] == engine.model_sha256
        assert len(pair.body["qualities"]) == 3
        assert pair.body["liveness"]["turn_asked"] == pair.turn
