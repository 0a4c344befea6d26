"""Takes people through what came for them, and keeps one person's trouble from becoming everybody's."""

import logging
from collections.abc import Sequence

from surety.rules.facts import CheckInSubmitted
from surety.server.checkins.taking import Sent
from surety.server.monitoring import tally
from surety.server.monitoring.actions import RETRY_WAKE_UP_MS
from surety.server.monitoring.batch import NEVER_MS, Arrival, Batch, FactRow, SetAsideRow
from surety.server.monitoring.memory import ERASED, Memory, Person, Rules
from surety.server.monitoring.models import SetAsideReason
from surety.server.monitoring.rewind import rewind
from surety.server.monitoring.stepping import Harvest, LateError, RulesFailedError, forward

logger = logging.getLogger(__name__)


class Taker:
    """Fills one batch, or (`apart`) one for each person."""

    def __init__(
        self, rules: Rules, memory: Memory, batch: Batch, *, tick_to_ms: int, now_ms: int, apart: bool = False
    ) -> None:
        self._rules, self._memory, self._batch, self._apart = rules, memory, batch, apart
        self.parts: list[Batch] = []
        self._tick_to_ms, self._now_ms = tick_to_ms, now_ms

    def take(self, person: Person, arrivals: Sequence[Arrival]) -> Person:
        """Take a person through arrivals (sorted, none stored before) and what is due; the person as they are now."""
        if self._apart:
            self._batch = Batch()
            self.parts.append(self._batch)
        if person.trouble:
            return self._turn_away(person, arrivals)
        try:
            harvest = self._run(person, arrivals, self._tick_to_ms)
        except RulesFailedError as failure:
            person, arrivals, harvest = self._without_what_fails(person.id, list(arrivals), failure)
        self._gather(person, arrivals, harvest)
        return person

    def _turn_away(self, person: Person, arrivals: Sequence[Arrival]) -> Person:
        reason, sentence = person.trouble or ("", "")
        if person.trouble == ERASED:
            for arrival in arrivals:
                self._set_aside(person.id, arrival._replace(body=b""), reason, sentence)
            person.wake_at_ms = None
            return person
        for arrival in arrivals:
            self._set_aside(person.id, arrival, reason, sentence)
        person.wake_at_ms = self._now_ms + RETRY_WAKE_UP_MS if person.wake_at_ms is not None else None
        self._gather(person, [], Harvest([], []))
        return person

    def _run(self, person: Person, arrivals: Sequence[Arrival], tick_to_ms: int) -> Harvest:
        try:
            return forward(self._rules, person, arrivals, tick_to_ms)
        except LateError:
            return rewind(self._rules, person, arrivals, tick_to_ms)

    def _without_what_fails(
        self, person_id: str, arrivals: list[Arrival], failure: RulesFailedError
    ) -> tuple[Person, list[Arrival], Harvest]:
        """Start again from what was committed, each time without what the rules failed on."""
        tick_to_ms = self._tick_to_ms
        while True:
            logger.error("the rules failed for person %s and what they failed on is set aside: %s", person_id, failure)
            person = self._memory.restore(person_id)
            if failure.arrival is not None:
                arrivals.remove(failure.arrival)
                self._set_aside(person_id, failure.arrival, SetAsideReason.RULES_FAILED, str(failure))
            elif failure.at_wake_up and tick_to_ms != NEVER_MS:
                tick_to_ms = NEVER_MS
                self._set_aside(person_id, None, SetAsideReason.RULES_FAILED, f"At a wake-up: {failure}")
            else:  # on what was stored long ago: nothing new can be worked in
                for arrival in arrivals:
                    self._set_aside(person_id, arrival, SetAsideReason.RULES_FAILED, f"On an earlier fact: {failure}")
                arrivals, tick_to_ms = [], NEVER_MS
            try:
                harvest = self._run(person, arrivals, tick_to_ms)
            except RulesFailedError as another:
                failure = another
                continue
            if person.wake_at_ms is not None and person.wake_at_ms <= self._tick_to_ms:
                person.wake_at_ms = self._now_ms + RETRY_WAKE_UP_MS
            return person, arrivals, harvest

    def _gather(self, person: Person, arrivals: Sequence[Arrival], harvest: Harvest) -> None:
        batch, now_ms = self._batch, self._now_ms
        for one in arrivals:
            person.facts, person.tally = person.facts + 1, tally.add(person.tally, one.body)
            batch.facts.append(FactRow(one.fact_id, person.id, one.at_ms, one.received_ms, now_ms, one.body))
            if isinstance(one.fact, CheckInSubmitted):
                batch.sent.append(Sent(person.id, one.fact))
        batch.states.append(person.rest(self._rules.encode_state(person.state)))
        if harvest.snapshots:
            batch.snapshots += harvest.snapshots
            if harvest.new_day:
                batch.to_thin.append(person.id)
        if harvest.findings:
            batch.findings += {finding.id: finding for finding in harvest.findings}.values()
        if harvest.outdated_after_ms is not None:
            batch.outdated.append((person.id, harvest.outdated_after_ms))
            batch.quiet += harvest.quiet
            batch.superseded += harvest.superseded

    def _set_aside(self, person_id: str, arrival: Arrival | None, reason: str, sentence: str) -> None:
        log_seq, body = (arrival.log_seq, arrival.body) if arrival else (None, b"")
        received_ms = arrival.received_ms if arrival else self._now_ms
        self._batch.set_aside.append(SetAsideRow(log_seq, person_id, reason, sentence, body, received_ms, self._now_ms))
