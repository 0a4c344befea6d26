"""Decides how much time away from a curfew adds up to, and when that is more than the order tolerates.

Time counts only between two informative fixes that both lie outside every place ordered while the curfew holds the
person to be out, no further apart than the curfew's own `unknown_after_s`. So what nobody can tell never adds: after
its last certain fix an absence stops counting until the next one. The way out, the way back and what is left of a
window after its last fix do not count either. What is exceeded is found at the fix that confirms it, and stamped with
the instant at which the sum passed what is tolerated. docs/adr/0015-allowance-absences-attendance.md gives the reasons.

A night belongs to the local day on which it begins, and with it to that day's week (from Monday); in a window longer
than a day, such as days of lockdown in a row, each calendar day counts for itself.
"""

from collections.abc import Sequence

import msgspec

from surety.rules import grounds, schedule
from surety.rules.conditions import Condition, Curfew, Timetable
from surety.rules.facts import Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers
from surety.rules.phrases import on_clock
from surety.rules.presence import Presence
from surety.rules.scene import Scene
from surety.rules.schedule import BEGINNING, END
from surety.rules.state import Away, Sum, Watch
from surety.rules.tracker import Ask, RowOf, Tracker

MINUTE_MS = 60_000
_BREAKS = frozenset({Kind.CURFEW_ABSENT_AT_START, Kind.CURFEW_LEFT})
_ENDS = frozenset({Kind.CURFEW_RETURNED, Kind.CURFEW_ABSENT_THROUGHOUT, Kind.DUTY_ENDED})


class Allowance(Ask, frozen=True):
    """What a curfew in force tolerates; 0 where it says nothing. `nights`: its timetable, whatever the place."""

    nights: Timetable
    unknown_after_ms: int
    day_ms: int
    week_ms: int


class AllowanceTracker(Tracker[Allowance, Away]):
    """Adds up the time away from a curfew's places."""

    ask_type, record_type = Allowance, Away

    def asks_of(self, condition: Condition, row_of: RowOf) -> Sequence[Allowance]:  # noqa: ARG002 - the curfew's rows
        """A curfew that tolerates some time away asks that it be added up."""
        body = condition.body
        if not isinstance(body, Curfew) or not (body.allowance_day_min or body.allowance_week_min):
            return ()
        day_ms, week_ms = body.allowance_day_min * MINUTE_MS, body.allowance_week_min * MINUTE_MS
        nights = nights_of(body.timetable)
        return (Allowance(condition.id, condition.version, nights, body.unknown_after_s * 1000, day_ms, week_ms),)

    def opened(self, ask: Allowance, scene: Scene) -> Away:  # noqa: ARG002 - nothing is counted yet
        """Nothing has been counted yet."""
        return Away(ask.condition_id, ask.version)

    def waits(self, record: Away) -> bool:
        """While somebody is out, each fix counts."""
        return record.from_ms is not None

    def looked(self, record: Away, ask: Allowance, scene: Scene) -> tuple[Away, list[Finding]]:
        """Count up to the last certain fix, or stop counting."""
        watch = scene.watch_of(ask.condition_id)
        fix_ms = _out_at(watch, ask, scene)
        if watch is None or watch.breach is None or fix_ms is None:
            return (record if record.from_ms is None else msgspec.structs.replace(record, from_ms=None)), []
        if record.from_ms is None or record.episode != watch.breach.id:
            counted_ms = record.counted_ms if record.episode == watch.breach.id else 0
            begun = {"from_ms": scene.now_ms, "fix_ms": fix_ms, "episode": watch.breach.id, "counted_ms": counted_ms}
            return msgspec.structs.replace(record, **begun), []
        if fix_ms <= record.fix_ms:
            return record, []
        found: list[Finding] = []
        if fix_ms - record.fix_ms <= ask.unknown_after_ms:
            record, found = _counted(record, ask, fix_ms, watch.breach.certainty, scene)
        return msgspec.structs.replace(record, from_ms=fix_ms, fix_ms=fix_ms), found

    # Part of what every rule is given; this one does not need it all.
    def numbers(self, record: Away, ask: Allowance, finding: Finding, scene: Scene) -> Numbers:  # noqa: ARG002
        """What an absence began with, or what it came to."""
        if finding.condition_id != ask.condition_id:
            return {}
        begins = finding.kind in _BREAKS
        ends = finding.kind in _ENDS and finding.evidence.numbers.get("began") in _BREAKS
        if not begins and not ends:
            return {}
        day, _ = day_of(ask.nights, finding.at_ms - ends)  # what ends with the night still belongs to it
        numbers: Numbers = {}
        left = []
        for per, limit, total in (("day", ask.day_ms, record.day), ("week", ask.week_ms, record.week)):
            if limit:
                spent_ms = total.spent_ms if total.start == _start_of(per, day) else 0
                numbers |= {f"spent_{per}_s": spent_ms / 1000, f"allowed_{per}_s": limit / 1000}
                left.append(max(0, limit - spent_ms))
        if begins:
            return {**numbers, "allowance_left_s": min(left) / 1000}
        return {**numbers, "counted_s": (record.counted_ms if record.episode == finding.episode_id else 0) / 1000}


