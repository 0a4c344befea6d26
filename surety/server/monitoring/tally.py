"""A sum over the bytes of a person's facts, in whatever order: one that is missing, added or changed shows.

It guards against what goes wrong with tables - a restored backup, a hand in the database, a fault of a disk - and not
against somebody who can compute it too; the audit log's chain is for that.
"""

import hashlib

_MODULUS = 1 << 128  # a sum of 128-bit digests that is right by chance does not happen


def add(tally: int, body: bytes) -> int:
    """The tally with one fact more."""
    return (tally + int.from_bytes(hashlib.blake2b(body, digest_size=16).digest(), "big")) % _MODULUS


def without(tally: int, body: bytes) -> int:
    """The tally with one fact less, which was deleted by design."""
    return (tally - int.from_bytes(hashlib.blake2b(body, digest_size=16).digest(), "big")) % _MODULUS


def to_text(tally: int) -> str:
    """As it is stored."""
    return f"{tally:032x}"


def from_text(text: str) -> int:
    """What was stored."""
    return int(text, 16)
