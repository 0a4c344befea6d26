"""The writer of enrolled images: what somebody is compared with, where it comes from, and what became of it.

- Only while an order in force covers photographs, and by somebody who may (`checkins.enrol`).
- Each image is decoded in the limited process and measured before anything is stored, outside any transaction
  (`measure`). What is kept is encoded anew, without metadata, and sealed; the camera's time goes on record.
- One that is replaced or removed stays on record with the reason; its templates are deleted at once.
- A photograph of a check-in may be enrolled once people decided that it shows the person: a machine's match is not
  enough, or a wrong one would be compared with for ever.
"""

import hashlib
from collections.abc import Sequence

import msgspec
from django.db import transaction

from surety.blobs import sealing
from surety.blobs.contract import BlobNotFoundError, BlobsUnavailableError, name_of
from surety.faces.contract import Engine, Enrolled, FacesUnavailableError
from surety.faces.decode import CHECK_IN, ENROLMENT, Decoded, Decoder, DecoderUnavailableError, Limits, Refused
from surety.rules.facts import Verdict
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.cases.models import Person
from surety.server.cases.writing import lock_person, note_down, stamp
from surety.server.checkins import queries, templates
from surety.server.checkins.models import EnrolledImage, Stands, Submission
from surety.server.errors import ConflictError, InvalidError, NotFoundError
from surety.server.records import actions as keys
from surety.server.records import queries as records

MOST_IMAGES = 8  # several help; more than eight cost time in every comparison and add nothing
KEPT_PX, KEPT_QUALITY = 2048, 92  # larger than any detector looks at
NO_ENGINE = "No face model is here: nothing was measured. People compare with it until there is one."


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where an image comes from. `basis`: the person's consent, or the authority that allows it. `captured_ms`: when it
    was taken, as somebody says; without it the camera's own word is taken, if it has one."""

    source: str
    basis: str
    captured_ms: int | None = None


class Offered(msgspec.Struct, frozen=True):
    """A file as it was offered, under the name that a message about it uses."""

    name: str
    data: bytes


class Measured(msgspec.Struct, frozen=True):
    """A picture that was decoded and measured; not stored yet. `made` None: there is no engine."""

    name: str
    jpeg: bytes
    captured_ms: int | None
    made: Enrolled | None

    @property
    def sha256(self) -> str:
        """Of the file that is kept."""
        return hashlib.sha256(self.jpeg).hexdigest()

    @property
    def usable(self) -> bool:
        """Whether the machine can compare with it."""
        return self.made is not None and self.made.template is not None

    @property
    def sentence(self) -> str:
        """What there is to say of it; "" where it is as good as can be."""
        return NO_ENGINE if self.made is None else self.made.sentence


# --- measuring, before anything is stored ---------------------------------------------------------------------------


def measure(files: Sequence[Offered], decoder: Decoder, engine: Engine | None) -> list[Measured]:
    """Decode and measure files. Raises InvalidError that names each file which is no picture."""
    if not files:
        raise InvalidError("Choose at least one image.", field="images")
    if len(files) > MOST_IMAGES:
        raise InvalidError(f"At most {MOST_IMAGES} images are kept of a person; choose the best.", field="images")
    try:
        return _measured(files, decoder, engine, ENROLMENT)
    except DecoderUnavailableError as error:
        raise ConflictError("Images cannot be decoded now. Try again in a minute.", field="images") from error
    except FacesUnavailableError as error:
        raise ConflictError(f"Images cannot be measured now: {error}", field="images") from error


def _measured(files: Sequence[Offered], decoder: Decoder, engine: Engine | None, limits: Limits) -> list[Measured]:
    pictures: list[tuple[Offered, Decoded]] = []
    refusals = []
    for one in files:
        found = decoder.decode(one.data, limits)
        if isinstance(found, Refused):
            refusals.append(f"{one.name}: {found.sentence}")
        else:
            pictures.append((one, found))
    if refusals:
        raise InvalidError(" ".join(refusals), field="images")
    made: Sequence[Enrolled | None] = [None] * len(pictures)
    if engine is not None:
        made = engine.enrol([found.photo for _, found in pictures])
    return [
        Measured(one.name, decoder.reencode(found.photo, KEPT_PX, KEPT_QUALITY), found.captured_ms, result)
        for (one, found), result in zip(pictures, made, strict=True)
    ]


