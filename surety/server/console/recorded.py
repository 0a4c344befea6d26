"""What was recorded of one person in a window, and how probable the rules hold a place at each fix.

Reads only; whoever shows a trail records the reading first (`monitoring/reading.py`).
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

from surety.rules import asked, battery, devices, facts, presence, schedule, words
from surety.rules.conditions import Area, Attendance, Body, ConditionSet, Curfew, Zone
from surety.rules.findings import Finding, Kind
from surety.rules.kernel import ENTER_AT, LEAVE_AT
from surety.rules.plan import MODE_OF_ZONE
from surety.rules.presence import Mode, Presence
from surety.rules.state import Device
from surety.server.monitoring import queries

GAP_MS = 5 * 60_000  # over five minutes without a fix is missing data (the field's own rule)
RUN_IN_MS = 24 * 3_600_000  # evidence forgets within hours, so a day's run-in gives what the live rules had
_LATEST = 200  # records among which the last fix and report are looked for


class Recorded(msgspec.Struct, frozen=True):
    """The facts of a window, in order of their own time. Simulated positions are kept apart: they show no place."""

    fixes: tuple[facts.Fix, ...]
    reports: tuple[facts.DeviceReport, ...]
    mocked: tuple[facts.Fix, ...]


class Probability(msgspec.Struct, frozen=True):
    """After one fix: how probable it is that the person was inside, and what is held to be so."""

    at_ms: int
    p_inside: float
    held: Presence


class Course(msgspec.Struct, frozen=True):
    """The probability over a window, and the two thresholds at which inside and outside are concluded."""

    points: tuple[Probability, ...]
    enter_at: float
    leave_at: float


class Latest(msgspec.Struct, frozen=True):
    """The last fix, the last report that tells the battery, and when the device was last heard."""

    fix: facts.Fix | None
    battery: facts.DeviceReport | None
    heard_ms: int | None
    flat_at_ms: int | None = None  # when the battery will be flat, as far as these records tell


def recorded(person_id: str, from_ms: int, to_ms: int) -> Recorded:
    """Every fact of a person in [from_ms, to_ms]."""
    known = queries.trail(person_id, from_ms, to_ms + 1)
    fixes = [fact for fact in known if isinstance(fact, facts.Fix)]
    return Recorded(
        fixes=tuple(fix for fix in fixes if not fix.mock),
        reports=tuple(fact for fact in known if isinstance(fact, facts.DeviceReport)),
        mocked=tuple(fix for fix in fixes if fix.mock),
    )


def latest(person_id: str, now: int) -> Latest:
    """What the device told last, as far as its latest records say."""
    known = queries.newest(person_id, now, _LATEST)
    fix = next((fact for fact in known if isinstance(fact, facts.Fix) and not fact.mock), None)
    told = next((f for f in known if isinstance(f, facts.DeviceReport) and f.battery_pct is not None), None)
    device = [fact for fact in known if isinstance(fact, facts.Fix | facts.DeviceReport)]
    heard_ms = device[0].at_ms if device else None
    return Latest(fix, told, heard_ms, _flat_at_ms(fact for fact in reversed(known)))


def _flat_at_ms(in_order: Iterable[facts.Fact]) -> int | None:
    """The rules' own forecast, from the reports in order of time."""
    device = Device()
    for fact in in_order:
        if isinstance(fact, facts.DeviceReport) and fact.battery_pct is not None:
            charging = devices.charging_told(device, fact)
            levels = battery.with_level(device.levels, fact.at_ms, float(fact.battery_pct), charging=charging)
            device = msgspec.structs.replace(device, levels=levels, charging=charging)
    ahead = battery.forecast(device.levels)
    return None if ahead is None else ahead.flat_at_ms


def areas_of(body: Body) -> list[tuple[str, str, Area]]:
    """The areas of a condition: name, role on the map ("home", or what kind of zone), shape."""
    if isinstance(body, Curfew):
        return [(place.name, "home", place.area) for place in body.places]
    if isinstance(body, Attendance):
        return [(body.place.name, "home", body.place.area)]
    return [(body.name, body.zone_kind.value, body.area)] if isinstance(body, Zone) else []


