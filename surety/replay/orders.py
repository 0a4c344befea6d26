"""Reads an order file: YAML as docs/replay.md tells, strictly, into the conditions that the rules know.

Every error names the file and the line.
"""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from surety.replay import yaml_text
from surety.replay.errors import InputError, read_bytes
from surety.replay.order_times import Date, Excepted, Time, Times, TimesReader
from surety.replay.yaml_text import Text, Where
from surety.rules import schedule
from surety.rules.conditions import (
    DAYTIME,
    Absence,
    AbsenceKind,
    Area,
    Attendance,
    Body,
    CheckInDuty,
    Circle,
    Condition,
    ConditionSet,
    Curfew,
    Exemption,
    Identifier,
    LocalDate,
    LocalTime,
    Place,
    Point,
    Polygon,
    Timetable,
    Trail,
    Zone,
    ZoneKind,
)
from surety.rules.facts import Latitude, Longitude, Millis
from surety.rules.intervals import Span

MAX_BYTES = 5_000_000
FIRST_FIX: Millis = schedule.BEGINNING  # in place of a start that the file leaves open


class Order(msgspec.Struct, frozen=True):
    """An order as the rules need it. `from_ms` is None where the file leaves the start to the first fix."""

    conditions: ConditionSet
    time_zone: str
    from_ms: Millis | None


class _Circle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lat: Latitude
    lon: Longitude
    radius_m: Annotated[float, msgspec.Meta(ge=10, le=200_000)]


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Identifier
    circle: _Circle | None = None
    polygon: Annotated[tuple[Point, ...], msgspec.Meta(min_length=3, max_length=2_000)] | None = None
    holes: tuple[tuple[Point, ...], ...] = ()


class _Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    id: Identifier | None = None
    begins: str | None = msgspec.field(default=None, name="from")
    ends: str | None = msgspec.field(default=None, name="to")


class _Timed(_Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    times: tuple[Time, ...] = ()
    dates: tuple[Date, ...] = ()
    from_date: LocalDate | None = None
    until_date: LocalDate | None = None
    exceptions: tuple[Excepted, ...] | Excepted = ()
    unknown_after_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] | None = None


class _Curfew(_Timed, frozen=True, kw_only=True, tag="curfew", forbid_unknown_fields=True):
    places: Annotated[tuple[_Place, ...], msgspec.Meta(min_length=1, max_length=20)]
    allowance_day_min: Annotated[int, msgspec.Meta(ge=0, le=1_440)] = 0
    allowance_week_min: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 0


class _Attendance(_Timed, frozen=True, kw_only=True, tag="attendance", forbid_unknown_fields=True):
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    place: _Place
    min_stay_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)]
    tolerance_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 600


class _Absence(_Common, frozen=True, kw_only=True, tag="absence", forbid_unknown_fields=True):
    times: tuple[Time, ...] = ()
    dates: tuple[Date, ...] = ()
    from_date: LocalDate | None = None
    until_date: LocalDate | None = None
    exceptions: tuple[Excepted, ...] | Excepted = ()
    spans: tuple[Excepted, ...] | Excepted = ()
    applies_to: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=50)] = ()
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class _Suspension(_Absence, frozen=True, kw_only=True, tag="suspension", forbid_unknown_fields=True):
    pass


