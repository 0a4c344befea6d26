"""The one place where what this room keeps of people is sealed to their key, and opened again (records/vault.py).

Ids, kinds and instants stay readable, as the system searches by them; what a fact, a finding or the rules' memory says
is nobody's to read without the person's key, in a backup neither. Whoever's key was destroyed has nothing to be read.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from surety.rules.findings import Finding, to_json
from surety.server.monitoring.batch import Batch, SetAsideRow
from surety.server.records import vault
from surety.server.records.vault import BrokenBoxError, KeyDestroyedError

FACT, FINDING, STATE = "fact", "finding", "state"  # a fact that was set aside is sealed as the fact that it is
Row = tuple[Any, ...]


class ErasedError(Exception):
    """What was to be stored is of people whose key was destroyed. Nothing was stored."""

    def __init__(self, people: set[str]) -> None:
        super().__init__(f"the keys of {len(people)} people were destroyed")
        self.people = people


def seal(person_id: str, body: bytes, purpose: str) -> bytes:
    """A body as it is stored; an empty one stays so. Raises KeyDestroyedError."""
    return vault.encrypt(person_id, body, purpose=purpose) if body else b""


def unseal(person_id: str, box: "bytes | memoryview[int]", purpose: str) -> bytes:
    """What `seal` was given. Raises KeyDestroyedError, or BrokenBoxError."""
    return vault.decrypt(person_id, bytes(box), purpose=purpose) if box else b""


def open_state(person_id: str, box: "bytes | memoryview[int]") -> bytes:
    """The bytes of a state or snapshot; a box that was changed gives none, which no rules can read."""
    try:
        return unseal(person_id, box, STATE)
    except BrokenBoxError:
        return b""


def open_finding(person_id: str, box: "bytes | memoryview[int]") -> Finding:
    """The finding in a box. Raises KeyDestroyedError, BrokenBoxError or msgspec.MsgspecError."""
    return msgspec.json.decode(unseal(person_id, box, FINDING), type=Finding)


def readable(person_id: str) -> bool:
    """Whether the key of a person was not destroyed; who never had one has nothing that could not be read."""
    return not vault.warm([person_id])


class Boxes(msgspec.Struct, frozen=True):
    """The rows of a batch as they are stored: the last column of each is sealed; findings have their box beside."""

    facts: list[Row]
    states: list[Row]
    snapshots: list[Row]
    set_aside: list[Row]
    findings: list[tuple[Finding, bytes]]


def boxes_of(batches: Sequence[Batch]) -> list[Boxes]:
    """Seal what several batches hold, before any transaction: keys that are missing are made. Raises ErasedError."""
    people = {row.person_id for batch in batches for row in batch.states}
    people.update(row.person_id for batch in batches for row in batch.set_aside if row.body)
    erased = vault.warm(people, make=True)
    try:
        if not erased:
            return [_boxes(batch) for batch in batches]
    except KeyDestroyedError:  # meanwhile
        erased = vault.warm(people)
    raise ErasedError(erased)


def _aside(row: SetAsideRow) -> Row:
    return row._replace(body=seal(row.person_id, row.body, FACT))


def _boxes(batch: Batch) -> Boxes:
    encrypt = vault.encrypt
    return Boxes(
        facts=[(*row[:-1], encrypt(row[1], row[-1], purpose=FACT)) for row in batch.facts],
        states=[(*row[:-1], encrypt(row[0], row[-1], purpose=STATE)) for row in batch.states],
        snapshots=[(*row[:-1], encrypt(row[0], row[-1], purpose=STATE)) for row in batch.snapshots],
        set_aside=[_aside(row) for row in batch.set_aside],
        findings=[
            (finding, encrypt(finding.person_id, to_json(finding), purpose=FINDING))
            for finding in (*batch.findings, *batch.quiet)
        ],
    )


__all__ = ["BrokenBoxError", "KeyDestroyedError"]
