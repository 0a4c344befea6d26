"""What has come since the last step: records of the log and changes of conditions, as arrivals by person."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from surety.rules.facts import ConditionsChanged, decode, encode, fact_id
from surety.server.cases.models import ChangeNotice
from surety.server.monitoring.batch import Arrival, SetAsideRow
from surety.server.monitoring.memory import Person
from surety.server.monitoring.models import SetAsideReason
from surety.server.monitoring.queries import which_are_stored
from surety.stream.contract import Record, partition_of


class Intake:
    """Arrivals by person; one fact is there once, however often it came."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._arrivals: dict[str, dict[str, Arrival]] = {}
        self.set_aside: list[SetAsideRow] = []
        self.changed: set[str] = set()
        self.facts = 0

    @property
    def people(self) -> set[str]:
        """Whom something arrived for."""
        return set(self._arrivals)

    def add_records(self, records: Iterable[Record], positions: Mapping[int, int]) -> None:
        """Decode the facts of records; what cannot be decoded is set aside with the reason."""
        for record in records:
            if record.seq > positions[record.partition]:
                self._add_record(record)

    def _add_record(self, record: Record) -> None:
        entry = record.entry
        of_person = self._arrivals.setdefault(entry.person_id, {})
        for body in entry.facts:
            try:
                fact = decode(body)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                self._cannot_read(record, body, error)
                continue
            self.facts += 1
            of_person[fact.id] = Arrival(fact.at_ms, fact.id, fact, body, entry.received_ms, record.seq)

    def _cannot_read(self, record: Record, body: bytes, error: Exception) -> None:
        entry = record.entry
        sentence = f"A fact of protocol {entry.protocol} cannot be decoded: {error}"
        self.set_aside.append(
            SetAsideRow(
                record.seq,
                entry.person_id,
                SetAsideReason.NOT_READABLE,
                sentence,
                body,
                entry.received_ms,
                self._now_ms,
            )
        )

    def add_changes(self, notices: Iterable[ChangeNotice], positions: Mapping[int, int]) -> None:
        """Changes of conditions as facts.

        A change with effect in the future is taken when it was recorded: the rules then plan for it. One with effect
        in the past is taken at its effective time, so that everything since is judged anew.
        """
        for notice in notices:
            if notice.pk <= positions.get(partition_of(notice.person_id), notice.pk):
                continue
            self.changed.add(notice.person_id)
            at_ms = min(notice.at_ms, notice.recorded_ms)
            identity = fact_id(notice.person_id, "conditions_changed", notice.pk)
            fact = ConditionsChanged(id=identity, at_ms=at_ms, received_ms=notice.recorded_ms)
            arrival = Arrival(at_ms, identity, fact, encode(fact), notice.recorded_ms, None)
            self._arrivals.setdefault(notice.person_id, {})[identity] = arrival

    def drop_stored(self, people: Mapping[str, Person]) -> None:
        """Let go of facts that were stored before. Only what is not newer than a person's newest fact can have been."""
        doubtful = [
            (person_id, arrival.at_ms, arrival.fact_id)
            for person_id, arrivals in self._arrivals.items()
            for arrival in arrivals.values()
            if (arrival.at_ms, arrival.fact_id) <= people[person_id].head
        ]
        for person_id, _, identity in which_are_stored(doubtful) if doubtful else ():
            del self._arrivals[person_id][identity]

    def of(self, person_id: str) -> Sequence[Arrival]:
        """A person's arrivals in the order in which the rules take facts."""
        arrivals = self._arrivals.get(person_id)
        if not arrivals:
            return []
        return list(arrivals.values()) if len(arrivals) == 1 else sorted(arrivals.values(), key=_order)


def _order(arrival: Arrival) -> tuple[int, str]:
    return arrival.at_ms, arrival.fact_id
