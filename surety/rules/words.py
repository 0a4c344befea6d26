"""Says a finding in plain words, for the alert desk, the evidence page and the command line.

Times are local, with the abbreviation of the zone once; a date stands where it is not the finding's own. Nothing here
decides anything: every figure comes from the finding's evidence, every name from the condition.
"""

import datetime as dt
from collections.abc import Callable

from surety.rules import schedule
from surety.rules.conditions import Body, ConditionSet, Curfew, OneOff, Row, Timetable, Trail, Weekday, Zone, ZoneKind
from surety.rules.facts import Millis
from surety.rules.findings import ENDS, Cause, Certainty, Finding, Kind

_DAYS = {
    Weekday.MON: "Monday",
    Weekday.TUE: "Tuesday",
    Weekday.WED: "Wednesday",
    Weekday.THU: "Thursday",
    Weekday.FRI: "Friday",
    Weekday.SAT: "Saturday",
    Weekday.SUN: "Sunday",
}
_HEDGE = {Certainty.POSSIBLE: "Possibly ", Certainty.PROBABLE: "Probably ", Certainty.ESTABLISHED: ""}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def sentence(finding: Finding, conditions: ConditionSet, time_zone: str) -> str:
    """The finding in one or two plain sentences; `time_zone` is the person's (an IANA name)."""
    teller = _Teller(finding, _body_of(finding, conditions), time_zone)
    parts = (_SAID[finding.kind](teller).strip(), teller.device(), teller.cause())
    said = " ".join(part for part in parts if part)
    return said[0].upper() + said[1:]


def explanation(finding: Finding, conditions: ConditionSet, time_zone: str) -> list[str]:
    """What was ordered, what was recorded, what the rule concludes, how sure that is, what else could explain it."""
    body = _body_of(finding, conditions)
    teller = _Teller(finding, body, time_zone)
    told = [
        f"Ordered: {describe(body)}" if body is not None else "The finding stands under no particular condition.",
        *_recorded(teller),
        f"Concluded: {sentence(finding, conditions, time_zone)}",
        _sureness(teller),
        *_otherwise(teller),
    ]
    return [line for line in told if line]


def describe(body: Body) -> str:
    """What a condition asks, as one sentence."""
    if isinstance(body, Trail):
        limit = _span(body.silent_after_s)
        return f"Carry the device and keep it charged; {limit} without a message from it is looked into."
    when = timetable(body.timetable)
    if isinstance(body, Curfew):
        return f"Be at {_either([place.name for place in body.places])} {when}."
    verb = "Stay out of" if body.zone_kind is ZoneKind.EXCLUSION else "Stay within"
    return f'{verb} the zone "{body.name}" {when}.'


def timetable(table: Timetable) -> str:
    """When a timetable is active: "Monday to Friday 19:00-07:00 (Europe/London)"."""
    if not table.rows and not table.one_offs:
        return "at all times"
    grouped: dict[tuple[str, str, str], list[Weekday]] = {}
    for row in table.rows:
        grouped.setdefault((row.start, row.end, row.place), []).append(row.day)
    parts = [f"{_days(days)} {start}-{end}{_at(place)}" for (start, end, place), days in grouped.items()]
    parts += [f"on {_date(one)} {one.start}-{one.end}{_at(one.place)}" for one in table.one_offs]
    return f"{'; '.join(parts)} ({table.zone})"


