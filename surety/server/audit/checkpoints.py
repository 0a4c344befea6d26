"""Signed checkpoints of the log, put where whoever administers the database cannot change them.

The keeper signs one when there is something new. Before it signs, it goes on from the checkpoint before: from its edge
over every entry since then, and each must be chained. So a log that was rewritten behind a checkpoint is never signed
again, and `surety doctor` says so.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from surety import keyfile
from surety.ledger import notes, verifying
from surety.ledger.__main__ import notes_in
from surety.ledger.entries import FIRST_PREVIOUS, chained, leaf, written
from surety.ledger.merkle import Edge
from surety.ledger.notes import Checkpoint, Key
from surety.server.audit.chain import line_of
from surety.server.audit.models import Entry, Head

MOST_A_STEP = 20_000  # entries that one step hashes: about a second
KEY_BYTES = 32


class RewrittenError(Exception):
    """The log does not follow from its last checkpoint. Nothing is signed any more until somebody has found out why."""


class Newest(NamedTuple):
    """The newest checkpoint and its text; an empty text where there is none yet."""

    checkpoint: Checkpoint
    text: str


def folders() -> list[Path]:
    """Where checkpoints are put: beside the data, and wherever the settings say."""
    return [settings.SURETY.data_dir / "checkpoints", *map(Path, settings.SURETY.checkpoint_dirs.split())]


def private_key() -> bytes:
    """The key that signs; made at the first use. Raises OSError or KeyFileError."""
    return keyfile.kept(settings.SURETY.checkpoint_key_file, KEY_BYTES)


def public_key() -> Key:
    """The key with which others verify. Raises OSError or KeyFileError."""
    return notes.key_of(private_key())


def texts(folder: Path) -> dict[str, str]:
    """The checkpoints of a folder by file name; none where the folder is not there yet. Raises OSError."""
    return notes_in(folder) if folder.is_dir() else {}


def known() -> list[Checkpoint]:
    """Every checkpoint of every folder. Raises OSError, or BadNoteError with what is wrong with which."""
    return verifying.together([texts(folder) for folder in folders()], public_key())


def names(folder: Path) -> list[str]:
    """The names of a folder's checkpoints, the smallest first; none where the folder is not there. Raises OSError."""
    return sorted(file.name for file in folder.glob("*.txt")) if folder.is_dir() else []


def newest() -> Newest:
    """The newest of all folders: one file of each is read. Raises OSError or BadNoteError."""
    key, found = public_key(), Newest(Checkpoint(Edge(), 0, notes.FIRST, FIRST_PREVIOUS), "")
    for folder in folders():
        if here := names(folder):
            text = (folder / here[-1]).read_text(encoding="utf-8")
            one = notes.opened(text, key)
            found = Newest(one, text) if one.size > found.checkpoint.size else found
    return found


def step(now_ms: int) -> int | None:
    """The keeper's job: sign what is new, and see that every folder has every checkpoint.

    Raises RewrittenError, OSError or BadNoteError, which the keeper logs and tries again.
    """
    before = newest()
    entries = Head.objects.filter(id=1).values_list("seq", flat=True).first() or 0
    if entries < before.checkpoint.size:
        raise RewrittenError(f"The log has {entries} entries; a checkpoint covers {before.checkpoint.size}.")
    edge, last = _grown(before.checkpoint, MOST_A_STEP)
    if edge.size > before.checkpoint.size:
        previous = notes.digest(before.text) if before.text else notes.FIRST
        at_ms = max(now_ms, before.checkpoint.at_ms)
        folders()[0].mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(folders()[0], edge.size, notes.signed(Checkpoint(edge, at_ms, previous, last), private_key()))
    _spread(folders())
    return now_ms + 1 if edge.size < entries else now_ms + settings.SURETY.checkpoint_minutes * 60_000


def _grown(old: Checkpoint, most: int) -> tuple[Edge, str]:
    """The edge over the entries that follow, each chained to the one before it, and the hash of the last."""
    edge, link = Edge(old.size, old.edge.hashes), old.last
    if old.size and not Entry.objects.filter(seq=old.size, hash=link).exists():
        raise RewrittenError(f"Entry {old.size} is another than the last checkpoint covers; see `surety audit verify`.")
    for entry in Entry.objects.filter(seq__gt=old.size).order_by("seq")[:most].iterator(chunk_size=2000):
        line = line_of(entry)
        if line.seq != edge.size + 1 or line.previous_hash != link or line.hash != chained(line):
            raise RewrittenError(f"Entry {edge.size + 1} is not as it was written; see `surety audit verify`.")
        edge.append(leaf(line))
        link = line.hash
    return edge, link


def _spread(places: Sequence[Path]) -> None:
    """Put what one folder has into those that lack it: one that was away for a while has no gap afterwards.

    A folder that is not there is left alone: where a share is not mounted, its place on this disk is no other place.
    """
    there = {folder: set(names(folder)) for folder in places if folder.is_dir()}
    for folder, here in there.items():
        for name in sorted(set().union(*there.values()) - here):
            source = next(other for other, known in there.items() if name in known)
            _put(folder, int(name.removesuffix(".txt")), (source / name).read_text(encoding="utf-8"))


def _put(folder: Path, size: int, text: str) -> None:
    """Write durably and whole, and never over one that is there."""
    new = folder / f".{secrets.token_hex(8)}.new"
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(new, folder / verifying.file_name(size))
    finally:
        new.unlink(missing_ok=True)


def lines_after(seq: int) -> Iterator[str]:
    """The entries behind `seq` as lines of an export."""
    for entry in Entry.objects.filter(seq__gt=seq).order_by("seq").iterator(chunk_size=2000):
        yield written(line_of(entry))
