"""Exports of the log, and proofs from it."""

import os
from collections.abc import Callable
from pathlib import Path

from surety.ledger import entries, notes, proofs
from surety.ledger.entries import leaf
from surety.server.audit import checkpoints
from surety.server.audit.chain import line_of
from surety.server.audit.models import Entry
from surety.server.errors import ConflictError, InvalidError, NotFoundError


def export(file: Path, told: Callable[[int], None]) -> int:
    """Write the log to a file, or go on where an earlier export of it stopped; how many entries it then has.

    `told` is called with the number of entries now and then. Raises OSError, or InvalidError: it is another file.
    """
    done, length = _begun(file)
    with file.open("r+b" if file.exists() else "xb") as out:
        file.chmod(0o600)
        out.truncate(length)
        out.seek(length)
        for text in checkpoints.lines_after(done):
            out.write(text.encode() + b"\n")
            done += 1
            if done % 1000 == 0:
                told(done)
        out.flush()
        os.fsync(out.fileno())
    return done


def _begun(file: Path) -> tuple[int, int]:
    """How many entries an earlier export wrote whole, and how many bytes they take."""
    if not file.exists():
        return 0, 0
    done = length = 0
    last = b""
    with file.open("rb") as known:
        for line in known:
            if not line.endswith(b"\n"):
                break  # cut short; it is written anew
            done, length, last = done + 1, length + len(line), line
    if done and not _is_entry(done, last):
        raise InvalidError(f"{file} is no export of this log; name another file.", field="file")
    return done, length


def _is_entry(seq: int, line: bytes) -> bool:
    row = Entry.objects.filter(seq=seq).first()
    return row is not None and entries.written(line_of(row)).encode() == line.rstrip(b"\n")


def prove(seq: int) -> str:
    """The proof that an entry is in the log, against the first checkpoint that covers it. Raises RefusedError."""
    row = Entry.objects.filter(seq=seq).first()
    if row is None:
        raise NotFoundError(f"There is no entry {seq}.")
    for size, text in _signed():
        if size >= seq:
            return proofs.inclusion(line_of(row), _leaves(size), text)
    raise ConflictError(f"Entry {seq} is not covered by a checkpoint yet; one is signed every few minutes.")


def prove_consistency(old_size: int, new_size: int) -> str:
    """The proof that the log at one checkpoint begins with the log at an earlier one. Raises RefusedError."""
    known = dict(_signed())
    for size in (old_size, new_size):
        if size not in known:
            raise NotFoundError(f"There is no checkpoint over {size} entries.")
    if old_size > new_size:
        raise InvalidError("Name the smaller checkpoint first.", field="old")
    old = notes.opened(known[old_size], checkpoints.public_key())
    return proofs.consistency(_leaves(new_size), old, known[old_size], known[new_size])


def _signed() -> list[tuple[int, str]]:
    found = checkpoints.texts(checkpoints.folders()[0])
    return [(int(name.removesuffix(".txt")), text) for name, text in sorted(found.items())]


def _leaves(size: int) -> list[bytes]:
    rows = Entry.objects.filter(seq__lte=size).order_by("seq").iterator(chunk_size=2000)
    return [leaf(line_of(row)) for row in rows]
