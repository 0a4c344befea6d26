"""The pictures of a review, for its holder: under addresses that tell nothing, and encoded anew before they are shown.

An address is good for one review and one reviewer. What was sent is decoded in a limited process and encoded again
without metadata, so that no byte of a file that a device sent reaches a reviewer's browser.
"""

import atexit
import hashlib
import hmac
from functools import cache

import msgspec
from django.conf import settings

from surety.blobs.contract import BlobNotFoundError, BlobsUnavailableError
from surety.blobs.sealing import SealError
from surety.faces.decode import ENROLMENT, Decoder, DecoderUnavailableError, Refused
from surety.server.accounts.models import User
from surety.server.checkins import reviewing
from surety.server.checkins.models import ControlPicture, EnrolledImage, Review
from surety.server.errors import ConflictError, NotFoundError
from surety.server.records.queries import photograph

LONGEST_PX = 1280
MOST_REFERENCES = 8  # as many as the page has room for: usable ones first, then the newest


class Picture(msgspec.Struct, frozen=True):
    """One picture of a review. `name` is its SHA-256 or the control picture's id, for the audit log alone."""

    key: str  # in its address
    name: str
    is_reference: bool
    number: int  # among its like, from 1


def of(review: Review, user: User) -> list[Picture]:
    """The references, then the frames, each in order."""
    named = _control(review) if review.control else _own(review)
    found = []
    for is_reference in (True, False):
        names = [name for name, kind in named if kind is is_reference]
        found += [Picture(_key(review, user, name), name, is_reference, i) for i, name in enumerate(names, 1)]
    return found


def _own(review: Review) -> list[tuple[str, bool]]:
    assert review.submission is not None  # noqa: S101 - a review without a control has one
    kept = EnrolledImage.objects.filter(person=review.submission.check_in.person_id, removed_ms=None)
    references = kept.order_by("-usable", "-recorded_ms", "pk").values_list("sha256", flat=True)
    return [(name, True) for name in references[:MOST_REFERENCES]] + [
        (name, False) for name in review.submission.photos
    ]


def _control(review: Review) -> list[tuple[str, bool]]:
    pictures = ControlPicture.objects.filter(pair=review.control).order_by("nth")
    return list(pictures.values_list("pk", "is_reference"))


def _key(review: Review, user: User, name: str) -> str:
    text = f"picture of a review\x00{review.pk}\x00{user.pk}\x00{name}"
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def served(review_id: str, key: str, *, user: User, now_ms: int) -> bytes:
    """A picture as a JPEG file, for the holder who uncovered it; noted once. Raises NotFoundError or ConflictError."""
    review = reviewing.held(review_id, user)
    picture = next((one for one in of(review, user) if hmac.compare_digest(one.key, key)), None)
    if picture is None:
        raise NotFoundError("There is no such picture.")
    reviewing.show(review_id, picture.name, acting_user=user, now_ms=now_ms)
    return shown(_bytes(review, picture))


def _bytes(review: Review, picture: Picture) -> bytes:
    if review.control:
        return bytes(ControlPicture.objects.get(pk=picture.name, pair=review.control).data)
    assert review.submission is not None  # noqa: S101 - a review without a control has one
    try:
        return photograph(review.submission.check_in.person_id, picture.name)
    except (BlobNotFoundError, SealError) as error:
        raise NotFoundError("The photograph is not kept any more.") from error
    except BlobsUnavailableError as error:
        raise ConflictError("The photograph cannot be read now. Try again in a minute.") from error


def shown(data: bytes) -> bytes:
    """What was sent, decoded in the limited process and encoded anew. Raises ConflictError when it cannot be."""
    try:
        found = decoder().decode(data, ENROLMENT)
        if isinstance(found, Refused):
            raise ConflictError(found.sentence)
        return decoder().reencode(found.photo, LONGEST_PX)
    except DecoderUnavailableError as error:
        raise ConflictError("The photograph cannot be decoded now. Try again in a minute.") from error


@cache
def decoder() -> Decoder:
    """One limited process for this one, started with the first picture and ended with it."""
    found = Decoder()
    atexit.register(found.close)
    return found
