"""Submissions with photographs, and what the machine said of them, for tests of reviewing."""

import hashlib
import io
import itertools

from PIL import Image, ImageDraw

from surety.blobs.contract import name_of
from surety.blobs.sealing import seal
from surety.faces.contract import Outcome
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS, NOW_MS
from surety.server.cases.models import Person
from surety.server.checkins.models import CheckIn, Comparison, EnrolledImage, Submission
from surety.server.records.actions import public_key
from surety.server.records.queries import blobs

ASKED_MS = NOW_MS
SENT_MS = ASKED_MS + 10 * MINUTE_MS
_numbers = itertools.count(1)
SAID = {
    Outcome.NO_MATCH: "Below the thresholds: the machine finds no match.",
    Outcome.INCONCLUSIVE: "Between the thresholds: the machine cannot say.",
}


def drawing(number: int) -> bytes:
    """A drawn head as a JPEG file; nobody's."""
    picture = Image.new("RGB", (480, 640), (90 + 20 * number, 120, 130))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((110, 110, 370, 500), fill=(205, 170 - 6 * number, 140))
    for left in (180, 265):
        pen.ellipse((left, 260, left + 35, 285), fill=(40, 40, 50))
    pen.arc((190, 340 - 5 * number, 290, 420), 20, 160, fill=(120, 50, 50), width=8)
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


def keep(person: Person, data: bytes) -> str:
    """A photograph sealed to the person and stored, as the door does it; its SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    blobs().put(name_of(person.pk, sha256), seal(public_key(person.pk, now_ms=NOW_MS), data))
    return sha256


def enrolled(person: Person, data: bytes) -> EnrolledImage:
    """An image that the person is compared with."""
    return EnrolledImage.objects.create(
        person=person,
        sha256=keep(person, data),
        source="taken at the office",
        basis="consent",
        usable=True,
        recorded_ms=NOW_MS,
        recorded_by_name="Olga Officer",
    )


def submission(person: Person, frames: tuple[bytes, ...] = (b"a frame",), sent_ms: int = SENT_MS) -> Submission:
    """A check-in that was answered with these frames."""
    check_in = CheckIn.objects.create(
        person=person,
        condition_id="c" * 32,
        condition_version=1,
        asked_ms=ASKED_MS,
        due_ms=ASKED_MS + 30 * MINUTE_MS,
        late_until_ms=ASKED_MS + 240 * MINUTE_MS,
        stands="submitted",
    )
    return Submission.objects.create(
        id=f"{next(_numbers):032x}",
        check_in=check_in,
        device_id="d" * 32,
        at_ms=sent_ms,
        received_ms=sent_ms,
        photos=[keep(person, frame) for frame in frames],
    )


def compared(of: Submission, outcome: Outcome = Outcome.NO_MATCH) -> Comparison:
    """What the machine measured of it."""
    sentence = SAID.get(outcome, f"The machine says {outcome.value}.")
    body = {"outcome": outcome.value, "sentence": sentence, "engine": "onnx", "similarity": 0.217}
    return Comparison.objects.create(
        submission=of, at_ms=of.received_ms, outcome=outcome.value, similarity=0.217, engine="onnx", body=body
    )


def waiting(region: str = "north", outcome: Outcome = Outcome.NO_MATCH) -> Submission:
    """A submission of somebody new, with an enrolled image; not yet in review."""
    person = cast.person(region)
    enrolled(person, b"enrolled")
    found = submission(person)
    compared(found, outcome)
    return found
