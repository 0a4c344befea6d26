"""Decides whether somebody was where they were ordered to be for as long as was ordered: mandatory attendance.

A window of the timetable is one appointment. The stay counts between two informative fixes that both certainly lie
inside, no further apart than `unknown_after_s`; time elsewhere counts likewise. What lies between is neither.

- Kept: the stay has reached what is ordered; found at the fix that confirms it, stamped with the instant.
- Late: certainly elsewhere when the tolerated time was over, and certainly there after that. On record only.
- Missed, or left too soon: the window is over, and so much of it was certainly spent elsewhere that the stay ordered
  was impossible; without ever certainly being there, or with.
- Unverified: the window is over, and neither is certain. That is no breach.

A window is concluded by the first informative fix after its end, which tells how it ended, and otherwise
`unknown_after_s` later. Leave that touches an appointment excuses it as a whole.
"""

import zlib
from collections.abc import Sequence

import msgspec

from surety.rules import grounds, leave, schedule
from surety.rules.conditions import Attendance, Condition, Timetable
from surety.rules.facts import Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers
from surety.rules.leave import Leave
from surety.rules.presence import Mode, Presence, Reading
from surety.rules.scene import Scene
from surety.rules.schedule import DAY_MS, END, Window
from surety.rules.state import Stay
from surety.rules.tracker import Ask, RowOf, Tracker

_LOOKED_AHEAD_MS = 400 * DAY_MS  # past leave that excuses every appointment; then it is looked again
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class Appointment(Ask, frozen=True):
    """Mandatory attendance in force: the row of its place, its windows, and what is asked in each."""

    row: int
    area: int  # a number for the place's area, to see that it is another
    place: str
    timetable: Timetable
    leave: tuple[schedule.Absence, ...]
    needed_ms: int
    tolerance_ms: int
    unknown_after_ms: int


class AttendanceTracker(Tracker[Appointment, Stay]):
    """Watches each window in turn."""

    ask_type, record_type = Appointment, Stay

    def asks_under(self, condition: Condition, row_of: RowOf, leaves: Sequence[Leave]) -> Sequence[Appointment]:
        """Attendance with times asks for each of them that no leave touches."""
        body = condition.body
        if not isinstance(body, Attendance) or not (body.timetable.rows or body.timetable.one_offs):
            return ()
        return (
            Appointment(
                condition.id,
                condition.version,
                row_of(body.place.area, Mode.HOME),
                zlib.crc32(_encode(body.place.area)),
                body.place.name,
                body.timetable,
                leave.times_of(leaves),
                body.min_stay_s * 1000,
                body.tolerance_s * 1000,
                body.unknown_after_s * 1000,
            ),
        )

    def opened(self, ask: Appointment, scene: Scene) -> Stay:
        """A window that began before the condition asks for nothing."""
        return _between(Stay(ask.condition_id, ask.version, END), ask, scene.now_ms)

    def carried(self, record: Stay, ask: Appointment, scene: Scene) -> Stay:
        """A window that runs on under what is asked now, at the same place, stays the same; any other is dropped."""
        record = msgspec.structs.replace(record, version=ask.version)
        if record.since_ms is not None and scene.now_ms >= record.until_ms:
            return record  # it is over, and only waits for a fix that tells how it ended
        if record.since_ms is None or record.area != ask.area:
            return _between(record, ask, scene.now_ms)
        window = _asked(ask, record.since_ms)
        if window is None or window.start_ms != record.since_ms:
            return _between(record, ask, scene.now_ms)
        return _running(record, ask, window)

    def due(self, record: Stay, ask: Appointment, scene: Scene) -> Millis:  # noqa: ARG002 - the record knows
        """The next window's start; in a window, when it is concluded."""
        if record.since_ms is None or record.kept:
            return record.until_ms
        return record.settle_ms

    def woken(self, record: Stay, ask: Appointment, scene: Scene) -> tuple[Stay, list[Finding]]:
        """A window begins, or is over and nothing came that could tell more."""
        if record.since_ms is not None:
            found = _verdict(record, scene)
            return _begun(_between(record, ask, record.until_ms), ask, scene), found
        return _begun(_between(record, ask, scene.now_ms), ask, scene), []

    def waits(self, record: Stay) -> bool:
        """In a window that is not settled each fix counts."""
        return record.since_ms is not None and not record.kept

    def looked(self, record: Stay, ask: Appointment, scene: Scene) -> tuple[Stay, list[Finding]]:
        """A fix has come: count up to it, or up to the window's end."""
        reading = scene.read(ask.row)
        fix_ms = reading.last_informative_ms
        if record.since_ms is None or record.kept or fix_ms is None or fix_ms < record.since_ms:
            return record, []
        if record.area != ask.area:  # the place changed as the window ended: fixes tell of another one now
            return record, []
        if record.fix_ms is not None and fix_ms <= record.fix_ms:
            return record, []
        there, certainty = _certainly(reading, scene)
        found: list[Finding] = []
        if there is Presence.INSIDE and record.arrived_ms is None and fix_ms < record.until_ms:
            record, found = _arrived(record, ask, fix_ms, certainty, scene)
        record, kept = _counted(record, ask, fix_ms, (there, certainty), scene)
        found += kept
        if scene.now_ms < record.until_ms or record.kept:
            return record, found
        return _between(record, ask, record.until_ms), [*found, *_verdict(record, scene)]

    def closed(self, record: Stay, scene: Scene) -> list[Finding]:
        """What is no longer ordered asks nothing, but for a window that is over and waits to be concluded."""
        over = record.since_ms is not None and record.until_ms <= scene.now_ms
        return _verdict(record, scene) if over else []


