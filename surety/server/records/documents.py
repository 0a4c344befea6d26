"""Documents of a case: each sealed to the person's key before it is written, with its hash and who gave it.

A file is put in the store first and its row is written after: a kill in between leaves a sealed file that no row
names, which the daily erasure sweeps (erasing.py), never a row without its file.
"""

import hashlib
import re
from collections.abc import Collection

from django.conf import settings

from surety.blobs import sealing
from surety.blobs.contract import BlobNotFoundError, BlobsUnavailableError, name_of
from surety.blobs.local import LocalBlobs
from surety.server.accounts.models import User
from surety.server.audit import actions as audit
from surety.server.errors import ConflictError, InvalidError, NotFoundError
from surety.server.records import actions, queries, vault
from surety.server.records.models import Document, DocumentKind
from surety.server.records.sealed import ERASED

LARGEST_BYTES = 20 * 1024 * 1024
# What a browser shows or saves without running anything in it, by how it begins.
_BEGINS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
PURPOSE = "document"


def store() -> LocalBlobs:
    """Where documents lie: beside the photographs, in a folder of their own."""
    return LocalBlobs(settings.SURETY.documents_dir)


def keep(
    person_id: str,
    data: bytes,
    *,
    kind: DocumentKind,
    name: str,
    acting_user: User | None,
    now_ms: int,
    field: str = "document",
) -> Document:
    """Keep a document and enter it in the audit log, in the caller's transaction.

    Raises InvalidError, or ConflictError when nothing can be written; `field` is what they name.
    """
    media_type = media_type_of(data, field)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        sealed = sealing.seal(actions.public_key(person_id, now_ms=now_ms), data)
        store().put(name_of(person_id, sha256), sealed)
    except BlobsUnavailableError as error:
        raise ConflictError("Documents cannot be written now. Try again in a minute.", field=field) from error
    row = Document.objects.create(
        person_id=person_id,
        kind=kind,
        name=vault.encrypt_text(person_id, _plain(name), purpose=PURPOSE),
        media_type=media_type,
        size=len(data),
        sha256=sha256,
        kept_ms=now_ms,
        kept_by_name=str(acting_user) if acting_user else audit.SYSTEM_NAME,
    )
    _note("document.kept", row, acting_user, now_ms)
    return row


def media_type_of(data: bytes, field: str = "document") -> str:
    """What form a document has, by its bytes and not by what it is called. Raises InvalidError: none that is kept."""
    if not 0 < len(data) <= LARGEST_BYTES:
        raise InvalidError("The document is empty or larger than 20 MB.", field=field)
    for begins, media_type in _BEGINS.items():
        if data.startswith(begins):
            return media_type
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        raise InvalidError("Give a PDF, a JPEG or PNG picture, or plain text.", field=field)
    return "text/plain"


def _note(action: str, row: Document, acting_user: User | None, now_ms: int) -> None:
    audit.record(
        action=action,
        actor=acting_user,
        subject_type="document",
        subject_id=row.pk,
        person_id=row.person_id,
        detail={"kind": row.kind, "sha256": row.sha256},
        at_ms=now_ms,
    )


def name_of_document(document: Document) -> str:
    """What a document was called; "erased" once the person's key was destroyed."""
    try:
        return vault.decrypt_text(document.person_id, bytes(document.name), purpose=PURPOSE)
    except vault.KeyDestroyedError:
        return ERASED


def read(document: Document, *, acting_user: User, now_ms: int) -> bytes:
    """A document as it was given; that it is read is entered in the audit log before. The caller has asked who may.

    Raises NotFoundError: the file or its key is gone; ConflictError: the store is away.
    """
    _note("document.read", document, acting_user, now_ms)
    try:
        box = store().get(name_of(document.person_id, document.sha256))
        return queries.open_box(document.person_id, box)
    except BlobsUnavailableError as error:
        raise ConflictError("Documents cannot be read now. Try again in a minute.") from error
    except (BlobNotFoundError, sealing.SealError) as error:
        raise NotFoundError("This document cannot be opened any more.") from error


def of_person(person_id: str, sha256: Collection[str]) -> dict[str, Document]:
    """The documents of a person with these hashes, by hash; of several that are equal the one kept first."""
    rows = Document.objects.filter(person_id=person_id, sha256__in=sha256).order_by("-kept_ms", "-pk")
    return {row.sha256: row for row in rows}


def _plain(name: str) -> str:
    """A file's name without what could be a path or a control character, at most 120 letters."""
    return re.sub(r"[\x00-\x1f/\\]+", "_", name).strip()[-120:] or "document"
