"""How far a worker has read, partition by partition, in the log and in the changes of conditions."""

from collections.abc import Sequence

import msgspec

from surety.server.cases.models import ChangeNotice
from surety.server.monitoring import actions, queries
from surety.server.monitoring.batch import Move
from surety.stream.contract import Record

# A position is moved over records of other partitions when at least this many were passed: rarely, but often enough
# that none is read over again and again, and that the log can be trimmed.
_PASSED = 1_000


class Positions(msgspec.Struct):
    """Read positions by partition."""

    log: dict[int, int]
    changes: dict[int, int]

    @classmethod
    def load(cls, partitions: frozenset[int]) -> "Positions":
        """As committed last; a partition that was never read begins at the log's beginning."""
        names = [name(kind, partition) for kind in ("log", "changes") for partition in sorted(partitions)]
        known = queries.positions(names)
        if missing := [one for one in names if one not in known]:
            actions.open_positions(missing)
        return cls(
            {partition: known.get(name("log", partition), 0) for partition in partitions},
            {partition: known.get(name("changes", partition), 0) for partition in partitions},
        )

    @property
    def log_from(self) -> int:
        """After which record to read on."""
        return min(self.log.values())

    @property
    def changes_from(self) -> int:
        """After which change to read on."""
        return min(self.changes.values())

    def moves(self, records: Sequence[Record], notices: Sequence[ChangeNotice], passed_seq: int) -> list[Move]:
        """Where the positions go. `passed_seq`: everything up to there has been seen, of these partitions or not."""
        log_to = records[-1].seq if records else 0
        if passed_seq - self.log_from >= _PASSED:
            log_to = max(log_to, passed_seq)
        changes_to = notices[-1].pk if notices else 0
        return [*_moves("log", self.log, log_to), *_moves("changes", self.changes, changes_to)]

    def moved(self, moves: Sequence[Move]) -> None:
        """Take over what was committed."""
        for move in moves:
            kind, _, partition = move.consumer.partition(":")
            (self.log if kind == "log" else self.changes)[int(partition)] = move.to_seq


def name(kind: str, partition: int) -> str:
    """The consumer's name in ReadPosition."""
    return f"{kind}:{partition:02d}"


def _moves(kind: str, positions: dict[int, int], to_seq: int) -> list[Move]:
    return [Move(name(kind, partition), seq, to_seq) for partition, seq in positions.items() if seq < to_seq]