def local_time(at_ms: Millis, time_zone: str) -> str:
    """An instant as the person's clock shows it: "Mon 2 Nov 2026 21:04 GMT"."""
    local = _local(at_ms, time_zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {_abbreviation(local)}"


class _Teller:
    """One finding on its way into words."""

    def __init__(self, finding: Finding, body: Body | None, time_zone: str) -> None:
        self.finding, self.body, self.time_zone = finding, body, time_zone
        self.numbers = finding.evidence.numbers
        self._named_zone = ""
        self.at = self.time(finding.at_ms)  # said first, so it is the one that names the zone

    @property
    def hedge(self) -> str:
        return _HEDGE[self.finding.certainty]

    @property
    def place(self) -> str:
        """The place or zone, as one would say it after "at" or "in"."""
        if isinstance(self.body, Zone):
            return f'the zone "{self.body.name}"'
        name = self.numbers.get("place")
        return _either(name.split(", ")) if isinstance(name, str) else "the place ordered"

    def number(self, name: str) -> float | None:
        value = self.numbers.get(name)
        return value if isinstance(value, int | float) else None

    def time(self, at_ms: float) -> str:
        """A time of day; with the zone where it was not said yet, with the date where it is another day."""
        local = _local(int(at_ms), self.time_zone)
        text = f"{local:%H:%M}"
        if (zone := _abbreviation(local)) != self._named_zone:
            text, self._named_zone = f"{text} {zone}", zone
        other_day = local.date() != _local(self.finding.at_ms, self.time_zone).date()
        return f"{text} on {local.day} {local:%b}" if other_day else text

    def last_fix(self) -> str:
        """ "Last certain fix 20:51, 140 m away." - or nothing where there was none."""
        at, clearance = self.number("last_certain_ms"), self.number("clearance_m")
        if at is None or clearance is None:
            return ""
        where = f"{_distance(clearance)} inside" if clearance >= 0 else f"{_distance(-clearance)} away"
        return f"Last certain fix {self.time(at)}, {where}."

    def lasted(self, what: str) -> str:
        """How long what the finding ends went on, for the end of a sentence."""
        began = self.number("began_ms")
        return "" if began is None else f"; {what} {_lasting(self.finding.at_ms - int(began))}"

    def device(self) -> str:
        """What the device had told of itself, where it bears on the finding."""
        if self.finding.kind in ENDS:
            return ""
        pct = self.number("battery_pct")
        told = [] if pct is None else [f"Battery {pct:.0f} %."]
        if self.numbers.get("worn") == "no" and self.finding.kind is not Kind.OFF_WRIST:
            told.append("The device had reported that it was not worn.")
        if self.numbers.get("power") == "off" and self.finding.kind is not Kind.POWERED_OFF:
            told.append("The device had been switched off.")
        return " ".join(told)

    def cause(self) -> str:
        if self.finding.kind not in (Kind.SILENT, Kind.CANNOT_VERIFY):
            return ""
        return {
            Cause.CHARGING: "The device was on its charger.",
            Cause.EQUIPMENT: "Its battery was low before.",
            Cause.NETWORK: "The device had said that it was offline.",
        }.get(self.finding.cause, "")


def _entered(t: _Teller) -> str:
    if (began := t.number("began_ms")) is not None:
        return f"{t.hedge}in {t.place} at {t.at}, as it seemed since {t.time(began)}. {t.last_fix()}"
    if t.finding.at_ms == t.number("window_start_ms"):
        return f"{t.hedge}in {t.place} already when it came into force at {t.at}. {t.last_fix()}"
    return f"{t.hedge}in {t.place} since {t.at}. {t.last_fix()}"


def _absent(t: _Teller) -> str:
    began = t.number("window_start_ms")
    where = f"in {t.place}" if isinstance(t.body, Zone) else f"at {t.place}"
    duty = "the time to be there" if isinstance(t.body, Zone) else "the curfew"
    if t.number("began_ms") is not None:
        return _left(t)
    if began is None or began == t.finding.at_ms:
        return f"{t.hedge}not {where} when {duty} began at {t.at}. {t.last_fix()}"
    return f"{t.hedge}not {where} at {t.at}; nobody can tell for {t.time(began)}, when {duty} began. {t.last_fix()}"


def _left(t: _Teller) -> str:
    where = f"in {t.place}" if isinstance(t.body, Zone) else f"at {t.place}"
    if (since := t.number("began_ms")) is not None:
        return f"{t.hedge}not {where} at {t.at}, as it seemed since {t.time(since)}. {t.last_fix()}"
    return f"{t.hedge}not {where} since {t.at}. {t.last_fix()}"


def _back(t: _Teller) -> str:
    return f"{t.hedge}back {'in' if isinstance(t.body, Zone) else 'at'} {t.place} since {t.at}{t.lasted('away for')}."


def _throughout(t: _Teller) -> str:
    began, end = t.number("window_start_ms"), t.at
    since = f"from {t.time(began)} to {end}" if began is not None else f"until {end}"
    return f"{t.hedge}not at {t.place} at any time {since}."


def _cannot_verify(t: _Teller) -> str:
    limit = _span(t.number("unknown_after_s") or 0)
    exclusion = isinstance(t.body, Zone) and t.body.zone_kind is ZoneKind.EXCLUSION
    what = f"keeping out of {t.place}" if exclusion else f"being {'in' if isinstance(t.body, Zone) else 'at'} {t.place}"
    last = t.last_fix() or "No certain fix before."
    return f"Cannot verify {what} since {t.at}: no certain fix for {limit}. This is not a breach. {last}"


def _ended(t: _Teller) -> str:
    ended = "The condition" if t.numbers.get("ended_by") == "condition" else "The ordered time"
    was = {
        Kind.CANNOT_VERIFY.value: "it could not be verified until then",
        Kind.SILENT.value: "the device was silent until then",
        Kind.ZONE_ENTERED.value: f"still in {t.place} then",
    }.get(str(t.numbers.get("began")), f"not back {'in' if isinstance(t.body, Zone) else 'at'} {t.place} by then")
    return f"{ended} ended at {t.at}; {was}."


def _silent(t: _Teller) -> str:
    limit, last = _span(t.number("silent_after_s") or 0), t.number("last_heard_ms")
    heard = f"Last message {t.time(last)}." if last is not None else "It has not been heard before."
    return f"No message from the device for {limit} at {t.at}. {heard}"


def _device(text: str) -> Callable[[_Teller], str]:
    return lambda t: f"{text.format(at=t.at)}"


_SAID: dict[Kind, Callable[[_Teller], str]] = {
    Kind.ZONE_ENTERED: _entered,
    Kind.ZONE_LEFT: lambda t: f"{t.hedge}out of {t.place} again since {t.at}{t.lasted('there for')}.",
    Kind.INCLUSION_LEFT: _left,
    Kind.INCLUSION_ABSENT_AT_START: _absent,
    Kind.INCLUSION_RETURNED: _back,
    Kind.CURFEW_ABSENT_AT_START: _absent,
    Kind.CURFEW_LEFT: _left,
    Kind.CURFEW_RETURNED: _back,
    Kind.CURFEW_ABSENT_THROUGHOUT: _throughout,
    Kind.CANNOT_VERIFY: _cannot_verify,
    Kind.VERIFIED_AGAIN: lambda t: f"Verified again since {t.at}. {t.last_fix()}",
    Kind.DUTY_ENDED: _ended,
    Kind.SILENT: _silent,
    Kind.HEARD_AGAIN: _device("The device was heard again at {at}."),
    Kind.SOS: _device("Called for help with the SOS button at {at}."),
    Kind.STRAP_TAMPER: _device("The device reported an open or cut strap at {at}."),
    Kind.CASE_TAMPER: _device("The device reported an open case at {at}."),
    Kind.OFF_WRIST: _device("The device reported at {at} that it is not worn."),
    Kind.BATTERY_LOW: _device("The device's battery was low at {at}."),
    Kind.POWERED_OFF: _device("The device was switched off at {at}."),
    Kind.MOCK_LOCATION: _device("The device reported a simulated position at {at}; it is not used as evidence."),
}


def _recorded(t: _Teller) -> list[str]:
    fixes, error = len(t.finding.evidence.fact_ids), t.number("sigma_m")
    if t.number("last_certain_ms") is None:
        return ["Recorded: nothing that shows where the person was."] if t.number("p_inside") is not None else []
    count = f"The conclusion rests on {_count(fixes, 'record')} of the device. " if fixes else ""
    width = f" Its error is about {_distance(3 * error)} in 19 cases of 20." if error is not None else ""
    return [f"Recorded: {count}{t.last_fix()}{width}"]


def _sureness(t: _Teller) -> str:
    p = None if t.finding.kind is Kind.CANNOT_VERIFY else t.number("p_inside")
    chance = f" The evidence puts the probability of being inside at {_percent(p)}." if p is not None else ""
    word = {
        Certainty.ESTABLISHED: "Established: the records leave little room for another reading.",
        Certainty.PROBABLE: "Probable: the records speak for it, but not beyond doubt.",
        Certainty.POSSIBLE: "Possible only: it is on record and no reason to act by itself.",
    }[t.finding.certainty]
    return f"{word}{chance}"


_PLACE_DOUBTS = "Position errors near tall buildings, in the underground or indoors can carry fixes past an edge."
_QUIET_DOUBTS = "An empty battery, a building without reception or a fault of the device look the same."
_SENSOR_DOUBTS = "Sensors of this kind report by mistake; look at the device before concluding anything."
_DOUBTS = {
    Kind.CANNOT_VERIFY: _QUIET_DOUBTS,
    Kind.SILENT: _QUIET_DOUBTS,
    Kind.POWERED_OFF: _QUIET_DOUBTS,
    Kind.STRAP_TAMPER: _SENSOR_DOUBTS,
    Kind.CASE_TAMPER: _SENSOR_DOUBTS,
    Kind.OFF_WRIST: _SENSOR_DOUBTS,
    Kind.MOCK_LOCATION: "Some phones call a position simulated after a fault or for an accessory.",
    **dict.fromkeys(
        (Kind.ZONE_ENTERED, Kind.INCLUSION_LEFT, Kind.INCLUSION_ABSENT_AT_START, Kind.CURFEW_LEFT), _PLACE_DOUBTS
    ),
    **dict.fromkeys((Kind.CURFEW_ABSENT_AT_START, Kind.CURFEW_ABSENT_THROUGHOUT), _PLACE_DOUBTS),
}


def _otherwise(t: _Teller) -> list[str]:
    doubts = _DOUBTS.get(t.finding.kind)
    if doubts is None:
        return []
    excuse = " There may be a reasonable excuse, which no record shows." if doubts is _PLACE_DOUBTS else ""
    return [f"What else could explain it: {doubts}{excuse}"]


def _body_of(finding: Finding, conditions: ConditionSet) -> Body | None:
    for condition in conditions.conditions:
        if (condition.id, condition.version) == (finding.condition_id, finding.condition_version):
            return condition.body
    return None


def _local(at_ms: Millis, time_zone: str) -> dt.datetime:
    return (_EPOCH + dt.timedelta(milliseconds=at_ms)).astimezone(schedule.zone(time_zone))


def _abbreviation(local: dt.datetime) -> str:
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def _distance(metres: float) -> str:
    if metres >= 1000:
        return f"{metres / 1000:.1f} km" if metres < 100_000 else f"{metres / 1000:.0f} km"
    return f"{round(metres, -1):.0f} m" if metres >= 100 else f"{metres:.0f} m"


def _span(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            return _count(int(seconds // size), unit)
    return _count(round(seconds / 60), "minute") if seconds >= 60 else _count(int(seconds), "second")


def _lasting(length_ms: Millis) -> str:
    """A length of time as one would say it: minutes up to two hours, then hours and minutes, then days and hours."""
    minutes = round(length_ms / 60_000)
    if minutes < 120:
        return _count(minutes, "minute")
    large, small, size, part = ("hour", "minute", 60, 1) if minutes < 2880 else ("day", "hour", 1440, 60)
    rest = minutes % size // part
    return _count(minutes // size, large) + (f" {_count(rest, small)}" if rest else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _percent(p: float) -> str:
    if p < 0.01:
        return "under 1 %"
    return "over 99 %" if p > 0.99 else f"{100 * p:.0f} %"


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _days(days: list[Weekday]) -> str:
    order = list(Weekday)
    places = sorted({order.index(day) for day in days})
    if len(places) == 7:
        return "every day"
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{_DAYS[order[places[0]]]} to {_DAYS[order[places[-1]]]}"
    return ", ".join(_DAYS[order[place]] for place in places)


def _at(place: str) -> str:
    return f" at {place}" if place else ""


def _date(one: OneOff | Row) -> str:
    if isinstance(one, Row):
        return _DAYS[one.day]
    date = dt.date.fromisoformat(one.date)
    return f"{date:%a} {date.day} {date:%b %Y}"
