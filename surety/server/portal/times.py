"""Times in the language that is spoken and on the person's own clock (CLDR, by Babel). Digits are those of devices."""

import datetime as dt
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, get_day_names

from surety.rules.phrases import on_clock
from surety.rules.schedule import first_showing
from surety.server.portal.languages import active, say

HOUR_S = 3_600
DAY_MS = 86_400_000


def locale() -> Locale:
    """The locale of the language that is spoken."""
    tag = active().tag
    return Locale.parse("en_GB" if tag == "en" else tag)


def clock(at_ms: int, zone: str) -> str:
    """ "19:00"."""
    return f"{on_clock(at_ms, zone):%H:%M}"


def between(from_ms: int, to_ms: int, zone: str) -> str:
    """ "06:00\u201312:00"."""
    return f"{clock(from_ms, zone)}\u2013{clock(to_ms, zone)}"


def day(at_ms: int, zone: str) -> str:
    """ "Wed 25 Nov"."""
    return str(format_skeleton("MMMEd", on_clock(at_ms, zone), locale=locale()))


def date(at_ms: int, zone: str) -> str:
    """ "25 Nov 2026"."""
    return str(format_skeleton("yMMMd", on_clock(at_ms, zone), locale=locale()))


def moment(at_ms: int, zone: str) -> str:
    """ "25 Nov 2026, 19:00"."""
    return say("{date}, {time}", date=date(at_ms, zone), time=clock(at_ms, zone))


def weekday(at_ms: int, zone: str) -> str:
    """ "Wed"."""
    return str(get_day_names("abbreviated", locale=locale())[on_clock(at_ms, zone).weekday()])


def midnight(at_ms: int, zone: str, days: int = 0) -> int:
    """The beginning of the local date, or of one after it."""
    return first_showing(zone, on_clock(at_ms, zone).date().toordinal() + days, 0)


def of_date(text: str, zone: str) -> int:
    """The beginning of a date such as 2026-11-25. Raises ValueError."""
    return first_showing(zone, dt.date.fromisoformat(text).toordinal(), 0)


def iso(at_ms: int, zone: str) -> str:
    """The local date as an address names it: 2026-11-25."""
    return dt.datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date().isoformat()


def span(seconds: int) -> str:
    """A length of time that was ordered."""
    if seconds % HOUR_S == 0:
        return say("{number} h", number=seconds // HOUR_S)
    return say("{number} min", number=seconds // 60)
