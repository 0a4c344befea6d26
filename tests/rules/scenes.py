"""A small cast and its town for the tests of the rules: places, orders, and days told in a few words."""

import datetime as dt
from collections.abc import Iterable, Sequence

from surety.rules import engine
from surety.rules.conditions import (
    Body,
    Circle,
    Condition,
    ConditionSet,
    Curfew,
    Place,
    Row,
    Timetable,
    Trail,
    Weekday,
    Zone,
    ZoneKind,
)
from surety.rules.facts import DeviceEvent, DeviceReport, Fact, Fix, Source, Tick, fact_id
from surety.rules.findings import Finding, Kind

LONDON = "Europe/London"
HOME = (53.8000, -1.5500)
MOTHERS = (53.8300, -1.5200)
SHOP = (53.8062, -1.5478)  # 700 m from home
SCHOOL = (53.8041, -1.5418)
HOME_CIRCLE = Circle(*HOME, 100)
SCHOOL_CIRCLE = Circle(*SCHOOL, 150)
ALWAYS = Timetable(LONDON)
NIGHTS = Timetable(LONDON, tuple(Row(day, "19:00", "07:00") for day in Weekday))
SCHOOL_HOURS = Timetable(LONDON, tuple(Row(day, "08:00", "16:30") for day in list(Weekday)[:5]))
START = "2026-11-02T12:00Z"  # a Monday


def ms(text: str) -> int:
    """An instant: "2026-11-02T19:00Z", or on the Monday of the scene "19:00", or a day later "+1 07:00" (UTC)."""
    if "T" not in text:
        days, _, clock = text.rpartition(" ")
        day = dt.date(2026, 11, 2) + dt.timedelta(days=int(days or 0))
        text = f"{day}T{clock}Z"
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)


def fix(at_ms: int, place: tuple[float, float], *, accuracy_m: float | None = 8.0, source: Source = Source.GNSS) -> Fix:
    name = fact_id("tag", at_ms, *place, accuracy_m, source)
    return Fix(name, "tag", at_ms, at_ms, *place, accuracy_m, source)


def stay(place: tuple[float, float], begin: str, end: str, every_s: int = 60, **how: object) -> list[Fact]:
    """Fixes at a place from `begin` until before `end`."""
    return [fix(at, place, **how) for at in range(ms(begin), ms(end), every_s * 1000)]


def told(at: str, *events: DeviceEvent, battery_pct: float | None = None, charging: bool | None = None) -> DeviceReport:
    name = fact_id("tag", "report", at, battery_pct, charging, *events)
    return DeviceReport(name, "tag", ms(at), ms(at), battery_pct, charging, events)


def order(*bodies: Body, since: str = START, until: str | None = None, revision: int = 1) -> ConditionSet:
    """Conditions c0, c1, ... in force from `since`."""
    end = None if until is None else ms(until)
    made = [Condition(f"c{i}", 1, ms(since), end, body) for i, body in enumerate(bodies)]
    return ConditionSet("ada", revision, tuple(made))


def curfew(unknown_after_s: int = 900, timetable: Timetable = NIGHTS) -> Curfew:
    return Curfew((Place("home", HOME_CIRCLE),), timetable, unknown_after_s)


def exclusion(timetable: Timetable = ALWAYS) -> Zone:
    return Zone(ZoneKind.EXCLUSION, "School", SCHOOL_CIRCLE, timetable)


def inclusion(timetable: Timetable = ALWAYS) -> Zone:
    return Zone(ZoneKind.INCLUSION, "Town", Circle(*HOME, 2_000), timetable)


def trail(silent_after_s: int = 1_800) -> Trail:
    return Trail(silent_after_s)


def run(conditions: ConditionSet, facts: Iterable[Fact | Tick], until: str | None = None) -> list[Finding]:
    """Every finding, facts in order, and then time up to `until`."""
    state, found = engine.start("ada"), []
    given: Sequence[Fact | Tick] = [*facts, *([Tick(ms(until))] if until else [])]
    for fact in given:
        taken = engine.step(state, fact, conditions)
        assert not taken.late
        state = taken.state
        found += taken.findings
    return found


def kinds(found: Iterable[Finding]) -> list[Kind]:
    return [finding.kind for finding in found]


def only(found: Iterable[Finding], kind: Kind) -> Finding:
    """The one finding of that kind."""
    (finding,) = (finding for finding in found if finding.kind is kind)
    return finding
