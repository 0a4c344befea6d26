"""Decides that somebody is closer to a protected person than ordered, far enough again, or that nobody can tell.

Both move, and both positions err. What is judged is a circle of the ordered distance about the protected person's last
position, weighed like an exclusion zone, with the error scales of both positions together; the older of the two people
may have gone on since at their pace, which widens it. So it takes two good and nearly simultaneous positions to be
sure, and everything else is "cannot verify".

No finding says where the protected person was: no position, no distance, no direction, no probability from which one
could be worked out; only on which side of an ordered distance the two were. Who came towards whom is not said either,
so the cause is never the person's behaviour.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from surety.rules import duty, kernel, presence
from surety.rules.conditions import Circle, Condition, MovingZone
from surety.rules.duty import Ruling, Terms
from surety.rules.facts import Fact, Fix, Millis, ProtectedFix
from surety.rules.findings import Cause, Evidence, Finding, Kind
from surety.rules.ordered import Duty
from surety.rules.presence import Mode, PackedAreas, Presence
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import Apart, Ring, Seen, Spot, Watch
from surety.rules.tracker import Ask, RowOf, Tracker

WALKING_MPS = 1.5  # how far somebody who was at rest may have gone since, a second
FASTEST_MPS = 40.0  # 144 km/h: what a car does at most; a greater speed between two fixes is an error of one of them
PAIRS_KEPT = 4  # records of both people that a finding names
_TERMS = (
    Terms(Presence.OUTSIDE, Kind.PROTECTED_NEAR, Kind.PROTECTED_NEAR, Kind.PROTECTED_CLEAR),
    Terms(Presence.OUTSIDE, Kind.PROTECTED_APPROACHED, Kind.PROTECTED_APPROACHED, Kind.PROTECTED_CLEAR),
)
_TOLD = ("last_certain_ms", "window_start_ms", "window_end_ms", "unknown_after_s", "began", "began_ms", "ended_by")
"""The numbers of a zone's evidence that say nothing of a place."""
_VAGUEST_FIRST = (kernel.CELL, kernel.WIFI, kernel.UNTOLD, kernel.FUSED, kernel.GNSS)


class KeepApart(Ask, frozen=True):
    """A moving zone in force: whose positions, and each distance as a duty: what is ordered, then the warning."""

    link_id: str
    compared_within_ms: int
    radii_m: tuple[float, ...]
    duties: tuple[Duty, ...]


class ApartTracker(Tracker[KeepApart, Apart]):
    """Watches the distance between two people."""

    ask_type, record_type = KeepApart, Apart

    def asks_of(self, condition: Condition, row_of: RowOf) -> Sequence[KeepApart]:  # noqa: ARG002 - its area moves
        """A moving zone asks to keep the ordered distance."""
        body = condition.body
        if not isinstance(body, MovingZone):
            return ()
        radii = (body.alert_m, body.warn_m) if body.warn_m > body.alert_m else (body.alert_m,)
        duties = tuple(_duty(condition, body) for _ in radii)
        return (KeepApart(condition.id, condition.version, body.link_id, body.compared_within_s * 1000, radii, duties),)

    def opened(self, ask: KeepApart, scene: Scene) -> Apart:
        """Nothing is known yet; look at the hours at once."""
        return Apart(ask.condition_id, ask.version, tuple(_fresh(one, scene) for one in ask.duties))

    def carried(self, record: Apart, ask: KeepApart, scene: Scene) -> Apart:
        """Another version may ask for other distances at other hours: what goes on is closed, and looked at anew."""
        if record.version == ask.version:
            return record
        watches = [msgspec.structs.replace(ring.watch, until_ms=scene.now_ms) for ring in record.rings]
        fresh = [_fresh(one, scene) for one in ask.duties]
        kept = [msgspec.structs.replace(new, watch=old) for new, old in zip(fresh, watches, strict=False)]
        rings = (*kept, *fresh[len(kept) :])
        return msgspec.structs.replace(record, version=ask.version, rings=rings)

    def due(self, record: Apart, ask: KeepApart, scene: Scene) -> Millis:
        """When the hours turn, or when the ordered distance can no longer be verified if nothing comes."""
        look = _Look(record, ask, scene)
        return min(look.unseen_due(), *(ring.watch.until_ms for ring in record.rings))

    def woken(self, record: Apart, ask: KeepApart, scene: Scene) -> tuple[Apart, list[Finding]]:
        """It is time to look."""
        look = _Look(record, ask, scene)
        look.turn_windows()
        look.judge()
        look.unseen()
        return look.record, look.found

    def waits(self, record: Apart) -> bool:
        """While the hours run, each position of either says something about the distance."""
        return any(ring.watch.since_ms is not None for ring in record.rings)

    def taken(self, record: Apart, ask: KeepApart, fact: Fact, scene: Scene) -> tuple[Apart, list[Finding]]:
        """A position of one of the two has come."""
        own, other = record.own, record.other
        if isinstance(fact, Fix) and not fact.mock:
            own = _better(own, _spot(fact, own))
        elif isinstance(fact, ProtectedFix) and fact.link_id == ask.link_id:
            other = _better(other, _spot(fact, other))
        if own is record.own and other is record.other:
            return record, []
        look = _Look(msgspec.structs.replace(record, own=own, other=other), ask, scene)
        if look.compare():
            look.judge()
        return look.record, look.found

    def closed(self, record: Apart, scene: Scene) -> list[Finding]:
        """The two need not keep apart any more, or the protected person has withdrawn."""
        closing = [
            (ring.watch, duty.close_window(ring.watch, None, scene, ended_by="condition")) for ring in record.rings
        ]
        return [_without_place(finding, {}, record, scene, math.inf) for _, found in closing for finding in found]


