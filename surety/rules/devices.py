"""Decides what a device's own word amounts to.

- What it reports (SOS, tamper, off the wrist, battery, power) is a finding each, whatever else stands in the report.
  A state that it repeats in every message is told once while it lasts, and ends when the device says that it is over.
- Where one report says a thing and its opposite, the sensor contradicts itself: POSSIBLE, and nothing changes.
- A position that the device itself calls simulated is MOCK_LOCATION, and never evidence of a place.

Its silence is decided in silence.py, that it tells no place in location.py, charging in charging.py.
"""

from typing import NamedTuple

import msgspec

from surety.rules import battery, grounds, machines
from surety.rules.facts import DeviceEvent, DeviceReport, Fix, Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers, Subject
from surety.rules.machines import Machine, Move, SignEvent, SignState
from surety.rules.state import Device, Standing

HOUR_MS = 3_600_000
SOS_REPEAT_MS = 300_000  # a second call for help minutes later is news; the same held button is not
REPEAT_AFTER_MS = HOUR_MS  # a state that was not said for so long and is said again is news
ON_AGAIN_MS = 120_000  # a device that goes off may still send what it had queued
LOW_PCT, ENOUGH_PCT = 15.0, 30.0  # low at or below; no longer low from


class _Sign(NamedTuple):
    """What an event amounts to. `over`: the event that says it has ended (a state), None for what only happens."""

    kind: Kind
    certainty: Certainty
    repeat_ms: Millis = REPEAT_AFTER_MS
    over: DeviceEvent | None = None
    lasts: bool = True

    @property
    def moves(self) -> Machine[SignState, SignEvent]:
        """The table by which it is decided what is found."""
        return machines.sign(self.kind, lasts=self.lasts)


# A device's sensor for straps and wrists errs; that a button was pressed or a power switch used, it knows.
_SIGNS = {
    DeviceEvent.SOS: _Sign(Kind.SOS, Certainty.ESTABLISHED, SOS_REPEAT_MS, lasts=False),
    DeviceEvent.STRAP_TAMPER: _Sign(Kind.STRAP_TAMPER, Certainty.PROBABLE, over=DeviceEvent.STRAP_CLOSED),
    DeviceEvent.CASE_TAMPER: _Sign(Kind.CASE_TAMPER, Certainty.PROBABLE, over=DeviceEvent.CASE_CLOSED),
    DeviceEvent.OFF_WRIST: _Sign(Kind.OFF_WRIST, Certainty.PROBABLE, over=DeviceEvent.ON_WRIST),
    DeviceEvent.POWER_OFF: _Sign(Kind.POWERED_OFF, Certainty.ESTABLISHED, over=DeviceEvent.POWER_ON),
    DeviceEvent.MOCK_LOCATION: _Sign(Kind.MOCK_LOCATION, Certainty.ESTABLISHED, lasts=False),
    DeviceEvent.JAMMING: _Sign(Kind.JAMMING_SUSPECTED, Certainty.PROBABLE, lasts=False),
    DeviceEvent.MESSAGES_LOST: _Sign(Kind.MESSAGES_LOST, Certainty.ESTABLISHED, lasts=False),
}
_LOW = _Sign(Kind.BATTERY_LOW, Certainty.ESTABLISHED)
_FLAT = _Sign(Kind.BATTERY_FLAT, Certainty.ESTABLISHED)
SIGNS = (*_SIGNS.values(), _LOW, _FLAT)
"""Everything that a device may say of itself, for the docs."""


