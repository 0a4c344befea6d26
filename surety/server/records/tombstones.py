"""Beside the database, a small file for each person who was erased: so that a backup brings nobody back.

A backup from before an erasure still holds the person's wrapped key. When it is restored, the daily erasure finds who
has such a file and a key, destroys the key again and deletes everything once more. Hence the folder is kept when a
backup is restored: it is copied along with the latest data, and never taken from an old backup (docs/retention.md).
A file's name is the person's id, which means nothing to anybody by then.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

PERSON, PROTECTED = "person", "protected"


def put(person_id: str, *, is_protected: bool) -> None:
    """Make the mark durable; it may be there already. Raises OSError."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / person_id
    if file.exists() and file.stat().st_size:
        return
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as writing:
        writing.write(PROTECTED if is_protected else PERSON)
        writing.flush()
        os.fsync(writing.fileno())
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def marked() -> Iterator[tuple[str, bool]]:
    """Everybody who was erased, in order of their ids, and whether they were a protected person."""
    folder = _folder()
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield file.name, file.read_text() == PROTECTED


def _folder() -> Path:
    return settings.SURETY.erased_dir
