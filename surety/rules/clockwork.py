"""Decides what falls due at an instant, without any fact: windows, versions, and the limits of not knowing.

The wake-up that a state asks for may be too early, as each fix puts the limits off; it is then an early look that
changes nothing. It is never too late.
"""

import functools
import math
from collections.abc import Sequence

import msgspec
import numpy as np

from surety.rules import crossings, curfew, duty, kernel, leaps, presence, trackers, zones
from surety.rules.duty import Ruling, Terms
from surety.rules.facts import Fact, Fix, Millis
from surety.rules.findings import Certainty, Evidence, Finding
from surety.rules.grounds import Numbers
from surety.rules.movement import Way
from surety.rules.ordered import Duty
from surety.rules.plan import Epoch, Plan
from surety.rules.presence import Limits, Mode
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import UNSURE, AnyRecord, State, Watch
from surety.rules.tracker import Ask

_TERMS: dict[Mode, Terms] = {
    Mode.HOME: curfew.CURFEW,
    Mode.EXCLUSION: zones.EXCLUSION,
    Mode.INCLUSION: zones.INCLUSION,
    Mode.RESTRICTION: zones.RESTRICTION,
}


class Clockwork:
    """Time passing over one person's state, which it changes in place; what it finds is in `found`."""

    def __init__(self, state: State, plan: Plan) -> None:
        self.state, self.plan = state, plan
        self.found: list[Finding] = []
        self._readings: dict[int, presence.Reading] = {}  # of this evidence at this instant, as rules ask repeatedly
        self._read_at: tuple[object, Millis] = (None, END)

    def advance(self, to_ms: Millis) -> None:
        """Run every wake-up due at or before `to_ms`, each at its own instant."""
        while self.state.wake_ms <= to_ms:
            self._wake(self.state.wake_ms)

    def replan(self) -> None:
        """Go on under a changed set of conditions, which says the same as the old one about all that was taken."""
        self._enter_epoch(self.state.at_ms)
        self.state.revision = self.plan.revision
        self.set_wake()

    def judge(self, now_ms: Millis) -> None:
        """Read the evidence for every duty whose window runs; `set_wake` is then due."""
        scene = self._scene(now_ms)
        self._rule(
            [duty.judge(w, d, _TERMS[d.mode], scene) if w.since_ms is not None else (w, []) for w, d in self._pairs()],
            scene,
        )
        if self.state.records:
            scene = self._scene(now_ms)  # the duties stand as they were just judged
            self._track([trackers.of(ask).looked(record, ask, scene) for record, ask in self._asked()])

    def look_at_way(self, way: Way, odd: int) -> None:
        """Something may be odd about the way from the last good fix to this one (kernel's bits), or was before it."""
        scene, epoch = self._scene(way.to_ms), self._epoch()
        subject = scene.about(*epoch.about)
        self.state.device, found = leaps.look(self.state.device, way, subject, leapt=bool(odd & kernel.LEAPT))
        self.found += found
        if odd & kernel.PASSED:
            self._look_for_crossings(way, scene)

    def _look_for_crossings(self, way: Way, scene: Scene) -> None:
        """What was in force at any time of the way. Where the person was held to be in a zone, it was visited."""
        visited = {watch.condition_id for watch in self.state.watches if watch.breach is not None}
        at_ms = way.from_ms
        while at_ms < way.to_ms:
            epoch = self.plan.epoch(at_ms)
            self.found += (one for one in crossings.of_epoch(way, epoch, scene) if one.condition_id not in visited)
            at_ms = epoch.end_ms

    def tell(self, fact: Fact) -> None:
        """Give a fact to the rules beside the duties, before it moves anything else: a fix only to those that wait."""
        if not self.state.records:
            return
        scene, every = self._scene(fact.at_ms), not isinstance(fact, Fix)
        rulings = []
        for record, ask in self._asked():
            tracker = trackers.of(ask)
            given = every or tracker.waits(record)
            rulings.append(tracker.taken(record, ask, fact, scene) if given else (record, []))
        self._track(rulings)

    def set_wake(self) -> None:
        """Find out when to look again, and whether the next fix may settle something."""
        state = self.state
        scene = self._scene(state.at_ms)
        epoch = self.plan.epoch(state.epoch_end_ms - 1)
        due = [epoch.end_ms]
        for watch, held in zip(state.watches, epoch.duties, strict=True):
            stay = duty.stay_due(watch, held, _TERMS[held.mode], scene)
            due += (watch.until_ms, duty.unseen_due(watch, held, scene), stay)
        for record, ask in zip(state.records, epoch.asks, strict=True):
            due.append(trackers.of(ask).due(record, ask, scene))
        state.wake_ms = min(due)
        state.attention = (
            state.device.leap is not None
            or any(w.since_ms is not None and _waits(w) for w in state.watches)
            or any(trackers.of(ask).waits(record) for record, ask in zip(state.records, epoch.asks, strict=True))
        )

    def limits(self) -> tuple[Millis, Limits]:
        """When the next thing falls due, and the same for a run of fixes (batch.py) that put some of it off."""
        epoch, scene = self._epoch(), self._scene(self.state.at_ms)
        fixed: list[Millis] = [epoch.end_ms]
        moved: list[Millis] = [END]
        unseen_ms, silent_ms = np.full(len(epoch.packed), math.inf), math.inf
        for watch, held in self._pairs():
            fixed += (watch.until_ms, duty.stay_due(watch, held, _TERMS[held.mode], scene))
            due_ms = duty.unseen_due(watch, held, scene)
            if duty.put_off_by_fixes(watch, scene):
                moved.append(due_ms)
                unseen_ms[watch.rows[0]] = min(unseen_ms[watch.rows[0]], held.unknown_after_ms)
            else:
                fixed.append(due_ms)
        for record, ask in self._asked():
            tracker = trackers.of(ask)
            due_ms, follows_ms = tracker.due(record, ask, scene), tracker.follows_ms(record, ask)
            (fixed if follows_ms is None else moved).append(due_ms)
            silent_ms = silent_ms if follows_ms is None else min(silent_ms, follows_ms)
        return min(*fixed, *moved), Limits(min(fixed), unseen_ms, silent_ms)

    def _wake(self, now_ms: Millis) -> None:
        state, before, records, watches = self.state, len(self.found), self.state.records, self.state.watches
        turned = now_ms >= state.epoch_end_ms
        if turned:
            self._enter_epoch(now_ms)
        if self._turn_windows(now_ms) or turned:
            turned = True
            self.judge(now_ms)
        self._overstays(now_ms)
        self._unseen(now_ms)
        self._wake_trackers(now_ms)
        moved = turned or not (_same(records, state.records) and _same(watches, state.watches))
        if moved or len(self.found) > before:  # otherwise it was an early look, which leaves no trace
            state.at_ms, state.last_id = now_ms, ""
        self.set_wake()

    def _pairs(self) -> list[tuple[Watch, Duty]]:
        return list(zip(self.state.watches, self._epoch().duties, strict=True))

    def _asked(self) -> Sequence[tuple[AnyRecord, Ask]]:
        records = self.state.records
        return list(zip(records, self._epoch().asks, strict=True)) if records else ()

    def _epoch(self) -> Epoch:
        return self.plan.epoch(self.state.epoch_end_ms - 1)

    def _scene(self, now_ms: Millis) -> Scene:
        state = self.state
        return Scene(
            state.person_id,
            now_ms,
            functools.partial(self._read, now_ms),
            functools.partial(presence.informative_ms, state.evidence),
            state.recent,
            state.device,
            state.heard_ms,
            state.watches,
            state.kept,
            _located_ms(state),
        )

    def _read(self, now_ms: Millis, row: int) -> presence.Reading:
        evidence = self.state.evidence
        if self._read_at[0] is not evidence or self._read_at[1] != now_ms:
            self._readings, self._read_at = {}, (evidence, now_ms)
        found = self._readings.get(row)
        if found is None:
            found = self._readings[row] = presence.read(evidence, row, now_ms)
        return found

    def _rule(self, rulings: list[Ruling], scene: Scene) -> None:
        self.state.watches = tuple(watch for watch, _ in rulings)
        self.find([finding for _, found in rulings for finding in found], scene)

    def find(self, found: list[Finding], scene: Scene) -> None:
        """Take over what the duties found, with what the other rules add to it, and let those hear of it."""
        if not self.state.records:  # nobody adds to it, and nobody hears of it
            self.found += found
            return
        for finding in found:
            told = self._completed(finding, scene)
            self.found.append(told)
            self._track([trackers.of(ask).heard(record, ask, told, scene) for record, ask in self._asked()])

    def _completed(self, finding: Finding, scene: Scene) -> Finding:
        more: Numbers = {}
        for record, ask in self._asked():
            more |= trackers.of(ask).numbers(record, ask, finding, scene)
        if not more:
            return finding
        evidence = Evidence(finding.evidence.fact_ids, {**finding.evidence.numbers, **more})
        return msgspec.structs.replace(finding, evidence=evidence)

    def _track(self, rulings: list[tuple[AnyRecord, list[Finding]]]) -> None:
        self.state.records = tuple(record for record, _ in rulings)
        for _, found in rulings:
            self.found += found

    def _turn_windows(self, now_ms: Millis) -> bool:
        """Close the windows that end now and open those that start; whether any did."""
        if all(now_ms < watch.until_ms for watch in self.state.watches):
            return False
        scene = self._scene(now_ms)
        turned, watches = False, []
        for watch, held in self._pairs():
            if watch.until_ms <= now_ms:
                turned = True
                watches.append(self._next_window(watch, held, scene))
            else:
                watches.append(watch)
        self.state.watches = tuple(watches)
        return turned

    def _next_window(self, watch: Watch, held: Duty, scene: Scene) -> Watch:
        window, now_ms = held.around(scene.now_ms), scene.now_ms
        starts = window is not None and window.start_ms <= now_ms
        if watch.since_ms is not None:
            watch, found = duty.end_window(watch, held, window if starts else None, _TERMS[held.mode], scene)
            self.find(found, scene)
        if window is not None and starts:
            return duty.open_window(held, window, scene, watch, self._left_before(held.condition_id, now_ms))
        return Watch(held.condition_id, held.version, END if window is None else window.start_ms)

    def _left_before(self, condition_id: str, now_ms: Millis) -> str:
        """What leave a condition had until now; it may have ended by what was in force just before."""
        before = [one for one in self.plan.epoch(now_ms - 1).duties if one.condition_id == condition_id]
        return before[0].left_at(now_ms - 1) if before else ""

    def _overstays(self, now_ms: Millis) -> None:
        if all(held.max_stay_ms is None for held in self._epoch().duties):
            return
        scene, rulings = self._scene(now_ms), []
        for watch, held in self._pairs():
            terms = _TERMS[held.mode]
            due = duty.stay_due(watch, held, terms, scene) <= now_ms
            rulings.append(duty.judge(watch, held, terms, scene) if due else (watch, []))
        self._rule(rulings, scene)

    def _unseen(self, now_ms: Millis) -> None:
        scene = self._scene(now_ms)
        self._rule(
            [duty.unseen(w, d, scene) if duty.unseen_due(w, d, scene) <= now_ms else (w, []) for w, d in self._pairs()],
            scene,
        )

    def _wake_trackers(self, now_ms: Millis) -> None:
        if not self.state.records:
            return
        scene, rulings = self._scene(now_ms), []
        for record, ask in self._asked():
            tracker = trackers.of(ask)
            due = tracker.due(record, ask, scene) <= now_ms
            rulings.append(tracker.woken(record, ask, scene) if due else (record, []))
        self._track(rulings)

    # --- from one epoch to the next

    def _enter_epoch(self, now_ms: Millis) -> None:
        epoch, state, scene = self.plan.epoch(now_ms), self.state, self._scene(now_ms)
        old = {watch.condition_id: watch for watch in state.watches}
        watches = tuple(self._carry(old.pop(held.condition_id, None), held, scene) for held in epoch.duties)
        for watch in old.values():
            self.find(duty.close_window(watch, None, scene, ended_by="condition"), scene)
        self._carry_records(epoch, scene)
        state.watches, state.epoch_end_ms = watches, epoch.end_ms
        self._move_evidence(epoch)

    def _carry(self, watch: Watch | None, held: Duty, scene: Scene) -> Watch:
        """The watch of a duty in a new epoch. A window that runs on under the next version stays the same window."""
        now_ms = scene.now_ms
        look_at_once = Watch(held.condition_id, held.version, now_ms)
        if watch is None or watch.since_ms is None:
            return look_at_once
        window = held.around(now_ms)
        if window is not None and window.start_ms <= now_ms and (window.start_ms < now_ms or watch.since_ms == now_ms):
            return msgspec.structs.replace(
                watch,
                version=held.version,
                until_ms=window.end_ms,
                places=window.places,
                rows=held.rows(window.places),
                asked_ms=watch.asked_ms if watch.version == held.version else now_ms,
                before_leave=held.left_at(window.end_ms),
            )
        ended_by = held.left_at(now_ms) or ("window" if watch.until_ms <= now_ms else "condition")
        self.find(duty.close_window(watch, _TERMS[held.mode], scene, ended_by=ended_by), scene)
        return look_at_once

    def _carry_records(self, epoch: Epoch, scene: Scene) -> None:
        old = {(type(record), record.condition_id): record for record in self.state.records}
        records: list[AnyRecord] = []
        for ask in epoch.asks:
            tracker = trackers.of(ask)
            record = old.pop((tracker.record_type, ask.condition_id), None)
            records.append(tracker.opened(ask, scene) if record is None else tracker.carried(record, ask, scene))
        for record in old.values():
            self.found += trackers.of_record(record).closed(record, scene)
        self.state.records = tuple(records)

    def _move_evidence(self, epoch: Epoch) -> None:
        """What was learnt about an area stays known while the area stays the same; a new area starts with nothing."""
        state = self.state
        if state.keys == epoch.keys:
            return
        rows = {key: row for row, key in enumerate(state.keys)}
        evidence = presence.fresh(epoch.packed)
        for row, key in enumerate(epoch.keys):
            if key in rows:
                evidence[row] = state.evidence[rows[key]]
        state.evidence, state.keys = evidence, epoch.keys


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _waits(watch: Watch) -> bool:
    """Whether the next fix may settle something though no presence changes."""
    possible = watch.breach is not None and watch.breach.certainty is Certainty.POSSIBLE
    return watch.status == UNSURE or watch.unseen is not None or possible


def _located_ms(state: State) -> Millis | None:
    at_ms = float(state.before[kernel.BEFORE_MS])
    return None if math.isnan(at_ms) else int(at_ms)
