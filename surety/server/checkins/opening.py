"""Opening somebody's photographs: by those who answer for them alone, for a stated purpose, and never unnoticed.

The opening is an audit entry, with its purpose, before anything is shown (`open_frames`, `open_images`). Only then are
there addresses under which pictures can be had, good for minutes, for the one who opened them. What is sent is encoded
anew (pictures.shown): no byte of a file that a device sent reaches a browser.
"""

from collections.abc import Sequence

import msgspec
from django.core import signing
from django.db import transaction

from surety.blobs.contract import BlobNotFoundError, BlobsUnavailableError
from surety.blobs.sealing import SealError
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.audit import actions as audit
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.checkins import pictures, queries
from surety.server.checkins.models import CheckIn
from surety.server.errors import ConflictError, InvalidError, NotFoundError
from surety.server.records.queries import photograph

SHORTEST_PURPOSE = 8  # letters; as for a trail
GOOD_FOR_S = 600  # a page that is left open shows what it has loaded, and loads nothing more
_SALT = "surety.photograph"


class Shown(msgspec.Struct, frozen=True):
    """One picture that was opened: what it is of, and what its address ends with."""

    label: str
    key: str


def open_frames(check_in: CheckIn, purpose: str, *, acting_user: User, now_ms: int) -> list[Shown]:
    """Open every photograph that came for a check-in, in order; of several tries, each says of which it is."""
    tries = [one.photos for one in check_in.submissions.order_by("at_ms", "pk") if one.photos]
    named = [
        (f"Photograph {number} of {len(photos)}{f', try {turn}' if len(tries) > 1 else ''}", sha256)
        for turn, photos in enumerate(tries, 1)
        for number, sha256 in enumerate(photos, 1)
    ]
    return _opened(check_in.person, "check_in", check_in.pk, named, purpose, acting_user, now_ms)


def open_images(person: Person, purpose: str, *, acting_user: User, now_ms: int) -> list[Shown]:
    """Open the images that a person is compared with."""
    named = [(f"Image {number}", one.sha256) for number, one in enumerate(queries.images_of(person.pk), 1)]
    return _opened(person, "person", person.pk, named, purpose, acting_user, now_ms)


def _opened(
    person: Person, kind: str, identity: str, named: Sequence[tuple[str, str]], purpose: str, user: User, now_ms: int
) -> list[Shown]:
    check_may(user, "checkins.enrol", person)
    if len(purpose.strip()) < SHORTEST_PURPOSE:
        raise InvalidError("Say what you need the photographs for; the person can read it.", field="purpose")
    with transaction.atomic():
        audit.record(
            action="photographs.opened",
            actor=user,
            subject_type=kind,
            subject_id=identity,
            person_id=person.pk,
            detail={"photographs": len(named), "purpose": purpose.strip()},
            at_ms=now_ms,
        )
    return [Shown(label, signing.dumps([user.pk, person.pk, sha256], salt=_SALT)) for label, sha256 in named]


def served(key: str, user: User) -> bytes:
    """A picture that was opened, as a JPEG file. Raises NotFoundError or ConflictError."""
    try:
        user_id, person_id, sha256 = signing.loads(key, salt=_SALT, max_age=GOOD_FOR_S)
    except (signing.BadSignature, ValueError):
        raise NotFoundError("This picture is closed: open it again.") from None
    if user_id != user.pk:
        raise NotFoundError("This picture was opened by somebody else.")
    person = cases.access_person(person_id, user, "checkins.enrol")
    try:
        return pictures.shown(photograph(person.pk, sha256))
    except (BlobNotFoundError, SealError) as error:
        raise NotFoundError("The photograph is not kept any more.") from error
    except BlobsUnavailableError as error:
        raise ConflictError("The photograph cannot be read now. Try again in a minute.") from error
