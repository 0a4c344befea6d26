"""The worker's memory of the people in its partitions, as last committed; a cache that may always be thrown away.

Wake-ups of all people stay in memory (a number each); states and conditions of the people heard of most recently do.
There may be many thousands of these: between two batches a state is kept as the bytes that were stored, a third of its
size and nothing for the garbage collector to walk through.
"""

import heapq
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

import msgspec
from django.db import connection

from surety.rules.conditions import ConditionSet
from surety.rules.engine import OtherStateError, Plan, State, Step
from surety.rules.facts import Fact, Tick
from surety.server.monitoring import snapshots, tally
from surety.server.monitoring.arrived import stored_after
from surety.server.monitoring.batch import NEVER_MS, StateRow
from surety.server.monitoring.bulk import fetch_in
from surety.server.monitoring.models import SetAsideReason
from surety.server.monitoring.sealed import open_state
from surety.server.records import vault
from surety.stream.contract import PARTITIONS, partition_of

logger = logging.getLogger(__name__)

LoadConditions = Callable[[Sequence[str]], dict[str, ConditionSet]]
_STATES = (
    "SELECT person_id, at_ms, wake_at_ms, head_ms, head_fact_id, snapshot_ms, facts_since_snapshot, facts,"
    " facts_tally, body"
    " FROM monitoring_personstate WHERE person_id IN (*)"
)
READ_AT_ONCE = 250  # people: conditions take ten times their room until they are planned for
ERASED = (SetAsideReason.ERASED, "The person's records were erased and their key destroyed; nothing of it is kept.")
_NO_PLAN = Plan(ConditionSet("", 0, ()))


class Rules(Protocol):
    """What the worker calls of surety.rules.engine."""

    def start(self, person_id: str) -> State:
        """The state before any fact."""

    def step(self, state: State, fact: Fact | Tick, conditions: Plan) -> Step:
        """The next state and what was found."""

    def encode_state(self, state: State) -> bytes:
        """The state as bytes."""

    def decode_state(self, data: bytes) -> State:
        """The state that `encode_state` wrote."""


class Person(msgspec.Struct, gc=False):
    """What the worker knows of one person. Changed while a batch is made; forgotten when the batch fails."""

    id: str
    decode: Callable[[bytes], State]
    plan: Plan
    trouble: tuple[str, str] | None = None  # (reason, sentence) why nothing of this person can be taken
    at_ms: int = NEVER_MS  # how far the state was advanced, by a fact or a tick
    wake_at_ms: int | None = None
    head: tuple[int, str] = (NEVER_MS, "")  # the newest fact taken
    snapshot_ms: int = NEVER_MS
    facts_since_snapshot: int = 0
    facts: int = 0
    tally: int = 0  # see tally.py
    phase_ms: int = 0  # see snapshots.due
    unread: bytes | None = None  # the stored state, while it is of other rules and could not be made anew yet
    body: bytes = b""  # the state at rest
    awake: State | None = None  # the state while facts move it on

    @property
    def state(self) -> State:
        """The state as facts and ticks have moved it so far."""
        if self.awake is None:
            self.awake = self.decode(self.body)
        return self.awake

    def rest(self, body: bytes) -> StateRow:
        """Keep the encoded state alone until the next facts; what is stored (the state that is yet to be made anew)."""
        self.body, self.awake = body, None
        return StateRow(
            self.id,
            self.at_ms,
            self.wake_at_ms,
            self.plan.revision,
            self.head[0],
            self.head[1],
            self.snapshot_ms,
            self.facts_since_snapshot,
            self.facts,
            tally.to_text(self.tally),
            body if self.unread is None else self.unread,
        )