class _Zone(_Timed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Identifier
    circle: _Circle | None = None
    polygon: Annotated[tuple[Point, ...], msgspec.Meta(min_length=3, max_length=2_000)] | None = None
    holes: tuple[tuple[Point, ...], ...] = ()


class _Exclusion(_Zone, frozen=True, kw_only=True, tag="exclusion", forbid_unknown_fields=True):
    warn_m: Annotated[int, msgspec.Meta(ge=0, le=5_000)] = 0


class _Inclusion(_Zone, frozen=True, kw_only=True, tag="inclusion", forbid_unknown_fields=True):
    pass


class _Restriction(_Zone, frozen=True, kw_only=True, tag="restriction", forbid_unknown_fields=True):
    max_stay_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 1_800


class _Trail(_Common, frozen=True, kw_only=True, tag="trail", forbid_unknown_fields=True):
    silent_after_s: Annotated[int, msgspec.Meta(ge=60, le=604_800)] = 1_800
    no_location_after_s: Annotated[int, msgspec.Meta(ge=300, le=604_800)] = 3_600
    charge_min_a_day: Annotated[int, msgspec.Meta(ge=0, le=720)] = 0


class _Exempt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    times: tuple[Time, ...] = ()
    dates: tuple[Date, ...] = ()
    from_date: LocalDate | None = None
    until_date: LocalDate | None = None
    exceptions: tuple[Excepted, ...] | Excepted = ()


class _CheckIn(_Common, frozen=True, kw_only=True, tag="check_in", forbid_unknown_fields=True):
    per_day: Annotated[int, msgspec.Meta(ge=0, le=5)]
    response_s: Annotated[int, msgspec.Meta(ge=300, le=86_400)] = 1_800
    late_until_s: Annotated[int, msgspec.Meta(ge=0, le=259_200)] = 86_400
    apart_s: Annotated[int, msgspec.Meta(ge=0, le=43_200)] = 3_600
    fixed: Annotated[tuple[LocalTime, ...], msgspec.Meta(max_length=5)] = ()
    exempt: Annotated[tuple[_Exempt, ...], msgspec.Meta(max_length=20)] = ()
    times: tuple[Time, ...] = ()
    dates: tuple[Date, ...] = ()
    from_date: LocalDate | None = None
    until_date: LocalDate | None = None
    exceptions: tuple[Excepted, ...] | Excepted = ()


_Written = _Curfew | _Exclusion | _Inclusion | _Restriction | _Trail | _CheckIn | _Attendance | _Absence | _Suspension


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    time_zone: str
    conditions: Annotated[tuple[_Written, ...], msgspec.Meta(min_length=1, max_length=100)]
    person: Identifier = "person"
    begins: str | None = msgspec.field(default=None, name="from")
    ends: str | None = msgspec.field(default=None, name="to")


def read_order(file: Path) -> Order:
    """The order in `file`. Raises InputError with file, line and what was expected."""
    return _read(yaml_text.load(file, read_bytes(file, MAX_BYTES)))


def _read(text: Text) -> Order:
    try:
        written = msgspec.convert(text.values, _Order, strict=False)
    except msgspec.ValidationError as error:
        raise _told(text, str(error)) from None
    return _Reader(text, written).order()


def read_condition(file: Path, time_zone: str) -> Body:
    """The one condition in `file`: an order with one condition, or a condition alone, whose times are in `time_zone`.

    Raises InputError with file, line and what was expected.
    """
    text = yaml_text.load(file, read_bytes(file, MAX_BYTES))
    if isinstance(text.values, dict) and "conditions" not in text.values:
        text = text.as_part(("conditions", 0), {"time_zone": time_zone, "conditions": [text.values]})
    found = _read(text).conditions.conditions
    if len(found) != 1:
        raise text.error(("conditions",), f"there are {len(found)} conditions here; one was expected")
    return found[0].body


def instant(written: str, time_zone: str) -> Millis:
    """A date, or a time on it, in local time unless it names its own zone. Raises ValueError when it is neither."""
    moment = dt.datetime.fromisoformat(written)
    if moment.tzinfo is not None:
        return int(moment.timestamp() * 1000)
    return schedule.first_showing(time_zone, moment.toordinal(), moment.hour * 60 + moment.minute)


class _Reader:
    """An order as written, on its way to what the rules know."""

    def __init__(self, text: Text, written: _Order) -> None:
        self.text, self.written = text, written
        self.versions: dict[str, int] = {}

    def order(self) -> Order:
        zone = self.written.time_zone
        self._check(("time_zone",), lambda: schedule.zone(zone))
        begins = self._instant(("from",), self.written.begins)
        ends = self._instant(("to",), self.written.ends)
        found = [self._condition(i, one, begins, ends) for i, one in enumerate(self.written.conditions)]
        self._known_names(found)
        return Order(ConditionSet(self.written.person, 1, tuple(found)), zone, begins)

    def _condition(self, i: int, one: _Written, begins: Millis | None, ends: Millis | None) -> Condition:
        where: Where = ("conditions", i)
        name = one.id or f"{type(one).__struct_config__.tag}-{i + 1}"
        version = self.versions[name] = self.versions.get(name, 0) + 1
        own_from = self._instant((*where, "from"), one.begins)
        own_to = self._instant((*where, "to"), one.ends)
        start = own_from if own_from is not None else begins
        end = own_to if own_to is not None else ends
        if start is not None and end is not None and end <= start:
            raise self.text.error((*where, "to") if own_to is not None else ("to",), "`to` must lie after `from`")
        term = None if start is None else Span(start, schedule.END if end is None else end)
        body = self._body(where, one, term)
        return Condition(name, version, start if start is not None else FIRST_FIX, end, body)

    def _body(self, where: Where, one: _Written, term: Span | None) -> Body:
        if isinstance(one, _Trail):
            limits = one.silent_after_s, one.no_location_after_s, one.charge_min_a_day
            return Trail(*limits, self.written.time_zone)
        if isinstance(one, _CheckIn):
            return self._check_ins(where, one, term)
        if isinstance(one, _Absence):
            return self._absence(where, one, term)
        if isinstance(one, _Curfew):
            return self._curfew(where, one, term)
        self._known_places(where, one, set())
        return self._attendance(where, one, term) if isinstance(one, _Attendance) else self._zone(where, one, term)

    def _curfew(self, where: Where, one: _Curfew, term: Span | None) -> Curfew:
        places = tuple(Place(p.name, self._area((*where, "places", i), p)) for i, p in enumerate(one.places))
        self._known_places(where, one, {place.name for place in places})
        allowance = one.allowance_day_min, one.allowance_week_min
        return Curfew(places, self._timetable(where, one, term), one.unknown_after_s or 900, *allowance)

    def _attendance(self, where: Where, one: _Attendance, term: Span | None) -> Attendance:
        place = Place(one.place.name, self._area((*where, "place"), one.place))
        limits = one.min_stay_s, one.tolerance_s, one.unknown_after_s or 900
        return Attendance(one.purpose, place, self._timetable(where, one, term), *limits)

    def _check_ins(self, where: Where, one: _CheckIn, term: Span | None) -> CheckInDuty:
        table = self._timetable(where, one, term)
        if not one.times and not one.dates:
            table = msgspec.structs.replace(table, rows=DAYTIME)
        exempt = tuple(
            Exemption(each.name, self._timetable((*where, "exempt", i), each, term))
            for i, each in enumerate(one.exempt)
        )
        limits = one.per_day, one.response_s, one.late_until_s
        return CheckInDuty(*limits, table, one.apart_s, one.fixed, exempt)

    def _zone(self, where: Where, one: _Zone, term: Span | None) -> Zone:
        kind = ZoneKind(str(type(one).__struct_config__.tag))
        table = self._timetable(where, one, term)
        zone = Zone(kind, one.name, self._area(where, one), table, one.unknown_after_s or 3_600)
        if isinstance(one, _Restriction):
            return msgspec.structs.replace(zone, max_stay_s=one.max_stay_s)
        return msgspec.structs.replace(zone, warn_m=one.warn_m) if isinstance(one, _Exclusion) else zone

    def _absence(self, where: Where, one: _Absence, term: Span | None) -> Absence:
        kind = AbsenceKind.SUSPENSION if isinstance(one, _Suspension) else AbsenceKind.AUTHORISED
        written = Times(one.times, one.dates, one.from_date, one.until_date, one.exceptions)
        reader = TimesReader(self.text, where, self.written.time_zone, term)
        return Absence(kind, reader.timetable(written), reader.pauses("spans", one.spans), one.applies_to, one.reason)

    def _known_names(self, conditions: Sequence[Condition]) -> None:
        """An absence covers conditions of this file."""
        names = {condition.id for condition in conditions}
        for i, condition in enumerate(conditions):
            named = condition.body.applies_to if isinstance(condition.body, Absence) else ()
            for n, name in enumerate(named):
                if name not in names:
                    known = ", ".join(sorted(names - {condition.id}))
                    raise self.text.error(
                        ("conditions", i, "applies_to", n),
                        f'"{name}" is no condition here; one of {known} was expected',
                    )

    def _area(self, where: Where, one: _Place | _Zone) -> Area:
        if (one.circle is None) == (one.polygon is None):
            raise self.text.error(where, f"`{one.name}` needs either `circle` or `polygon`")
        if one.circle is not None:
            return Circle(one.circle.lat, one.circle.lon, one.circle.radius_m)
        return Polygon(one.polygon or (), one.holes)

    def _known_places(self, where: Where, one: _Timed, names: set[str]) -> None:
        named = [("times", i, row.place) for i, row in enumerate(one.times)]
        named += [("dates", i, row.place) for i, row in enumerate(one.dates)]
        for part, i, place in named:
            if place and place not in names:
                known = f"one of {', '.join(sorted(names))}" if names else "no place, as a zone has only one"
                raise self.text.error((*where, part, i, "place"), f'"{place}" is not known; {known} was expected')

    def _timetable(self, where: Where, one: _Timed | _CheckIn | _Exempt, term: Span | None) -> Timetable:
        written = Times(one.times, one.dates, one.from_date, one.until_date, one.exceptions)
        return TimesReader(self.text, where, self.written.time_zone, term).timetable(written)

    def _instant(self, where: Where, written: str | None) -> Millis | None:
        """A date or a time of it, local to the order's zone unless it names its own."""
        if written is None:
            return None
        try:
            return instant(written, self.written.time_zone)
        except ValueError:
            raise self.text.error(where, f'"{written}" is no date; write 2026-11-23 or 2026-11-23T19:00') from None

    def _check(self, where: Where, ask: Callable[[], object]) -> None:
        try:
            ask()
        except schedule.TimetableError as error:
            raise self.text.error(where, str(error)) from None


# --- errors of the schema, told with the line

_KINDS: dict[str, type] = {
    "curfew": _Curfew,
    "exclusion": _Exclusion,
    "inclusion": _Inclusion,
    "restriction": _Restriction,
    "trail": _Trail,
    "check_in": _CheckIn,
    "attendance": _Attendance,
    "absence": _Absence,
    "suspension": _Suspension,
}
_PARTS: dict[str, type] = {
    "circle": _Circle,
    "places": _Place,
    "place": _Place,
    "times": Time,
    "dates": Date,
    "exceptions": Excepted,
    "spans": Excepted,
    "exempt": _Exempt,
}
_HUMANE = {
    "`float`": "a number",
    "`int`": "a whole number",
    "`str`": "a text",
    "`array`": "a list",
    "`object`": "names with values",
    "`null`": "nothing",
}
_PATTERNS = {
    "start": "a time such as 19:00 (to 24:00)",
    "end": "a time such as 07:00 (to 24:00)",
    "from": "a date or a time such as 2026-12-24T18:00",
    "to": "a date or a time such as 2026-12-26T12:00",
}


def _told(text: Text, message: str) -> InputError:
    """An error of msgspec as one sentence at its line."""
    problem, _, place = message.partition(" - at `")
    where: Where = tuple(int(i) if i else name for name, i in re.findall(r"\.([^.\[\]`]+)|\[(\d+)\]", place))
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", problem)
    missing = re.fullmatch(r"Object missing required field `(.*)`", problem)
    last = where[-1] if where else None
    if unknown:
        where, problem = (*where, unknown[1]), f"`{unknown[1]}` is not known here; expected {_fields(text, where)}"
    elif missing:
        problem = f"`{missing[1]}` is missing; expected {_fields(text, where)}"
    elif last == "kind":
        problem = f'`kind` is "{text.value(where)}"; expected {", ".join(_KINDS)}'
    elif "matching regex" in problem:
        problem = f'`{last}` is "{text.value(where)}"; expected {_PATTERNS.get(str(last), "a date such as 2026-11-23")}'
    else:
        problem = _humane(f"`{last}`: " if isinstance(last, str) else "", problem)
    return text.error(where, problem)


def _humane(name: str, problem: str) -> str:
    for code, word in _HUMANE.items():
        problem = problem.replace(code, word)
    return name + problem[0].lower() + problem[1:]


def _fields(text: Text, where: Where) -> str:
    """The names that may stand at this place of the file."""
    struct: type | None = _Order
    names = [part for part in where if isinstance(part, str)]
    if names == ["conditions"]:
        struct = _KINDS.get(str(text.value((*where, "kind"))))
    elif names:
        struct = _PARTS.get(names[-1])
    if struct is None:
        return f"`kind`, one of {', '.join(_KINDS)}"
    known = [field.encode_name for field in msgspec.structs.fields(struct)]
    return ", ".join(["kind", *known] if names == ["conditions"] else known)