def _duty(condition: Condition, body: MovingZone) -> Duty:
    areas, unknown_after_ms = (("", 0),), body.unknown_after_s * 1000
    return Duty(condition.id, condition.version, Mode.EXCLUSION, body.timetable, areas, unknown_after_ms)


def _fresh(one: Duty, scene: Scene) -> Ring:
    return Ring(
        Watch(one.condition_id, one.version, scene.now_ms), presence.fresh(_about(0.0, 0.0, 100.0))[0].tobytes()
    )


def _about(lat_deg: float, lon_deg: float, radius_m: float) -> PackedAreas:
    return presence.pack([(Circle(lat_deg, lon_deg, radius_m), Mode.EXCLUSION)])


class _Look:
    """One look at a record under what is asked of it now; what it finds is gathered without any place in it."""

    def __init__(self, record: Apart, ask: KeepApart, scene: Scene) -> None:
        self.record, self.ask, self.scene, self.found = record, ask, scene, list[Finding]()

    def compare(self) -> bool:
        """Take the two positions into the evidence; false where too much time lies between them to compare them."""
        own, other = self.record.own, self.record.other
        if own is None or other is None or abs(own.at_ms - other.at_ms) > self.ask.compared_within_ms:
            return False
        now_ms, source = self.scene.now_ms, min(own.source, other.source, key=_VAGUEST_FIRST.index)
        sigma_m = _scale_of_both(own, other)
        rings = []
        for ring, radius_m in zip(self.record.rings, self.ask.radii_m, strict=True):
            evidence = np.frombuffer(ring.evidence).copy()
            packed = _about(other.lat_deg, other.lon_deg, radius_m)
            presence.observe_apart(evidence, packed, now_ms, (own.lat_deg, own.lon_deg), sigma_m, source)
            rings.append(msgspec.structs.replace(ring, evidence=evidence.tobytes()))
        accuracy = (
            None if None in (own.accuracy_m, other.accuracy_m) else max(own.accuracy_m or 0, other.accuracy_m or 0)
        )
        pairs = (Seen(now_ms, spot.fact_id, source, accuracy) for spot in sorted((own, other), key=_when))
        kept = (*self.record.pairs, *pairs)[-PAIRS_KEPT:]
        self.record = msgspec.structs.replace(self.record, rings=tuple(rings), pairs=kept)
        return True

    def turn_windows(self) -> None:
        """Close the windows that end now and open those that start."""
        for n, ring in enumerate(self.record.rings):
            if ring.watch.until_ms <= self.scene.now_ms:
                self._rule(n, *_turned(ring.watch, self.ask.duties[n], _TERMS[n], self._scene(n)))

    def judge(self) -> None:
        """Read the evidence of every distance whose hours run."""
        for n, ring in enumerate(self.record.rings):
            if ring.watch.since_ms is not None:
                self._rule(n, *duty.judge(ring.watch, self.ask.duties[n], _TERMS[n], self._scene(n)))

    def unseen_due(self) -> Millis:
        """When nobody can say any more whether the ordered distance is kept; asked of that one alone."""
        return duty.unseen_due(self.record.rings[0].watch, self.ask.duties[0], self._scene(0))

    def unseen(self) -> None:
        """Say that nobody can say it, if the time has come."""
        if self.unseen_due() <= self.scene.now_ms:
            self._rule(0, *duty.unseen(self.record.rings[0].watch, self.ask.duties[0], self._scene(0)))

    def _scene(self, n: int) -> Scene:
        evidence, now_ms = np.frombuffer(self.record.rings[n].evidence).reshape(1, -1), self.scene.now_ms
        return self.scene._replace(
            read=lambda row: presence.read(evidence, row, now_ms),
            informed_ms=lambda row: presence.informative_ms(evidence, row),
            recent=self.record.pairs,
        )

    def _rule(self, n: int, watch: Watch, found: list[Finding]) -> None:
        rings = list(self.record.rings)
        rings[n] = msgspec.structs.replace(rings[n], watch=watch)
        self.record = msgspec.structs.replace(self.record, rings=tuple(rings))
        told = {"within_m": float(self.ask.radii_m[n])}
        unknown_after_ms = self.ask.duties[n].unknown_after_ms
        self.found += [_without_place(finding, told, self.record, self.scene, unknown_after_ms) for finding in found]


