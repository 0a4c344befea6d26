"""One person's facts through the rules, in order of time; what comes late is rewind.py's.

Nothing here writes: what is to be stored is gathered in a `Harvest`.
"""

from collections.abc import Sequence

import msgspec

from surety.rules.facts import ConditionsChanged, Tick
from surety.rules.findings import Finding
from surety.server.monitoring import snapshots
from surety.server.monitoring.batch import Arrival, SnapshotRow
from surety.server.monitoring.memory import Person, Rules


class RulesFailedError(Exception):
    """The rules raised: on this arrival, or (None) on a wake-up or on a fact that had been stored before."""

    def __init__(self, arrival: Arrival | None, cause: Exception, *, at_wake_up: bool = False) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.arrival, self.at_wake_up = arrival, at_wake_up


class LateError(Exception):
    """A fact is earlier than what the state has taken: the person's facts must be replayed from before it."""


class Harvest(msgspec.Struct):
    """What one person's facts and wake-ups gave."""

    findings: list[Finding]
    snapshots: list[SnapshotRow]
    new_day: bool = False  # a snapshot is the first of its day
    quiet: list[Finding] = []
    superseded: list[tuple[str, str]] = []
    outdated_after_ms: int | None = None


class Stepper:
    """Takes a person (changed in place) through facts, in the order in which they are given."""

    def __init__(self, rules: Rules, person: Person) -> None:
        self.rules, self.person = rules, person
        self.findings: list[Finding] = []
        self.snapshots: list[SnapshotRow] = []
        self.new_day = False

    def take(self, arrival: Arrival, *, stored: bool = False) -> None:
        """Step over a fact. Raises LateError, or RulesFailedError (naming the arrival unless it was stored before)."""
        person, at_ms = self.person, arrival.at_ms
        if at_ms > person.at_ms and snapshots.due(at_ms, person.at_ms, person.phase_ms, person.facts_since_snapshot):
            self._snapshot()
        try:
            step = self.rules.step(person.state, arrival.fact, person.plan)
        except Exception as error:
            raise RulesFailedError(None if stored else arrival, error) from error
        if step.late:
            raise LateError
        person.awake = step.state
        person.wake_at_ms = step.wake_at_ms
        person.head = (at_ms, arrival.fact_id)
        person.at_ms = max(person.at_ms, at_ms)
        person.facts_since_snapshot += 1
        if step.findings:
            self.findings.extend(step.findings)

    def tick(self, to_ms: int) -> None:
        """Let time pass up to `to_ms`, when something is due by then."""
        person = self.person
        if person.wake_at_ms is None or person.wake_at_ms > to_ms:
            return
        try:
            step = self.rules.step(person.state, Tick(to_ms), person.plan)
        except Exception as error:
            raise RulesFailedError(None, error, at_wake_up=True) from error
        person.awake = step.state
        person.wake_at_ms = step.wake_at_ms
        person.at_ms = max(person.at_ms, to_ms)
        self.findings.extend(step.findings)

    def _snapshot(self) -> None:
        person = self.person
        self.snapshots.append(SnapshotRow(person.id, person.at_ms, self.rules.encode_state(person.state)))
        self.new_day |= person.snapshot_ms // snapshots.DAY_MS != person.at_ms // snapshots.DAY_MS
        person.snapshot_ms = person.at_ms
        person.facts_since_snapshot = 0


def forward(rules: Rules, person: Person, arrivals: Sequence[Arrival], tick_to_ms: int) -> Harvest:
    """Take arrivals (sorted, none of them stored before), then run what is due by `tick_to_ms`.

    Raises LateError when one of them belongs before what the person's state has taken; the state is then as good as
    lost and must be made anew by `rewind`.
    """
    if arrivals and ((arrivals[0].at_ms, arrivals[0].fact_id) <= person.head or _changes_the_past(person, arrivals)):
        raise LateError
    stepper = Stepper(rules, person)
    for arrival in arrivals:
        stepper.take(arrival)
    stepper.tick(tick_to_ms)
    return Harvest(stepper.findings, stepper.snapshots, stepper.new_day)


def _changes_the_past(person: Person, arrivals: Sequence[Arrival]) -> bool:
    """Whether conditions changed at a time that the state has passed: what came since is judged anew."""
    if arrivals[0].at_ms > person.at_ms:
        return False
    return any(one.at_ms <= person.at_ms and isinstance(one.fact, ConditionsChanged) for one in arrivals)
