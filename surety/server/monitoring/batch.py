"""What one step of the worker made, gathered in memory and then stored in one transaction (actions.store)."""

from typing import NamedTuple

import msgspec

from surety.rules.facts import Fact
from surety.rules.findings import Finding
from surety.server.checkins.taking import Sent

NEVER_MS = -1  # "no such instant" in columns and keys that sort by time; every real fact is later


class Arrival(NamedTuple):
    """A fact that has come, before the rules took it. Sorts in the order in which the rules take facts."""

    at_ms: int
    fact_id: str
    fact: Fact
    body: bytes
    received_ms: int
    log_seq: int | None


class FactRow(NamedTuple):
    """A row of StoredFact."""

    fact_id: str
    person_id: str
    at_ms: int
    received_ms: int
    processed_ms: int
    body: bytes


class StateRow(NamedTuple):
    """A row of PersonState."""

    person_id: str
    at_ms: int
    wake_at_ms: int | None
    conditions_revision: int
    head_ms: int
    head_fact_id: str
    snapshot_ms: int
    facts_since_snapshot: int
    facts: int
    facts_tally: str
    body: bytes


class SnapshotRow(NamedTuple):
    """A row of Snapshot."""

    person_id: str
    at_ms: int
    body: bytes


class SetAsideRow(NamedTuple):
    """A row of SetAside."""

    log_seq: int | None
    person_id: str
    reason: str
    sentence: str
    body: bytes
    received_ms: int
    set_aside_ms: int


class Move(NamedTuple):
    """That a read position goes from what it was to a later record."""

    consumer: str
    from_seq: int
    to_seq: int


class Batch(msgspec.Struct):
    """Everything that commits together."""

    facts: list[FactRow] = []
    states: list[StateRow] = []
    # (person, at): snapshots after it no longer hold, since a fact came or conditions changed before them.
    outdated: list[tuple[str, int]] = []
    # People with a first snapshot of a day: their older ones are thinned.
    to_thin: list[str] = []
    snapshots: list[SnapshotRow] = []
    findings: list[Finding] = []
    # Derived again with other evidence but the same conclusion: stored anew, no news to the desk.
    quiet: list[Finding] = []
    # (finding that fell away, the one that took its place or "")
    superseded: list[tuple[str, str]] = []
    # Photographs that came for check-ins, with their person.
    sent: list[Sent] = []
    set_aside: list[SetAsideRow] = []
    moves: list[Move] = []

    @property
    def empty(self) -> bool:
        """Whether there is nothing to store."""
        return not (self.states or self.moves or self.set_aside)
