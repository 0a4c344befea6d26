"""Decides how sure a finding is and what explains it, and writes down what it rests on.

Certainty of a breach comes from the probability that the evidence gives it and from what kind of fixes made it: cell
and Wi-Fi fixes alone never establish anything, nor does a place within twice the error of the edge.
"""

import math

from surety.rules import battery, presence
from surety.rules.facts import Fix, Millis, Source
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind, finding_id
from surety.rules.presence import Reading
from surety.rules.state import Device, Episode, Seen

ESTABLISHED_FROM, PROBABLE_FROM = 0.95, 0.7
CLEAR_OF_EDGE = 2.0  # in error scales of the fix
FLAT_PCT = 5.0  # at or below it a device that goes quiet has most likely run down
SATELLITE_RADIUS_M = 100.0  # a device that does not tell the source but claims this much or better
OFF_WRIST_HOLDS_MS = 7_200_000  # a device that is still off tells it again within the hour
STRANGE_HOLDS_MS = 3_600_000  # such a device is told of again within the hour
EVIDENCE_SPAN_MS = 1_800_000  # older fixes had no part in it

_SATELLITE = (presence.SOURCE_CODES[Source.GNSS], presence.SOURCE_CODES[Source.FUSED])
_UNTOLD = presence.SOURCE_CODES[Source.UNKNOWN]
Numbers = dict[str, float | str | None]


def seen(fix: Fix) -> Seen:
    """What is kept of a fix for the findings that it may have a part in."""
    radius = None if fix.accuracy_m is None else float(fix.accuracy_m)
    return Seen(fix.at_ms, fix.id, presence.SOURCE_CODES[fix.source], radius)


def by_satellite(fixes: tuple[Seen, ...], reading: Reading) -> bool:
    """Whether the fix that the reading rests on is better than a cell-tower or Wi-Fi guess."""
    return any(
        fix.source in _SATELLITE
        or (fix.source == _UNTOLD and fix.accuracy_m is not None and fix.accuracy_m <= SATELLITE_RADIUS_M)
        for fix in fixes
        if fix.at_ms == reading.last_informative_ms
    )


