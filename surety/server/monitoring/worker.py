"""The worker: reads the log and the changes of conditions, and lets the rules conclude. The only caller of the rules.

One step (`Worker.run_once`) computes in memory, outside any transaction, and then stores facts, states, findings,
alerts and read positions in one (actions.store). Whatever goes wrong before the commit, the memory is thrown away and
the same records are read again: an acknowledged fact takes effect exactly once.
"""

import logging
import os
import threading
from collections.abc import Collection, Sequence

import msgspec
from django.db import connection

from surety.clock import Clock
from surety.rules import engine
from surety.rules.findings import RULES_VERSION
from surety.server.alerts import incidents
from surety.server.cases import queries as cases
from surety.server.monitoring import actions, protected, queries
from surety.server.monitoring.batch import Batch
from surety.server.monitoring.intake import Intake
from surety.server.monitoring.memory import Memory, Person, Rules
from surety.server.monitoring.models import ALL_WORKER, WorkerHealth
from surety.server.monitoring.positions import Positions
from surety.server.monitoring.sealed import ErasedError
from surety.server.monitoring.taking import Taker
from surety.server.notices import actions as notices
from surety.server.steps import AWAY as GONE
from surety.server.steps import step_until, until_s
from surety.stream.contract import PARTITIONS, Stream

logger = logging.getLogger(__name__)

RECORDS_A_STEP = 2_000  # a transaction of some hundred milliseconds: pages that write need not wait long
TICKS_A_STEP = 2_000
PEOPLE_IN_MEMORY = 200_000
ALL_PARTITIONS = frozenset(range(PARTITIONS))
POLL_S = 0.05  # how long a fix may lie in the log of an idle system; a poll reads two indexes
LONGEST_PAUSE_S = 5.0  # between attempts while the database or the log is away
BEAT_S = 2.0
TRIM_S = 600.0
FLEET_S = 1.0
FLEET_MS = 60_000  # of the domain's time: how often it is asked whether many devices fail together
KEEP_LOG_MS = 72 * 3_600_000  # long enough to look into what a device sent over a long weekend
AWAY: tuple[type[Exception], ...] = (*GONE, actions.LostOwnershipError)  # the last: trying again may help too
SQLITE_CACHE_KIB = 65_536  # facts and states of many people are touched at random; SQLite's own 2 MiB would thrash


class Progress(msgspec.Struct, frozen=True):
    """What one step did. `idle`: nothing; wait for `next_wake_ms` or for something to arrive."""

    records: int = 0
    facts: int = 0
    changes: int = 0
    wake_ups: int = 0
    findings: int = 0
    superseded: int = 0
    rewound: int = 0
    set_aside: int = 0
    drained: bool = True
    next_wake_ms: int | None = None

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return self.drained and not (self.records or self.changes or self.wake_ups)


