"""Rules of repetition (RRULE): which wall-clock times they name, up to a bound, with bounded work.

Only what repeats by days, weeks, months or years is read. The library looks for a match until the year 9999; since the
calendar is the same again after 400 years, weekdays and leap years included, the rule is asked 7,600 years later, where
that end is near. So a rule that never matches costs a tenth of a second and not seconds.
"""

import datetime as dt
import re
from collections.abc import Iterator

from dateutil import rrule
from icalendar.prop import vRecur

from surety.ical.errors import CalendarError

_LATER = 7_600  # years, a multiple of 400
_LATEST_YEAR = 9_999 - _LATER
_FREQUENCIES = {"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY, "MONTHLY": rrule.MONTHLY, "YEARLY": rrule.YEARLY}
# What a day that a rule looks at costs, a time that it names with its instant, and a rule: measured, in microseconds.
_WORK = {"DAILY": 1.0, "WEEKLY": 0.4, "MONTHLY": 0.15, "YEARLY": 0.06}
_WORK_A_TIME, _WORK_TO_BEGIN = 10.0, 100.0
_LISTS = {"BYMONTH": "bymonth", "BYMONTHDAY": "bymonthday", "BYYEARDAY": "byyearday", "BYWEEKNO": "byweekno"}
_READ = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYSETPOS", *_LISTS}
_WEEKDAYS = {
    "MO": rrule.MO,
    "TU": rrule.TU,
    "WE": rrule.WE,
    "TH": rrule.TH,
    "FR": rrule.FR,
    "SA": rrule.SA,
    "SU": rrule.SU,
}
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")


class Budget:
    """How much work all rules of one file may make together, in about microseconds: some seconds."""

    def __init__(self, left: float = 3_000_000) -> None:
        self._left = left

    def spend(self, work: float) -> None:
        """Raises CalendarError when nothing is left."""
        self._left -= work
        if self._left < 0:
            raise CalendarError("repeats so often, or for so long, that the calendar is not read: export less of it")


class Rule:
    """One RRULE. Raises CalendarError, with the reason alone, for what is not read."""

    def __init__(self, text: str) -> None:
        try:
            self._parts = {str(key).upper(): list(value) for key, value in vRecur.from_ical(text).items()}
            self._arguments = self._read()
        except CalendarError:
            raise
        except (ValueError, TypeError):
            raise CalendarError(f'has the rule "{text[:60]}", which cannot be read: save it as single events') from None

    @property
    def until(self) -> dt.date | dt.datetime | None:
        """The last time that the rule may name, as written: a date, a wall-clock time or an instant in UTC."""
        found: dt.date | dt.datetime | None = self._parts.get("UNTIL", [None])[0]
        return found

    def _read(self) -> dict[str, object]:
        unread = sorted(set(self._parts) - _READ)
        frequency = str(self._one("FREQ", ""))
        if frequency not in _FREQUENCIES:
            raise CalendarError("repeats other than by days, weeks, months or years: save it as single events")
        if unread:
            raise CalendarError(f"has a rule with {unread[0]}, which is not read: save it as single events")
        interval, count = self._one("INTERVAL", 1), self._one("COUNT", None)
        if not _positive(interval) or not (count is None or _positive(count)) or (count and self.until):
            raise ValueError
        found: dict[str, object] = {"freq": _FREQUENCIES[frequency], "interval": interval, "count": count}
        found |= {name: [int(str(n)) for n in self._parts[key]] for key, name in _LISTS.items() if key in self._parts}
        if "BYSETPOS" in self._parts:
            found["bysetpos"] = [int(str(n)) for n in self._parts["BYSETPOS"]]
        if "BYDAY" in self._parts:
            found["byweekday"] = [_weekday(str(day), frequency) for day in self._parts["BYDAY"]]
        if "WKST" in self._parts:
            found["wkst"] = _WEEKDAYS[str(self._one("WKST", "MO"))]
        rrule.rrule(dtstart=dt.datetime(2000, 1, 1), **found)  # noqa: DTZ001 - a wall clock
        return found

    def _one(self, key: str, default: object) -> object:
        values = self._parts.get(key, [default])
        if len(values) != 1:
            raise ValueError
        return values[0]

    def times(self, start: dt.datetime, last: dt.datetime, budget: Budget) -> Iterator[dt.datetime]:
        """The wall-clock times that the rule names from `start` to `last`, in order."""
        if start.year > _LATEST_YEAR:
            return
        a_day, before = _WORK[str(self._one("FREQ", ""))], start
        budget.spend(_WORK_TO_BEGIN)
        for later in rrule.rrule(dtstart=start.replace(year=start.year + _LATER), **self._arguments):
            found = later.replace(year=later.year - _LATER)
            budget.spend(_WORK_A_TIME + a_day * (found - before).days)
            if found > last:
                return
            yield found
            before = found
        if self._arguments["count"] is None:  # it looked in vain to the end of all years
            budget.spend(a_day * (dt.date.max - before.date().replace(year=before.year + _LATER, day=1)).days)

    def begins_with(self, start: dt.datetime) -> bool:
        """Whether the rule names the time at which it starts, without which the standard calls it undefined."""
        return next(self.times(start, start, Budget()), None) == start


def _positive(value: object) -> bool:
    return isinstance(value, int) and value >= 1


def _weekday(text: str, frequency: str) -> rrule.weekday:
    match = _BYDAY.fullmatch(text)
    if match is None or (match[1] and (frequency not in ("MONTHLY", "YEARLY") or int(match[1]) == 0)):
        raise ValueError
    day = _WEEKDAYS[match[2]]
    return day(int(match[1])) if match[1] else day
