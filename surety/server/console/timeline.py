"""The hours around an alert as lanes: what was ordered, where the person was held to be, the fixes, the device's word.

Drawn by the server as SVG without text, so that it stretches to any width; every lane has its words beside it. What was
held is derived again from the facts by the rules' own arithmetic (recorded.course).
"""

import datetime as dt

import msgspec

from surety.rules import facts
from surety.rules.conditions import Attendance, Body, Condition, ConditionSet, Curfew, Zone, ZoneKind
from surety.rules.facts import DeviceEvent
from surety.rules.presence import Presence
from surety.server.alerts.models import Alert
from surety.server.cases import queries as cases
from surety.server.console import recorded
from surety.server.console.now import HOUR_MS, in_words, local, span
from surety.server.monitoring import queries as monitoring

HOURS = 7  # six past ones and the running one
WIDTH = 1000  # units of the drawing across the whole window
LANE_HEIGHT = 20
VAGUE_M = 100  # from this accuracy on, or by cell tower, a fix says little of a place of usual size
SOLID_FROM, HALF_FROM = 0.95, 0.8
EVENT_WORDS = {
    DeviceEvent.SOS: "asked for help",
    DeviceEvent.STRAP_TAMPER: "strap sensor",
    DeviceEvent.CASE_TAMPER: "case sensor",
    DeviceEvent.OFF_WRIST: "taken off",
    DeviceEvent.ON_WRIST: "put on",
    DeviceEvent.BATTERY_LOW: "battery low",
    DeviceEvent.POWER_OFF: "switched off",
    DeviceEvent.POWER_ON: "switched on",
    DeviceEvent.POWER_CUT: "power cut",
    DeviceEvent.CHARGING_STARTED: "charging began",
    DeviceEvent.CHARGING_ENDED: "charging ended",
    DeviceEvent.FALL: "fall",
    DeviceEvent.OFFLINE: "offline",
    DeviceEvent.MOCK_LOCATION: "simulated position",
    DeviceEvent.STRAP_CLOSED: "strap closed",
    DeviceEvent.CASE_CLOSED: "case closed",
    DeviceEvent.JAMMING: "signal drowned",
    DeviceEvent.LOCATION_OFF: "positions switched off",
    DeviceEvent.MESSAGES_LOST: "lost what it had not sent yet",
}


class Band(msgspec.Struct, frozen=True):
    """A stretch of a lane. `look` names its class, `y` and `height` tell the certainty by filling."""

    x: float
    width: float
    look: str
    words: str
    y: int = 2
    height: int = 16


class Tick(msgspec.Struct, frozen=True):
    """A moment in a lane."""

    x: float
    look: str
    words: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the picture shows, in the drawing's units, and its words."""

    from_ms: int
    to_ms: int
    hours: tuple[str, ...]
    zone_name: str
    duty_name: str
    duty: tuple[Band, ...]
    presence: tuple[Band, ...]
    fixes: tuple[Tick, ...]
    events: tuple[Tick, ...]
    now_x: float
    at_x: float | None
    cleared_x: float | None
    said: tuple[str, ...]


class _Scale(msgspec.Struct, frozen=True):
    from_ms: int
    to_ms: int
    zone: str
    now: int

    def x(self, at_ms: int) -> float:
        return round((at_ms - self.from_ms) * WIDTH / (self.to_ms - self.from_ms), 1)

    def x_within(self, at_ms: int | None) -> float | None:
        inside = at_ms is not None and self.from_ms <= at_ms <= self.to_ms
        return self.x(at_ms) if inside and at_ms is not None else None

    def clock(self, at_ms: int) -> str:
        return f"{local(at_ms, self.zone):%H:%M}"


def window(alert: Alert, now: int) -> tuple[int, int]:
    """Six hours and the running one up to now; for an older alert, two hours past it. Ends on a full local hour."""
    zone = alert.person.time_zone
    last = now if now - alert.at_ms < (HOURS - 2) * HOUR_MS else alert.at_ms + 2 * HOUR_MS
    there = local(last, zone)
    past_the_hour = dt.timedelta(minutes=there.minute, seconds=there.second, microseconds=there.microsecond)
    to_ms = last - int(past_the_hour.total_seconds() * 1000) + HOUR_MS
    return to_ms - HOURS * HOUR_MS, to_ms


