"""Late facts and backdated changes: back to the newest snapshot before them, and forward again over stored facts.

Findings are compared by id. What the replay gives and was not there is new; what was there and the replay does not
give has fallen away and is superseded, by the finding of the same kind and condition that took its place if there is
one. Nothing is edited: a finding derived again with other evidence leaves what it said before (FormerFinding).
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from django.db import connection

from surety.rules.engine import OtherStateError, State
from surety.rules.findings import Finding, to_json
from surety.server.monitoring.arrived import stored_after
from surety.server.monitoring.batch import NEVER_MS, Arrival
from surety.server.monitoring.memory import Person, Rules
from surety.server.monitoring.protected import erased, rests_on_erased
from surety.server.monitoring.sealed import FINDING, open_state, unseal
from surety.server.monitoring.stepping import Harvest, Stepper

SAME_THING_MS = 12 * 3_600_000  # a finding takes the place of one of its kind and condition within half a day


class _Former(NamedTuple):
    """A finding as it stands in the database."""

    id: str
    kind: str
    condition_id: str
    episode_id: str
    at_ms: int
    known_ms: int
    certainty: str
    cause: str
    body: bytes


def rewind(rules: Rules, person: Person, arrivals: Sequence[Arrival], tick_to_ms: int) -> Harvest:
    """Work in arrivals (sorted, none stored before) of which some are late. The person is changed in place."""
    advanced_to_ms = person.at_ms
    base_ms = _restore(rules, person, arrivals[0].at_ms)
    stepper = Stepper(rules, person)
    for arrival, stored in _in_order(person.id, base_ms, arrivals):
        stepper.take(arrival, stored=stored)
    # As far as ticks had taken the state before; what they found must be found again.
    stepper.tick(advanced_to_ms)
    person.at_ms = max(person.at_ms, advanced_to_ms)
    stepper.tick(tick_to_ms)
    return _compare(person.id, base_ms, stepper)


def _restore(rules: Rules, person: Person, before_ms: int) -> int:
    """Set the person to the newest snapshot before an instant; the snapshot's time, or NEVER_MS for the beginning."""
    base_ms, person.awake = _snapshot_before(rules, person.id, before_ms)
    person.at_ms = person.snapshot_ms = base_ms
    person.head, person.wake_at_ms, person.facts_since_snapshot = (NEVER_MS, ""), None, 0
    return base_ms


def _snapshot_before(rules: Rules, person_id: str, before_ms: int) -> tuple[int, State]:
    """The newest snapshot that these rules wrote, or the beginning; those of other rules are passed over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at_ms, body FROM monitoring_snapshot WHERE person_id = %s AND at_ms < %s ORDER BY at_ms DESC",
            [person_id, before_ms],
        )
        while row := cursor.fetchone():
            with contextlib.suppress(OtherStateError):
                return int(row[0]), rules.decode_state(open_state(person_id, row[1]))
    return NEVER_MS, rules.start(person_id)


def _in_order(person_id: str, after_ms: int, arrivals: Sequence[Arrival]) -> Iterator[tuple[Arrival, bool]]:
    """Stored facts after an instant and the new ones together, in order of time, each with whether it was stored."""
    stored: Iterable[tuple[int, str, int, Arrival]] = (
        (one.at_ms, one.fact_id, 1, one) for one in stored_after(person_id, after_ms)
    )
    new = ((one.at_ms, one.fact_id, 0, one) for one in arrivals)
    for _, _, was_stored, arrival in merge(stored, new):
        yield arrival, bool(was_stored)


def _compare(person_id: str, base_ms: int, stepper: Stepper) -> Harvest:
    gone = erased(person_id)
    formers = {
        former.id: former
        for former in _formers(person_id, base_ms)
        if not rests_on_erased(former.condition_id, former.known_ms, gone)
    }
    derived = {
        finding.id: finding
        for finding in stepper.findings
        if not rests_on_erased(finding.condition_id, finding.known_ms, gone)
    }
    fresh = [finding for finding in derived.values() if _is_news(finding, formers.get(finding.id))]
    told = {finding.id for finding in fresh}
    return Harvest(
        findings=fresh,
        snapshots=stepper.snapshots,
        new_day=stepper.new_day,
        quiet=[
            finding
            for finding in derived.values()
            if finding.id not in told and to_json(finding) != formers[finding.id].body
        ],
        superseded=[
            (former.id, _replacement(former, fresh)) for former in formers.values() if former.id not in derived
        ],
        outdated_after_ms=base_ms,
    )


def _formers(person_id: str, base_ms: int) -> list[_Former]:
    """The findings that hold and were first known after an instant: those that a replay from there gives again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, condition_id, episode_id, at_ms, known_ms, certainty, cause, body FROM monitoring_finding"
            " WHERE person_id = %s AND known_ms > %s AND superseded_ms IS NULL ORDER BY at_ms, id",
            [person_id, base_ms],
        )
        return [_Former._make((*row[:-1], unseal(person_id, row[-1], FINDING))) for row in cursor.fetchall()]


def _is_news(finding: Finding, former: _Former | None) -> bool:
    """Whether the desk has to be told: it was not there, or it concludes something else now."""
    return former is None or (former.certainty, former.cause, former.episode_id) != (
        finding.certainty.value,
        finding.cause.value,
        finding.episode_id,
    )


def _replacement(former: _Former, fresh: Sequence[Finding]) -> str:
    same = [
        finding
        for finding in fresh
        if finding.kind.value == former.kind
        and finding.condition_id == former.condition_id
        and abs(finding.at_ms - former.at_ms) <= SAME_THING_MS
    ]
    if not same:
        return ""
    return min(same, key=lambda one: (one.episode_id != former.episode_id, abs(one.at_ms - former.at_ms), one.id)).id