def check_usable(measured: Sequence[Measured], *, for_people: bool) -> None:
    """Refuse images that the machine cannot use, with its advice, unless they are meant for reviewers alone."""
    poor = [f"{one.name}: {one.sentence}" for one in measured if one.made is not None and not one.usable]
    if poor and not for_people:
        raise InvalidError(" ".join(poor), field="images")


# --- storing ----------------------------------------------------------------------------------------------------------


def enrol(
    person_id: str,
    measured: Sequence[Measured],
    provenance: Provenance,
    *,
    acting_user: User | None,
    now_ms: int,
    reason: str = "",
    replaces: str = "",
) -> list[EnrolledImage]:
    """Keep measured images of a person. `replaces`: the image that goes when these come."""
    _check_provenance(provenance, now_ms)
    person = _allowed(person_id, acting_user, now_ms)
    stored = _store(person, measured, now_ms)
    try:
        with transaction.atomic():
            person = lock_person(person_id)
            _allowed(person_id, acting_user, now_ms)
            if replaces:
                _remove(_standing(replaces, person_id), acting_user, now_ms, f"Replaced. {reason}".strip())
            _check_room(person, measured)
            rows = [_row(person, one, provenance, acting_user, now_ms, reason) for one in measured]
            told = provenance.source, provenance.basis
            _note("image.enrolled", person, rows, acting_user, now_ms, reason, *told)
    except BaseException:
        for name in stored:  # nothing points at them
            records.blobs().delete(name)
        raise
    return rows


def enrol_from_check_in(
    submission_id: str, number: int, basis: str, *, decoder: Decoder, engine: Engine | None,
    acting_user: User | None, now_ms: int, reason: str = "",
) -> EnrolledImage:  # fmt: skip
    """Enrol a photograph (`number`, from 0) of a check-in of which people decided that it shows the person."""
    submission = Submission.objects.select_related("check_in").filter(pk=submission_id).first()
    if submission is None or not 0 <= number < len(submission.photos):
        raise NotFoundError("There is no such photograph.")
    check_in = submission.check_in
    person = _allowed(check_in.person_id, acting_user, now_ms)
    same = check_in.stands == Stands.DECIDED and check_in.verdict == Verdict.SAME
    if not same or not check_in.decided_by_names:
        raise ConflictError("Only a photograph that people decided to show this person can be enrolled.")
    try:
        data = records.photograph(person.pk, submission.photos[number])
    except (BlobNotFoundError, sealing.SealError) as error:
        raise NotFoundError("The photograph is not kept any more.") from error
    except BlobsUnavailableError as error:
        raise ConflictError("The photograph cannot be read now. Try again in a minute.") from error
    [measured] = _measured([Offered("The photograph", data)], decoder, engine, CHECK_IN)
    check_usable([measured], for_people=False)
    names = " and ".join(check_in.decided_by_names)
    source = f"Check-in {check_in.pk[:8]}, decided as the same person by {names}"[:120]
    provenance = Provenance(source=source, basis=basis, captured_ms=submission.at_ms)
    [row] = enrol(person.pk, [measured], provenance, acting_user=acting_user, now_ms=now_ms, reason=reason)
    return row


def remove(image_id: str, *, acting_user: User | None, now_ms: int, reason: str) -> EnrolledImage:
    """Take an image out of use, with a reason. It stays on record; its templates are deleted."""
    if not reason.strip():
        raise InvalidError("Write why the image is removed.", field="reason")
    found = EnrolledImage.objects.filter(pk=image_id).first()
    if found is None:
        raise NotFoundError("There is no such image.")
    with transaction.atomic():
        person = lock_person(found.person_id)
        check_may(acting_user, "checkins.enrol", person)
        image = _standing(image_id, person.pk)
        _remove(image, acting_user, now_ms, reason.strip())
        _note("image.removed", person, [image], acting_user, now_ms, reason)
    return image


