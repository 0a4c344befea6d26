"""The person's check-ins, what came of each, and their own photographs, opened one at a time when asked for."""

import hmac
from collections.abc import Iterator, Mapping

from django.urls import reverse

from surety.blobs.contract import BlobNotFoundError, BlobsUnavailableError
from surety.blobs.sealing import SealError
from surety.rules.facts import Verdict
from surety.server.audit import actions as audit
from surety.server.cases.models import Person
from surety.server.checkins import pictures
from surety.server.checkins import queries as check_ins
from surety.server.checkins.models import CheckIn, Stands
from surety.server.errors import NotFoundError
from surety.server.portal import limits, times
from surety.server.portal.codes import BY_THEMSELVES
from surety.server.portal.languages import noop, say
from surety.server.records.queries import photograph

SHOWN = 30
STANDS: Mapping[Stands, str] = {
    Stands.ASKED: noop("We wait for your photo."),
    Stands.SUBMITTED: noop("Your photo came. It is compared."),
    Stands.REVIEW: noop("Your photo came. A person looks at it."),
    Stands.DECIDED: noop("Decided"),
    Stands.LAPSED: noop("No photo came."),
    Stands.CANCELLED: noop("The question was taken back."),
    Stands.NOT_ASKED: noop("You were not asked, as you could not have answered."),
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.SAME: noop("It is you. All is well."),
    Verdict.NOT_SAME: noop("Two people found that it does not show you."),
    Verdict.CANNOT_TELL: noop("Nobody can tell from this photo. That is no breach."),
}


def rows(person: Person) -> list[dict[str, object]]:
    """The latest check-ins."""
    return [_row(one, person) for one in check_ins.of_person(person.pk)[:SHOWN]]


def _row(one: CheckIn, person: Person) -> dict[str, object]:
    decided = one.stands == Stands.DECIDED and one.verdict
    return {
        "asked": times.moment(one.asked_ms, person.time_zone),
        "stands": say(VERDICTS[Verdict(one.verdict)]) if decided else say(STANDS[Stands(one.stands)]),
        "photos": [reverse("my-photo", args=[_key(person, sha256)]) for sha256 in _photos(one)],
        "erased": any(sent.photos_erased_ms is not None for sent in one.submissions.all()),
    }


def _photos(one: CheckIn) -> Iterator[str]:
    for sent in one.submissions.all():
        if sent.photos_erased_ms is None:
            yield from sent.photos


def _key(person: Person, sha256: str) -> str:
    """A name that is good for this person alone: who types another's finds nothing."""
    return limits.keyed("photo", person.pk, sha256)[:32]


def photo(person: Person, key: str, now_ms: int) -> bytes:
    """One of the person's own photographs, as a JPEG file; noted. Raises NotFoundError or ConflictError."""
    for one in check_ins.of_person(person.pk)[:SHOWN]:
        for sha256 in _photos(one):
            if hmac.compare_digest(_key(person, sha256), key):
                _note(person, sha256, one.pk, now_ms)
                return _opened(person, sha256)
    raise NotFoundError("There is no such photograph.")


def _opened(person: Person, sha256: str) -> bytes:
    try:
        return pictures.shown(photograph(person.pk, sha256))
    except (BlobNotFoundError, BlobsUnavailableError, SealError) as error:
        raise NotFoundError("The photograph cannot be read.") from error


def _note(person: Person, sha256: str, check_in_id: str, now_ms: int) -> None:
    audit.record(
        action="photograph.shown",
        actor=None,
        actor_name=BY_THEMSELVES,
        subject_type="check_in",
        subject_id=check_in_id,
        person_id=person.pk,
        detail={"photograph": sha256, "purpose": "their own page"},
        at_ms=now_ms,
    )