class Worker:
    """Takes the people of its partitions through the rules, one step a call.

    `grace_ms` is how long a wake-up waits for facts that are still on their way; it saves replays, nothing else.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        partitions: frozenset[int] = ALL_PARTITIONS,
        rules: Rules = engine,
        grace_ms: int = 0,
        records_a_step: int = RECORDS_A_STEP,
        people_in_memory: int = PEOPLE_IN_MEMORY,
    ) -> None:
        self._stream, self._rules = stream, rules
        self._partitions, self._grace_ms, self._limit = partitions, grace_ms, records_a_step
        self._memory = Memory(rules, cases.condition_sets, people_in_memory)
        self._positions: Positions | None = None
        self._unsure = False  # whether the memory may say something else than the database
        self.name = name_of(partitions)

    def run_once(self, now_ms: int) -> Progress:
        """One step: read, compute, store. Whatever it raises, nothing was stored and the next call begins afresh."""
        try:
            return self._step(now_ms)
        except AWAY:
            raise
        except ErasedError as erased:
            logger.info("%s: read anew, and what comes for them is set aside", erased)
            self._positions = None
            return self._step(now_ms)
        except Exception:  # the boundary of a batch: one person's trouble must not stop everybody's alerts
            logger.exception("a batch could not be stored; each person's part of it is stored by itself")
            self._positions = None
            return self._step(now_ms, apart=True)
        finally:
            if self._unsure:
                self._positions = None  # the memory may be ahead of the database: never trust it again

    def _step(self, now_ms: int, *, apart: bool = False) -> Progress:
        self._unsure = True
        positions = self._positions or self._open(now_ms)
        self._positions = positions
        intake, batch = Intake(now_ms), Batch()
        last_seq = self._stream.last_seq()
        records = self._stream.read(positions.log_from, self._limit, self._read_partitions)
        notices = queries.change_notices(positions.changes_from, self._limit)
        drained = len(records) < self._limit
        intake.add_records(records, positions.log)
        intake.add_changes(notices, positions.changes)
        # Whatever was received before the last record that was read has been read: time may pass up to then.
        # Of the future when the machine's clock was put back: what has not come yet is not concluded.
        tick_to_ms = (now_ms if drained else min(now_ms, records[-1].entry.received_ms)) - self._grace_ms
        due = self._memory.due(tick_to_ms, TICKS_A_STEP)
        taker = Taker(self._rules, self._memory, batch, tick_to_ms=tick_to_ms, now_ms=now_ms, apart=apart)
        touched = self._take(intake, due, taker)
        batch.set_aside += intake.set_aside
        batch.moves = positions.moves(records, notices, last_seq if drained else 0)
        failed = 0
        if taker.parts or not batch.empty:
            failed = actions.store(batch, taker.parts, now_ms=now_ms)
            positions.moved(batch.moves)
            self._memory.committed(touched)
        if intake.changed:
            self.erase(now_ms, intake.changed)
        self._unsure = failed > 0
        done = [batch, *taker.parts]
        return Progress(
            records=len(records),
            facts=sum(len(one.facts) for one in done),
            changes=len(intake.changed),
            wake_ups=len(due),
            findings=sum(len(one.findings) for one in done),
            superseded=sum(len(one.superseded) for one in done),
            rewound=sum(len(one.outdated) for one in done),
            set_aside=sum(len(one.set_aside) for one in done) + failed,
            drained=drained,
            next_wake_ms=self._memory.next_wake_ms(),
        )

    @property
    def _read_partitions(self) -> frozenset[int] | None:
        return None if self._partitions == ALL_PARTITIONS else self._partitions

    def _open(self, now_ms: int) -> Positions:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
        actions.use_rules(RULES_VERSION, now_ms)
        self._memory.open(self._partitions)
        return Positions.load(self._partitions)

    def _take(self, intake: Intake, due: Sequence[str], taker: Taker) -> list[Person]:
        """Take everybody concerned through what came; who was touched."""
        self._memory.reload_conditions(intake.changed)
        people = self._memory.people(intake.people.union(due))
        intake.drop_stored(people)
        wake_ups = set(due)
        touched = []
        for person_id, person in people.items():
            arrivals = intake.of(person_id)
            if arrivals or person_id in wake_ups:
                touched.append(taker.take(person, arrivals))
        return touched

    def erase(self, now_ms: int, people: Collection[str] | None = None) -> None:
        """Delete protected persons' positions that may not be kept: at once when somebody withdraws, else by age."""
        self._memory.forget(protected.erase(self._stream, self._partitions, now_ms, people=people))

    def beat(self, now_ms: int, error: str = "") -> None:
        """Leave a sign of life."""
        waiting, age_ms = self._lag(now_ms)
        position = self._positions.log_from if self._positions else 0
        actions.beat(
            WorkerHealth(
                name=self.name,
                process_id=os.getpid(),
                at_ms=now_ms,
                position=position,
                lag_records=waiting,
                lag_ms=age_ms,
                last_error=error,
            )
        )

    def _lag(self, now_ms: int) -> tuple[int, int]:
        """How many records wait at most, and how old the oldest of them is."""
        if self._positions is None:
            return 0, 0
        waiting = self._stream.read(self._positions.log_from, 1, self._read_partitions)
        if not waiting:
            return 0, 0
        behind = self._stream.last_seq() - waiting[0].seq + 1
        return max(behind, 1), max(now_ms - waiting[0].entry.received_ms, 0)

    def run_forever(self, clock: Clock, stop: threading.Event) -> None:
        """Step until `stop` is set. While the database or the log is away: wait, ever longer, and try again."""
        chores = _Chores(self, clock, first=0 in self._partitions)

        def step() -> float:
            now_ms = clock.now_ms()
            progress = self.run_once(now_ms)
            chores.do(now_ms)
            return self._idle_s(progress, clock)

        name = f"worker {self.name}"
        step_until(stop, step, name=name, first_pause_s=POLL_S, longest_pause_s=LONGEST_PAUSE_S, away=AWAY)

    def _idle_s(self, progress: Progress, clock: Clock) -> float:
        """Until the next poll, or until a wake-up that is due sooner; nothing while there is work."""
        if not progress.idle:
            return 0.0
        wake_ms = progress.next_wake_ms
        return until_s(None if wake_ms is None else wake_ms + self._grace_ms, clock, POLL_S)

    def trim(self, now_ms: int) -> None:
        """Empty the log of what everybody has taken long ago."""
        trim(self._stream, now_ms)


class _Chores:
    """What a worker does beside its steps, now and then. Some of it only the `first` one, which owns partition 0."""

    def __init__(self, worker: Worker, clock: Clock, *, first: bool) -> None:
        self._worker, self._speed, self._first = worker, clock.speed, first
        self._beat_ms = self._trim_ms = self._fleet_ms = 0

    def do(self, now_ms: int) -> None:
        """Do what is due."""
        if now_ms - self._beat_ms >= BEAT_S * 1000 * self._speed:
            self._worker.beat(now_ms)
            self._beat_ms = now_ms
            if self._first:
                notices.expire(now_ms)
        if self._first and now_ms - self._fleet_ms >= max(FLEET_MS, FLEET_S * 1000 * self._speed):
            incidents.watch(now_ms)
            self._fleet_ms = now_ms
        if now_ms - self._trim_ms >= TRIM_S * 1000:
            if self._first:
                self._worker.trim(now_ms)
            self._worker.erase(now_ms)
            self._trim_ms = now_ms


def name_of(partitions: frozenset[int]) -> str:
    """A worker's name in WorkerHealth, by its partitions: "worker:all", "worker:0-31", "worker:1,5-7"."""
    if partitions == ALL_PARTITIONS:
        return ALL_WORKER
    starts = sorted(one for one in partitions if one - 1 not in partitions)
    ends = sorted(one for one in partitions if one + 1 not in partitions)
    spans = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)]
    return f"worker:{','.join(spans)}"[:64]


def trim(stream: Stream, now_ms: int, keep_ms: int = KEEP_LOG_MS) -> int:
    """Delete records older than `keep_ms` that every partition's worker has taken; how many went."""
    up_to = _seq_received_before(stream, now_ms - keep_ms, queries.slowest_position())
    return stream.trim(up_to) if up_to else 0


def _seq_received_before(stream: Stream, received_ms: int, most: int) -> int:
    """The greatest position up to `most` behind which everything was received before an instant (by halving)."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        found = stream.read(middle - 1, 1)
        if found and found[0].entry.received_ms < received_ms and found[0].seq <= most:
            low = max(found[0].seq, middle)
        else:
            high = middle - 1
    return min(low, most)