def nights_of(timetable: Timetable) -> Timetable:
    """A timetable whatever its places and its exceptions: whole nights, to tell to which day they belong."""
    rows = tuple(msgspec.structs.replace(row, place="") for row in timetable.rows)
    one_offs = tuple(msgspec.structs.replace(one, place="") for one in timetable.one_offs)
    return msgspec.structs.replace(timetable, rows=rows, one_offs=one_offs, exceptions=())


def day_of(nights: Timetable, at_ms: Millis) -> tuple[int, Millis]:
    """The day (a proleptic ordinal) on which time away at `at_ms` counts, and the instant until which that holds."""
    night = schedule.around(nights, at_ms)
    if night is not None and night.start_ms <= at_ms and _is_a_night(night, nights.zone):
        return _local_day(nights.zone, night.start_ms), night.end_ms
    day = _local_day(nights.zone, at_ms)
    return day, schedule.first_showing(nights.zone, day + 1, 0)


def _is_a_night(window: schedule.Window, zone: str) -> bool:
    """Whether a window lasts a day at most by the clocks on the wall, which on some nights is an hour more or less."""
    if window.start_ms == BEGINNING or window.end_ms == END:
        return False
    start, end = (on_clock(at_ms, zone).replace(tzinfo=None) for at_ms in (window.start_ms, window.end_ms))
    return (end - start).total_seconds() * 1000 <= schedule.DAY_MS


def _local_day(zone: str, at_ms: Millis) -> int:
    """The day that has begun: once clocks have shown midnight, putting them back does not undo it."""
    day = on_clock(at_ms, zone).toordinal()
    return day + 1 if schedule.first_showing(zone, day + 1, 0) <= at_ms else day


def _start_of(per: str, day: int) -> int:
    return day if per == "day" else day - (day - 1) % 7  # ordinal 1 was a Monday


def _out_at(watch: Watch | None, ask: Allowance, scene: Scene) -> Millis | None:
    """The last fix of somebody who is certainly out; None for anybody else.

    A first fix inside does not yet say that they are back, but neither does it say that they are out.
    """
    if watch is None or watch.since_ms is None or watch.breach is None or not watch.rows:
        return None
    if watch.breach.certainty is Certainty.POSSIBLE:
        return None
    fixes = []
    for reading in map(scene.read, watch.rows):
        at_ms = reading.last_informative_ms
        if at_ms is None or scene.now_ms - at_ms > ask.unknown_after_ms:
            return None
        if reading.presence is not Presence.OUTSIDE or reading.clearance_m >= 0:
            return None
        fixes.append(at_ms)
    return min(fixes)


def _counted(
    record: Away, ask: Allowance, to_ms: Millis, certainty: Certainty, scene: Scene
) -> tuple[Away, list[Finding]]:
    """Add the time from where counting stood to `to_ms`, piece by piece of the days it belongs to."""
    at_ms = to_ms if record.from_ms is None else record.from_ms
    day, week, found = record.day, record.week, list[Finding]()
    while at_ms < to_ms:
        today, until_ms = day_of(ask.nights, at_ms)
        piece = at_ms, min(to_ms, until_ms), certainty
        day, passed = _added(day, today, ask.day_ms, piece)
        found += _exceeded("day", day, ask, passed, scene)
        week, passed = _added(week, _start_of("week", today), ask.week_ms, piece)
        found += _exceeded("week", week, ask, passed, scene)
        at_ms = piece[1]
    counted_ms = record.counted_ms + to_ms - (to_ms if record.from_ms is None else record.from_ms)
    return msgspec.structs.replace(record, day=day, week=week, counted_ms=counted_ms), found


def _added(total: Sum, start: int, limit: int, piece: tuple[Millis, Millis, Certainty]) -> tuple[Sum, Millis | None]:
    """A sum with one piece more, and the instant at which it passed the limit, where it just did."""
    from_ms, to_ms, certainty = piece
    if total.start != start:
        total = Sum(start)
    spent_ms = total.spent_ms + to_ms - from_ms
    passed = 0 < limit < spent_ms and total.told_ms != limit
    after = Sum(start, spent_ms, limit if passed else total.told_ms, grounds.at_most(total.certainty, certainty))
    return after, max(from_ms, from_ms + limit - total.spent_ms) if passed else None


def _exceeded(per: str, total: Sum, ask: Allowance, at_ms: Millis | None, scene: Scene) -> list[Finding]:
    if at_ms is None:
        return []
    limit = ask.day_ms if per == "day" else ask.week_ms
    numbers: Numbers = {
        "per": per,
        "allowed_s": limit / 1000,
        "spent_s": limit / 1000,
        "counted_s": total.spent_ms / 1000,
    }
    numbers["confirmed_ms"] = scene.now_ms
    ids = tuple(seen.fact_id for seen in grounds.used(scene.recent))
    subject = scene.about(ask.condition_id, ask.version)
    return [
        subject.begin(
            Kind.ALLOWANCE_EXCEEDED,
            at_ms,
            scene.now_ms,
            total.certainty,
            Cause.BEHAVIOUR,
            Evidence(ids, numbers),
            apart=per,
        )
    ]
