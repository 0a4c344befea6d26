"""Decides what a device's own word and its silence amount to.

- What it reports (SOS, tamper, off the wrist, battery, power) is a finding each, whatever else stands in the report.
  A state that a device repeats in every message is told once, and again after `REPEAT_AFTER_MS`.
- A position that the device itself calls simulated is MOCK_LOCATION, and never evidence of a place.

Its silence is decided in silence.py.
"""

from typing import NamedTuple

import msgspec

from surety.rules import grounds
from surety.rules.facts import DeviceEvent, DeviceReport, Fix, Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers, Subject
from surety.rules.movement import Way
from surety.rules.state import Device

HOUR_MS = 3_600_000
SOS_REPEAT_MS = 300_000  # a second call for help minutes later is news; the same held button is not
REPEAT_AFTER_MS = HOUR_MS
LOW_PCT, ENOUGH_PCT = 15.0, 30.0  # low at or below; no longer low from


class _Sign(NamedTuple):
    kind: Kind
    certainty: Certainty
    repeat_ms: Millis


# A device's sensor for straps and wrists errs; that a button was pressed or a power switch used, it knows.
_SIGNS = {
    DeviceEvent.SOS: _Sign(Kind.SOS, Certainty.ESTABLISHED, SOS_REPEAT_MS),
    DeviceEvent.STRAP_TAMPER: _Sign(Kind.STRAP_TAMPER, Certainty.PROBABLE, REPEAT_AFTER_MS),
    DeviceEvent.CASE_TAMPER: _Sign(Kind.CASE_TAMPER, Certainty.PROBABLE, REPEAT_AFTER_MS),
    DeviceEvent.OFF_WRIST: _Sign(Kind.OFF_WRIST, Certainty.PROBABLE, REPEAT_AFTER_MS),
    DeviceEvent.POWER_OFF: _Sign(Kind.POWERED_OFF, Certainty.ESTABLISHED, REPEAT_AFTER_MS),
    DeviceEvent.MOCK_LOCATION: _Sign(Kind.MOCK_LOCATION, Certainty.ESTABLISHED, REPEAT_AFTER_MS),
}
# What an event says is over, so that the next time is news.
_ENDS = {DeviceEvent.ON_WRIST: Kind.OFF_WRIST, DeviceEvent.POWER_ON: Kind.POWERED_OFF}


def report(device: Device, fact: DeviceReport, subject: Subject) -> tuple[Device, list[Finding]]:
    """Take a device's report: what it now says of itself, and the findings in it."""
    after = _told(device, fact)
    found: list[Finding] = []
    for event in sorted(set(fact.events)):
        sign = _SIGNS.get(event)
        if sign is not None and _is_news(after, sign, fact.at_ms):
            found.append(_finding(sign, fact.id, fact.at_ms, subject, after))
            after = _remember(after, sign.kind, fact.at_ms)
    if after.battery_low and not device.battery_low:
        sign = _Sign(Kind.BATTERY_LOW, Certainty.ESTABLISHED, 0)
        found.append(_finding(sign, fact.id, fact.at_ms, subject, after))
    return after, found


def mock(device: Device, fix: Fix, subject: Subject) -> tuple[Device, list[Finding]]:
    """Take a position that the device itself calls simulated."""
    sign = _SIGNS[DeviceEvent.MOCK_LOCATION]
    if not _is_news(device, sign, fix.at_ms):
        return device, []
    return _remember(device, sign.kind, fix.at_ms), [_finding(sign, fix.id, fix.at_ms, subject, device)]


def leapt(device: Device, way: Way, subject: Subject) -> tuple[Device, list[Finding]]:
    """The device tells of a way that nobody travels: a wild fix, a replayed position, or two devices under one name."""
    sign = _Sign(Kind.IMPLAUSIBLE_MOVEMENT, Certainty.PROBABLE, REPEAT_AFTER_MS)
    if not _is_news(device, sign, way.to_ms):
        return device, []
    numbers: Numbers = {
        "way_m": round(way.length_m, 1),
        "lasted_s": way.lasted_s,
        **grounds.device_numbers(device, way.to_ms),
    }
    evidence = Evidence((way.fact_id,), numbers)
    found = subject.begin(sign.kind, way.to_ms, way.to_ms, sign.certainty, Cause.UNKNOWN, evidence)
    return _remember(device, sign.kind, way.to_ms), [found]


def _told(device: Device, fact: DeviceReport) -> Device:
    events = set(fact.events)
    charging = fact.charging if fact.charging is not None else device.charging
    if DeviceEvent.CHARGING_STARTED in events:
        charging = True
    elif DeviceEvent.CHARGING_ENDED in events:
        charging = False
    pct = float(fact.battery_pct) if fact.battery_pct is not None else device.battery_pct
    over = {_ENDS[event] for event in events & _ENDS.keys()}
    told_ms = {kind: at for kind, at in device.told_ms.items() if kind not in over} if over else device.told_ms
    return msgspec.structs.replace(
        device,
        battery_pct=pct,
        charging=charging,
        offline=DeviceEvent.OFFLINE in events,
        powered_off=DeviceEvent.POWER_OFF in events,
        battery_low=_is_low(device, fact, charging=charging),
        told_ms=told_ms,
    )


def _is_low(device: Device, fact: DeviceReport, *, charging: bool | None) -> bool:
    """Low from the device's word or LOW_PCT down; over when it charges or has ENOUGH_PCT again."""
    pct = fact.battery_pct
    if charging or (pct is not None and pct >= ENOUGH_PCT):
        return False
    said = DeviceEvent.BATTERY_LOW in fact.events or (pct is not None and pct <= LOW_PCT)
    return said or device.battery_low


def _is_news(device: Device, sign: _Sign, at_ms: Millis) -> bool:
    before = device.told_ms.get(sign.kind)
    return before is None or at_ms - before >= sign.repeat_ms


def _remember(device: Device, kind: Kind, at_ms: Millis) -> Device:
    return msgspec.structs.replace(device, told_ms={**device.told_ms, kind: at_ms})


def _finding(sign: _Sign, fact_id: str, at_ms: Millis, subject: Subject, device: Device) -> Finding:
    evidence = Evidence((fact_id,), grounds.device_numbers(device, at_ms))
    return subject.begin(sign.kind, at_ms, at_ms, sign.certainty, _cause(sign.kind, device), evidence)


def _cause(kind: Kind, device: Device) -> Cause:
    if kind is Kind.BATTERY_LOW:
        return Cause.EQUIPMENT
    if kind is Kind.SOS:
        return Cause.BEHAVIOUR
    if kind is Kind.POWERED_OFF and device.battery_low:
        return Cause.EQUIPMENT
    return Cause.UNKNOWN
