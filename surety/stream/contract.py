"""What a log promises, and what its callers may not assume.

Promises: `append` returns only after every record given to it is durable (a crash of any process or of the machine
does not lose it); sequence numbers grow; a record, once visible to `read`, never changes and never moves.
Not promised: that sequence numbers are without gaps; that a record appended twice is stored once (consumers know a
record again by its facts' ids); that records of different people are in the order in which they were sent.
A caller reads forward from the position it committed together with what it made of the records.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

PARTITIONS = 64  # people are spread over these; a worker owns whole partitions


class Entry(msgspec.Struct, frozen=True):
    """One message to append: the person it concerns and the facts it carried, encoded by `rules.facts.encode`."""

    person_id: str
    device_id: str
    protocol: str
    received_ms: int
    facts: tuple[bytes, ...]


class Record(msgspec.Struct, frozen=True):
    """An entry as the log keeps it, with its place in the log."""

    seq: int
    partition: int
    entry: Entry


class StreamUnavailableError(Exception):
    """The log could not make a record durable now (disk full, database locked or away). Trying again may help."""


class Stream(Protocol):
    """The log. Drivers: `sql.SqliteStream`, `sql.PostgresStream`; each passes tests/stream/test_contract.py."""

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Make all entries durable together (one group commit); their sequence numbers, in order.

        Raises StreamUnavailableError when it could not; then none of them is in the log.
        """

    def read(self, after_seq: int, limit: int, partitions: frozenset[int] | None = None) -> list[Record]:
        """At most `limit` records with seq > after_seq, oldest first, of these partitions (None: all).

        Never shows a record while one with a smaller seq may still become visible.
        """

    def last_seq(self) -> int:
        """The greatest sequence number that `read` could show now; 0 for an empty log."""

    def trim(self, up_to_seq: int) -> int:
        """Delete records with seq <= up_to_seq, which every consumer has taken; how many went."""

    def erase(self, device_id: str, up_to_seq: int) -> int:
        """Delete the records of one device (or link) with seq <= up_to_seq, which every consumer has taken; how many.

        For what must not be kept any longer, such as the places of somebody who has withdrawn their consent.
        """

    def erase_person(self, person_id: str, up_to_seq: int) -> int:
        """Delete what is kept of one person: records with seq <= up_to_seq, which every consumer has taken; how many.

        For the erasure of somebody's records. What was deleted is in the driver's files no more when this returns, as
        far as the driver can see to it.
        """

    def close(self) -> None:
        """Free what the driver holds. Nothing acknowledged is lost by closing or by not closing."""


def partition_of(person_id: str) -> int:
    """The partition of a person, the same in every process and for ever (FNV-1a, 32 bit)."""
    h = 0x811C9DC5
    for byte in person_id.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h % PARTITIONS