class Memory:
    """People by id, loaded many at a time; the least recently used go first when there are more than `most`."""

    def __init__(self, rules: Rules, load_conditions: LoadConditions, most: int) -> None:
        self._rules, self._load_conditions, self._most = rules, load_conditions, most
        self._people: OrderedDict[str, Person] = OrderedDict()
        self._wake_at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._people)

    def open(self, partitions: frozenset[int]) -> None:
        """Forget everything, and learn anew when each person of these partitions wants to be woken."""
        self._people.clear()
        with connection.cursor() as cursor:
            cursor.execute("SELECT person_id, wake_at_ms FROM monitoring_personstate WHERE wake_at_ms IS NOT NULL")
            rows = cursor.fetchall()
        self._wake_at = {person_id: at_ms for person_id, at_ms in rows if partition_of(person_id) in partitions}
        self._heap = [(at_ms, person_id) for person_id, at_ms in self._wake_at.items()]
        heapq.heapify(self._heap)

    def people(self, ids: Collection[str]) -> dict[str, Person]:
        """These people; who is not in memory is read, and who has no state yet begins one."""
        people = self._people
        missing = [person_id for person_id in ids if person_id not in people]
        for start in range(0, len(missing), READ_AT_ONCE):
            people.update(self.read(missing[start : start + READ_AT_ONCE]))
        for person_id in ids:
            people.move_to_end(person_id)
        return {person_id: people[person_id] for person_id in ids}

    def read(self, ids: Sequence[str]) -> dict[str, Person]:
        """These people as last committed, past the memory."""
        erased = vault.warm(ids)
        conditions = self._load_conditions(ids)
        stored = {row[0]: row for row in fetch_in(_STATES, ids) if row[0] not in erased}
        known = {row[0] for row in fetch_in("SELECT id FROM cases_person WHERE id IN (*)", ids)}
        people = {person_id: self._person(person_id, stored.get(person_id)) for person_id in ids}
        for person in people.values():
            self._plan(person, conditions[person.id])
            self._read_state(person, stored.get(person.id))
            if person.id in erased:
                person.trouble = ERASED
            elif person.id not in known:
                person.trouble = (SetAsideReason.UNKNOWN_PERSON, "There is no such person.")
        return people

    def _person(self, person_id: str, row: tuple[Any, ...] | None) -> Person:
        phase_ms = partition_of(person_id) * snapshots.EVERY_MS // PARTITIONS
        if row is None:
            fresh = self._rules.start(person_id)
            return Person(person_id, self._rules.decode_state, _NO_PLAN, phase_ms=phase_ms, awake=fresh)
        _, at_ms, wake_at_ms, head_ms, head_fact_id, snapshot_ms, since, facts, tallied, _ = row
        return Person(
            person_id,
            self._rules.decode_state,
            _NO_PLAN,
            None,
            at_ms,
            wake_at_ms,
            (head_ms, head_fact_id),
            snapshot_ms,
            since,
            facts,
            tally.from_text(tallied),
            phase_ms,
        )

    def _read_state(self, person: Person, row: tuple[Any, ...] | None) -> None:
        if row is None:
            return
        body = open_state(person.id, row[-1])
        try:
            person.body, person.awake = body, self._rules.decode_state(body)
        except OtherStateError:
            person.unread, person.awake = body, self._rules.start(person.id)
            self._make_state_anew(person)

    def _make_state_anew(self, person: Person) -> None:
        """The state of other rules is of no use to these: make it from the person's facts, up to where it was.

        What those rules found stays as they found it: a new version concludes about what comes, not again about the
        past.
        """
        if person.trouble:
            return
        logger.info("the state of person %s was written by other rules and is made anew from the facts", person.id)
        state = self._rules.start(person.id)
        try:
            for arrival in stored_after(person.id, NEVER_MS):
                state = self._rules.step(state, arrival.fact, person.plan).state
            last = self._rules.step(state, Tick(person.at_ms), person.plan)
        except Exception as error:  # noqa: BLE001 - the boundary around one person, as for every fact (taking.py)
            person.trouble = (SetAsideReason.RULES_FAILED, f"The state cannot be made anew: {error}")
            return
        person.awake, person.wake_at_ms, person.unread = last.state, last.wake_at_ms, None

    def _plan(self, person: Person, conditions: ConditionSet) -> None:
        if person.trouble == ERASED:
            return
        person.trouble = None
        try:
            person.plan = Plan(conditions)
        except ValueError as error:  # a timetable that the rules cannot read (TimetableError)
            person.trouble = (SetAsideReason.RULES_FAILED, f"The conditions cannot be read: {error}")

    def reload_conditions(self, ids: Collection[str]) -> None:
        """Read the conditions of these people anew, where they are in memory."""
        here = [person_id for person_id in ids if person_id in self._people]
        for person_id, conditions in self._load_conditions(here).items() if here else ():
            self._plan(self._people[person_id], conditions)
            if self._people[person_id].unread is not None:
                self._make_state_anew(self._people[person_id])

    def forget(self, ids: Iterable[str]) -> None:
        """Read these people anew when they are next needed: their rows were changed. Only between two steps."""
        for person_id in ids:
            self._people.pop(person_id, None)

    def restore(self, person_id: str) -> Person:
        """The person as last committed, in the place of what was known of them."""
        person = self.read([person_id])[person_id]
        self._people[person_id] = person
        return person

    def committed(self, people: Iterable[Person]) -> None:
        """Take over the new wake-ups of people whose batch was stored, and let go of the least recently used."""
        for person in people:
            wake = person.wake_at_ms
            if wake is None:
                self._wake_at.pop(person.id, None)
            elif self._wake_at.get(person.id) != wake:
                self._wake_at[person.id] = wake
                heapq.heappush(self._heap, (wake, person.id))
        while len(self._people) > self._most:
            self._people.popitem(last=False)
        if len(self._heap) > 2 * len(self._wake_at) + 10_000:
            self._heap = [(at_ms, person_id) for person_id, at_ms in self._wake_at.items()]
            heapq.heapify(self._heap)

    def due(self, now_ms: int, most: int) -> list[str]:
        """Up to `most` people whose wake-up is due. They stay due until `committed` says otherwise."""
        found: list[tuple[int, str]] = []
        while self._heap and self._heap[0][0] <= now_ms and len(found) < most:
            at_ms, person_id = heapq.heappop(self._heap)
            if self._wake_at.get(person_id) == at_ms:
                found.append((at_ms, person_id))
        for entry in found:
            heapq.heappush(self._heap, entry)
        return list(dict.fromkeys(person_id for _, person_id in found))

    def next_wake_ms(self) -> int | None:
        """When the next person wants to be woken."""
        while self._heap and self._wake_at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
