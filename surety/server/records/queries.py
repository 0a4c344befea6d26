"""The reader of people's keys, and of what is sealed to them."""

from typing import TYPE_CHECKING

from django.conf import settings

from surety.blobs import sealing
from surety.blobs.contract import BlobNotFoundError, Blobs, name_of
from surety.blobs.local import LocalBlobs
from surety.server.records import masters
from surety.server.records.models import Erasure, PersonKey

if TYPE_CHECKING:
    from surety.server.records.plan import Going


def blobs() -> Blobs:
    """The store of photographs that the settings choose."""
    return LocalBlobs(settings.SURETY.photographs_dir)


def open_box(person_id: str, box: bytes) -> bytes:
    """What was sealed to a person. Raises SealError, also when their key was destroyed or never made."""
    key = PersonKey.objects.filter(person_id=person_id).first()
    if key is None or key.wrapped is None:
        raise sealing.SealError("the key of this person was destroyed; what was sealed to it cannot be opened")
    private = masters.unwrap(bytes(key.wrapped), key.master)
    return sealing.open_sealed(private, box)


def photograph(person_id: str, sha256: str) -> bytes:
    """One photograph as it was sent. Raises BlobNotFoundError, BlobsUnavailableError or SealError."""
    if not person_id or not sha256:
        raise BlobNotFoundError("no photograph is named")
    return open_box(person_id, blobs().get(name_of(person_id, sha256)))


def what_goes_when(person_id: str, now_ms: int) -> "list[Going]":
    """What is kept of a person and when it goes, the next first: for the record tab and the person's own page."""
    from surety.server.records import plan  # noqa: PLC0415 - it reads cases, which keep keys and documents here

    return plan.what_goes_when(person_id, now_ms)


def certificate(person_id: str) -> Erasure | None:
    """The erasure of a person, whatever its state; None: there is none."""
    return Erasure.objects.filter(pk=person_id).first()