# --- windows


def _asked(ask: Appointment, at_ms: Millis) -> Window | None:
    """The first window that holds `at_ms` or comes later and that no leave touches; None when none ever comes."""
    last_ms = at_ms + _LOOKED_AHEAD_MS
    while (window := schedule.around(ask.timetable, at_ms)) is not None and window.start_ms <= last_ms:
        if not ask.leave or window == schedule.around(ask.timetable, window.start_ms, "", ask.leave):
            return window
        at_ms = window.end_ms
    return window


def _between(record: Stay, ask: Appointment, at_ms: Millis) -> Stay:
    """Waiting for the first window that starts at `at_ms` or later."""
    window = _asked(ask, at_ms)
    if window is not None and window.start_ms < at_ms:
        window = _asked(ask, window.end_ms)
    begins_ms = END if window is None else window.start_ms
    return Stay(record.condition_id, record.version, begins_ms, area=ask.area)


def _begun(record: Stay, ask: Appointment, scene: Scene) -> Stay:
    """Where the window starts now, with what is known of the place from before, as far as it is recent."""
    window = _asked(ask, scene.now_ms) if record.until_ms <= scene.now_ms else None
    if window is None or window.start_ms != scene.now_ms:
        return record
    reading = scene.read(ask.row)
    fix_ms = reading.last_informative_ms
    begun = _running(msgspec.structs.replace(record, since_ms=scene.now_ms), ask, window)
    if fix_ms is None or scene.now_ms - fix_ms > ask.unknown_after_ms:
        return begun
    there, certainty = _certainly(reading, scene)
    return msgspec.structs.replace(begun, fix_ms=fix_ms, there=there, certainty=certainty)


def _running(record: Stay, ask: Appointment, window: Window) -> Stay:
    following = _asked(ask, window.end_ms)
    settle_ms = window.end_ms + ask.unknown_after_ms
    if following is not None:
        settle_ms = min(settle_ms, following.start_ms)
    return msgspec.structs.replace(
        record, until_ms=window.end_ms, settle_ms=settle_ms, needed_ms=ask.needed_ms, place=ask.place
    )


# --- the stay


def _certainly(reading: Reading, scene: Scene) -> tuple[Presence, Certainty]:
    """Where the last informative fix shows somebody, as far as it is certain, and how certain that is.

    A fix on the other side of the edge of what is held does not yet change that, but nor does it confirm it.
    """
    inside = reading.presence is Presence.INSIDE and reading.clearance_m >= 0
    outside = reading.presence is Presence.OUTSIDE and reading.clearance_m < 0
    p = reading.p_inside if inside else 1 - reading.p_inside
    certainty = grounds.certainty_of(p, reading, grounds.used(scene.recent))
    if certainty is Certainty.POSSIBLE or not (inside or outside):
        return Presence.UNKNOWN, Certainty.POSSIBLE
    return reading.presence, certainty