def _allowed(person_id: str, acting_user: User | None, now_ms: int) -> Person:
    person = Person.objects.filter(pk=person_id).first()
    if person is None:
        raise NotFoundError("There is no such person.")
    check_may(acting_user, "checkins.enrol", person)
    if not queries.may_keep_photographs(person_id, now_ms):
        raise ConflictError("No order in force lets photographs of this person be kept.")
    return person


def _check_provenance(provenance: Provenance, now_ms: int) -> None:
    for name, what, longest in (("source", "where the image comes from", 120), ("basis", "on which basis", 200)):
        text = getattr(provenance, name).strip()
        if not text:
            raise InvalidError(f"Say {what}.", field=name)
        if len(text) > longest:
            raise InvalidError(f"This is longer than {longest} characters.", field=name)
    if provenance.captured_ms is not None and provenance.captured_ms > now_ms:
        raise InvalidError("The image cannot have been taken in the future.", field="captured_ms")


def _check_room(person: Person, measured: Sequence[Measured]) -> None:
    standing = EnrolledImage.objects.filter(person=person, removed_ms=None)
    names = [one.sha256 for one in measured]
    if len(set(names)) < len(names) or standing.filter(sha256__in=names).exists():
        raise ConflictError("One of the images is enrolled already.", field="images")
    if standing.count() + len(names) > MOST_IMAGES:
        raise ConflictError(f"At most {MOST_IMAGES} images are kept of a person; remove one first.", field="images")


def _store(person: Person, measured: Sequence[Measured], now_ms: int) -> list[str]:
    """Put the sealed files where photographs are kept; the names of those that were not there."""
    public = keys.public_key(person.pk, now_ms=now_ms)
    blobs, new = records.blobs(), []
    try:
        for one in measured:
            name = name_of(person.pk, one.sha256)
            if not blobs.has(name):
                blobs.put(name, sealing.seal(public, one.jpeg))
                new.append(name)
    except BlobsUnavailableError as error:
        raise ConflictError("Photographs cannot be written now. Try again in a minute.", field="images") from error
    return new


def _row(
    person: Person, one: Measured, provenance: Provenance, acting_user: User | None, now_ms: int, reason: str
) -> EnrolledImage:
    image = EnrolledImage.objects.create(
        person=person,
        sha256=one.sha256,
        source=provenance.source.strip(),
        basis=provenance.basis.strip(),
        captured_ms=one.captured_ms if provenance.captured_ms is None else provenance.captured_ms,
        quality={} if one.made is None else msgspec.to_builtins(one.made.quality),
        usable=one.usable,
        **stamp(acting_user, now_ms, reason),
    )
    if one.made is not None:
        templates.keep(image, one.made, now_ms)
    return image


def _standing(image_id: str, person_id: str) -> EnrolledImage:
    image = EnrolledImage.objects.filter(pk=image_id, person_id=person_id).first()
    if image is None:
        raise NotFoundError("There is no such image of this person.")
    if image.removed_ms is not None:
        raise ConflictError("The image was removed already.")
    return image


def _remove(image: EnrolledImage, acting_user: User | None, now_ms: int, reason: str) -> None:
    who = stamp(acting_user, now_ms, reason)
    image.removed_ms, image.removed_by_name, image.removed_reason = now_ms, who["recorded_by_name"], who["reason"]
    image.save(update_fields=["removed_ms", "removed_by_name", "removed_reason"])
    templates.drop(image)


def _note(
    action: str, person: Person, images: Sequence[EnrolledImage], acting_user: User | None, now_ms: int,
    reason: str, source: str = "", basis: str = "",
) -> None:  # fmt: skip
    detail = {"images": [image.pk for image in images], "source": source, "basis": basis, "reason": reason}
    note_down(action, person, acting_user, now_ms, detail)