def timeline(alert: Alert, now: int) -> Timeline:
    """The hours around an alert."""
    from_ms, to_ms = window(alert, now)
    scale = _Scale(from_ms, to_ms, alert.person.time_zone, now)
    conditions = cases.condition_set(alert.person_id)
    condition = _condition(alert, conditions)
    known = recorded.recorded(alert.person_id, from_ms, min(to_ms, now))
    duty = _duty(conditions, condition, scale)
    held = _presence(alert, condition, duty, scale)
    return Timeline(
        from_ms=from_ms,
        to_ms=to_ms,
        hours=tuple(scale.clock(from_ms + i * HOUR_MS) for i in range(HOURS)),
        zone_name=local(from_ms, scale.zone).tzname() or "UTC",
        duty_name=_duty_name(condition),
        duty=duty,
        presence=held,
        fixes=tuple(_fix(fix, scale) for fix in known.fixes),
        events=_events(known.reports, scale),
        now_x=min(WIDTH, scale.x(now)),
        at_x=scale.x_within(alert.at_ms),
        cleared_x=scale.x_within(alert.cleared_ms),
        said=_said(duty, held, known, scale),
    )


def _condition(alert: Alert, conditions: ConditionSet) -> Condition | None:
    """The condition the alert is about; for the device's alerts the curfew, if there is one."""
    finding = monitoring.finding(alert.finding_id)
    placed = [one for one in conditions.conditions if isinstance(one.body, Curfew | Zone | Attendance)]
    if finding is not None:
        for one in placed:
            if (one.id, one.version) == (finding.condition_id, finding.condition_version):
                return one
    in_force = [
        one for one in placed if one.effective_from_ms <= alert.at_ms < (one.effective_to_ms or alert.at_ms + 1)
    ]
    return next((one for one in in_force if isinstance(one.body, Curfew)), None)


def _duty_name(condition: Condition | None) -> str:
    if condition is None:
        return "Duty"
    if isinstance(condition.body, Curfew):
        return "Curfew"
    if isinstance(condition.body, Attendance):
        return condition.body.place.name
    return condition.body.name if isinstance(condition.body, Zone) else "Duty"


def _duty(conditions: ConditionSet, condition: Condition | None, scale: _Scale) -> tuple[Band, ...]:
    if condition is None:
        return ()
    stretches = recorded.duty_stretches(conditions, condition.id, scale.from_ms, scale.to_ms)
    return tuple(_band(one.from_ms, one.to_ms, "duty", "to be kept", scale) for one in stretches)


def _band(from_ms: int, to_ms: int, look: str, words: str, scale: _Scale) -> Band:
    x = scale.x(from_ms)
    told = f"{scale.clock(from_ms)} to {scale.clock(to_ms)}: {words}"
    return Band(x, max(1.0, scale.x(to_ms) - x), look, told)


class _Held(msgspec.Struct, frozen=True):
    from_ms: int
    to_ms: int
    presence: Presence
    sureness: str


def _presence(alert: Alert, condition: Condition | None, duty: tuple[Band, ...], scale: _Scale) -> tuple[Band, ...]:
    if condition is None:
        return ()
    end = min(scale.to_ms, scale.now)
    course = recorded.course(condition.body, alert.person_id, scale.from_ms, end)
    held = _stretches(course.points if course else (), scale.from_ms, end)
    return tuple(_held_band(one, condition.body, duty, scale) for one in held)


def _stretches(points: tuple[recorded.Probability, ...], from_ms: int, to_ms: int) -> list[_Held]:
    found: list[_Held] = []
    last = from_ms
    for i, point in enumerate(points):
        if i == 0 and point.at_ms > from_ms:
            found.append(_Held(from_ms, point.at_ms, Presence.UNKNOWN, "unknown"))
        until = points[i + 1].at_ms if i + 1 < len(points) else to_ms
        known_until = until if until - point.at_ms <= recorded.GAP_MS else min(until, point.at_ms + 60_000)
        _join(found, _Held(point.at_ms, known_until, point.held, _sureness(point)))
        if known_until < until:
            _join(found, _Held(known_until, until, Presence.UNKNOWN, "unknown"))
        last = until
    if last < to_ms:
        _join(found, _Held(last, to_ms, Presence.UNKNOWN, "unknown"))
    return found