def _arrived(
    record: Stay, ask: Appointment, at_ms: Millis, certainty: Certainty, scene: Scene
) -> tuple[Stay, list[Finding]]:
    """Certainly there for the first time: late, where they were certainly elsewhere after the tolerated time."""
    since_ms = at_ms if record.since_ms is None else record.since_ms
    record = msgspec.structs.replace(record, arrived_ms=at_ms)
    if record.out_ms is None or record.out_ms < since_ms + ask.tolerance_ms:
        return record, []
    numbers: Numbers = {"late_s": (at_ms - since_ms) / 1000, "tolerated_s": ask.tolerance_ms / 1000}
    certainty = grounds.at_most(certainty, record.certainty)
    return record, [_found(Kind.ATTENDANCE_LATE, record, at_ms, certainty, Cause.BEHAVIOUR, scene, numbers)]


def _counted(
    record: Stay, ask: Appointment, fix_ms: Millis, shown: tuple[Presence, Certainty], scene: Scene
) -> tuple[Stay, list[Finding]]:
    """Add the time since the last fix to the stay or to the time elsewhere, where both fixes show the same."""
    there, certainty = shown
    before = record
    changed: dict[str, object] = {"fix_ms": fix_ms, "there": there}
    if there is Presence.OUTSIDE and fix_ms < record.until_ms:
        changed["out_ms"] = fix_ms
    if there is not Presence.UNKNOWN:
        changed["certainty"] = grounds.at_most(certainty, record.certainty)
    from_ms, to_ms = _span(record, ask, fix_ms, there)
    if from_ms < to_ms:
        name = "stayed_ms" if there is Presence.INSIDE else "elsewhere_ms"
        changed[name] = getattr(record, name) + to_ms - from_ms
    record = msgspec.structs.replace(record, **changed)
    if record.stayed_ms < record.needed_ms:
        return record, []
    record = msgspec.structs.replace(record, kept=True)
    at_ms = from_ms + record.needed_ms - before.stayed_ms
    return record, [_found(Kind.ATTENDANCE_KEPT, record, at_ms, record.certainty, Cause.BEHAVIOUR, scene)]


def _span(record: Stay, ask: Appointment, fix_ms: Millis, there: Presence) -> tuple[Millis, Millis]:
    """The part of the window between the last fix and this one, where both certainly show the same; else no time."""
    if record.since_ms is None or record.fix_ms is None or there is Presence.UNKNOWN or record.there != there:
        return fix_ms, fix_ms
    if fix_ms - record.fix_ms > ask.unknown_after_ms:
        return fix_ms, fix_ms
    return max(record.fix_ms, record.since_ms), min(fix_ms, record.until_ms)


# --- what is concluded


def _verdict(record: Stay, scene: Scene) -> list[Finding]:
    """What a window that is over comes to; nothing where it was kept."""
    if record.since_ms is None or record.kept:
        return []
    possible_ms = record.until_ms - record.since_ms - record.elsewhere_ms
    if possible_ms >= record.needed_ms:
        cause = grounds.cause_of_quiet(scene.device, scene.now_ms)
        return [_found(Kind.ATTENDANCE_UNVERIFIED, record, record.until_ms, Certainty.ESTABLISHED, cause, scene)]
    kind = Kind.ATTENDANCE_MISSED if record.arrived_ms is None else Kind.ATTENDANCE_SHORT
    return [_found(kind, record, record.until_ms, record.certainty, Cause.BEHAVIOUR, scene)]


def _found(
    kind: Kind,
    record: Stay,
    at_ms: Millis,
    certainty: Certainty,
    cause: Cause,
    scene: Scene,
    more: Numbers | None = None,
) -> Finding:
    numbers: Numbers = {
        "window_start_ms": record.since_ms,
        "window_end_ms": record.until_ms,
        "needed_s": record.needed_ms / 1000,
        "stayed_s": record.stayed_ms / 1000,
        "elsewhere_s": record.elsewhere_ms / 1000,
        "place": record.place,
        **({} if record.arrived_ms is None else {"there_since_ms": record.arrived_ms}),
        **({} if record.fix_ms is None else {"last_certain_ms": record.fix_ms}),
        **(more or {}),
    }
    ids = tuple(seen.fact_id for seen in grounds.used(scene.recent))
    subject = scene.about(record.condition_id, record.version)
    return subject.begin(kind, at_ms, scene.now_ms, certainty, cause, Evidence(ids, numbers))
