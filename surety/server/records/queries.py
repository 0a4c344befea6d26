"""The reader of people's keys, and of what is sealed to them."""

from django.conf import settings

from surety.blobs import sealing
from surety.blobs.contract import BlobNotFoundError, Blobs, name_of
from surety.blobs.local import LocalBlobs
from surety.server.records.models import PersonKey


def blobs() -> Blobs:
    """The store of photographs that the settings choose."""
    return LocalBlobs(settings.SURETY.photographs_dir)


def open_box(person_id: str, box: bytes) -> bytes:
    """What was sealed to a person. Raises SealError, also when their key was destroyed or never made."""
    key = PersonKey.objects.filter(person_id=person_id).first()
    if key is None or key.wrapped is None:
        raise sealing.SealError("the key of this person was destroyed; what was sealed to it cannot be opened")
    private = sealing.unwrap(sealing.master_key(settings.SURETY.master_key_file), bytes(key.wrapped))
    return sealing.open_sealed(private, box)


def photograph(person_id: str, sha256: str) -> bytes:
    """One photograph as it was sent. Raises BlobNotFoundError, BlobsUnavailableError or SealError."""
    if not person_id or not sha256:
        raise BlobNotFoundError("no photograph is named")
    return open_box(person_id, blobs().get(name_of(person_id, sha256)))
