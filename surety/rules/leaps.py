"""Decides what a leap amounts to: a way between two good fixes that nobody travels in the time (kernel.LEAPT).

The fixes that follow settle it. Until then, and for a while after, a place that was leapt to establishes nothing: a
breach found there is POSSIBLE, and nothing is mended by it (`grounds.limit_of`).

- It comes back: the fix was wild. That is the receiver's error, POSSIBLE and no alert.
- It comes back time and again: two devices under one name, or positions that are played back between true ones.
- The next fixes agree with it: the device is there, and did not get there as people do. PROBABLE.
- It was far, and no faster than an airliner flies: most likely it flew. POSSIBLE, on record.
"""

import msgspec

from surety.rules import grounds
from surety.rules.facts import Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers, Subject
from surety.rules.kernel import FASTEST_MPS, LEAP_SIGMAS
from surety.rules.movement import Place, Way
from surety.rules.state import Device, Leap

HOUR_MS = 3_600_000
AGREE = 2  # fixes after the first that must agree with it
LEAST_M = 1_000.0  # shorter leaps are echoes between houses, and no news
AIRLINER_MPS, FLIGHT_M = 350.0, 50_000.0  # over ground, with the wind behind; the shortest flights
IN_TURN = 3  # times that it comes back within an hour
SETTLES_MS = 120_000  # how long a wild fix may still weigh in the evidence


def look(device: Device, way: Way, subject: Subject, *, leapt: bool) -> tuple[Device, list[Finding]]:
    """Take the way to a good fix into account: what it says of a leap that is not settled, or that it is one."""
    if device.leap is None:
        return (_replace(device, leap=_leap(way)), []) if leapt else (device, [])
    leap = device.leap
    if _is_back(leap, way):
        return _came_back(device, leap, way, subject)
    if leapt and _speed(way.length_m, way.lasted_s) > AIRLINER_MPS:  # on to a third place
        return _replace(device, leap=_leap(way)), []
    agreeing = leap.agreeing + 1
    if agreeing < AGREE:
        return _replace(device, leap=msgspec.structs.replace(leap, agreeing=agreeing)), []
    return _is_there(_replace(device, leap=None), leap, way.to_ms, subject, goes_on=leapt)


def _leap(way: Way) -> Leap:
    return Leap(way.start, way.from_ms, way.from_sigma_m, way.end, way.to_ms, way.fact_id)


def _is_back(leap: Leap, way: Way) -> bool:
    """Whether a fix can be reached from where the leap began, and lies nearer to that than to where it led."""
    home_m = _apart_m(leap.start, way.end)
    reach_m = FASTEST_MPS * max((way.to_ms - leap.from_ms) / 1000, 1.0)
    reach_m += LEAP_SIGMAS * (leap.from_sigma_m + way.to_sigma_m)
    return home_m <= reach_m and home_m < _apart_m(leap.end, way.end)


def _came_back(device: Device, leap: Leap, way: Way, subject: Subject) -> tuple[Device, list[Finding]]:
    now_ms = way.to_ms
    returns = tuple(at for at in (*device.returns, now_ms) if now_ms - at <= HOUR_MS)[-IN_TURN:]
    device = _replace(device, leap=None, returns=returns, doubted_to_ms=now_ms + SETTLES_MS)
    if len(returns) >= IN_TURN:
        numbers: Numbers = {"returns": len(returns)}
        return _find(device, leap, now_ms, subject, Certainty.PROBABLE, Cause.UNKNOWN, numbers)
    return _find(device, leap, now_ms, subject, Certainty.POSSIBLE, Cause.EQUIPMENT, {})


def _is_there(
    device: Device, leap: Leap, now_ms: Millis, subject: Subject, *, goes_on: bool
) -> tuple[Device, list[Finding]]:
    """The fixes agree with it. `goes_on`: they move on as fast as an aircraft does, fix by fix."""
    way_m = _apart_m(leap.start, leap.end)
    if (goes_on or way_m >= FLIGHT_M) and _speed(way_m, (leap.to_ms - leap.from_ms) / 1000) <= AIRLINER_MPS:
        numbers: Numbers = {"as": "aircraft"}
        return _find(device, leap, now_ms, subject, Certainty.POSSIBLE, Cause.UNKNOWN, numbers)
    return _find(device, leap, now_ms, subject, Certainty.PROBABLE, Cause.UNKNOWN, {})


def _find(
    device: Device, leap: Leap, now_ms: Millis, subject: Subject, certainty: Certainty, cause: Cause, more: Numbers
) -> tuple[Device, list[Finding]]:
    """A finding once an hour, and at once where it is more than what was told."""
    way_m, kind = _apart_m(leap.start, leap.end), Kind.IMPLAUSIBLE_MOVEMENT
    told = [device.told_ms.get(kind)] if certainty is Certainty.PROBABLE else [device.told_ms.get(kind), device.wild_ms]
    if way_m < LEAST_M or any(at is not None and now_ms - at < HOUR_MS for at in told):
        return device, []
    lasted_s = (leap.to_ms - leap.from_ms) / 1000
    numbers: Numbers = {"way_m": round(way_m, 1), "lasted_s": lasted_s, **more}
    evidence = Evidence((leap.fact_id,), {**numbers, **grounds.device_numbers(device, now_ms)})
    found = subject.begin(kind, leap.to_ms, now_ms, certainty, cause, evidence)
    if certainty is Certainty.PROBABLE:
        return _replace(device, told_ms={**device.told_ms, kind: now_ms}), [found]
    return _replace(device, wild_ms=now_ms), [found]


def _replace(device: Device, **parts: object) -> Device:
    return msgspec.structs.replace(device, **parts)


def _apart_m(one: Place, other: Place) -> float:
    return float(sum((b - a) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)


def _speed(way_m: float, lasted_s: float) -> float:
    return way_m / max(lasted_s, 0.001)