class _Report:
    """One report being taken: the device as it is now known, and what was found."""

    def __init__(self, before: Device, fact: DeviceReport, subject: Subject) -> None:
        self.device, self.fact, self.subject = _told(before, fact), fact, subject
        self.found: list[Finding] = []

    def say(self, sign: _Sign) -> None:
        """The device says something of itself."""
        if sign.over is not None and sign.over in self.fact.events:
            self._contradiction(sign)
        elif sign.lasts:
            self._state(sign)
        elif _told_as_news(self.device, sign, self.fact.at_ms):
            self._find(sign)
            self.device = _remember(self.device, sign.kind, self.fact.at_ms)

    def over(self, kind: Kind) -> None:
        """The device says that something is over."""
        held = self.device.standing.get(kind)
        if held is None:
            return
        self.device = _standing(self.device, kind, None)
        numbers: Numbers = {
            "began": kind.value,
            "began_ms": held.episode.at_ms,
            **grounds.device_numbers(self.device, self.fact.at_ms),
        }
        about = Subject(self.subject.person_id, held.condition_id, held.version)
        cause = Cause.CHARGING if self.device.charging and kind in _OF_BATTERY else Cause.UNKNOWN
        evidence = Evidence((self.fact.id,), numbers)
        restored = machines.sign(kind, lasts=True).found(SignState.SAID, SignEvent.OVER)
        self.found.append(about.end(restored, held.episode, self.fact.at_ms, cause, evidence))

    def _state(self, sign: _Sign) -> None:
        held, at_ms = self.device.standing.get(sign.kind), self.fact.at_ms
        if held is not None and _move(sign, held.said_ms, at_ms).finding is None:
            again = msgspec.structs.replace(held, said_ms=at_ms)
        else:
            episode = grounds.episode_of(self._find(sign))
            again = Standing(episode, self.subject.condition_id, self.subject.version, at_ms)
        self.device = _standing(self.device, sign.kind, again)

    def _contradiction(self, sign: _Sign) -> None:
        state = SignState.SAID if sign.kind in self.device.standing else SignState.SILENT
        doubted = sign.moves.after(state, SignEvent.CONTRADICTS).finding is not None
        if doubted and _told_as_news(self.device, sign, self.fact.at_ms):
            self._find(sign._replace(certainty=Certainty.POSSIBLE), {"contradicted": "yes"})
            self.device = _remember(self.device, sign.kind, self.fact.at_ms)

    def _find(self, sign: _Sign, more: Numbers | None = None) -> Finding:
        at_ms = self.fact.at_ms
        tells = grounds.power_numbers if sign.kind in _OF_BATTERY else grounds.device_numbers
        numbers = {**tells(self.device, at_ms), **(more or {})}
        cause = Cause.EQUIPMENT if more else _cause(sign.kind, self.device)
        evidence = Evidence((self.fact.id,), numbers)
        self.found.append(self.subject.begin(sign.kind, at_ms, at_ms, sign.certainty, cause, evidence))
        return self.found[-1]


_OF_BATTERY = (Kind.BATTERY_LOW, Kind.BATTERY_FLAT)


def report(device: Device, fact: DeviceReport, subject: Subject) -> tuple[Device, list[Finding]]:
    """Take a device's report: what it now says of itself, and the findings in it."""
    taken = _Report(device, fact, subject)
    for kind in _ended(device, taken.device, fact):
        taken.over(kind)
    for event in sorted(set(fact.events)):
        if (sign := _SIGNS.get(event)) is not None:
            taken.say(sign)
    flat = _is_flat(taken.device)
    for sign, is_so, was_so in (
        (_LOW, taken.device.battery_low and not flat, device.battery_low),  # flat says more
        (_FLAT, flat, _is_flat(device)),
    ):
        if is_so and not was_so and sign.kind not in taken.device.standing:
            taken.say(sign)
    return taken.device, taken.found


def mock(device: Device, fix: Fix, subject: Subject) -> tuple[Device, list[Finding]]:
    """Take a position that the device itself calls simulated."""
    sign = _SIGNS[DeviceEvent.MOCK_LOCATION]
    if not _told_as_news(device, sign, fix.at_ms):
        return device, []
    evidence = Evidence((fix.id,), grounds.device_numbers(device, fix.at_ms))
    found = subject.begin(sign.kind, fix.at_ms, fix.at_ms, sign.certainty, Cause.UNKNOWN, evidence)
    return _remember(device, sign.kind, fix.at_ms), [found]


