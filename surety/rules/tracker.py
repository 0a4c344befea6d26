"""What a rule beside the duties of place and time looks like: one small record per condition, moved by facts and time.

A rule is a `Tracker`: it says what a condition asks of it (`asks_of`), how a record begins and ends, when it wants to
be woken, and what facts do to it. It never reads a clock, and gives a new record instead of changing the old one. The
clockwork calls; `trackers.py` lists all rules. A rule costs a fix nothing: fixes are given only to records that wait
for one.
"""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from surety.rules.conditions import Area, Condition
from surety.rules.facts import Fact, Millis
from surety.rules.findings import Finding
from surety.rules.grounds import Numbers
from surety.rules.leave import Leave
from surety.rules.presence import Mode
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import Record


class RowOf(Protocol):
    """The row of the evidence in which an area is watched; the same area in the same mode has one row."""

    def __call__(self, area: Area, mode: Mode, grown_m: float = 0.0) -> int:
        """`grown_m`: the area and everything within so many metres of it."""


class Ask(msgspec.Struct, frozen=True):
    """What one version of a condition asks of one rule, in an epoch in which nothing changes."""

    condition_id: str
    version: int


AskT = TypeVar("AskT", bound=Ask)
RecordT = TypeVar("RecordT", bound=Record)


class Tracker(Generic[AskT, RecordT]):
    """One rule. Every method is total and depends on nothing but its arguments."""

    ask_type: type[AskT]
    record_type: type[RecordT]

    def asks_of(self, condition: Condition, row_of: RowOf) -> Sequence[AskT]:  # noqa: ARG002 - nothing by default
        """What a condition asks of this rule; nothing for a condition that does not concern it."""
        return ()

    # Part of what every rule is given; this one does not need it all.
    def asks_under(self, condition: Condition, row_of: RowOf, leaves: Sequence[Leave]) -> Sequence[AskT]:  # noqa: ARG002
        """The same for a rule that leave concerns: `leaves` are those in force that cover the condition."""
        return self.asks_of(condition, row_of)

    def opened(self, ask: AskT, scene: Scene) -> RecordT:
        """The record when the condition comes into force."""
        raise NotImplementedError

    def carried(self, record: RecordT, ask: AskT, scene: Scene) -> RecordT:  # noqa: ARG002 - for rules that need the time
        """The record under the next version, or in the next epoch. Rows of the evidence may have moved."""
        return msgspec.structs.replace(record, version=ask.version)

    def due(self, record: RecordT, ask: AskT, scene: Scene) -> Millis:  # noqa: ARG002 - the same
        """When to be woken if nothing comes; END for never. May be too early, never too late."""
        return END

    def follows_ms(self, record: RecordT, ask: AskT) -> int | None:  # noqa: ARG002 - the same
        """How long after the last message, where `due` is that and no more; None where it is anything else."""
        return None

    def woken(self, record: RecordT, ask: AskT, scene: Scene) -> tuple[RecordT, list[Finding]]:  # noqa: ARG002 - the same
        """It is `due`."""
        return record, []

    def waits(self, record: RecordT) -> bool:  # noqa: ARG002 - the same
        """Whether the next fix is to be given to `taken`. Fixes are not, otherwise; every other fact always is."""
        return False

    # Part of what every rule is given; this one does not need it all.
    def taken(self, record: RecordT, ask: AskT, fact: Fact, scene: Scene) -> tuple[RecordT, list[Finding]]:  # noqa: ARG002
        """A fact has come; `scene` is what was known before it, at the fact's own time."""
        return record, []

    # Part of what every rule is given; this one does not need it all.
    def looked(self, record: RecordT, ask: AskT, scene: Scene) -> tuple[RecordT, list[Finding]]:  # noqa: ARG002
        """The evidence of place has changed what it says, or a window has turned."""
        return record, []

    # Part of what every rule is given; this one does not need it all.
    def numbers(self, record: RecordT, ask: AskT, finding: Finding, scene: Scene) -> Numbers:  # noqa: ARG002
        """What this rule has to add to the evidence of a finding of a duty."""
        return {}

    # Part of what every rule is given; this one does not need it all.
    def heard(self, record: RecordT, ask: AskT, finding: Finding, scene: Scene) -> tuple[RecordT, list[Finding]]:  # noqa: ARG002
        """A duty of place and time has found something."""
        return record, []

    def closed(self, record: RecordT, scene: Scene) -> list[Finding]:  # noqa: ARG002 - the same
        """The condition is no longer in force: end what is going on."""
        return []