def _sureness(point: recorded.Probability) -> str:
    if point.held is Presence.UNKNOWN:
        return "unknown"
    p = point.p_inside if point.held is Presence.INSIDE else 1 - point.p_inside
    return "solid" if p >= SOLID_FROM else "half" if p >= HALF_FROM else "outline"


def _join(found: list[_Held], one: _Held) -> None:
    if found and (found[-1].presence, found[-1].sureness) == (one.presence, one.sureness):
        one = _Held(found.pop().from_ms, one.to_ms, one.presence, one.sureness)
    found.append(one)


_SURE_WORDS = {"solid": "established", "half": "probable", "outline": "possible", "unknown": "not known"}


def _is_wanted(one: _Held, body: Body) -> bool:
    """Whether being held there, for so long, is as ordered."""
    inside = one.presence is Presence.INSIDE
    if not isinstance(body, Zone) or body.zone_kind is ZoneKind.INCLUSION:
        return inside
    allowed_ms = body.max_stay_s * 1000 if body.zone_kind is ZoneKind.RESTRICTION else 0
    return not inside or one.to_ms - one.from_ms <= allowed_ms


def _held_band(one: _Held, body: Body, duty: tuple[Band, ...], scale: _Scale) -> Band:
    band = _band(one.from_ms, one.to_ms, "unknown", "not known where", scale)
    if one.presence is Presence.UNKNOWN:
        return band
    inside = one.presence is Presence.INSIDE
    wanted = _is_wanted(one, body)
    asked = any(part.x < band.x + band.width and band.x < part.x + part.width for part in duty)
    look = "as-ordered" if wanted else "against" if asked else "elsewhere"
    words = f"{'inside' if inside else 'outside'}, {_SURE_WORDS[one.sureness]}"
    y, height = {"solid": (2, 16), "half": (10, 8), "outline": (2, 16)}[one.sureness]
    return Band(band.x, band.width, f"{look} {one.sureness}", f"{band.words[:15]} {words}", y, height)


def _fix(fix: facts.Fix, scale: _Scale) -> Tick:
    vague = fix.source is facts.Source.CELL or (fix.accuracy_m or 0) >= VAGUE_M
    radius = "no accuracy told" if fix.accuracy_m is None else f"± {fix.accuracy_m:.0f} m"
    return Tick(scale.x(fix.at_ms), "vague" if vague else "sure", f"{scale.clock(fix.at_ms)} {fix.source}, {radius}")


def _events(reports: tuple[facts.DeviceReport, ...], scale: _Scale) -> tuple[Tick, ...]:
    return tuple(
        Tick(scale.x(report.at_ms), "event", f"{scale.clock(report.at_ms)} {EVENT_WORDS[event]}")
        for report in reports
        for event in report.events
    )


def _said(duty: tuple[Band, ...], held: tuple[Band, ...], known: recorded.Recorded, scale: _Scale) -> tuple[str, ...]:
    """The picture in words, for those who do not see it and for paper."""
    said = [f"Ordered: {band.words}." for band in duty]
    said += [f"Held: {band.words}." for band in held[-8:]]
    said.append(f"{len(known.fixes)} positions" + (f", the last {_last(known, scale)}." if known.fixes else "."))
    if battery := next((r for r in reversed(known.reports) if r.battery_pct is not None), None):
        at = in_words(battery.at_ms, scale.zone, scale.now)
        said.append(f"Battery {battery.battery_pct:.0f} % at {at}{', charging' if battery.charging else ''}.")
    said += [f"Device: {tick.words}." for tick in _events(known.reports, scale)[-8:]]
    return tuple(said)


def _last(known: recorded.Recorded, scale: _Scale) -> str:
    at = known.fixes[-1].at_ms
    return f"at {in_words(at, scale.zone, scale.now)}, {span(max(0, scale.now - at))} before now"
