"""Decides that a device has been silent for too long: no message of any kind for the trail condition's limit.

Its cause is told as far as the facts around it explain it: a battery that was low or by its own rate was flat, a
charger, no network; otherwise it is UNKNOWN. Messages that the device kept meanwhile and that arrive later do not
undo the silence, but prove that the network was its cause. Silence is never a breach.
"""

from collections.abc import Sequence

import msgspec

from surety.rules import duty, grounds, hearing
from surety.rules.conditions import Condition, Trail
from surety.rules.facts import DeviceReport, Fact, Fix, Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import Episode, Kept, Silence
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
        """When the device will have been silent for too long; within a silence, when what it kept arrives."""
        kept = scene.kept
        if record.episode is not None:
            return END if kept is None else max(kept.first_ms, record.episode.at_ms)
        due_ms = max(record.since_ms, _heard_ms(record, scene)) + ask.silent_after_ms
        if kept is not None and kept.first_ms <= due_ms:
            due_ms = max(due_ms, kept.last_ms + ask.silent_after_ms)
        return due_ms

    def follows_ms(self, record: Silence, ask: Watchdog) -> int | None:
        """Each message puts the silence off."""
        return ask.silent_after_ms if record.episode is None else None

    def woken(self, record: Silence, ask: Watchdog, scene: Scene) -> tuple[Silence, list[Finding]]:
        """Nothing came for as long as the condition allows; or what the device had kept arrives."""
        if record.episode is not None:
            heard = msgspec.structs.replace(record, episode=None, since_ms=scene.now_ms)
            return heard, [_heard_again(record.episode, record, scene, ())]
        kept = _kept_meanwhile(record, scene)
        numbers: Numbers = {
            "last_heard_ms": scene.heard_ms,
            "silent_after_s": ask.silent_after_ms / 1000,
            **grounds.power_numbers(scene.device, scene.now_ms),
        }
        if kept is not None:
            numbers["arrived_ms"] = kept.first_ms
        evidence = Evidence((kept.fact_id,) if kept else (), numbers)
        finding = scene.about(ask.condition_id, ask.version).begin(
            Kind.SILENT, scene.now_ms, scene.now_ms, Certainty.ESTABLISHED, _cause(kept, scene), evidence
        )
        return msgspec.structs.replace(record, episode=grounds.episode_of(finding)), [finding]

    def waits(self, record: Silence) -> bool:
        """The next message of any kind ends a silence."""
        return record.episode is not None

    # Part of what every rule is given; this one does not need it all.
    def taken(self, record: Silence, ask: Watchdog, fact: Fact, scene: Scene) -> tuple[Silence, list[Finding]]:  # noqa: ARG002
        """Something came from the device: the silence is over, unless it was kept and is heard only later."""
        if record.episode is None or not isinstance(fact, Fix | DeviceReport) or not hearing.is_prompt(fact):
            return record, []
        return msgspec.structs.replace(record, episode=None), [_heard_again(record.episode, record, scene, (fact.id,))]

    def closed(self, record: Silence, scene: Scene) -> list[Finding]:
        """The trail is no longer ordered."""
        if record.episode is None:
            return []
        return [duty.ended(record.episode, scene.about(record.condition_id, record.version), scene.now_ms, "condition")]


def _heard_ms(record: Silence, scene: Scene) -> Millis:
    return record.since_ms if scene.heard_ms is None else scene.heard_ms


def _kept_meanwhile(record: Silence, scene: Scene) -> Kept | None:
    """What the device recorded since it was last heard, and could send only later."""
    kept = scene.kept
    return kept if kept is not None and kept.measured_ms > _heard_ms(record, scene) else None


def _cause(kept: Kept | None, scene: Scene) -> Cause:
    return Cause.NETWORK if kept is not None else grounds.cause_of_quiet(scene.device, scene.now_ms)


def _heard_again(episode: Episode, record: Silence, scene: Scene, fact_ids: tuple[str, ...]) -> Finding:
    kept = _kept_meanwhile(record, scene)
    since_ms = episode.at_ms if scene.heard_ms is None else scene.heard_ms
    numbers: Numbers = {"silent_since_ms": since_ms, **grounds.device_numbers(scene.device, scene.now_ms)}
    evidence = Evidence(fact_ids or ((kept.fact_id,) if kept else ()), numbers)
    subject = scene.about(record.condition_id, record.version)
    return subject.end(Kind.HEARD_AGAIN, episode, scene.now_ms, _cause(kept, scene), evidence)