def used(recent: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """The last few fixes that had a part in a conclusion reached now."""
    if not recent or recent[-1].at_ms - recent[0].at_ms <= EVIDENCE_SPAN_MS:
        return recent
    return tuple(fix for fix in recent if recent[-1].at_ms - fix.at_ms <= EVIDENCE_SPAN_MS)


def certainty_of(p: float, reading: Reading, fixes: tuple[Seen, ...]) -> Certainty:
    """How sure it is that a duty is broken, or kept again, from the probability that it is."""
    satellite = by_satellite(fixes, reading)
    clear = abs(reading.clearance_m) >= CLEAR_OF_EDGE * reading.sigma_m
    if satellite and clear and p >= ESTABLISHED_FROM:
        return Certainty.ESTABLISHED
    if p >= (PROBABLE_FROM if satellite else ESTABLISHED_FROM):
        return Certainty.PROBABLE
    return Certainty.POSSIBLE


def limit_of(device: Device, now_ms: Millis) -> Certainty:
    """How sure a place may be at most, with a device that tells of ways that nobody travels or of simulated places."""
    if device.leap is not None or now_ms < device.doubted_to_ms:
        return Certainty.POSSIBLE
    told = (device.told_ms.get(Kind.IMPLAUSIBLE_MOVEMENT), device.told_ms.get(Kind.MOCK_LOCATION))
    strange = any(at is not None and now_ms - at < STRANGE_HOLDS_MS for at in told)
    return Certainty.PROBABLE if strange else Certainty.ESTABLISHED


def at_most(certainty: Certainty, limit: Certainty) -> Certainty:
    """The lesser of two."""
    order = (Certainty.POSSIBLE, Certainty.PROBABLE, Certainty.ESTABLISHED)
    return min(certainty, limit, key=order.index)


def cause_of_breach(fixes: tuple[Seen, ...], reading: Reading) -> Cause:
    """A place shown by satellite is where the person went; a cell or Wi-Fi guess leaves the cause open."""
    return Cause.BEHAVIOUR if by_satellite(fixes, reading) else Cause.UNKNOWN


def cause_of_quiet(device: Device, now_ms: Millis) -> Cause:
    """Why nothing (or nothing certain) comes, as far as the device told before: its cause before anybody's blame.

    A battery explains it when it was low, or when by its own rate it will have been flat by now.
    """
    if device.charging:
        return Cause.CHARGING
    ahead = battery.forecast(device.levels)
    flat = ahead is not None and ahead.flat_at_ms <= now_ms
    if flat or device.battery_low or (device.battery_pct is not None and device.battery_pct <= FLAT_PCT):
        return Cause.EQUIPMENT
    return Cause.NETWORK if device.offline else Cause.UNKNOWN


def place_numbers(reading: Reading) -> Numbers:
    """The estimator's numbers at the time of the conclusion; clearance is positive inside the area."""
    p = min(max(reading.p_inside, 1e-9), 1 - 1e-9)
    return {
        "p_inside": round(reading.p_inside, 6),
        "log_odds": round(math.log(p / (1 - p)), 4),
        "clearance_m": _metres(reading.clearance_m),
        "sigma_m": _metres(reading.sigma_m),
        "last_certain_ms": reading.last_informative_ms,
    }


def device_numbers(device: Device, now_ms: Millis) -> Numbers:
    """What the device last told of itself, as far as it did: a device that nobody wears shows where it is, not who."""
    told: Numbers = {}
    if device.battery_pct is not None:
        told["battery_pct"] = device.battery_pct
    if device.powered_off:
        told["power"] = "off"
    off_wrist = device.standing.get(Kind.OFF_WRIST)
    if off_wrist is not None and now_ms - off_wrist.said_ms < OFF_WRIST_HOLDS_MS:
        told["worn"] = "no"
    return told


def power_numbers(device: Device, now_ms: Millis) -> Numbers:
    """The same, and when its battery will be flat or was, as far as its own discharge tells."""
    told = device_numbers(device, now_ms)
    if (ahead := battery.forecast(device.levels)) is not None:
        told["flat_at_ms"], told["pct_an_hour"] = ahead.flat_at_ms, ahead.pct_an_hour
    return told


def _metres(length: float) -> float | None:
    return None if math.isnan(length) else round(length, 1)


class Subject:
    """Whom and what a finding is about: the person, the condition and its version."""

    def __init__(self, person_id: str, condition_id: str, version: int) -> None:
        self.person_id, self.condition_id, self.version = person_id, condition_id, version

    def begin(
        self,
        kind: Kind,
        at_ms: Millis,
        known_ms: Millis,
        certainty: Certainty,
        cause: Cause,
        evidence: Evidence,
        *,
        apart: str = "",
    ) -> Finding:
        """A finding that begins an episode of its own. `apart` tells two of a kind at one instant from one another."""
        about = f"{self.condition_id}|{apart}" if apart else self.condition_id
        name = finding_id(self.person_id, kind, about, self.version, at_ms)
        return self._finding(name, kind, name, at_ms, known_ms, certainty, cause, evidence)

    def again(self, episode: Episode, at_ms: Millis, cause: Cause, evidence: Evidence) -> Finding:
        """A finding of the kind that began an episode, made once more in it with what is known now.

        At the instant at which it began (a duty's, and a fix of that very instant) it has a name of its own.
        """
        name = finding_id(self.person_id, episode.kind, self.condition_id, self.version, at_ms)
        if name == episode.id:
            name = finding_id(self.person_id, episode.kind, f"{self.condition_id}|again", self.version, at_ms)
        return self._finding(name, episode.kind, episode.id, at_ms, at_ms, episode.certainty, cause, evidence)

    def end(self, kind: Kind, episode: Episode, at_ms: Millis, cause: Cause, evidence: Evidence) -> Finding:
        """The finding that ends an episode, as it is known at once.

        Two episodes may end together because their duty did, so the id names what began as well.
        """
        about = f"{self.condition_id}|{episode.kind}"
        name = finding_id(self.person_id, kind, about, self.version, at_ms)
        return self._finding(name, kind, episode.id, at_ms, at_ms, episode.certainty, cause, evidence)

    def _finding(
        self,
        name: str,
        kind: Kind,
        episode_id: str,
        at_ms: Millis,
        known_ms: Millis,
        certainty: Certainty,
        cause: Cause,
        evidence: Evidence,
    ) -> Finding:
        return Finding(
            id=name,
            kind=kind,
            person_id=self.person_id,
            condition_id=self.condition_id,
            condition_version=self.version,
            episode_id=episode_id,
            at_ms=at_ms,
            known_ms=known_ms,
            certainty=certainty,
            cause=cause,
            evidence=evidence,
        )


def episode_of(finding: Finding) -> Episode:
    """The episode that a finding begins."""
    return Episode(finding.id, finding.kind, finding.at_ms, finding.certainty)
