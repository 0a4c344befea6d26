"""The store of templates: the only file that reads or writes `Template`, always of one person at a time.

Templates belong to one recogniser. When another comes into use, they are made anew from the enrolled images, a few at a
time and resumable (`derive`); what a recogniser cannot make of an image is remembered as an empty box.
"""

import logging
from collections.abc import Callable, Sequence

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from surety.blobs import sealing
from surety.blobs.contract import BlobNotFoundError
from surety.faces.contract import Engine, Enrolled, Photo, Quality, Reference
from surety.server.checkins.models import EnrolledImage, Template
from surety.server.records import actions as keys
from surety.server.records import queries as records

logger = logging.getLogger(__name__)

Decode = Callable[[bytes], Photo]


class NoPictureError(Exception):
    """A file is no picture that can be compared; the sentence says why."""


def references_of(person_id: str, model_sha256: str) -> list[Reference]:
    """The references of one person for one recogniser, opened. Raises SealError when their key is gone."""
    rows = Template.objects.filter(image__person_id=person_id, image__removed_ms=None, model_sha256=model_sha256)
    found = rows.order_by("image__recorded_ms", "image_id").values_list("image_id", "box")
    return [
        Reference(image_id, records.open_box(person_id, bytes(box)), model_sha256) for image_id, box in found if box
    ]


def keep(image: EnrolledImage, made: Enrolled, now_ms: int) -> None:
    """Keep what an engine made of an enrolled image, sealed, in the caller's transaction."""
    box = b"" if made.template is None else _sealed(image.person_id, made.template, now_ms)
    row = Template(image=image, model_sha256=made.model_sha256, box=box, made_ms=now_ms)
    Template.objects.bulk_create([row], ignore_conflicts=True)  # two processes made the same
    if made.template is not None and not image.usable:
        EnrolledImage.objects.filter(pk=image.pk).update(usable=True)


def _sealed(person_id: str, template: bytes, now_ms: int) -> bytes:
    return sealing.seal(keys.public_key(person_id, now_ms=now_ms), template)


def drop(image: EnrolledImage) -> None:
    """Delete what was made of an image that is not compared with any more."""
    Template.objects.filter(image=image).delete()


def missing(model_sha256: str) -> QuerySet[EnrolledImage]:
    """Enrolled images that this recogniser has not seen yet."""
    made = Template.objects.filter(image=OuterRef("pk"), model_sha256=model_sha256)
    return EnrolledImage.objects.filter(~Exists(made), removed_ms=None).order_by("recorded_ms", "pk")


def derive(images: Sequence[EnrolledImage], engine: Engine, decode: Decode, now_ms: int) -> int:
    """Make the templates of these images, each of one person by itself; how many were looked at.

    An image that is gone or cannot be opened is remembered as such. Raises FacesUnavailableError and
    BlobsUnavailableError: then the rest is left for the next time.
    """
    for image in images:
        made = _made(image, engine, decode)  # outside the transaction
        with transaction.atomic():
            if not EnrolledImage.objects.select_for_update().filter(pk=image.pk, removed_ms=None).exists():
                continue  # it was removed meanwhile
            keep(image, made, now_ms)
            if not image.quality and made.quality.faces:
                EnrolledImage.objects.filter(pk=image.pk).update(quality=msgspec.to_builtins(made.quality))
    return len(images)


def _made(image: EnrolledImage, engine: Engine, decode: Decode) -> Enrolled:
    try:
        picture = decode(records.photograph(image.person_id, image.sha256))
    except (BlobNotFoundError, sealing.SealError, NoPictureError) as error:
        logger.warning("the enrolled image %s cannot be used: %s", image.pk, error)
        return Enrolled(quality=Quality(faces=0), template=None, model_sha256=engine.model_sha256, sentence=str(error))
    return engine.enrol([picture])[0]
