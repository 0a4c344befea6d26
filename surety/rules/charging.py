"""Decides that a device was charged for less than ordered in a local day, counted only from what the device told.

A report says for the time since the one before it whether the device was on its charger, as long as they lie close
together; other time is unknown. Less is found only if it would be less even with all the unknown time on the charger:
not knowing is not a failure. A charge that runs over midnight counts in full for both days, and one that runs at the
end of a day keeps it, so that nobody fails for charging at night.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from surety.rules import devices, schedule
from surety.rules.conditions import Condition, Trail
from surety.rules.facts import DeviceReport, Fact, Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import Charge
from surety.rules.tracker import Ask, RowOf, Tracker

LONGEST_GAP_MS = 30 * 60_000  # between two reports: longer, and nobody knows what was in between
SLACK_MS = 5 * 60_000  # a charge is told some minutes after it begins and ends
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class ChargeDuty(Ask, frozen=True):
    """A trail condition in force that asks for charging: how long a day, in which zone, and since when it asks."""

    needed_ms: int
    zone: str


class ChargingTracker(Tracker[ChargeDuty, Charge]):
    """Adds up the charging of a local day."""

    ask_type, record_type = ChargeDuty, Charge

    def asks_of(self, condition: Condition, row_of: RowOf) -> Sequence[ChargeDuty]:  # noqa: ARG002 - no place
        """A trail may ask that the device be charged."""
        body = condition.body
        if not isinstance(body, Trail) or not body.charge_min_a_day:
            return ()
        return (ChargeDuty(condition.id, condition.version, body.charge_min_a_day * 60_000, body.zone),)

    def opened(self, ask: ChargeDuty, scene: Scene) -> Charge:
        """Counting begins; the day that has begun already is not judged."""
        now_ms = scene.now_ms
        return Charge(ask.condition_id, ask.version, now_ms, _day_end_ms(now_ms, ask.zone), now_ms)

    def carried(self, record: Charge, ask: ChargeDuty, scene: Scene) -> Charge:
        """Another version may ask for another time or zone: its first whole day is the first that it judges."""
        if record.version == ask.version:
            return record
        return self.opened(ask, scene)

    def due(self, record: Charge, ask: ChargeDuty, scene: Scene) -> Millis:  # noqa: ARG002 - the day alone says it
        """At the end of the local day."""
        return record.until_ms

    def woken(self, record: Charge, ask: ChargeDuty, scene: Scene) -> tuple[Charge, list[Finding]]:
        """The day is over."""
        day = _counted(record, record.until_ms, charging=record.charging)
        kept = day.running_ms > 0 or day.charged_ms + day.unknown_ms + SLACK_MS >= ask.needed_ms
        whole = record.since_ms <= _day_start_ms(record.until_ms, ask.zone)
        found = [] if kept or not whole else [_not_charged(day, ask, scene)]
        until_ms = _day_end_ms(record.until_ms, ask.zone)
        return msgspec.structs.replace(day, until_ms=until_ms, charged_ms=day.running_ms, unknown_ms=0), found

    # Part of what every rule is given; this one does not need it all.
    def taken(self, record: Charge, ask: ChargeDuty, fact: Fact, scene: Scene) -> tuple[Charge, list[Finding]]:  # noqa: ARG002
        """A report tells of the time since the one before it."""
        if not isinstance(fact, DeviceReport):
            return record, []
        return _counted(record, fact.at_ms, charging=devices.charging_told(scene.device, fact)), []


def _counted(record: Charge, at_ms: Millis, *, charging: bool | None) -> Charge:
    """With the time up to an instant added to what it was, and what holds from then on."""
    length_ms = max(at_ms - record.last_ms, 0)
    charged, running, unknown = record.charged_ms, 0, record.unknown_ms
    if record.charging is None or length_ms > LONGEST_GAP_MS:
        unknown += length_ms
    elif record.charging:
        charged, running = charged + length_ms, record.running_ms + length_ms
    if not charging:
        running = 0
    return msgspec.structs.replace(
        record, last_ms=at_ms, charging=charging, charged_ms=charged, running_ms=running, unknown_ms=unknown
    )


def _not_charged(day: Charge, ask: ChargeDuty, scene: Scene) -> Finding:
    numbers: Numbers = {
        "charged_s": day.charged_ms / 1000,
        "needed_s": ask.needed_ms / 1000,
        "unknown_s": day.unknown_ms / 1000,
        "day_start_ms": _day_start_ms(day.until_ms, ask.zone),
    }
    if scene.device.battery_pct is not None:
        numbers["battery_pct"] = scene.device.battery_pct
    subject = scene.about(ask.condition_id, ask.version)
    at_ms = scene.now_ms
    evidence = Evidence((), numbers)
    return subject.begin(Kind.NOT_CHARGED, at_ms, at_ms, Certainty.ESTABLISHED, Cause.UNKNOWN, evidence)


def _day_end_ms(at_ms: Millis, zone: str) -> Millis:
    """The end of the local day that holds an instant: the next midnight, or what the clocks show first after it."""
    day = _local_day(at_ms, zone)
    end_ms = schedule.first_showing(zone, day + 1, 0)
    while end_ms <= at_ms and end_ms < END:  # a day that the zone left out
        day += 1
        end_ms = schedule.first_showing(zone, day + 1, 0)
    return end_ms


def _day_start_ms(end_ms: Millis, zone: str) -> Millis:
    """The start of the local day that ends at an instant."""
    return schedule.first_showing(zone, _local_day(end_ms - 1, zone), 0)


def _local_day(at_ms: Millis, zone: str) -> int:
    local = (_EPOCH + dt.timedelta(milliseconds=at_ms)).astimezone(schedule.zone(zone))
    return local.toordinal()
