"""Decides that a device has been silent for too long: no message of any kind for the trail condition's limit.

Its cause is told as far as the device's earlier word explains it: a flat battery, a charger, no network; otherwise it
is UNKNOWN. Silence is never a breach.
"""

from collections.abc import Sequence

import msgspec

from surety.rules import duty, grounds
from surety.rules.conditions import Condition, Trail
from surety.rules.facts import DeviceReport, Fact, Fix, Millis
from surety.rules.findings import Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import Silence
from surety.rules.tracker import Ask, RowOf, Tracker


class Watchdog(Ask, frozen=True):
    """A trail condition in force: how long a device may be silent."""

    silent_after_ms: int


class SilenceTracker(Tracker[Watchdog, Silence]):
    """Watches for the next message of the device."""

    ask_type, record_type = Watchdog, Silence

    def asks_of(self, condition: Condition, row_of: RowOf) -> Sequence[Watchdog]:  # noqa: ARG002 - no place
        """A trail asks that the device be heard."""
        body = condition.body
        if not isinstance(body, Trail):
            return ()
        return (Watchdog(condition.id, condition.version, body.silent_after_s * 1000),)

    def opened(self, ask: Watchdog, scene: Scene) -> Silence:
        """From now on silence counts."""
        return Silence(ask.condition_id, ask.version, scene.now_ms)

    def due(self, record: Silence, ask: Watchdog, scene: Scene) -> Millis:
        """When the device will have been silent for too long if nothing comes."""
        if record.episode is not None:
            return END
        heard_ms = record.since_ms if scene.heard_ms is None else scene.heard_ms
        return max(record.since_ms, heard_ms) + ask.silent_after_ms

    def woken(self, record: Silence, ask: Watchdog, scene: Scene) -> tuple[Silence, list[Finding]]:
        """Nothing came for as long as the condition allows."""
        numbers: Numbers = {
            "last_heard_ms": scene.heard_ms,
            "silent_after_s": ask.silent_after_ms / 1000,
            **grounds.device_numbers(scene.device, scene.now_ms),
        }
        cause = grounds.cause_of_quiet(scene.device)
        finding = scene.about(ask.condition_id, ask.version).begin(
            Kind.SILENT, scene.now_ms, scene.now_ms, Certainty.ESTABLISHED, cause, Evidence((), numbers)
        )
        return msgspec.structs.replace(record, episode=grounds.episode_of(finding)), [finding]

    def waits(self, record: Silence) -> bool:
        """The next message of any kind ends a silence."""
        return record.episode is not None

    def taken(self, record: Silence, ask: Watchdog, fact: Fact, scene: Scene) -> tuple[Silence, list[Finding]]:
        """Something came from the device: the silence is over."""
        if record.episode is None or not isinstance(fact, Fix | DeviceReport):
            return record, []
        heard_ms = record.episode.at_ms if scene.heard_ms is None else scene.heard_ms
        numbers: Numbers = {"silent_since_ms": heard_ms, **grounds.device_numbers(scene.device, fact.at_ms)}
        subject = scene.about(ask.condition_id, record.version)
        cause = grounds.cause_of_quiet(scene.device)
        ending = subject.end(Kind.HEARD_AGAIN, record.episode, fact.at_ms, cause, Evidence((fact.id,), numbers))
        return msgspec.structs.replace(record, episode=None), [ending]

    def closed(self, record: Silence, scene: Scene) -> list[Finding]:
        """The trail is no longer ordered."""
        if record.episode is None:
            return []
        return [duty.ended(record.episode, scene.about(record.condition_id, record.version), scene.now_ms, "condition")]
