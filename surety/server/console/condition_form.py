"""What a condition's form holds: from the fields posted, to a condition of the rules, and back.

The fields are plain inputs and text areas, so the form works without scripts; the editors on the map and of the week
read and write the same fields. A refusal is one sentence with the field's name.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from surety.rules.conditions import DAYTIME, Absence, Attendance, Body, CheckInDuty, Curfew, Trail, Zone
from surety.server.cases.checks import check_body
from surety.server.console import absence_form, area_form, check_in_form, exception_form
from surety.server.console.absence_form import AbsenceFields
from surety.server.console.area_form import AreaFields
from surety.server.console.check_in_form import CheckInFields
from surety.server.errors import InvalidError, NotFoundError

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:\d\d)?|24:00")
_INDEX = re.compile(r"(place|row|night)-(\d{1,4})-")
KINDS = {
    "curfew": "curfew",
    "zone": "zone",
    "trail": "trail monitoring",
    "attendance": "mandatory attendance",
    "absence": "absence or suspension",
    "check_in": "photo check-ins",
}


class PlaceFields(msgspec.Struct):
    """An address of a curfew."""

    index: int
    name: str
    area: AreaFields


class RowFields(msgspec.Struct):
    """A line of the timetable; `day` is a weekday, or a date for a single night."""

    index: int
    day: str = "mon"
    start: str = ""
    end: str = ""
    place: str = ""


class Fields(msgspec.Struct):
    """Everything the form holds, as typed."""

    kind: str
    label: str = ""
    name: str = ""
    zone_kind: str = "exclusion"
    stay: str = "30"
    warn: str = "0"
    area: AreaFields = msgspec.field(default_factory=AreaFields)
    places: list[PlaceFields] = []
    rows: list[RowFields] = []
    nights: list[RowFields] = []
    from_date: str = ""
    until_date: str = ""
    exceptions: str = ""
    minutes: str = ""
    unlocated: str = "60"
    charge: str = "0"
    allowance_day: str = ""
    allowance_week: str = ""
    purpose: str = ""
    min_stay: str = "60"
    tolerance: str = "10"
    absence: AbsenceFields = msgspec.field(default_factory=AbsenceFields)
    check_in: CheckInFields = msgspec.field(default_factory=CheckInFields)
    effective_from: str = ""
    reason: str = ""


def blank(kind: str) -> Fields:
    """A new form: a curfew begins with one address and the usual nights."""
    if kind == "curfew":
        week = [
            RowFields(i, day, "19:00", "07:00")
            for i, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
        ]
        return Fields(kind, label="Curfew", places=[PlaceFields(0, "Home", AreaFields())], rows=week, minutes="15")
    minutes = {"zone": "60", "trail": "30", "attendance": "15"}.get(kind, "")
    fields = Fields(kind, label=KINDS[kind].capitalize(), minutes=minutes, charge="60")
    if kind == "attendance":
        fields.places = [PlaceFields(0, "", AreaFields())]
        fields.rows = [RowFields(0, "mon", "10:00", "12:00")]
    if kind == "check_in":
        fields.rows = [RowFields(i, row.day.value, row.start, row.end) for i, row in enumerate(DAYTIME)]
    return fields


# --- from the browser -----------------------------------------------------------------------------------------------


def of_post(post: QueryDict, files: Mapping[str, UploadedFile], kind: str) -> Fields:
    """What was posted, as typed, so that a refused form comes back as it was."""

    def text(name: str) -> str:
        return str(post.get(name, "")).strip()

    places = [
        PlaceFields(i, text(f"place-{i}-name"), area_form.of_post(post, files, f"place-{i}-"))
        for i in _indexes(post, "place")
    ]
    rows = [
        RowFields(i, *(text(f"row-{i}-{part}") for part in ("day", "start", "end", "place")))
        for i in _indexes(post, "row")
    ]
    nights = [
        RowFields(i, *(text(f"night-{i}-{part}") for part in ("day", "start", "end", "place")))
        for i in _indexes(post, "night")
    ]
    return Fields(
        kind=kind,
        label=text("label"),
        name=text("name"),
        zone_kind=text("zone_kind"),
        stay=text("stay"),
        warn=text("warn"),
        area=area_form.of_post(post, files, "area-"),
        places=places,
        rows=[row for row in rows if row.start or row.end],
        nights=[row for row in nights if row.day or row.start or row.end],
        from_date=text("from_date"),
        until_date=text("until_date"),
        exceptions=text("exceptions"),
        minutes=text("minutes"),
        unlocated=text("unlocated") or "60",
        charge=text("charge") or "0",
        allowance_day=text("allowance_day"),
        allowance_week=text("allowance_week"),
        purpose=text("purpose"),
        min_stay=text("min_stay"),
        tolerance=text("tolerance"),
        absence=absence_form.of_post(post),
        check_in=check_in_form.of_post(post),
        effective_from=text("effective_from"),
        reason=text("reason"),
    )


def _indexes(post: QueryDict, what: str) -> list[int]:
    found = {int(match[2]) for name in post if (match := _INDEX.match(name)) and match[1] == what}
    return sorted(found)[:500]


# --- to a condition ------------------------------------------------------------------------------------------------


def body_of(fields: Fields, time_zone: str) -> Body:
    """The condition that the fields say. Raises InvalidError with one sentence and the field."""
    if fields.kind == "absence":
        return absence_form.body_of(fields.absence, _timetable(fields, time_zone))
    if fields.kind == "check_in":
        return check_in_form.body_of(fields.check_in, _timetable(fields, time_zone), time_zone)
    seconds = _minutes(fields.minutes) * 60
    if fields.kind == "trail":
        return _trail(fields, seconds, time_zone)
    common = {"timetable": _timetable(fields, time_zone), "unknown_after_s": seconds}
    if fields.kind == "zone":
        if not fields.name:
            raise InvalidError("Give the zone a name that the person knows it by.", field="name")
        area = area_form.area_of(fields.area, "area", f'the zone "{fields.name}"')
        raw = {"kind": "zone", "zone_kind": fields.zone_kind, "name": fields.name, "area": area, **common}
        raw |= _own_numbers(fields)
    elif fields.kind == "attendance":
        raw = {"kind": "attendance", **_attendance(fields), **common}
    else:
        raw = {"kind": "curfew", "places": _places(fields.places), **_allowance(fields), **common}
    body = check_body(raw)
    if isinstance(body, Curfew) and not body.timetable.rows and not body.timetable.one_offs:
        raise InvalidError("Give at least one time at which to be there.", field="rows")
    return body


def _timetable(fields: Fields, time_zone: str) -> dict[str, object]:
    return {
        "zone": time_zone,
        "rows": _rows(fields.rows, "day"),
        "one_offs": _rows(fields.nights, "date"),
        "from_date": fields.from_date or None,
        "until_date": fields.until_date or None,
        "exceptions": msgspec.to_builtins(exception_form.pauses_of(fields.exceptions)),
    }


def _trail(fields: Fields, silent_after_s: int, time_zone: str) -> Body:
    if not fields.charge.isdigit() or int(fields.charge) > 720:
        raise InvalidError("Write the minutes of charging a day as a number from 0 to 720.", field="charge")
    if not fields.unlocated.isdigit() or not 5 <= int(fields.unlocated) <= 10_080:
        raise InvalidError("Write the minutes without a place as a number from 5 to 10080.", field="unlocated")
    body: dict[str, object] = {"kind": "trail", "silent_after_s": silent_after_s}
    return check_body(
        body
        | {"no_location_after_s": int(fields.unlocated) * 60, "charge_min_a_day": int(fields.charge)}
        | ({"zone": time_zone} if int(fields.charge) else {})
    )


def _own_numbers(fields: Fields) -> dict[str, object]:
    """What only one kind of zone asks."""
    if fields.zone_kind == "exclusion":
        warn = _whole(
            fields.warn or "0", "warn", "Give the metres within which the person is warned as a whole number."
        )
        if not 0 <= warn <= 5_000:
            raise InvalidError("The person may be warned within 0 m (not at all) to 5,000 m.", field="warn")
        return {"warn_m": warn}
    if fields.zone_kind != "restriction":
        return {}
    stay = _whole(fields.stay, "stay", "Give the minutes that a stay may last as a whole number.")
    if not 1 <= stay <= 1_440:
        raise InvalidError("A stay may last 1 minute to 1,440 (a day).", field="stay")
    return {"max_stay_s": stay * 60}


def _allowance(fields: Fields) -> dict[str, object]:
    """The minutes away that the order tolerates; empty: it says nothing of the kind."""
    found: dict[str, object] = {}
    for per, text, most in (("day", fields.allowance_day, 1_440), ("week", fields.allowance_week, 10_080)):
        name = f"allowance_{per}"
        minutes = _whole(text or "0", name, "Give the minutes away that are tolerated as a whole number.")
        if not 0 <= minutes <= most:
            raise InvalidError(f"The order may tolerate 0 (nothing) to {most:,} minutes a {per}.", field=name)
        found[f"{name}_min"] = minutes
    return found


def _attendance(fields: Fields) -> dict[str, object]:
    if not fields.purpose:
        raise InvalidError("Say what the person attends, such as a course or a clinic.", field="purpose")
    places = _places(fields.places)
    stay = _whole(fields.min_stay, "min_stay", "Give the minutes of the shortest stay as a whole number.")
    late = _whole(fields.tolerance or "0", "tolerance", "Give the tolerated minutes late as a whole number.")
    if not (1 <= stay <= 1_440 and 0 <= late <= 1_440):
        raise InvalidError(
            "The shortest stay is 1 to 1,440 minutes, and so is what is tolerated late.", field="min_stay"
        )
    return {"purpose": fields.purpose, "place": places[0], "min_stay_s": stay * 60, "tolerance_s": late * 60}


def _places(places: Iterable[PlaceFields]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for place in places:
        if not place.name:
            raise InvalidError("Give each address a name.", field=f"place-{place.index}-name")
        found.append({"name": place.name, "area": area_form.area_of(place.area, f"place-{place.index}", place.name)})
    if not found:
        raise InvalidError("Give at least one address.", field="places")
    return found


def _minutes(text: str) -> int:
    return _whole(text, "minutes", "Give the minutes without word as a whole number.")


def _whole(text: str, field: str, otherwise: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidError(otherwise, field=field) from None


def _rows(rows: Iterable[RowFields], day: str) -> list[dict[str, str]]:
    found = []
    for row in rows:
        if not (row.day and row.start and row.end):
            raise InvalidError("A line of the timetable lacks its day, its start or its end.", field="rows")
        for text in (row.start, row.end):
            if not _TIME.fullmatch(text):
                raise InvalidError(f'"{text}" is not a time; write it as 19:00.', field="rows")
        found.append({day: row.day, "start": row.start[:5], "end": row.end[:5], "place": row.place})
    return found


# --- and back ------------------------------------------------------------------------------------------------------

_KIND_OF: dict[type, str] = {
    Curfew: "curfew",
    Zone: "zone",
    Attendance: "attendance",
    Absence: "absence",
    CheckInDuty: "check_in",
}


def of_body(body: Body, label: str) -> Fields:
    """The form that says this condition."""
    if isinstance(body, Trail):
        return Fields(
            "trail",
            label=label,
            minutes=str(body.silent_after_s // 60),
            unlocated=str(body.no_location_after_s // 60),
            charge=str(body.charge_min_a_day),
        )
    if not isinstance(body, Curfew | Zone | Attendance | Absence | CheckInDuty):
        raise NotFoundError("This kind of condition has no form here.")
    fields = Fields(_KIND_OF[type(body)], label=label)
    table = body.timetable
    fields.rows = [RowFields(i, row.day.value, row.start, _end(row.end), row.place) for i, row in enumerate(table.rows)]
    fields.nights = [
        RowFields(i, one.date, one.start, _end(one.end), one.place) for i, one in enumerate(table.one_offs)
    ]
    fields.from_date, fields.until_date = table.from_date or "", table.until_date or ""
    fields.exceptions = exception_form.text_of(table.exceptions)
    if isinstance(body, Absence):
        fields.absence = absence_form.of_body(body)
        return fields
    if isinstance(body, CheckInDuty):
        fields.check_in = check_in_form.of_body(body)
        return fields
    fields.minutes = str(body.unknown_after_s // 60)
    if isinstance(body, Zone):
        fields.name, fields.zone_kind, fields.area = body.name, body.zone_kind.value, area_form.fields_of(body.area)
        fields.stay, fields.warn = str(body.max_stay_s // 60), str(body.warn_m)
    elif isinstance(body, Attendance):
        fields.places = [PlaceFields(0, body.place.name, area_form.fields_of(body.place.area))]
        fields.purpose, fields.min_stay = body.purpose, str(body.min_stay_s // 60)
        fields.tolerance = str(body.tolerance_s // 60)
    else:
        fields.places = [
            PlaceFields(i, place.name, area_form.fields_of(place.area)) for i, place in enumerate(body.places)
        ]
        fields.allowance_day = str(body.allowance_day_min or "")
        fields.allowance_week = str(body.allowance_week_min or "")
    return fields


def _end(text: str) -> str:
    return "00:00" if text == "24:00" else text  # a time field has no 24:00; both lie at the end of the day
