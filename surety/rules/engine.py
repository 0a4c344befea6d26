"""step(state, fact, conditions) -> state, findings, wake_at. Total and deterministic; never asks what time it is.

Time moves by facts and ticks alone. Before a fact is taken, every wake-up due at or before its time runs by itself,
each at its own instant: the start and end of windows and of versions, and the moments at which a duty can no longer
be verified or a device has been silent for too long. So extra ticks, or none, change no finding.

Facts come in order of (at_ms, id). One that is earlier than what the state has taken is `late`: the state stays as it
is, and the caller goes back to an earlier one and gives the person's facts again. The same fact again is nothing new.
"""

import copy
import functools

import msgspec
import numpy as np

from surety.rules import devices, hearing, kernel, movement, presence, problems
from surety.rules.clockwork import Clockwork
from surety.rules.conditions import ConditionSet
from surety.rules.facts import ConditionsChanged, DeviceReport, Fact, Fix, Millis, ProblemTold, Tick
from surety.rules.findings import Finding
from surety.rules.grounds import Subject, seen
from surety.rules.kernel import BEFORE_MS, EVIDENCE_COLUMNS
from surety.rules.plan import Plan
from surety.rules.schedule import END
from surety.rules.state import RECENT_FIXES, OtherStateError, State, decode_state, encode_state

__all__ = ["OtherStateError", "Plan", "State", "Step", "decode_state", "encode_state", "start", "step"]

_CODES = presence.SOURCE_CODES


class Step(msgspec.Struct, frozen=True, eq=False):
    """What a fact led to. `wake_at_ms`: give a Tick by then if nothing else comes (None: nothing is due, ever).

    `late`: the fact lies before what the state has taken, which is unchanged.
    """

    state: State
    findings: tuple[Finding, ...]
    wake_at_ms: Millis | None
    late: bool = False


def start(person_id: str) -> State:
    """The state of a person of whom nothing is known yet. Watching begins when the first condition takes effect."""
    state = State(person_id)
    state.evidence = np.empty((0, EVIDENCE_COLUMNS))
    state.before = presence.nowhere()
    return state


def step(state: State, fact: Fact | Tick, conditions: ConditionSet | Plan) -> Step:
    """Take one fact. `conditions` are all versions of the person's conditions, or the `Plan` made of them (which
    saves looking it up; make one for each revision and keep it)."""
    plan = conditions if isinstance(conditions, Plan) else _plan_of(_SameSet(conditions))
    identity = "" if isinstance(fact, Tick) else fact.id
    if not isinstance(fact, Tick) and (fact.at_ms, identity) <= (state.at_ms, state.last_id):
        same = (fact.at_ms, identity) == (state.at_ms, state.last_id)
        return Step(state, (), _wake_at(state), late=not same)
    work = _Work(copy.copy(state), plan)
    if state.revision != plan.revision:
        work.replan()
    work.advance(fact.at_ms)
    if not isinstance(fact, Tick):
        work.take(fact)
    return Step(work.state, tuple(work.found), _wake_at(work.state))


def _wake_at(state: State) -> Millis | None:
    return None if state.wake_ms >= END else state.wake_ms


class _SameSet:
    """A condition set as a key: found by its number, but compared whole, as nothing keeps a caller from reusing one."""

    def __init__(self, conditions: ConditionSet) -> None:
        self.conditions = conditions

    def __hash__(self) -> int:
        return hash((self.conditions.person_id, self.conditions.revision))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _SameSet):
            return NotImplemented
        return self.conditions is other.conditions or self.conditions == other.conditions


@functools.lru_cache(maxsize=4096)
def _plan_of(key: _SameSet) -> Plan:
    return Plan(key.conditions)


class _Work(Clockwork):
    """One step in progress, on a copy of the state."""

    def take(self, fact: Fact) -> None:
        state = self.state
        state.at_ms, state.last_id = fact.at_ms, fact.id
        if isinstance(fact, ConditionsChanged):
            return
        told = state.attention or not isinstance(fact, Fix) or fact.mock
        if told:
            self.tell(fact)
        judged = False
        if isinstance(fact, Fix | DeviceReport):
            hearing.hear(state, fact)
            if isinstance(fact, Fix) and not fact.mock:
                judged = self._observe(fact)
            else:
                self._device(fact)
        elif isinstance(fact, ProblemTold):
            self.found.append(problems.told(fact, state.device, self._about(fact)))
        if told or judged:
            self.set_wake()

    def _about(self, fact: Fact) -> Subject:
        return Subject(self.state.person_id, *self.plan.epoch(fact.at_ms).about)

    def _observe(self, fix: Fix) -> bool:
        """Take a fix as evidence; whether the duties were judged by it."""
        state = self.state
        code = _CODES[fix.source]
        state.recent = (*state.recent, seen(fix))[-RECENT_FIXES:]
        radius = float("nan") if fix.accuracy_m is None else fix.accuracy_m
        epoch = self.plan.epoch(fix.at_ms)
        state.evidence, before, state.before = state.evidence.copy(), state.before, state.before.copy()
        place = fix.lat_deg, fix.lon_deg, radius
        changed, odd = presence.take(state.evidence, epoch.packed, state.before, fix.at_ms, *place, code)
        if movement.reaches_back(before, state.before, epoch.start_ms):  # other zones may have been in force
            odd |= kernel.PASSED
        settles = state.device.leap is not None and state.before[BEFORE_MS] != before[BEFORE_MS]
        if odd or settles:
            self.look_at_way(movement.way(before, state.before, fix.id), odd)
            state.attention = state.attention or state.device.leap is not None
        judged = bool(len(changed)) or state.attention
        if judged:
            self.judge(fix.at_ms)
        return judged

    def _device(self, fact: Fix | DeviceReport) -> None:
        state, subject = self.state, self._about(fact)
        if isinstance(fact, Fix):
            state.device, found = devices.mock(state.device, fact, subject)
        else:
            state.device, found = devices.report(state.device, fact, subject)
        self.found += found
