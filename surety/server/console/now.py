"""How instants are written for people.

A person's times are shown in their own zone with its abbreviation; how long ago stands beside it and is kept going by
static/console/js/time.js, which runs at the clock's speed.
"""

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def zone_of(name: str) -> dt.tzinfo:
    """The zone of that IANA name; UTC for a name that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def local(at_ms: int, zone: str) -> dt.datetime:
    """An instant on the clock of that zone."""
    return (_EPOCH + dt.timedelta(milliseconds=at_ms)).astimezone(zone_of(zone))


def in_words(at_ms: int, zone: str, now: int) -> str:
    """ "21:04 BST", with the day before it when it is not today's there."""
    at, today = local(at_ms, zone), local(now, zone)
    clock_time = f"{at:%H:%M} {at.tzname()}"
    if at.date() == today.date():
        return clock_time
    if at.date() == today.date() - dt.timedelta(days=1):
        return f"yesterday {clock_time}"
    year = "" if at.year == today.year else f" {at.year}"
    return f"{at:%a} {at.day} {at:%b}{year}, {clock_time}"


def ago(at_ms: int, now: int) -> str:
    """ "6 min ago", "in 20 min"; the same words as time.js writes."""
    length = span(abs(now - at_ms))
    if abs(now - at_ms) < MINUTE_MS:
        return "just now"
    return f"{length} ago" if at_ms <= now else f"in {length}"


def span(length_ms: int) -> str:
    """A length of time, in the unit that fits: "6 min", "3 h 20 min", "4 days"."""
    minutes = length_ms // MINUTE_MS
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    days = minutes // (24 * 60)
    return f"{days} day" if days == 1 else f"{days} days"