def mode_of(body: Body) -> Mode:
    """How evidence about a condition's areas is weighed."""
    if isinstance(body, Zone):
        return MODE_OF_ZONE[body.zone_kind]
    return Mode.HOME


def course(body: Body, person_id: str, from_ms: int, to_ms: int) -> Course | None:
    """The probability of being inside, derived again from the facts by the rules' own arithmetic.

    For several addresses it is that of the likeliest one. None for a condition without a place.
    """
    areas = areas_of(body)
    if not areas:
        return None
    packed = presence.pack([(area, mode_of(body)) for _, _, area in areas])
    evidence, points = presence.fresh(packed), []
    for fix in recorded(person_id, from_ms - RUN_IN_MS, to_ms).fixes:
        accuracy = math.nan if fix.accuracy_m is None else fix.accuracy_m
        source = presence.SOURCE_CODES[fix.source]
        presence.observe(evidence, packed, fix.at_ms, fix.lat_deg, fix.lon_deg, accuracy, source)
        if fix.at_ms >= from_ms:
            readings = [presence.read(evidence, i, fix.at_ms) for i in range(len(areas))]
            best = max(readings, key=lambda reading: reading.p_inside)
            points.append(Probability(fix.at_ms, best.p_inside, best.presence))
    row = packed.areas[0]
    return Course(tuple(points), _probability(float(row[ENTER_AT])), _probability(float(row[LEAVE_AT])))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of time in one state, for a lane of the timeline."""

    from_ms: int
    to_ms: int
    state: str
    text: str


def presence_stretches(points: tuple[Probability, ...], to_ms: int) -> list[Stretch]:
    """What was held to be so over time; unknown in every gap between fixes."""
    names = {Presence.INSIDE: "inside", Presence.OUTSIDE: "outside", Presence.UNKNOWN: "unknown"}
    stretches: list[Stretch] = []
    for i, point in enumerate(points):
        until = points[i + 1].at_ms if i + 1 < len(points) else to_ms
        state = names[point.held] if until - point.at_ms <= GAP_MS else "unknown"
        if stretches and stretches[-1].state == state:
            first = stretches.pop()
            stretches.append(Stretch(first.from_ms, until, state, state))
        else:
            stretches.append(Stretch(point.at_ms, until, state, state))
    return stretches


def duty_stretches(conditions: ConditionSet, condition_id: str, from_ms: int, to_ms: int) -> list[Stretch]:
    """When a condition was to be kept, less leave, cut to the window; each stretch under the version that held then."""
    found = []
    for condition in conditions.conditions:
        if condition.id != condition_id:
            continue
        state = "curfew" if isinstance(condition.body, Curfew) else "active"
        windows = schedule.clip(asked.windows(condition, conditions.conditions, from_ms, to_ms), from_ms, to_ms)
        found += [Stretch(w.start_ms, w.end_ms, state, "to be kept") for w in windows]
    return found


def drawn_crossings(
    found: Sequence[Finding], fixes: Sequence[facts.Fix], conditions: ConditionSet, time_zone: str
) -> list[dict[str, object]]:
    """The straight ways that may have crossed a zone, as `<surety-map>` draws them; both fixes must be in sight."""
    by_id = {fix.id: fix for fix in fixes}
    drawn: list[dict[str, object]] = []
    for one in found:
        ends = [by_id[fact_id] for fact_id in one.evidence.fact_ids if fact_id in by_id]
        if one.kind is Kind.ZONE_CROSSED and len(ends) == 2:
            start, end = ([fix.lon_deg, fix.lat_deg] for fix in ends)
            said = words.sentence(one, conditions, time_zone)
            drawn.append({"from": start, "to": end, "text": said, "at": words.local_time(one.at_ms, time_zone)})
    return drawn


def drawn_areas(conditions: ConditionSet, from_ms: int, to_ms: int) -> list[dict[str, object]]:
    """Every area that was in force at any time of the window, as `<surety-map>` draws them."""
    drawn, seen = [], set()
    for condition in conditions.conditions:
        if condition.effective_from_ms >= to_ms or (condition.effective_to_ms or to_ms) <= from_ms:
            continue
        for name, role, area in areas_of(condition.body):
            if (name, role, area) not in seen:
                seen.add((name, role, area))
                drawn.append({"name": name, "role": role, "area": msgspec.to_builtins(area)})
    return drawn
