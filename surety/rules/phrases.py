"""Times, distances and numbers as people say them. Decides nothing."""

import datetime as dt

from surety.rules import schedule
from surety.rules.facts import Millis

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def local_time(at_ms: Millis, time_zone: str) -> str:
    """An instant as the person's clock shows it: "Mon 2 Nov 2026 21:04 GMT"."""
    local = on_clock(at_ms, time_zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {abbreviation(local)}"


def on_clock(at_ms: Millis, time_zone: str) -> dt.datetime:
    """An instant on the clocks of a zone."""
    return (_EPOCH + dt.timedelta(milliseconds=at_ms)).astimezone(schedule.zone(time_zone))


def abbreviation(local: dt.datetime) -> str:
    """How the zone of a local time is written: "GMT", "UTC+05:45"."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def distance(metres: float) -> str:
    """Metres as one would say them: "140 m", "1.2 km"."""
    if metres >= 1000:
        return f"{metres / 1000:.1f} km" if metres < 100_000 else f"{metres / 1000:.0f} km"
    return f"{round(metres, -1):.0f} m" if metres >= 100 else f"{metres:.0f} m"


def span(seconds: float) -> str:
    """A length of time that was ordered: "30 minutes"."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            return count(int(seconds // size), unit)
    return count(round(seconds / 60), "minute") if seconds >= 60 else count(int(seconds), "second")


def lasting(length_ms: Millis) -> str:
    """A length of time as one would say it: minutes up to two hours, then hours and minutes, then days and hours."""
    minutes = round(length_ms / 60_000)
    if minutes < 120:
        return count(minutes, "minute")
    large, small, size, part = ("hour", "minute", 60, 1) if minutes < 2880 else ("day", "hour", 1440, 60)
    rest = minutes % size // part
    return count(minutes // size, large) + (f" {count(rest, small)}" if rest else "")


def count(number: int, noun: str) -> str:
    """A number of things: "1 record", "2 records"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def percent(p: float) -> str:
    """A probability, never said to be certain."""
    if p < 0.01:
        return "under 1 %"
    return "over 99 %" if p > 0.99 else f"{100 * p:.0f} %"


def both(names: list[str]) -> str:
    """ "home and work"; nothing for no names."""
    return " and ".join(", ".join(names).rsplit(", ", 1)) if names else ""


def either(names: list[str]) -> str:
    """ "home or work"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
