"""Evaluates one person's facts against an order, as the running system would."""

import msgspec

from surety.replay.orders import FIRST_FIX, Order
from surety.rules import batch, engine
from surety.rules.conditions import Condition, ConditionSet
from surety.rules.facts import Fact, Millis
from surety.rules.findings import Finding
from surety.rules.plan import Plan


class Result(msgspec.Struct, frozen=True):
    """Findings in the order in which they became known, and what they were made from."""

    order: Order
    conditions: ConditionSet  # with the start that was used
    facts: tuple[Fact, ...]  # in order, each once
    findings: tuple[Finding, ...]
    until_ms: Millis


def evaluate(order: Order, facts: list[Fact], until_ms: Millis | None = None) -> Result:
    """All findings until `until_ms` (or the last fact). Facts after it count as not yet known."""
    known = [fact for fact in facts if until_ms is None or fact.at_ms <= until_ms]
    track = batch.track_of(known)
    end = until_ms if until_ms is not None else int(track.fixes.at_ms[-1]) if len(track) else 0
    start = int(track.fixes.at_ms[0]) if len(track) else end
    conditions = _from(order.conditions, start)
    _, found = batch.run(engine.start(conditions.person_id), track, Plan(conditions), end)
    ordered = tuple(track.facts)
    return Result(order, conditions, ordered, tuple(found), end)


def _from(conditions: ConditionSet, first_ms: Millis) -> ConditionSet:
    """The conditions with the start of the first fact where the file leaves it open."""
    return msgspec.structs.replace(conditions, conditions=tuple(_begun(c, first_ms) for c in conditions.conditions))


def _begun(condition: Condition, first_ms: Millis) -> Condition:
    if condition.effective_from_ms != FIRST_FIX:
        return condition
    return msgspec.structs.replace(condition, effective_from_ms=first_ms)