def _turned(watch: Watch, held: Duty, terms: Terms, scene: Scene) -> Ruling:
    """The hours begin or end now: end what was, and open the next or wait for it."""
    window, found = held.around(scene.now_ms), list[Finding]()
    starts = window is not None and window.start_ms <= scene.now_ms
    if watch.since_ms is not None:
        watch, found = duty.end_window(watch, held, window if starts else None, terms, scene)
    if window is not None and starts:
        return duty.open_window(held, window, scene, watch), found
    return Watch(held.condition_id, held.version, END if window is None else window.start_ms), found


def _without_place(
    finding: Finding, told: dict[str, float], record: Apart, scene: Scene, unknown_after_ms: float
) -> Finding:
    """The finding with nothing in it from which a place or a distance could be worked out."""
    numbers = {name: value for name, value in finding.evidence.numbers.items() if name in _TOLD}
    quiet = record.own is None or scene.now_ms - record.own.at_ms >= unknown_after_ms
    cause = finding.cause if finding.kind is Kind.CANNOT_VERIFY and quiet else Cause.UNKNOWN
    evidence = Evidence(finding.evidence.fact_ids, {**told, **numbers})
    return msgspec.structs.replace(finding, cause=cause, evidence=evidence)


def _spot(fix: Fix | ProtectedFix, before: Spot | None) -> Spot:
    accuracy = math.nan if fix.accuracy_m is None else float(fix.accuracy_m)
    sigma_m, source = kernel.scale_of(accuracy), presence.SOURCE_CODES[fix.source]
    pace_mps = max(WALKING_MPS, (fix.speed_mps or 0.0) if isinstance(fix, Fix) else 0.0)
    place = fix.lat_deg, fix.lon_deg
    if before is not None and fix.at_ms > before.at_ms:
        lasted_s = (fix.at_ms - before.at_ms) / 1000
        # What the errors of both explain is no movement.
        moved_m = _between_m((before.lat_deg, before.lon_deg), place) - 2 * (sigma_m + before.sigma_m)
        pace_mps = max(pace_mps, moved_m / lasted_s)
    return Spot(fix.at_ms, fix.id, *place, fix.accuracy_m, float(sigma_m), source, float(min(pace_mps, FASTEST_MPS)))


def _better(before: Spot | None, new: Spot) -> Spot:
    """The position that says more now: a vague new one does not take the place of a good one of a moment ago."""
    if before is None:
        return new
    return before if _grown_m(before, new.at_ms) < new.sigma_m else new


def _grown_m(spot: Spot, at_ms: Millis) -> float:
    return math.hypot(spot.sigma_m, spot.pace_mps * abs(at_ms - spot.at_ms) / 1000)


def _scale_of_both(own: Spot, other: Spot) -> float:
    """The error scale of the distance: of both positions, and of where the older one has gone since, at its pace."""
    older, newer = sorted((own, other), key=_when)
    return math.hypot(newer.sigma_m, _grown_m(older, newer.at_ms))


def _when(spot: Spot) -> tuple[Millis, str]:
    return spot.at_ms, spot.fact_id


def _between_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The straight way through the Earth between two places, which at these distances is the way."""
    return math.dist(kernel.earth_centred(*one), kernel.earth_centred(*other))
