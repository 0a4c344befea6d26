"""Decides nothing: takes many facts of one person at once, and gives exactly the findings that `step` one by one gives.

Between two wake-ups, fixes that change no presence change nothing but the evidence, so a whole stretch of them goes
through the compiled arithmetic in one call. Whatever else happens goes through `engine.step`.
"""

import copy
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from surety.rules import engine, hearing, presence
from surety.rules.facts import Fact, Fix, Millis, Tick
from surety.rules.findings import Finding
from surety.rules.grounds import seen
from surety.rules.kernel import Floats
from surety.rules.plan import Plan
from surety.rules.state import RECENT_FIXES, State

_SHORTEST, _LONGEST = 64, 4096  # fixes tried at once; a stretch with a change in it is given twice up to the change


class Track(msgspec.Struct, frozen=True, eq=False):
    """Facts of one person in order, each once, and the columns of the fixes among them.

    `plain`: a fix that may be taken as evidence and was not kept by the device; every other fact goes through `step`.
    """

    facts: Sequence[Fact]
    at_ms: npt.NDArray[np.int64]
    lat_deg: npt.NDArray[np.float64]
    lon_deg: npt.NDArray[np.float64]
    accuracy_m: npt.NDArray[np.float64]
    source: npt.NDArray[np.int64]
    plain: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.facts)


def track_of(facts: Sequence[Fact]) -> Track:
    """Facts in any order, also twice, as a track."""
    ordered = sorted({(fact.at_ms, fact.id): fact for fact in facts}.items())
    listed = [fact for _, fact in ordered]
    rows = [_row(fact) for fact in listed]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    return Track(
        listed,
        np.array([fact.at_ms for fact in listed], dtype=np.int64),
        np.ascontiguousarray(columns[0]),
        np.ascontiguousarray(columns[1]),
        np.ascontiguousarray(columns[2]),
        columns[3].astype(np.int64),
        columns[4] != 0,
    )


def _row(fact: Fact) -> tuple[float, float, float, int, bool]:
    if not isinstance(fact, Fix) or fact.mock or not hearing.is_prompt(fact):
        return 0.0, 0.0, 0.0, 0, False
    radius = np.nan if fact.accuracy_m is None else fact.accuracy_m
    return fact.lat_deg, fact.lon_deg, radius, presence.SOURCE_CODES[fact.source], True


def run(state: State, track: Track, plan: Plan, until_ms: Millis | None = None) -> tuple[State, list[Finding]]:
    """Take a whole track (and then a Tick at `until_ms`): the last state and all findings, in the order of `step`."""
    found: list[Finding] = []
    others = np.append(np.flatnonzero(~track.plain), len(track))
    at, length = 0, _SHORTEST
    while at < len(track):
        end = _quiet_until(state, track, plan, at, int(others[np.searchsorted(others, at)]))
        end = min(end, at + length)
        if end > at:
            state, reached = _take_stretch(state, track, plan, at, end)
            length = min(2 * length, _LONGEST) if reached == end else max(length // 4, _SHORTEST)
            at = reached
            if reached == end:
                continue
        taken = engine.step(state, track.facts[at], plan)
        state, at = taken.state, at + 1
        found += taken.findings
    if until_ms is not None:
        taken = engine.step(state, Tick(until_ms), plan)
        state = taken.state
        found += taken.findings
    return state, found


def _quiet_until(state: State, track: Track, plan: Plan, at: int, next_other: int) -> int:
    """Up to where fixes can be given without anything falling due or waiting for them."""
    first = track.at_ms[at]
    in_order = first > state.at_ms or (first == state.at_ms and track.facts[at].id > state.last_id)
    if state.attention or state.kept is not None or state.revision != plan.revision or not in_order:
        return at
    return min(next_other, at + int(np.searchsorted(track.at_ms[at:next_other], state.wake_ms)))


def _take_stretch(state: State, track: Track, plan: Plan, at: int, end: int) -> tuple[State, int]:
    """Give fixes [at, end), or those before the first that changes a presence; the state and the next fix."""
    packed = plan.epoch(int(track.at_ms[at])).packed
    evidence, before, reached = state.evidence.copy(), state.before.copy(), end
    changes = _run(evidence, before, packed, track, at, end)
    if len(changes):
        evidence, before, reached = state.evidence.copy(), state.before.copy(), at + int(changes["fix"][0])
        _run(evidence, before, packed, track, at, reached)
    if reached == at:
        return state, at
    after = copy.copy(state)
    last = track.facts[reached - 1]
    after.evidence, after.before = evidence, before
    after.at_ms, after.last_id, after.heard_ms = last.at_ms, last.id, last.at_ms
    given = track.facts[max(at, reached - RECENT_FIXES) : reached]
    after.recent = (*state.recent, *(seen(fix) for fix in given if isinstance(fix, Fix)))[-RECENT_FIXES:]
    return after, reached


def _run(
    evidence: Floats, before: Floats, packed: presence.PackedAreas, track: Track, at: int, end: int
) -> npt.NDArray[np.void]:
    part = slice(at, end)
    return presence.run(
        evidence,
        packed,
        track.at_ms[part],
        track.lat_deg[part],
        track.lon_deg[part],
        track.accuracy_m[part],
        track.source[part],
        before,
    )
