"""What a store of photographs promises, and what its callers may not assume.

Promises: `put` returns only when the bytes are durable; the same name put twice holds what was put first; `get` gives
the whole or raises. Not promised: that a name that was deleted can be had again; any order of names.
A store sees sealed bytes alone (surety/blobs/sealing.py) and can read none of them.
"""

import re
from collections.abc import Iterator
from typing import Protocol

_NAME = re.compile(r"^[0-9a-f]{32}/[0-9a-f]{64}$")


class BlobsUnavailableError(Exception):
    """The store cannot read or write now (disk full, away). Trying again may help."""


class BlobNotFoundError(Exception):
    """There is nothing under this name, or it was erased."""


def name_of(person_id: str, sha256: str) -> str:
    """The name of a photograph: the person, and the SHA-256 of the picture before it was sealed.

    Raises ValueError unless they are 32 and 64 hex digits: a name is a path, so nothing else may be in it.
    """
    name = f"{person_id}/{sha256}"
    if not _NAME.match(name):
        raise ValueError("a photograph is named by a person's id and a SHA-256, in lower-case hex digits")
    return name


class Blobs(Protocol):
    """The store. Driver: `local.LocalBlobs`; tests/blobs/test_contract.py holds what it promises."""

    def put(self, name: str, data: bytes) -> None:
        """Make the bytes durable under the name. Raises BlobsUnavailableError; then nothing is there."""

    def get(self, name: str) -> bytes:
        """The bytes. Raises BlobNotFoundError or BlobsUnavailableError."""

    def has(self, name: str) -> bool:
        """Whether something is there. Raises BlobsUnavailableError."""

    def delete(self, name: str) -> bool:
        """Delete; whether something was there. Raises BlobsUnavailableError."""

    def names(self, person_id: str = "") -> Iterator[str]:
        """Every name, or those of one person. Raises BlobsUnavailableError."""
