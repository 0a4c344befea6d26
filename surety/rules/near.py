"""Decides that somebody is near an exclusion zone whose order warns them first, and that they are away from it again.

The zone grown by its `warn_m` is an area with evidence of its own, weighed like an exclusion zone. Being near is no
breach and never concerns the desk: it is a word to the person, who then can turn away. Evidence that is older than five
minutes when the zone's hours begin warns nobody.
"""

from collections.abc import Sequence

import msgspec

from surety.rules import duty, grounds, kernel, leave, schedule
from surety.rules.conditions import Condition, Timetable, Zone, ZoneKind
from surety.rules.facts import Millis
from surety.rules.findings import Cause, Evidence, Finding, Kind
from surety.rules.grounds import Numbers
from surety.rules.leave import Leave
from surety.rules.presence import Mode, Presence, Reading
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import Nearness
from surety.rules.tracker import Ask, RowOf, Tracker

STALE_MS = int(kernel.STAY_GAP_MS)


class Warned(Ask, frozen=True):
    """An exclusion zone that warns: the row of the zone grown by `warn_m`, and when it holds."""

    row: int
    warn_m: int
    timetable: Timetable
    leave: tuple[schedule.Absence, ...] = ()


class NearTracker(Tracker[Warned, Nearness]):
    """Watches the surroundings of exclusion zones."""

    ask_type, record_type = Warned, Nearness

    def asks_under(self, condition: Condition, row_of: RowOf, leaves: Sequence[Leave]) -> Sequence[Warned]:
        """An exclusion zone with a warning distance asks for it."""
        body = condition.body
        if not isinstance(body, Zone) or body.zone_kind is not ZoneKind.EXCLUSION or not body.warn_m:
            return ()
        row = row_of(body.area, Mode.EXCLUSION, float(body.warn_m))
        return (Warned(condition.id, condition.version, row, body.warn_m, body.timetable, leave.times_of(leaves)),)

    def opened(self, ask: Warned, scene: Scene) -> Nearness:
        """Look at once."""
        return Nearness(ask.condition_id, ask.version, scene.now_ms)

    def carried(self, record: Nearness, ask: Warned, scene: Scene) -> Nearness:
        """Look at once, as the hours may be others now; what is going on goes on until then."""
        return msgspec.structs.replace(record, version=ask.version, until_ms=scene.now_ms)

    def due(self, record: Nearness, ask: Warned, scene: Scene) -> Millis:  # noqa: ARG002 - the hours alone say it
        """The end of the running hours, or the start of the next."""
        return record.until_ms

    def woken(self, record: Nearness, ask: Warned, scene: Scene) -> tuple[Nearness, list[Finding]]:
        """The hours begin or end, or may be others."""
        window = schedule.around(ask.timetable, scene.now_ms, "", ask.leave)
        if window is None or window.start_ms > scene.now_ms:
            until_ms = END if window is None else window.start_ms
            return Nearness(record.condition_id, record.version, until_ms), _ended(record, scene, "window")
        record = msgspec.structs.replace(record, until_ms=window.end_ms, active=True)
        return self.looked(record, ask, scene)

    def looked(self, record: Nearness, ask: Warned, scene: Scene) -> tuple[Nearness, list[Finding]]:
        """The evidence says something else, or a window has turned."""
        if not record.active:
            return record, []
        reading = scene.read(ask.row)
        if record.episode is None and reading.presence is Presence.INSIDE and _is_fresh(reading, scene):
            return _begun(record, ask, reading, scene)
        if record.episode is not None and reading.presence is Presence.OUTSIDE:
            numbers: Numbers = {**_numbers(ask, reading), "began_ms": record.episode.at_ms}
            subject = scene.about(record.condition_id, record.version)
            ending = subject.end(Kind.ZONE_CLEAR, record.episode, scene.now_ms, Cause.BEHAVIOUR, _with(numbers, scene))
            return msgspec.structs.replace(record, episode=None), [ending]
        return record, []

    def closed(self, record: Nearness, scene: Scene) -> list[Finding]:
        """The condition ended while the person was near."""
        return _ended(record, scene, "condition")


def _ended(record: Nearness, scene: Scene, ended_by: str) -> list[Finding]:
    if record.episode is None:
        return []
    return [duty.ended(record.episode, scene.about(record.condition_id, record.version), scene.now_ms, ended_by)]


def _begun(record: Nearness, ask: Warned, reading: Reading, scene: Scene) -> tuple[Nearness, list[Finding]]:
    fixes = grounds.used(scene.recent)
    finding = scene.about(record.condition_id, record.version).begin(
        Kind.ZONE_NEAR,
        scene.now_ms,
        scene.now_ms,
        grounds.certainty_of(reading.p_inside, reading, fixes),
        grounds.cause_of_breach(fixes, reading),
        _with(_numbers(ask, reading), scene),
    )
    return msgspec.structs.replace(record, episode=grounds.episode_of(finding)), [finding]


def _is_fresh(reading: Reading, scene: Scene) -> bool:
    last_ms = reading.last_informative_ms
    return last_ms is not None and scene.now_ms - last_ms <= STALE_MS


def _numbers(ask: Warned, reading: Reading) -> Numbers:
    """As for a zone, but of the zone grown: `edge_m` is how far outside the zone itself the last certain fix lay."""
    return {
        "p_near": round(reading.p_inside, 6),
        "edge_m": round(ask.warn_m - reading.clearance_m, 1),
        "sigma_m": round(reading.sigma_m, 1),
        "last_certain_ms": reading.last_informative_ms,
        "warn_m": ask.warn_m,
    }


def _with(numbers: Numbers, scene: Scene) -> Evidence:
    return Evidence(tuple(seen.fact_id for seen in grounds.used(scene.recent)), numbers)
