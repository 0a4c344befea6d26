"""Decides that a device speaks but tells no usable place for too long: no fix by satellite that is good for anything.

It is looked for from the last good fix on (kernel.py keeps it), or from when the device began to speak again after a
silence. Its cause is told as far as the device's word goes: positions switched off, a charger, a battery that was
low. Not knowing where somebody is is never a breach.

Where many precise fixes stop from one to the next while the device goes on speaking, something may have drowned the
satellites' signal. A deep building does the same, so that is POSSIBLE and never an alert.
"""

from collections.abc import Sequence

import msgspec

from surety.rules import duty, grounds, kernel
from surety.rules.conditions import Condition, Trail
from surety.rules.facts import DeviceReport, Fact, Fix, Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers
from surety.rules.presence import SOURCE_CODES
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import RECENT_FIXES, Device, Whereabouts
from surety.rules.tracker import Ask, RowOf, Tracker

PRECISE_M = 15.0
BUSY_MS = 75_000  # between fixes at most, of a device that is on its way and measures often
_COARSE = {kernel.WIFI, kernel.CELL}


class Locating(Ask, frozen=True):
    """A trail condition in force: how long a device that speaks may tell no place, and how long it may be silent."""

    after_ms: int
    silent_after_ms: int


class LocationTracker(Tracker[Locating, Whereabouts]):
    """Watches for the next good fix of a device that speaks."""

    ask_type, record_type = Locating, Whereabouts

    def asks_of(self, condition: Condition, row_of: RowOf) -> Sequence[Locating]:  # noqa: ARG002 - no area
        """A trail asks that the device tell where it is."""
        body = condition.body
        if not isinstance(body, Trail):
            return ()
        limits = body.no_location_after_s * 1000, body.silent_after_s * 1000
        return (Locating(condition.id, condition.version, *limits),)

    def opened(self, ask: Locating, scene: Scene) -> Whereabouts:
        """From now on places are missed."""
        return Whereabouts(ask.condition_id, ask.version, scene.now_ms)

    def due(self, record: Whereabouts, ask: Locating, scene: Scene) -> Millis:
        """When no place will have come for too long."""
        if record.episode is not None or record.asleep:
            return END
        return _from_ms(record, scene) + ask.after_ms

    def woken(self, record: Whereabouts, ask: Locating, scene: Scene) -> tuple[Whereabouts, list[Finding]]:
        """No place came for as long as the condition allows. Where nothing else came either, that is a silence."""
        heard_ms = scene.heard_ms
        if heard_ms is None or heard_ms <= _from_ms(record, scene) or scene.now_ms - heard_ms >= ask.silent_after_ms:
            return msgspec.structs.replace(record, asleep=True), []
        numbers: Numbers = {
            "last_fix_ms": scene.located_ms,
            "last_heard_ms": heard_ms,
            "no_location_after_s": ask.after_ms / 1000,
            **grounds.device_numbers(scene.device, scene.now_ms),
        }
        if _switched_off(scene):
            numbers["location"] = "off"
        subject = scene.about(ask.condition_id, ask.version)
        at_ms, cause = scene.now_ms, _cause(scene.device)
        evidence = Evidence(tuple(seen.fact_id for seen in scene.recent[-1:]), numbers)
        found = [subject.begin(Kind.NO_LOCATION, at_ms, at_ms, Certainty.ESTABLISHED, cause, evidence)]
        episode = grounds.episode_of(found[0])
        if not _switched_off(scene) and cause is Cause.UNKNOWN and _stopped_at_once(scene):
            ids = tuple(seen.fact_id for seen in scene.recent)
            doubt = Evidence(ids, {**numbers, "fixes": len(ids)})
            found.append(subject.begin(Kind.JAMMING_SUSPECTED, at_ms, at_ms, Certainty.POSSIBLE, Cause.UNKNOWN, doubt))
        return msgspec.structs.replace(record, episode=episode), found

    def waits(self, record: Whereabouts) -> bool:
        """The next good fix ends it; after a silence, the next message of any kind begins to count again."""
        return record.episode is not None or record.asleep

    def taken(self, record: Whereabouts, ask: Locating, fact: Fact, scene: Scene) -> tuple[Whereabouts, list[Finding]]:
        """A fix may end it; any message wakes the watch."""
        if not isinstance(fact, Fix | DeviceReport):
            return record, []
        if record.asleep:
            record = msgspec.structs.replace(record, asleep=False, since_ms=fact.at_ms)
        if record.episode is None or not isinstance(fact, Fix) or not is_good(fact):
            return record, []
        numbers: Numbers = {"began_ms": record.episode.at_ms, **grounds.device_numbers(scene.device, fact.at_ms)}
        evidence = Evidence((fact.id,), numbers)
        subject = scene.about(ask.condition_id, record.version)
        ending = subject.end(Kind.LOCATED_AGAIN, record.episode, fact.at_ms, _cause(scene.device), evidence)
        return msgspec.structs.replace(record, episode=None, since_ms=fact.at_ms), [ending]

    def closed(self, record: Whereabouts, scene: Scene) -> list[Finding]:
        """The trail is no longer ordered."""
        if record.episode is None:
            return []
        return [duty.ended(record.episode, scene.about(record.condition_id, record.version), scene.now_ms, "condition")]


def is_good(fix: Fix) -> bool:
    """Whether a fix is good for anything: neither simulated nor a cell's or Wi-Fi's, nor vague. As kernel.py has it."""
    radius = float("nan") if fix.accuracy_m is None else float(fix.accuracy_m)
    coarse = SOURCE_CODES[fix.source] in _COARSE
    return not fix.mock and not coarse and float(kernel.scale_of(radius)) <= kernel.GOOD_SIGMA_M


def _from_ms(record: Whereabouts, scene: Scene) -> Millis:
    return record.since_ms if scene.located_ms is None else max(record.since_ms, scene.located_ms)


def _switched_off(scene: Scene) -> bool:
    """Whether the device said, since its last fix, that positions are switched off."""
    off_ms = scene.device.location_off_ms
    return off_ms is not None and (scene.located_ms is None or off_ms >= scene.located_ms)


def _cause(device: Device) -> Cause:
    """On a charger a device lies indoors; a battery that is low is spared. Who switched positions off, nobody knows."""
    if device.charging:
        return Cause.CHARGING
    return Cause.EQUIPMENT if device.battery_low else Cause.UNKNOWN


def _stopped_at_once(scene: Scene) -> bool:
    """Whether precise fixes came one soon after the other, and from the last one on nothing at all."""
    recent = scene.recent
    if len(recent) < RECENT_FIXES or recent[-1].at_ms != scene.located_ms:
        return False
    precise = all(seen.accuracy_m is not None and seen.accuracy_m <= PRECISE_M for seen in recent)
    return precise and recent[-1].at_ms - recent[0].at_ms <= BUSY_MS * (len(recent) - 1)