def charging_told(device: Device, fact: DeviceReport) -> bool | None:
    """Whether the device is on its charger by this report; what it said before where this one does not say."""
    if DeviceEvent.CHARGING_STARTED in fact.events:
        return True
    if DeviceEvent.CHARGING_ENDED in fact.events:
        return False
    return device.charging if fact.charging is None else fact.charging


def _told(device: Device, fact: DeviceReport) -> Device:
    charging = charging_told(device, fact)
    pct, levels = device.battery_pct, device.levels
    if fact.battery_pct is not None:
        pct = float(fact.battery_pct)
        levels = battery.with_level(levels, fact.at_ms, pct, charging=charging)
    elif charging:
        levels = ()
    off_ms = fact.at_ms if DeviceEvent.LOCATION_OFF in fact.events else device.location_off_ms
    return msgspec.structs.replace(
        device,
        battery_pct=pct,
        charging=charging,
        offline=DeviceEvent.OFFLINE in fact.events,
        powered_off=DeviceEvent.POWER_OFF in fact.events,
        battery_low=_is_low(device, fact, charging=charging),
        levels=levels,
        location_off_ms=off_ms,
    )


def _is_low(device: Device, fact: DeviceReport, *, charging: bool | None) -> bool:
    """Low from the device's word or LOW_PCT down; over when it charges or has ENOUGH_PCT again."""
    pct = fact.battery_pct
    if charging or (pct is not None and pct >= ENOUGH_PCT):
        return False
    said = DeviceEvent.BATTERY_LOW in fact.events or (pct is not None and pct <= LOW_PCT)
    return said or device.battery_low


def _is_flat(device: Device) -> bool:
    return device.battery_low and device.battery_pct is not None and device.battery_pct <= grounds.FLAT_PCT


def _ended(before: Device, after: Device, fact: DeviceReport) -> list[Kind]:
    """What this report says is over. A report at all says that the device is on."""
    said = set(fact.events)
    ended = [sign.kind for event, sign in _SIGNS.items() if sign.over in said and event not in said]
    off = before.standing.get(Kind.POWERED_OFF)
    if off is not None and DeviceEvent.POWER_OFF not in said and fact.at_ms - off.said_ms >= ON_AGAIN_MS:
        ended.append(Kind.POWERED_OFF)
    if not after.battery_low:
        ended += _OF_BATTERY
    return sorted(set(ended))


def _told_as_news(device: Device, sign: _Sign, at_ms: Millis) -> bool:
    """Whether what only happens is news now, from when it was last told."""
    return _move(sign, device.told_ms.get(sign.kind), at_ms).finding is not None


def _move(sign: _Sign, before_ms: Millis | None, at_ms: Millis) -> Move[SignState, SignEvent]:
    """What it amounts to that a report says something, which was last said at `before_ms`."""
    if before_ms is None:
        return sign.moves.after(SignState.SILENT, SignEvent.SAYS)
    anew = at_ms - before_ms >= sign.repeat_ms
    return sign.moves.after(SignState.SAID, SignEvent.SAYS_ANEW if anew else SignEvent.SAYS)


def _remember(device: Device, kind: Kind, at_ms: Millis) -> Device:
    return msgspec.structs.replace(device, told_ms={**device.told_ms, kind: at_ms})


def _standing(device: Device, kind: Kind, held: Standing | None) -> Device:
    others = {one: standing for one, standing in device.standing.items() if one is not kind}
    return msgspec.structs.replace(device, standing=others if held is None else {**others, kind: held})


def _cause(kind: Kind, device: Device) -> Cause:
    """What explains what the device says of itself, from what it had said before."""
    if kind in _OF_BATTERY or kind is Kind.MESSAGES_LOST or (kind is Kind.POWERED_OFF and device.battery_low):
        return Cause.EQUIPMENT
    if kind is Kind.OFF_WRIST and device.charging:
        return Cause.CHARGING
    return Cause.BEHAVIOUR if kind is Kind.SOS else Cause.UNKNOWN
