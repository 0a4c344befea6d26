"""Decides nothing: takes many facts of one person at once, and gives exactly the findings that `step` one by one gives.

Between two wake-ups, fixes that change no presence change nothing but the evidence, so a whole stretch of them goes
through the compiled arithmetic in one call, which stops before the first that does more. An early look (clockwork.py)
leaves no trace, so a stretch goes on over it. Whatever else happens goes through `engine.step`.
"""

import copy
import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from surety.rules import engine, hearing, kernel, presence
from surety.rules.clockwork import Clockwork
from surety.rules.facts import Fact, Fix, Millis, Tick
from surety.rules.findings import Finding
from surety.rules.grounds import seen
from surety.rules.plan import Plan
from surety.rules.presence import Columns
from surety.rules.state import RECENT_FIXES, State


class Track(msgspec.Struct, frozen=True, eq=False):
    """Facts of one person in order, each once, and the columns of the fixes among them.

    `plain`: a fix that may be taken as evidence and was not kept by the device; every other fact goes through `step`.
    """

    facts: Sequence[Fact]
    fixes: Columns
    plain: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.facts)


def track_of(facts: Sequence[Fact]) -> Track:
    """Facts in any order, also twice, as a track."""
    ordered = sorted({(fact.at_ms, fact.id): fact for fact in facts}.items())
    listed = [fact for _, fact in ordered]
    lat, lon, radius, source, plain = np.array([_row(fact) for fact in listed], dtype=np.float64).reshape(-1, 5).T
    return Track(listed, Columns.of([fact.at_ms for fact in listed], lat, lon, radius, source), plain != 0)


def _row(fact: Fact) -> tuple[float, float, float, int, bool]:
    if not isinstance(fact, Fix) or fact.mock or not hearing.is_prompt(fact):
        return 0.0, 0.0, 0.0, 0, False
    radius = math.nan if fact.accuracy_m is None else fact.accuracy_m
    return fact.lat_deg, fact.lon_deg, radius, presence.SOURCE_CODES[fact.source], True


def run(state: State, track: Track, plan: Plan, until_ms: Millis | None = None) -> tuple[State, list[Finding]]:
    """Take a whole track (and then a Tick at `until_ms`): the last state and all findings, in the order of `step`."""
    found: list[Finding] = []
    others = np.append(np.flatnonzero(~track.plain), len(track))
    at = 0
    while at < len(track):
        end = int(others[np.searchsorted(others, at)])
        if end > at and _is_quiet(state, track, plan, at):
            state, at = _take_stretch(state, track, plan, at, end)
            if at == end:
                continue
        taken = engine.step(state, track.facts[at], plan)
        state, at = taken.state, at + 1
        found += taken.findings
    if until_ms is not None:
        taken = engine.step(state, Tick(until_ms), plan)
        state = taken.state
        found += taken.findings
    return state, found


def _is_quiet(state: State, track: Track, plan: Plan, at: int) -> bool:
    """Whether a fix comes in its order, nothing waits for it, and its way begins under the same conditions."""
    first = int(track.fixes.at_ms[at])
    in_order = first > state.at_ms or (first == state.at_ms and track.facts[at].id > state.last_id)
    if not in_order or state.attention or state.kept is not None or state.revision != plan.revision:
        return False
    return not state.before[kernel.BEFORE_MS] < plan.epoch(state.epoch_end_ms - 1).start_ms


def _take_stretch(state: State, track: Track, plan: Plan, at: int, end: int) -> tuple[State, int]:
    """Give fixes [at, end), or those before the first that does more than add to the evidence; the state and the next
    fix."""
    after, packed = copy.copy(state), plan.epoch(state.epoch_end_ms - 1).packed
    after.evidence, after.before = state.evidence.copy(), state.before.copy()
    soonest_ms, limits = Clockwork(after, plan).limits()
    if track.fixes.at_ms[at] >= soonest_ms:
        return state, at
    reached = presence.run_quiet(after.evidence, packed, after.before, track.fixes, (at, end), limits)
    if reached == at:
        return state, at
    last = track.facts[reached - 1]
    after.at_ms, after.last_id, after.heard_ms = last.at_ms, last.id, last.at_ms
    given = track.facts[max(at, reached - RECENT_FIXES) : reached]
    after.recent = (*state.recent, *(seen(fix) for fix in given if isinstance(fix, Fix)))[-RECENT_FIXES:]
    if after.wake_ms <= after.at_ms:
        Clockwork(after, plan).set_wake()
    return after, reached
