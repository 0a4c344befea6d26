"""Documents of a case: each sealed to the person's key before it is written, with its hash and who gave it.

A file is put in the store first and its row is written after: a kill in between leaves a sealed file that no row
names, which the daily erasure sweeps (erasing.py), never a row without its file.
"""

import hashlib
import re

from django.conf import settings

from surety.blobs import sealing
from surety.blobs.contract import BlobsUnavailableError, name_of
from surety.blobs.local import LocalBlobs
from surety.server.errors import ConflictError, InvalidError, NotFoundError
from surety.server.records import actions, queries, vault
from surety.server.records.models import Document, DocumentKind

LARGEST_BYTES = 20 * 1024 * 1024
# What a browser shows or saves without running anything in it.
MEDIA_TYPES = {
    "application/pdf": b"%PDF-",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "text/plain": b"",
}
PURPOSE = "document"


def store() -> LocalBlobs:
    """Where documents lie: beside the photographs, in a folder of their own."""
    return LocalBlobs(settings.SURETY.documents_dir)


def keep(
    person_id: str, data: bytes, *, kind: DocumentKind, name: str, media_type: str, by_name: str, now_ms: int
) -> Document:
    """Keep a document, in the caller's transaction. Raises InvalidError, or ConflictError: no room."""
    check(data, media_type)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        sealed = sealing.seal(actions.public_key(person_id, now_ms=now_ms), data)
        store().put(name_of(person_id, sha256), sealed)
    except BlobsUnavailableError as error:
        raise ConflictError("Documents cannot be written now. Try again in a minute.", field="document") from error
    return Document.objects.create(
        person_id=person_id,
        kind=kind,
        name=vault.encrypt_text(person_id, _plain(name), purpose=PURPOSE),
        media_type=media_type,
        size=len(data),
        sha256=sha256,
        kept_ms=now_ms,
        kept_by_name=by_name,
    )


def check(data: bytes, media_type: str) -> None:
    """A document has a size and a form that can be kept. Raises InvalidError."""
    if media_type not in MEDIA_TYPES or not data.startswith(MEDIA_TYPES[media_type]):
        raise InvalidError("Give a PDF, a JPEG or PNG picture, or plain text.", field="document")
    if not 0 < len(data) <= LARGEST_BYTES:
        raise InvalidError("The document is empty or larger than 20 MB.", field="document")


def name_of_document(document: Document) -> str:
    """What a document was called. Raises KeyDestroyedError."""
    return vault.decrypt_text(document.person_id, bytes(document.name), purpose=PURPOSE)


def read(document_id: str) -> bytes:
    """A document as it was given; the caller has asked who may, and has entered the reading in the audit log.

    Raises NotFoundError, BlobNotFoundError, BlobsUnavailableError or SealError.
    """
    document = Document.objects.filter(pk=document_id).first()
    if document is None:
        raise NotFoundError("There is no such document.")
    return queries.open_box(document.person_id, store().get(name_of(document.person_id, document.sha256)))


def _plain(name: str) -> str:
    """A file's name without what could be a path or a control character, at most 120 letters."""
    return re.sub(r"[\x00-\x1f/\\]+", "_", name).strip()[-120:] or "document"
